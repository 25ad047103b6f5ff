"""What resampling and compression may take away from a picture, and what they add beside its edges."""

from typing import Any

import cv2
import numpy as np

RING = 0.1
"""Share of the contrast of an edge that compression lets ring beside it."""
LOSS = 0.16
"""Resampling and compression may take this share of the local contrast away wherever they please ..."""
OWN_LOSS = 0.4
"""... and of a colour at most this share of its own contrast, as most files keep every second row and column ..."""
COLOUR_LOSS = 0.25
"""... and at that size at least this share, as they round it coarsely ..."""
COLOUR_STEP = 20.0
"""... and all of so many levels where compression was coarse: rounding leaves nothing of small coloured things ..."""
COLOUR_RING = 0.07
"""... and let this share of it ring beside it."""
RING_SIZES = (15, 7)


def by_level(table: Any, image: Any) -> Any:
    """Look up numbers for the levels of an image.

    Parameters
    ----------
    table : array (n,), n up to 256
        A number for each level; 0 for the highest, where there are fewer.
    image : array (H, W), uint8

    Returns
    -------
    array (H, W), float32
    """
    whole = np.zeros(256, np.float32)
    whole[: len(table)] = table
    return cv2.LUT(image, whole)


def lost(contrast: Any, busy: Any, own: Any, level: int, coarse: bool) -> Any:
    """Give what resampling and compression may have taken away at one scale: of colour no more than colour had.

    Parameters
    ----------
    contrast : array (H, W), uint8
        Range of the neighbours of each pixel, in levels.
    busy : array (H, W), float32, or None
        What edges that are wider in one image than in the other leave here.
    own : array (H, W), or None
        Range of the neighbours of a colour by itself, in levels; None for luma.
    level : int
        The scale, 0 for full size.
    coarse : bool
        Whether compression rounded colour coarsely.

    Returns
    -------
    array (H, W), float32
        In levels.
    """
    taken = by_level(LOSS * np.arange(256), contrast)
    if busy is not None:
        taken = cv2.max(taken, busy)
    if own is None:
        return taken
    taken = cv2.min(taken, OWN_LOSS * own)
    if level != 1:
        return taken
    near = cv2.dilate(own, np.ones((RING_SIZES[level],) * 2, np.uint8))
    taken = cv2.max(taken, cv2.max(COLOUR_LOSS * own, COLOUR_RING * near))
    return cv2.max(taken, np.minimum(own, COLOUR_STEP)) if coarse else taken


def ringing(contrast: Any, level: int) -> Any:
    """Sort flat places within a block of compression (8 pixels) of an edge with what is as noisy as they may be.

    Parameters
    ----------
    contrast : array (H, W), uint8
        Range of the neighbours of each pixel, in levels.
    level : int
        The scale, 0 for full size; from the third on nothing rings.

    Returns
    -------
    array (H, W), uint8
        Contrast, in levels, of the places that are as noisy.
    """
    if level >= len(RING_SIZES):
        return contrast
    near = cv2.dilate(contrast, np.ones((RING_SIZES[level],) * 2, np.uint8))
    return np.maximum(contrast, cv2.convertScaleAbs(near, alpha=RING))
