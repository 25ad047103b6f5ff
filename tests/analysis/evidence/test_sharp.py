"""One digit for another: nearly all of it lies beside a stroke of the other, and it is a change all the same."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.analysis.evidence.sharp import find_sharp
from app.analysis.model import Box, UInt8Array
from tests.analysis.pictures import compare, overlap, quantised, resaved
from tests.analysis.screens import page, unequal_box

CAPTURES: dict[str, Callable[[Any], UInt8Array]] = {
    "JPEG 95": lambda pixels: resaved(pixels, 95),
    "noise": lambda pixels: quantised(pixels + np.random.default_rng(0).normal(0, 5, pixels.shape)),
    "darker": lambda pixels: quantised(pixels * 0.92),
    "blur": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.8), np.uint8),
}


@pytest.mark.parametrize("capture", CAPTURES)
@pytest.mark.parametrize("digit", ["0", "3", "6", "9"])
def test_a_digit_is_another_though_it_looks_alike(digit: str, capture: str) -> None:
    """An 8 that became a 6, 9 or 0 was called equivalent in all but exact copies of the page."""
    found = compare(page("8"), CAPTURES[capture](page(digit))).regions
    assert len(found) == 1
    assert overlap(found[0].before, unequal_box(page("8"), page(digit))) > 0.5


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_same_digit_is_none(capture: str) -> None:
    assert compare(page("8"), CAPTURES[capture](page("8"))).verdict == "equivalent"


def drawn(x: float, stroke: float = 3) -> UInt8Array:
    """Draw a ring with a bar on white, its middle at x, eight times as large first."""
    large = np.full((480, 960), 255, np.uint8)
    cv2.circle(large, (round(8 * x), 240), 64, 40, round(8 * stroke))
    cv2.line(large, (round(8 * x), 100), (round(8 * x), 380), 40, round(8 * stroke))
    return np.asarray(cv2.resize(large, (120, 60), interpolation=cv2.INTER_AREA), np.uint8)


def sharp(before: UInt8Array, after: UInt8Array) -> Box | None:
    apart = cv2.absdiff(before, after)
    found = find_sharp(np.asarray(apart, np.float32) / 8, before, after)
    return Box(*cv2.boundingRect(found)) if found.any() else None


def test_a_stroke_that_came_is_found_and_hugged() -> None:
    after = drawn(60)
    cv2.line(after, (74, 22), (74, 38), 40, 2)
    found = sharp(drawn(60), after)
    assert found is not None
    assert overlap(found, unequal_box(drawn(60)[..., None], after[..., None])) > 0.8


def test_a_stroke_that_came_is_found_near_the_border_too() -> None:
    """There too little is seen of what moved on; but what no shift explains did not move."""
    before = drawn(60)[:, 48:].copy()
    after = before.copy()
    cv2.line(after, (6, 22), (6, 38), 40, 2)
    assert sharp(before, after) is not None


@pytest.mark.parametrize("by", [0.5, -0.75, 1.25])
def test_what_is_a_little_out_of_place_is_no_change(by: float) -> None:
    assert cv2.absdiff(drawn(60), drawn(60 + by)).max() > 60
    assert sharp(drawn(60), drawn(60 + by)) is None


def test_hatching_that_was_resampled_is_no_change() -> None:
    """Lines of a pixel each beat with any other grid: all of them are fainter in places, and none is gone."""
    hatched = np.full((60, 120), 255, np.uint8)
    hatched[10:50:2, 40:80] = 40
    blurred = hatched.copy()
    blurred[10:50, 40:80] = 148
    assert sharp(hatched, blurred) is None


def test_a_picture_out_of_place_all_over_has_no_digits() -> None:
    """Where many blocks differ as much, that is how this pair is."""
    rng = np.random.default_rng(1)
    before = np.full((400, 400), 200, np.uint8)
    after = before.copy()
    for x, y in rng.integers(10, 390, (150, 2)).tolist():
        cv2.circle(after, (x, y), 2, 150, -1)
    assert sharp(before, after) is None


def words(line: str, size: int) -> UInt8Array:
    """Draw a page of eight lines, the fifth of which reads so."""
    image = Image.new("RGB", (900, 500), "white")
    font = ImageFont.load_default(size=size)
    for row in range(8):
        text = line if row == 4 else "Sphinx of black quartz, judge my vow"
        ImageDraw.Draw(image).text((40, 30 + 56 * row), text, font=font, fill="#333333")
    return np.asarray(image)


@pytest.mark.parametrize("size", [16, 18])
def test_of_letters_that_moved_on_the_one_that_did_it_is_found(size: int) -> None:
    """A wider letter nudges the rest of its line by a pixel: a shift explained that, and with it the letter."""
    was, now = "station house", "stotion house"
    assert compare(words(was, size), resaved(words(now, size), 92)).verdict == "different"
    assert compare(words(was, size), resaved(words(was, size), 92)).verdict == "equivalent"
