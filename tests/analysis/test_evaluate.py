"""evaluate: what cameras, encoders and hands do to a picture is no difference; what was pasted into it is one."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Deadline, Evaluation, Options, UInt8Array
from app.errors import CorruptImage, TimedOut
from tests import picture_factory as make
from tests.analysis.pictures import compare, encoded, overlap, quantised

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
EDIT = Box(144, 176, 38, 38)
"""A pasted edit, 8 % of the width of `scene`."""


@lru_cache(maxsize=4)
def scene(name: str) -> UInt8Array:
    """A real photo, 480 px wide."""
    photo = getattr(data, name)()
    return np.asarray(cv2.resize(photo, (480, 480 * photo.shape[0] // photo.shape[1]), interpolation=cv2.INTER_AREA))


@lru_cache(maxsize=2)
def crop(name: str = "coffee") -> UInt8Array:
    return np.ascontiguousarray(scene(name)[60:284, 100:400])


def pasted(pixels: UInt8Array, box: Box) -> UInt8Array:
    """Replace a box by the negative of another part of the picture."""
    out = pixels.copy()
    out[rows_columns(box)] = 255 - pixels[5 : 5 + box.height, -5 - box.width : -5]
    return out


def rows_columns(box: Box) -> tuple[slice, slice]:
    return slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)


def assert_same_picture(found: Evaluation, verdict: str = "equivalent") -> None:
    assert [region.before for region in found.regions] == []
    assert found.verdict == verdict


def assert_one_edit(found: Evaluation, truth: Box = EDIT) -> None:
    assert found.verdict == "different"
    (region,) = found.regions
    assert overlap(region.before, truth) >= 0.5


# --- promises on real photos -----------------------------------------------------------------------------------


def turned(pixels: UInt8Array) -> UInt8Array:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC))


def tilted(pixels: UInt8Array) -> UInt8Array:
    """Move two corners by 3 % of the sides."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to = corners + np.array([[0.03, 0.03], [0, 0], [-0.03, 0], [0, -0.03]], np.float32) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, to.astype(np.float32))
    return np.asarray(cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC))


HARMLESS: dict[str, Callable[[UInt8Array], bytes]] = {
    "JPEG 60": lambda p: encoded(p, 60),
    "noise": lambda p: encoded(quantised(p + np.random.default_rng(1).normal(0, 5, p.shape))),
    "blur": lambda p: encoded(cv2.GaussianBlur(p, (0, 0), 1.2)),
    "darker": lambda p: encoded(quantised(p * 0.85)),
    "brighter": lambda p: encoded(quantised(p * 1.15)),
    "uneven light": lambda p: encoded(quantised(p * np.linspace(0.8, 1.1, p.shape[1])[None, :, None])),
    "light from the side": lambda p: encoded(quantised(p * np.linspace(0.75, 1, p.shape[1])[None, :, None])),
    "shift": lambda p: encoded(p[5:, :-9]),
    "shift by parts of a pixel": lambda p: encoded(
        cv2.warpAffine(p, np.array([[1, 0, 7.4], [0, 1, -4.3]]), p.shape[1::-1])
    ),
    "rotation": lambda p: encoded(turned(p)),
    "perspective": lambda p: encoded(tilted(p)),
    "resize": lambda p: encoded(cv2.resize(p, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)),
}


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_not_matter_is_no_difference_and_does_not_hide_one(change: str, name: str) -> None:
    before = scene(name)
    assert_same_picture(evaluate(encoded(before), HARMLESS[change](before)))
    assert_one_edit(evaluate(encoded(before), HARMLESS[change](pasted(before, EDIT))))


# --- what holds for every pair ---------------------------------------------------------------------------------

places = st.builds(Box, st.integers(20, 110), st.integers(20, 170), st.integers(12, 30), st.integers(12, 30))


