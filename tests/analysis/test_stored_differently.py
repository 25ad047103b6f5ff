"""One picture in files that hold it differently: turned, at 16 bits, with alpha, in another profile."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Options, UInt8Array
from tests import picture_factory as make
from tests.analysis.edits import assert_one_edit, assert_same_picture, crop, pasted
from tests.analysis.pictures import encoded, quantised


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


MOVED: dict[str, Callable[[UInt8Array], UInt8Array]] = {
    "mirrored": lambda pixels: pixels[:, ::-1],
    "turned": lambda pixels: np.rot90(pixels),
    "shifted": lambda pixels: pixels[7:, 12:],
    "rows inserted": lambda pixels: np.insert(pixels, [90] * 30, 20, axis=0),
}


def stored(pixels: UInt8Array, bits: int) -> bytes:
    return make.encode_16_bit(pixels.astype(np.uint16) * 257) if bits == 16 else encoded(np.ascontiguousarray(pixels))


@pytest.mark.parametrize("bits", [(16, 16), (16, 8), (8, 16)])
@pytest.mark.parametrize("how", MOVED)
def test_pictures_at_16_bits_that_changed_places_are_compared_as_those_at_8(how: str, bits: tuple[int, int]) -> None:
    """They ended in an error: what lays 16 bits over each other cut them to 8."""
    for after in (crop(), pasted(crop(), Box(60, 130, 30, 24))):
        moved = MOVED[how](after)
        expected = evaluate(stored(crop(), 8), stored(moved, 8))
        found = evaluate(stored(crop(), bits[0]), stored(moved, bits[1]))
        assert found.verdict == expected.verdict
        assert [(region.before, region.kind) for region in found.regions] == [
            (region.before, region.kind) for region in expected.regions
        ]


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


@pytest.mark.parametrize("both", [False, True])
def test_an_edit_is_found_beside_the_noise_of_the_low_bits(both: bool) -> None:
    """Scans at 16 bits have noise below a level of 8: it joined an edit to all of the picture, at strength 0."""
    random = np.random.default_rng(3)

    def scanned(pixels: UInt8Array) -> bytes:
        noise = random.integers(-100, 101, pixels.shape)
        return make.encode_16_bit(np.clip(pixels.astype(np.int32) * 257 + noise, 0, 65535).astype(np.uint16))

    edited = scanned(pasted(crop(), Box(60, 70, 30, 30)))
    assert_one_edit(evaluate(scanned(crop()) if both else encoded(crop()), edited), Box(60, 70, 30, 30))
