"""Homographies: fit one to points of which some are wrong, and refuse what no camera does."""

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.geometry import FloatMatrix, Points, mapped

MIN_INLIERS = 12
"""Points that must agree on one."""


def homography(source: Points, target: Points, threshold: float) -> tuple[FloatMatrix | None, npt.NDArray[np.bool_]]:
    """Fit a homography robustly.

    Parameters
    ----------
    source, target : array (n, 2), float32
        Places (x, y) in two pictures; at least four.
    threshold : float
        Pixels of *target* within which a point agrees.

    Returns
    -------
    matrix : array (3, 3), float64, or None
        Maps *source* to *target*; None where none was found.
    agreed : array (n,), bool

    References
    ----------
    Barath et al. 2020, "MAGSAC++, a fast, reliable and accurate robust estimator".
    """
    matrix, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, threshold, maxIters=2000, confidence=0.999)
    if matrix is None:
        return None, np.zeros(len(source), np.bool_)
    return np.asarray(matrix, np.float64), np.asarray(mask).ravel().astype(np.bool_)


def sane(matrix: FloatMatrix, before: tuple[int, ...], after: tuple[int, ...]) -> FloatMatrix | None:
    """Refuse what no camera does: folds, extreme scale, nothing left in view.

    Parameters
    ----------
    matrix : array (3, 3), float64
        Maps *before* to *after*.
    before, after : (height, width)
        Sizes of the two pictures.

    Returns
    -------
    array (3, 3) or None
        The very same matrix where every corner lies before the camera and *before* takes 1/40 to 40 times the area of
        *after*.
    """
    height, width = before[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    weights = np.c_[corners, np.ones(4)] @ matrix[2]
    if weights.min() <= 0:
        return None
    quad = mapped(matrix, corners)
    area = float(cv2.contourArea(quad, oriented=True))
    if area == 0 or not cv2.isContourConvex(quad) or not 1 / 40 < abs(area) / (after[0] * after[1]) < 40:
        return None
    return matrix