@few
@given(st.integers(0, 200), st.integers(0, 100), st.integers(1, 250), st.integers(1, 200))
def test_a_picture_is_identical_to_itself(left: int, top: int, width: int, height: int) -> None:
    pixels = scene("coffee")[top : top + height, left : left + width]
    found = compare(pixels, pixels)
    assert_same_picture(found, "identical")
    assert found.summary == "No difference: every pixel is equal."
    assert found.as_given.zero_norm == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (64, 64), (300, 200)])
def test_a_picture_that_is_its_own_mirror_image_is_identical_to_itself(size: tuple[int, int]) -> None:
    grey, white = np.full((*size, 3), 77, np.uint8), np.full((*size, 3), 255, np.uint8)
    for pixels in (grey, white):
        found = compare(pixels, pixels)
        assert_same_picture(found, "identical")
        assert found.alignment.reason == "already in place"


@few
@given(places)
def test_swapping_noise_free_pictures_keeps_boxes_and_swaps_added_with_removed(place: Box) -> None:
    paper = np.full((224, 300, 3), 235, np.uint8)
    paper[5:215:20] = 90
    with_thing = paper.copy()
    with_thing[rows_columns(place)] = (200, 40, 40)
    there, back = compare(paper, with_thing), compare(with_thing, paper)
    assert there.regions
    assert [region.before for region in there.regions] == [region.before for region in back.regions]
    swapped = {"added": "removed", "removed": "added"}
    kinds = [region.kind for region in there.regions]
    assert [swapped.get(kind, kind) for kind in kinds] == [region.kind for region in back.regions]


def test_what_appears_on_a_flat_ground_is_added_and_the_other_way_round_removed() -> None:
    paper = np.full((224, 300, 3), 235, np.uint8)
    with_thing = paper.copy()
    with_thing[80:110, 100:140] = (200, 40, 40)
    assert [region.kind for region in compare(paper, with_thing).regions] == ["added"]
    assert [region.kind for region in compare(with_thing, paper).regions] == ["removed"]


@few
@given(places, st.integers(0, 15), st.integers(0, 15))
def test_shifting_both_pictures_alike_shifts_the_boxes(place: Box, right: int, down: int) -> None:
    before = crop()
    after = pasted(before, place)
    still = [region.before for region in compare(before, after).regions]
    window = (slice(down, None), slice(right, None))
    moved = [region.before for region in compare(before[window], after[window]).regions]
    assert still
    assert [Box(box.x + right, box.y + down, box.width, box.height) for box in moved] == still


@few
@given(places, st.integers(12, 30))
def test_an_edit_elsewhere_does_not_hide_another(place: Box, side: int) -> None:
    before = crop()
    after = pasted(before, place)
    alone = [region.before for region in compare(before, after).regions]
    other = Box(240, 100, side, side)
    together = [region.before for region in compare(before, pasted(after, other)).regions]
    assert alone
    for box in alone:
        assert box in together
    assert any(overlap(box, other) > 0.5 for box in together)


@few
@given(places)
def test_more_sensitivity_never_finds_less(place: Box) -> None:
    before = crop()
    after = pasted(before, place)
    areas = [
        sum(region.area for region in compare(before, after, sensitivity=level).regions)
        for level in (20.0, 50.0, 100.0)
    ]
    assert areas == sorted(areas)
    assert areas[-1] == (before != after).any(axis=2).sum()


# --- files that hold the same picture differently ----------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_stored_turned_is_the_same_picture(orientation: int) -> None:
    before = crop()
    stored = make.turned_file(before, orientation, "PNG")
    assert_same_picture(evaluate(encoded(before), stored), "identical")
    edited = make.turned_file(pasted(before, Box(60, 70, 30, 30)), orientation, "PNG")
    assert_one_edit(evaluate(encoded(before), edited), Box(60, 70, 30, 30))


def test_sixteen_bits_of_the_same_levels_are_identical() -> None:
    deep = make.encode_16_bit(crop().astype(np.uint16) * 257)
    assert_same_picture(evaluate(encoded(crop()), deep), "identical")
    assert_same_picture(evaluate(deep, deep), "identical")


