"""Noise-free pairs: what is found in screenshots and renders at the default sensitivity, and what is not."""

from typing import Any

import numpy as np
import pytest

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Evaluation, UInt8Array
from tests import picture_factory as make
from tests.analysis import screens
from tests.analysis.pictures import compare, overlap
from tests.analysis.screens import edited

PAGE = screens.page()


def only_box(found: Evaluation) -> Box:
    assert found.verdict == "different"
    assert len(found.regions) == 1
    return found.regions[0].before


def test_equal_pictures_in_two_files_are_identical() -> None:
    found = evaluate(make.encode(PAGE), make.encode(PAGE, "BMP"))
    assert found.verdict == "identical"
    assert found.regions == ()
    assert not found.maps.mask.any()
    assert not found.maps.heat.any()


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 0), (235, 235, 235)])
def test_a_dot_of_three_pixels_is_found(colour: tuple[int, int, int]) -> None:
    dot = Box(511, 127, 3, 3)
    assert only_box(compare(PAGE, edited(PAGE, dot, colour))) == dot


def test_a_dot_in_two_megapixels_is_found() -> None:
    large = np.tile(PAGE, (3, 3, 1))[:1100, :1900]
    dot = Box(1301, 611, 3, 3)
    assert only_box(compare(large, edited(large, dot, (200, 40, 40)))) == dot


@pytest.mark.parametrize("digit", ["0", "3", "6", "9", "B"])
def test_another_letter_is_found_with_the_box_of_all_that_changed(digit: str) -> None:
    other = screens.page(digit)
    expected = screens.unequal_box(PAGE, other)
    assert overlap(compare(PAGE, other).regions[0].before, expected) > 0.8


def test_a_missing_dot_of_an_i_is_found() -> None:
    assert compare(screens.page("i"), screens.page("l")).verdict == "different"
    assert compare(screens.page("1.000"), screens.page("1,000")).verdict == "different"


def test_a_faint_colour_over_a_button_is_found() -> None:
    other = screens.page(button="#f5f5f5")
    box = only_box(compare(PAGE, other))
    assert box == screens.unequal_box(PAGE, other)


@pytest.mark.parametrize(("levels", "side"), [(3, 8), (5, 5), (2, 12)])
def test_the_fainter_a_change_the_larger_it_has_to_be(levels: int, side: int) -> None:
    grey = np.full((120, 120, 3), 128, np.uint8)
    box = Box(40, 50, side, side)
    assert only_box(compare(grey, edited(grey, box, 128 + levels))) == box
    smaller = Box(40, 50, side // 2, side // 2)
    assert compare(grey, edited(grey, smaller, 128 + levels)).verdict == "equivalent"


def test_a_line_that_moved_by_one_pixel_is_found() -> None:
    blank = np.full((200, 300, 3), 255, np.uint8)
    before, after = edited(blank, Box(40, 90, 200, 1), 0), edited(blank, Box(40, 91, 200, 1), 0)
    assert only_box(compare(before, after)) == Box(40, 90, 200, 2)


def test_a_lone_pixel_counts_when_it_stands_out_and_not_when_it_is_one_level_off() -> None:
    assert only_box(compare(PAGE, edited(PAGE, Box(520, 100, 1, 1), 170))) == Box(520, 100, 1, 1)
    assert compare(PAGE, edited(PAGE, Box(520, 100, 1, 1), 254)).verdict == "equivalent"


def test_rounding_is_no_difference() -> None:
    rng = np.random.default_rng(3)
    photo = make.photo(300, 200)
    other = np.clip(photo.astype(int) + rng.integers(-1, 2, photo.shape) * (rng.random(photo.shape) < 0.1), 0, 255)
    assert compare(photo, other.astype(np.uint8)).verdict == "equivalent"


def test_a_page_moved_by_whole_pixels_is_compared_exactly() -> None:
    large = np.tile(PAGE, (2, 2, 1))
    large[100:140, 200:330] = (30, 90, 200)
    large[700:760, 900:1000] = (200, 90, 30)
    dot = Box(512, 404, 3, 3)
    before, after = large[10:-20, 8:-30], edited(large, dot, 90)[17:-13, 20:-18]
    found = compare(before, after)
    assert found.alignment.model == "shift"
    assert Box(dot.x - 8, dot.y - 10, 3, 3) in [region.before for region in found.regions]


def test_nothing_is_resampled_or_evened_out_in_a_noise_free_pair() -> None:
    found = compare(PAGE, screens.page("0"))
    assert (found.alignment.model, found.alignment.reason) == ("none", "already in place")
    assert not found.tone.applied
    assert found.as_compared == found.as_given


def with_alpha(image: UInt8Array, box: Box, alpha: int) -> Any:
    rgba = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    rgba[(*box.slices, 3)] = alpha
    return rgba


def test_transparency_counts_and_colours_hidden_under_it_do_not() -> None:
    white, box = np.full((80, 80, 3), 255, np.uint8), Box(20, 30, 16, 9)
    clear, opaque = with_alpha(white, box, 0), with_alpha(white, box, 255)
    assert only_box(compare(opaque, clear)) == box
    hidden = clear.copy()
    hidden[25:35, 20:30, :3][clear[25:35, 20:30, 3] == 0] = (255, 0, 0)
    assert compare(clear, hidden).verdict == "identical"


def test_a_patch_below_one_8_bit_level_is_found_in_16_bits() -> None:
    deep = np.random.default_rng(2).integers(0, 60000, (64, 64, 3)).astype(np.uint16)
    other = deep.copy()
    other[20:26, 30:36] += 128
    found = evaluate(make.encode_16_bit(deep), make.encode_16_bit(other))
    assert only_box(found) == Box(30, 20, 6, 6)
    lone = deep.copy()
    lone[20, 30] += 100
    assert evaluate(make.encode_16_bit(deep), make.encode_16_bit(lone)).verdict == "equivalent"


@pytest.mark.parametrize("side", [1, 2, 3, 5, 8, 16])
def test_tiny_pictures_get_the_right_verdict(side: int) -> None:
    grey = np.full((side, side, 3), 120, np.uint8)
    assert compare(grey, grey).verdict == "identical"
    assert compare(grey, grey + np.uint8(1)).verdict == "equivalent"
    assert only_box(compare(grey, grey + np.uint8(40))) == Box(0, 0, side, side)
    dotted = edited(grey, Box(side // 2, side // 2, 1, 1), 255)
    assert only_box(compare(grey, dotted)) == Box(side // 2, side // 2, 1, 1)


def test_an_ignored_area_is_not_judged_and_the_rest_is() -> None:
    both = edited(edited(PAGE, Box(500, 100, 9, 9), 0), Box(40, 440, 9, 9), 0)
    found = compare(PAGE, both, ignore=(Box(495, 90, 30, 30),))
    assert only_box(found) == Box(40, 440, 9, 9)
