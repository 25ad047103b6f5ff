"""Align by intensity: soft pictures have few corners to track, but all of their levels say how they lie."""

import cv2
import numpy as np

from app.analysis.alignment.ecc import maximise_correlation
from app.analysis.geometry import FloatMatrix, Points, frame_matrix, laid_over, mapped, scaling, shown_in
from app.analysis.model import UInt8Array

STEPS = ((4, cv2.MOTION_AFFINE), (2, cv2.MOTION_HOMOGRAPHY))
"""Pictures are reduced by this factor, and may move in this way."""
SMALLEST = 64
PRECISION = 1e-6
SURE = 0.99
"""Correlation from which what was found is trusted: soft pictures that show the same have all but 1."""
KEPT, SEEN = 0.9, 0.5
"""Share of what is compared that counts, and share of the picture that must be seen in both."""
CLOSER = 0.5
"""Share of what the correlation lacks frame on frame that may stay."""


def intensity_points(before: UInt8Array, after: UInt8Array) -> tuple[Points, Points] | None:
    """Lay one soft picture over another; give a grid of points and where they went.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    points_before, points_after : arrays (n, 2), float32, or None
        None when the levels of the two do not lie over each other, or no better than frame on frame.

    Notes
    -----
    Their enhanced correlation coefficient is maximised (see `ecc`), coarse pictures first.
    """
    if min(before.shape + after.shape) < SMALLEST:
        return None
    start = frame_matrix(before.shape, after.shape)
    matrix = start
    for factor, motion in STEPS:
        first, second = _reduced(before, factor), _reduced(after, factor)
        found = maximise_correlation(first, second, _at(matrix, 1 / factor), motion, PRECISION)
        if found is None:
            return None
        matrix = _at(found, factor)
    found_by, at_first = (correlation(first, second, _at(one, 1 / factor)) for one in (matrix, start))
    if found_by < SURE or 1 - found_by > CLOSER * (1 - at_first):
        return None
    height, width = before.shape
    grid = np.mgrid[0 : width - 1 : 12j, 0 : height - 1 : 12j].reshape(2, -1).T.astype(np.float32)
    return grid, mapped(matrix, grid)


def _reduced(grey: UInt8Array, factor: int) -> UInt8Array:
    return np.asarray(cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA), np.uint8)


def _at(matrix: FloatMatrix, factor: float) -> FloatMatrix:
    """Give a matrix between pictures for those that are larger by a factor."""
    found = scaling(factor, factor) @ matrix @ scaling(1 / factor, 1 / factor)
    return np.asarray(found / found[2, 2], np.float64)


def correlation(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> float:
    """Correlate the levels of two pictures where one, laid over the other, shows something.

    The tenth that differs most is left out: that may be a change.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.
    matrix : array (3, 3)
        Maps *before* to *after*.

    Returns
    -------
    float
        -1 to 1; 0 where *after* shows less than half of *before*, or one of them is flat.
    """
    seen = shown_in(after.shape, matrix, before.shape) == 255
    levels = np.stack([before, laid_over(after, matrix, before.shape)])[:, seen].astype(np.float64)
    spread = levels.std(axis=1, keepdims=True)
    if levels.shape[1] < SEEN * before.size or not spread.all():
        return 0.0
    apart = np.abs(np.diff((levels - levels.mean(axis=1, keepdims=True)) / spread, axis=0))[0]
    alike = levels[:, apart <= np.quantile(apart, KEPT)]
    return float(np.asarray(np.corrcoef(alike))[0, 1]) if alike.std(axis=1).all() else 0.0
