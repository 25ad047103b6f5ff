"""Lay two pictures over each other as wholes, small and blurred: where everything repeats, no single place can tell."""

import cv2
import numpy as np

from app.analysis.alignment.scene import at_one_small_size
from app.analysis.alignment.tracking import sane
from app.analysis.geometry import FloatMatrix, scaling
from app.analysis.model import UInt8Array

LEAST_SIDE = 16
"""Pixels of the small pictures below which they say nothing."""
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
    small = at_one_small_size(before, after)
    height, width = small[0].shape
    if min(height, width) < LEAST_SIDE:
        return None
    criteria = cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ROUNDS, SETTLED
    soft_before, soft_after = (cv2.GaussianBlur(image, (0, 0), SOFT) for image in small)
    start = np.eye(3, dtype=np.float32)
    try:
        _, found = cv2.findTransformECC(soft_before, soft_after, start, cv2.MOTION_HOMOGRAPHY, criteria)
    except cv2.error:  # flat pictures, and such as do not come together
        return None
    down, up = (scaling(width / image.shape[1], height / image.shape[0]) for image in (before, after))
    return sane(np.linalg.inv(up) @ found @ down, before.shape, after.shape)
