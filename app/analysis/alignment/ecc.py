"""Maximise the enhanced correlation coefficient (ECC) of two pictures: OpenCV's way, without its exceptions."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.geometry import FloatMatrix

ITERATIONS = 60


def maximise_correlation(
    before: npt.NDArray[Any],
    after: npt.NDArray[Any],
    start: FloatMatrix,
    motion: int,
    precision: float,
    soft: int = 5,
) -> FloatMatrix | None:
    """Improve a matrix until the levels of two pictures correlate best.

    Parameters
    ----------
    before, after : array (H, W), uint8 or float32
        Grey, any two sizes.
    start : array (3, 3)
        Maps *before* to *after*, roughly.
    motion : int
        ``cv2.MOTION_AFFINE`` or ``cv2.MOTION_HOMOGRAPHY``.
    precision : float
        Gain of the coefficient that ends the search.
    soft : int
        Side in pixels of the Gaussian that both are blurred by first.

    Returns
    -------
    array (3, 3), float64, or None
        None where the search left the overlap of the two, or one of them is flat.

    References
    ----------
    Evangelidis and Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient
    maximization", https://doi.org/10.1109/TPAMI.2008.113
    """
    warp = (start if motion == cv2.MOTION_HOMOGRAPHY else start[:2]).astype(np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ITERATIONS, precision)
    try:
        _, found = cv2.findTransformECC(before, after, warp, motion, stop, None, soft)  # type: ignore[call-overload]
    except cv2.error:
        return None
    return np.vstack([found, [[0, 0, 1]]])[:3].astype(np.float64)
