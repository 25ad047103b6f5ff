"""Where everything repeats, points agree on the wrong place; the picture as a whole knows better."""

import cv2
import numpy as np
import pytest

from app.analysis import Deadline
from app.analysis.alignment.align import align
from app.analysis.alignment.whole import whole_guess
from app.analysis.model import Options, UInt8Array
from tests.analysis.pictures import picture, quantised

CORNERS = np.array([[[0, 0], [639, 0], [639, 799], [0, 799]]], np.float32)
# A camera moves the corners by about as far as the dots lie apart.
SEEN = np.array([[[12, 15], [622, 24], [626, 826], [5, 824]]], np.float32)


def board() -> UInt8Array:
    """Draw rows of dots, 26 pixels apart, on black; some are missing."""
    random = np.random.default_rng(3)
    pixels = np.zeros((800, 640, 3), np.uint8)
    for x in range(10, 640, 26):
        for y in range(10, 800, 26):
            if random.random() < 0.4:
                cv2.rectangle(pixels, (x, y), (x + 5, y + 5), (225, 190, 160), -1)
    return pixels


def photographed(pixels: UInt8Array) -> UInt8Array:
    matrix = cv2.getPerspectiveTransform(CORNERS, SEEN)
    moved = cv2.warpPerspective(pixels, matrix, (640, 800), flags=cv2.INTER_LINEAR)
    return quantised(0.88 * moved + np.random.default_rng(4).normal(0, 3, moved.shape))


def error_of(matrix: object) -> float:
    found = cv2.perspectiveTransform(CORNERS, np.array(matrix, np.float64))
    return float(np.linalg.norm(found - SEEN, axis=2).max())


def test_a_board_of_dots_is_not_laid_one_dot_further_on() -> None:
    found = align(picture(board()), picture(photographed(board())), Options(), Deadline())
    assert found.model == "homography"
    assert error_of(found.matrix) < 1


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_the_whole_picture_is_right_to_a_few_pixels_whatever_the_size_of_the_other(scale: float) -> None:
    before, after = (cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) for pixels in (board(), photographed(board())))
    after = cv2.resize(after, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = whole_guess(np.asarray(before, np.uint8), np.asarray(after, np.uint8))
    assert found is not None
    assert error_of(np.diag([1 / scale, 1 / scale, 1]) @ found) < 6


def test_flat_and_tiny_pictures_give_no_guess() -> None:
    flat = np.full((200, 300), 90, np.uint8)
    assert whole_guess(flat, flat) is None
    assert whole_guess(flat[:4], flat[:4]) is None
