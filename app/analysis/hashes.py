"""Hashes: how far apart the two images are to ImageHash's perceptual hashes."""

import math
from collections.abc import Callable
from typing import Any

import cv2
import imagehash
from PIL import Image

from app.analysis.model import HashDistance, UInt8Array

LONGEST_SIDE = 512
_HASHES: dict[str, Callable[[Image.Image], Any]] = {
    "average": imagehash.average_hash,
    "difference": imagehash.dhash,
    "perceptual": imagehash.phash,
    "wavelet": imagehash.whash,
    "color": imagehash.colorhash,
}


def hash_distances(before: UInt8Array, after: UInt8Array) -> dict[str, HashDistance]:
    """Compare two images by ImageHash's five hashes.

    Parameters
    ----------
    before, after : ndarray
        RGB, shape (height, width, 3), uint8; any size of at least one pixel, and not the same one necessarily.

    Returns
    -------
    dict of str to HashDistance
        "average", "difference", "perceptual" and "wavelet" have 64 bits, "color" has 42.

    Notes
    -----
    Hashes look at 8 to 32 pixels a side, so images are first reduced to at most 512 by averaging areas; that
    takes the place of the first and dearest step of the hash itself.
    """
    images = [Image.fromarray(_reduce(pixels)) for pixels in (before, after)]
    return {name: _distance(*(hash_of(image) for image in images)) for name, hash_of in _HASHES.items()}


def _reduce(pixels: UInt8Array) -> UInt8Array:
    """Average areas until no side is longer than 512."""
    height, width = pixels.shape[:2]
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, math.floor(width * factor)), max(1, math.floor(height * factor)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _distance(before: Any, after: Any) -> HashDistance:
    distance, bits = int(before - after), int(before.hash.size)
    return HashDistance(distance, bits, 1 - distance / bits)
