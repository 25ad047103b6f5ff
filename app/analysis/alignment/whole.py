"""Lay two pictures over each other as wholes, small and blurred: where everything repeats, no single place can tell."""

import cv2
import numpy as np

from app.analysis.alignment.block_agreement import at_one_small_size
from app.analysis.alignment.ecc import maximise_correlation
from app.analysis.alignment.homographies import sane
from app.analysis.geometry import FloatMatrix, scaling
from app.analysis.model import UInt8Array

LEAST_SIDE = 16
"""Pixels of the small pictures below which they say nothing."""
SOFT = 2.0
"""Pixels by which they are blurred, so that dots, keys or bricks become what they make together."""
PRECISION = 1e-4


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
    """
    small = at_one_small_size(before, after)
    height, width = small[0].shape
    if min(height, width) < LEAST_SIDE:
        return None
    soft_before, soft_after = (cv2.GaussianBlur(image, (0, 0), SOFT) for image in small)
    found = maximise_correlation(soft_before, soft_after, np.eye(3), cv2.MOTION_HOMOGRAPHY, PRECISION)
    if found is None:
        return None
    down, up = (scaling(width / image.shape[1], height / image.shape[0]) for image in (before, after))
    return sane(np.linalg.inv(up) @ found @ down, before.shape, after.shape)
