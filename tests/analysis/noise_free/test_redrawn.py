"""Drawn again: a page in its place and as sharp is told from one that was blurred, moved or lit otherwise."""

import cv2
import numpy as np
import pytest

from app.analysis.changed import find_changed
from app.analysis.model import UInt8Array
from app.analysis.noise_free.redrawn import drawn_in_place
from tests.analysis import screens
from tests.analysis.pictures import compare

PAGE: UInt8Array = screens.sampled()


def in_place(after: UInt8Array, before: UInt8Array = PAGE) -> bool:
    return drawn_in_place(before, after, find_changed(before, after))


def turned(degrees: float) -> UInt8Array:
    matrix = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    return np.asarray(cv2.warpAffine(PAGE, matrix, screens.SIZE[::-1], borderValue=(255, 255, 255)), np.uint8)


def test_the_page_itself_is_in_place() -> None:
    assert in_place(PAGE.copy()) is True


def test_a_page_with_a_part_changed_is_in_place() -> None:
    assert in_place(screens.sampled(digit="3"))
    after = PAGE.copy()
    after[300:340, 460:600] = (30, 90, 200)
    assert in_place(after)


def test_a_page_with_letters_a_third_of_a_pixel_aside_is_in_place() -> None:
    assert in_place(screens.sampled(1, 0))


def test_a_page_with_coloured_fringes_is_in_place() -> None:
    assert in_place(screens.fringed())


@pytest.mark.parametrize("sigma", [0.8, 1.5])
def test_a_blurred_page_is_not_drawn_again_either_way_round(sigma: float) -> None:
    blurred = np.asarray(cv2.GaussianBlur(PAGE, (0, 0), sigma), np.uint8)
    assert not in_place(blurred)
    assert not in_place(PAGE, blurred)


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, 3), (5, 5)])
def test_a_moved_page_is_not_in_its_place(right: int, down: int) -> None:
    assert not in_place(np.roll(PAGE, (down, right), axis=(0, 1)))


def test_a_turned_page_is_not_in_its_place() -> None:
    assert not in_place(turned(2))


@pytest.mark.parametrize("gain", [0.7, 0.85])
def test_a_page_in_darker_light_is_not_drawn_again(gain: float) -> None:
    assert not in_place(np.rint(PAGE * gain).astype(np.uint8))


def test_text_elsewhere_is_no_page_drawn_again() -> None:
    assert not in_place(np.ascontiguousarray(PAGE[::-1]))


@pytest.mark.parametrize("sigma", [0.6, 0.8, 1.0])
def test_large_letters_that_are_hardly_less_sharp_were_blurred_and_not_drawn_again(sigma: float) -> None:
    """Blur takes a tenth of their contrast; taken for another drawing, many of them were called changed."""
    large = screens.page(scale=4)
    blurred = np.asarray(cv2.GaussianBlur(large, (0, 0), sigma), np.uint8)
    assert not in_place(blurred, large)
    assert not in_place(large, blurred)


@pytest.mark.parametrize("degrees", [0.05, 0.1, 0.15, -0.2])
def test_a_page_turned_by_a_hair_is_not_drawn_again(degrees: float) -> None:
    """Its letters lie within the range of their neighbours; whole lines of them were called changed."""
    assert not in_place(turned(degrees))
    found = compare(PAGE, turned(degrees))
    assert found.verdict == "equivalent"
    assert found.alignment.model != "none"


def test_a_page_scaled_by_a_hair_is_not_drawn_again() -> None:
    matrix = np.array([[1.003, 0, -1], [0, 1.003, -0.7]])
    scaled = cv2.warpAffine(PAGE, matrix, screens.SIZE[::-1], flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    assert not in_place(np.asarray(scaled, np.uint8))
