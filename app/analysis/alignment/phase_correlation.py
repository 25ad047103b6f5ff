"""Find how far a picture was shifted as a whole, from the phases of its frequencies."""

import cv2
import numpy as np

from app.analysis.alignment.tracking import normalised
from app.analysis.geometry import FloatMatrix, shifting
from app.analysis.model import UInt8Array

SHARP_PEAK = 0.3
"""Response from which a phase correlation is trusted: unrelated pictures stay under 0.1."""


def phase_shift(before: UInt8Array, after: UInt8Array) -> FloatMatrix | None:
    """Find a shift by phase correlation, for pictures of one size with too few corners to track.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey.

    Returns
    -------
    array (3, 3), float64, or None
        Maps *before* to *after*, to a fraction of a pixel; None where no shift stands out, the sizes differ, or a
        side is under 32 pixels.

    References
    ----------
    Kuglin and Hines 1975, "The phase correlation image alignment method".
    """
    if before.shape != after.shape or min(before.shape) < 32:
        return None
    greys = [normalised(grey).astype(np.float32) for grey in (before, after)]
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(greys[0], greys[1], window)
    if response < SHARP_PEAK:
        return None
    return shifting(x, y)
