"""Geometry: whatever a homography says, pictures and boxes stay in their frames."""

import numpy as np
import pytest

from app.analysis.alignment.bend import to_after
from app.analysis.alignment.fitting import simplest_fit
from app.analysis.alignment.warping import warp_to_before
from app.analysis.geometry import box_around, corners_of, mapped, rows
from app.analysis.model import Alignment, Box

# A canvas that grows with what a homography says is a bomb of two small files.
EXTREME = {
    "a million times as large": np.diag([1e6, 1e6, 1.0]),
    "larger than integers go": np.diag([1e100, 1e100, 1.0]),
    "a millionth as large": np.diag([1e-6, 1e-6, 1.0]),
    "all on one line": np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    "horizon through the picture": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0 / 30, 0.0, 1.0]]),
    "horizon through a corner of the box": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0 / 9.5, 0.0, 1.0]]),
}


@pytest.mark.parametrize("matrix", EXTREME.values(), ids=EXTREME.keys())
def test_no_homography_makes_a_picture_larger_than_its_frame(matrix: np.ndarray) -> None:
    pixels = np.full((40, 60, 3), 200, np.uint8)
    warped, valid = warp_to_before(pixels, Alignment("homography", rows(matrix)), (30, 50))
    assert warped.shape == (30, 50, 3)
    assert valid.shape == (30, 50)


@pytest.mark.parametrize("matrix", EXTREME.values(), ids=EXTREME.keys())
def test_a_box_stays_in_the_frame_whatever_the_homography(matrix: np.ndarray) -> None:
    box = box_around(to_after(corners_of(Box(10, 5, 20, 10)), matrix, (), (40, 60)), (40, 60))
    assert box.x >= 0
    assert box.y >= 0
    assert box.width >= 0
    assert box.height >= 0
    assert box.x + box.width <= 60
    assert box.y + box.height <= 40


def test_no_points_are_mapped_to_no_points() -> None:
    """Tracking again may leave none that one homography explains; the evaluation ended there."""
    assert mapped(np.eye(3), np.empty((0, 2), np.float32)).shape == (0, 2)


def test_points_in_a_line_that_moved_are_not_in_place() -> None:
    """They fix no homography, beside which "in place" was accepted whatever they said."""
    source = np.stack([np.arange(10.0, 40.0), np.full(30, 20.0)], axis=1).astype(np.float32)
    fitted = simplest_fit(source, source + np.float32([15, 0]), same_size=True, unit=1.0)
    assert fitted is not None
    assert fitted.model == "shift"
    assert fitted.matrix[0][2] == pytest.approx(15)
