"""Pixelmatch's rule in NumPy: https://github.com/mapbox/pixelmatch (version 5), same constants, whole pictures at once.

Colour distance in YIQ (Kotsarenko and Ramos, 2010); anti-aliased pixels are left out after Vysniauskas (2009).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

YIQ = np.array(
    [
        [0.29889531, 0.58662247, 0.11448223],
        [0.59597799, -0.27417610, -0.32180189],
        [0.21147017, -0.52261711, 0.31114694],
    ],
    np.float32,
)
WEIGHTS = np.array([0.5053, 0.299, 0.1957], np.float32)
LARGEST = 35215.0  # the largest squared YIQ distance there is
NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def _delta(a: Pixels, b: Pixels) -> Floats:
    difference = (a.astype(np.float32) - b.astype(np.float32)) @ YIQ.T
    return np.asarray((difference**2) @ WEIGHTS, np.float32)


def _neighbours(image: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = image.shape[:2]
    return [padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] for dy, dx in NEIGHBOURS]


def _many_siblings(image: Pixels) -> Mask:
    """Say where at least 3 of the 8 neighbours have exactly the pixel's colour (one more at the border)."""
    packed = image.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    same = sum((near == packed).astype(np.int8) for near in _neighbours(packed))
    return np.asarray(same > 2)


def _anti_aliased(image: Pixels, siblings: Mask, other_siblings: Mask) -> Mask:
    """Say which pixels have both a darker and a lighter neighbour, few equals, and lie beside plain areas in both."""
    grey = image.astype(np.float32) @ YIQ[0]
    deltas = np.stack([near - grey for near in _neighbours(grey)])
    zeroes = (deltas == 0).sum(axis=0)
    darkest, lightest = deltas.argmin(axis=0), deltas.argmax(axis=0)
    lowest, highest = deltas.min(axis=0), deltas.max(axis=0)
    plain = np.stack(_neighbours((siblings & other_siblings).astype(np.uint8))).astype(bool)
    rows, columns = np.indices(grey.shape)
    beside = plain[darkest, rows, columns] | plain[lightest, rows, columns]
    return np.asarray((zeroes <= 2) & (lowest < 0) & (highest > 0) & beside)


def differing(before: Pixels, after: Pixels, threshold: float = 0.1) -> Mask:
    """Say which pixels pixelmatch would paint red."""
    differ = _delta(before, after) > LARGEST * threshold * threshold
    if not differ.any():
        return np.asarray(differ)
    first, second = _many_siblings(before), _many_siblings(after)
    return np.asarray(differ & ~_anti_aliased(before, first, second) & ~_anti_aliased(after, second, first))
