"""A picture and its GIF are the same picture.

Found by somebody else's pairs: of seven photos that only had been reduced to a palette six were called different, for
the faces, skies and lamps that had but a few colours left.
"""

import io
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, UInt8Array
from app.analysis.palette import as_before_its_palette, has_palette, without_palette
from tests.analysis.pictures import encoded, overlap

PATCH = Box(80, 60, 50, 30)


def photo(name: str, edited: bool = False) -> UInt8Array:
    picture = np.array(getattr(data, name)())
    if edited:
        picture[60:90, 80:130] = picture[160:190, 150:200]
    return picture


def reduced(picture: UInt8Array, colours: int = 256, dithered: bool = False) -> UInt8Array:
    whole = Image.fromarray(picture)
    palette = whole.quantize(colours)
    if dithered:
        palette = whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    return np.array(palette.convert("RGB"))


def gif(picture: UInt8Array, dithered: bool = False) -> bytes:
    file = io.BytesIO()
    whole = Image.fromarray(picture)
    palette = whole.quantize(256)
    if dithered:
        palette = whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    palette.save(file, "GIF")
    return file.getvalue()


def everywhere(picture: UInt8Array) -> UInt8Array:
    return np.full(picture.shape[:2], 255, np.uint8)


@pytest.mark.parametrize("name", ["chelsea", "rocket", "coffee"])
@pytest.mark.parametrize("given", ["after", "before", "both"])
def test_a_photo_and_its_gif_are_equivalent(name: str, given: Literal["after", "before", "both"]) -> None:
    picture = photo(name)
    before = encoded(picture) if given == "after" else gif(picture)
    after = encoded(picture) if given == "before" else gif(reduced(picture, 200))
    assert evaluate(before, after).verdict == "equivalent"


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
@pytest.mark.parametrize("dithered", [False, True], ids=["plain", "dithered"])
def test_what_was_changed_before_it_was_saved_as_gif_is_found(name: str, dithered: bool) -> None:
    regions = evaluate(encoded(photo(name)), gif(photo(name, edited=True), dithered)).regions
    assert overlap(regions[0].before, PATCH) > 0.8


def test_a_moved_photo_is_held_against_its_gif() -> None:
    before, after = gif(photo("coffee")), encoded(photo("coffee", edited=True)[5:, 7:])
    (region,) = evaluate(before, after).regions
    assert overlap(region.before, PATCH) > 0.8


@pytest.mark.parametrize("name", ["rocket", "coffee"])
@pytest.mark.parametrize("edited", [False, True], ids=["unchanged", "edited"])
def test_a_gif_of_a_smaller_copy_is_held_against_the_photo(name: str, edited: bool) -> None:
    """Once it is laid over the photo nothing of its palette is left to see."""
    whole = Image.fromarray(photo(name, edited))
    small = np.array(whole.resize((whole.width * 3 // 4, whole.height * 3 // 4), Image.Resampling.LANCZOS))
    regions = evaluate(encoded(photo(name)), gif(small, dithered=True)).regions
    assert len(regions) == edited
    assert all(overlap(region.before, PATCH) > 0.7 for region in regions)


def test_a_picture_as_before_its_palette_is_near_the_other_one_but_for_what_changed() -> None:
    before, edited = photo("coffee"), photo("coffee", edited=True)
    after = reduced(edited, 128)
    restored = as_before_its_palette(after, before, everywhere(before))
    assert restored is not None
    apart = np.abs(restored.astype(int) - before).max(axis=2)
    assert apart[PATCH.slices].mean() > 40
    apart[PATCH.slices] = 0
    assert apart.mean() < 0.4 * np.abs(after.astype(int) - edited).max(axis=2).mean()


@pytest.mark.parametrize("pixels", [photo("chelsea"), np.full((300, 451, 3), 255, np.uint8)], ids=["photo", "blank"])
def test_what_has_no_palette_has_none_to_undo(pixels: UInt8Array) -> None:
    assert not has_palette(pixels)
    assert as_before_its_palette(pixels, photo("chelsea"), everywhere(pixels)) is None


def test_a_change_does_not_vouch_for_itself() -> None:
    """A tint of a tenth of the width has colours of the palette for itself, which stand for what was there before."""
    picture = cv2.cvtColor(np.array(data.gravel()), cv2.COLOR_GRAY2RGB)
    tinted = picture.copy()
    tinted[40:90, 60:116] = (0.6 * tinted[40:90, 60:116] + 0.4 * np.array([70, 170, 200])).astype(np.uint8)
    (region,) = evaluate(encoded(picture), encoded(reduced(tinted))).regions
    assert overlap(region.before, Box(60, 40, 56, 50)) > 0.8


@pytest.mark.parametrize("dithered", [False, True], ids=["plain", "dithered"])
def test_what_a_palette_did_is_taken_out(dithered: bool) -> None:
    picture = photo("chelsea")
    after = reduced(picture, 128, dithered)
    before, same = without_palette(picture, after, everywhere(picture))
    assert same is after
    left, was = (np.abs(side.astype(int) - after).mean() for side in (before, picture))
    assert left < 0.3 * was


def test_it_does_not_matter_which_one_has_the_palette() -> None:
    picture, after = photo("chelsea"), reduced(photo("chelsea"), 128)
    one = without_palette(picture, after, everywhere(picture))
    other = without_palette(after, picture, everywhere(picture))
    assert np.array_equal(one[0], other[1])
    assert np.array_equal(one[1], other[0])


def test_drawings_greys_tints_and_photos_have_no_palette() -> None:
    picture = photo("chelsea")
    grey = np.array(data.camera())
    page = np.full((300, 451, 3), 255, np.uint8)
    for shade in range(0, 200, 2):
        page[2 * shade % 290, 20:60] = shade, 255 - shade, 100
    sepia = cv2.LUT(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, 2), ramp((1.0, 0.85, 0.65)))
    for before, after in (
        (picture, picture[::-1]),
        (cv2.cvtColor(np.flipud(grey), cv2.COLOR_GRAY2RGB), cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)),
        (picture, page),
        (picture, sepia),
    ):
        out = without_palette(before, after, everywhere(before))
        assert out[0] is before
        assert out[1] is after


def test_where_nothing_can_be_judged_nothing_is_learned() -> None:
    picture, after = photo("chelsea"), reduced(photo("chelsea"), 128)
    assert without_palette(picture, after, np.zeros(picture.shape[:2], np.uint8))[0] is picture


def ramp(strength: tuple[float, float, float]) -> UInt8Array:
    return np.rint(np.arange(256)[None, :, None] * np.array(strength)).astype(np.uint8)
