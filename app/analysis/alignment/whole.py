"""Lay two pictures over each other as wholes, small and blurred: where everything repeats, no single place can tell."""

import cv2
import numpy as np

from app.analysis.alignment.tracking import sane
from app.analysis.geometry import FloatMatrix, scaling
from app.analysis.model import FloatArray, UInt8Array

LONGEST_SIDE = 160
"""Pixels of the small pictures."""
LEAST_SIDE = 16
SOFT = 2.0
"""Pixels by which they are blurred, so that dots, keys or bricks become what they make together."""
ROUNDS, SETTLED = 60, 1e-4


def whole_guess(before: UInt8Array, after: UInt8Array) -> FloatMatrix | None:
    """Find the homography under which two small blurred pictures correlate best.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey pictures of any two sizes, one nearly over the other.

    Returns
    -------
    array (3, 3) or None
        Maps *before* to *after*, to a pixel or two; None where none was found.

    References
    ----------
    Evangelidis and Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization".
    """
    scale = min(1.0, LONGEST_SIDE / max(before.shape))
    size = round(before.shape[1] * scale), round(before.shape[0] * scale)
    if min(size) < LEAST_SIDE:
        return None
    criteria = cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ROUNDS, SETTLED
    start = np.eye(3, dtype=np.float32)
    try:
        _, found = cv2.findTransformECC(
            _small(before, size), _small(after, size), start, cv2.MOTION_HOMOGRAPHY, criteria
        )
    except cv2.error:  # flat pictures, and such as do not come together
        return None
    down, up = (scaling(size[0] / image.shape[1], size[1] / image.shape[0]) for image in (before, after))
    return sane(np.linalg.inv(up) @ found @ down, before.shape, after.shape)


def _small(grey: UInt8Array, size: tuple[int, int]) -> FloatArray:
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), SOFT), np.float32)
