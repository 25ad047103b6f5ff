"""Hashes: how far apart the two images are to ImageHash's perceptual hashes."""

from collections.abc import Callable
from typing import Any

import imagehash
import pywt  # type: ignore[import-untyped]  # noqa: F401  (see below)
import scipy.fftpack  # noqa: F401
from PIL import Image

from app.analysis.model import HashDistance, UInt8Array
from app.analysis.resize import reduce_to_size, scaled_size

# ImageHash loads pywt and scipy.fftpack inside its hashes; loaded here, no comparison waits for them.

LONGEST_SIDE, REDUCED_SIDE = 512, 128
"""Larger images are reduced, by far."""
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
    Hashes look at 8 to 32 pixels a side, so images with a side above 512 are first reduced to 128 by averaging
    areas; that takes the place of the first and dearest step of the hash itself.
    """
    both = [before] if before is after else [before, after]
    images = [Image.fromarray(_reduced(pixels)) for pixels in both]
    return {name: _distance([hash_of(image) for image in images]) for name, hash_of in _HASHES.items()}


def _reduced(pixels: UInt8Array) -> Any:
    longest = max(pixels.shape[:2])
    if longest <= LONGEST_SIDE:
        return pixels
    return reduce_to_size(pixels, scaled_size(pixels.shape, REDUCED_SIDE / longest))


def _distance(hashes: list[Any]) -> HashDistance:
    """Compare the first hash with the last: of one and the same image there is only one."""
    before, after = hashes[0], hashes[-1]
    distance, bits = int(before - after), int(before.hash.size)
    return HashDistance(distance, bits, 1 - distance / bits)