def test_a_difference_below_eight_bits_is_measured() -> None:
    levels = crop().astype(np.uint16) * 257
    finer = levels.copy()
    finer[50:80, 50:90] ^= 1
    found = evaluate(make.encode_16_bit(levels), make.encode_16_bit(finer))
    assert found.as_given.zero_norm == 30 * 40
    assert found.verdict != "identical"


def test_colour_hidden_by_alpha_is_no_difference() -> None:
    alpha = np.full((*crop().shape[:2], 1), 255, np.uint8)
    alpha[40:90, 60:120] = 0
    seen = np.dstack([crop(), alpha])
    hidden = seen.copy()
    hidden[40:90, 60:120, :3] = 255 - hidden[40:90, 60:120, :3]
    assert_same_picture(evaluate(make.encode(seen), make.encode(hidden)), "identical")


def test_alpha_itself_is_a_difference() -> None:
    alpha = np.full((*crop().shape[:2], 1), 255, np.uint8)
    clear = alpha.copy()
    clear[40:90, 60:120] = 0
    found = evaluate(make.encode(np.dstack([crop(), alpha])), make.encode(np.dstack([crop(), clear])))
    assert_one_edit(found, Box(60, 40, 60, 50))


def test_the_same_colours_in_another_profile_are_no_difference() -> None:
    light = crop() / 255
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    image = Image.fromarray(quantised(linear * 255))
    with_profile = make.save(image, icc_profile=make.linear_profile())
    options = Options(tone="off")
    assert_same_picture(evaluate(encoded(crop()), with_profile, options))
    assert evaluate(encoded(crop()), make.save(image), options).as_given.rmse > 20
    assert evaluate(encoded(crop()), with_profile, options).as_given.rmse < 5


# --- time and refusals -------------------------------------------------------------------------------------------


def test_each_step_is_timed() -> None:
    timings = compare(crop(), pasted(crop(), EDIT)).timings_ms
    assert set(timings) == {"decode", "align", "tone", "measure", "regions", "category", "total"}
    assert all(milliseconds >= 0 for milliseconds in timings.values())
    assert timings["total"] >= timings["decode"] + timings["align"] + timings["regions"]


def test_no_time_at_all_is_said_to_be_up() -> None:
    with pytest.raises(TimedOut):
        evaluate(encoded(crop()), encoded(crop()), deadline=Deadline(0))


def test_a_broken_file_is_refused_whichever_it_is() -> None:
    broken = encoded(crop())[:2000]
    for pair in ((broken, encoded(crop())), (encoded(crop()), broken)):
        with pytest.raises(CorruptImage):
            evaluate(*pair)


def test_what_is_ignored_is_no_difference() -> None:
    before = crop()
    after = pasted(before, Box(60, 70, 30, 30))
    assert compare(before, after).verdict == "different"
    assert_same_picture(compare(before, after, ignore=(Box(60, 70, 30, 30),)))


@pytest.mark.parametrize("width", [640, 2001])
def test_so_is_it_in_a_noisy_pair_but_not_what_lies_beside_it(width: int) -> None:
    """Also where the search works at a smaller size than the picture's."""
    before = np.asarray(cv2.resize(data.coffee(), (width, width * 2 // 3), interpolation=cv2.INTER_CUBIC), np.uint8)
    noise = np.random.default_rng(2).normal(0, 3, before.shape)
    after = np.clip(before + noise, 0, 255).astype(np.uint8)
    side, beside = width // 16, width // 8
    for left in (side, side + beside):
        after[side : 2 * side, left : left + side] = (30, 160, 220)
    first, both = Box(side, side, side, side), Box(side, side, side + beside, side)
    assert [len(compare(before, after, ignore=boxes).regions) for boxes in ((), (first,), (both,))] == [2, 1, 0]
