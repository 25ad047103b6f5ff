"""Compare two small pictures block by block, whatever their light."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.resize import scaled_size

SMALL = 160
"""Longest side of the small pictures that are compared, in pixels."""
BLOCK = 10
"""Pixels a side."""
TEXTURE = 3.0
"""A block holds something to compare when its high-passed grey spreads by this many levels."""
ALIKE = 0.6
"""Correlation from which two blocks show the same: chance rarely gets there."""
EQUAL = 0.95
"""Correlation of blocks that are the same but for noise."""
REACH = 0.06
"""Share of the side by which pictures may be off each other when they are compared unaligned."""


@dataclass(frozen=True, slots=True)
class BlockAgreement:
    """How much of two pictures that lie over each other shows the same.

    Attributes:
        blocks: number of blocks where both hold something to compare.
        textured: number of blocks where either does.
        alike: number of blocks that show the same.
        equal: number of blocks that show the same but for noise.
        correlation: of all high-passed greys, -1 to 1.
    """

    blocks: int
    textured: int
    alike: int
    equal: int
    correlation: float


def at_one_small_size(before: UInt8Array, after: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Bring two grey pictures to the proportions of *before*, at most 160 pixels a side.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    before, after : array (h, w), float32
        In grey levels, 0 to 255.
    """
    size = scaled_size(before.shape, min(1.0, SMALL / max(before.shape)))
    return brought_to(before, size), brought_to(after, size)


def small_greys(before: UInt8Array, after: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Bring two grey pictures to one small size, without light.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    before, after : array (h, w), float32
        As `at_one_small_size` gives them, then `high_pass`.
    """
    small_before, small_after = at_one_small_size(before, after)
    return high_pass(small_before), high_pass(small_after)


def brought_to(grey: UInt8Array, size: tuple[int, int]) -> FloatArray:
    """Bring a picture to a size, by averaging areas where no side grows.

    Parameters
    ----------
    grey : array (H, W), uint8
    size : (width, height)

    Returns
    -------
    array (height, width), float32
        In grey levels, 0 to 255.
    """
    shrinks = grey.shape[0] >= size[1] and grey.shape[1] >= size[0]
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return small.astype(np.float32)


def high_pass(small: FloatArray) -> FloatArray:
    """Take what is coarser than some pixels away, as light is, and the finest noise.

    Parameters
    ----------
    small : array (h, w), float32
        In grey levels.

    Returns
    -------
    array (h, w), float32
        In grey levels, about 0.
    """
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7) - cv2.GaussianBlur(small, (0, 0), 6), np.float32)


def best_shift(before: FloatArray, after: FloatArray) -> tuple[FloatArray, FloatArray, tuple[int, int]]:
    """Cut two small pictures to what they share at their best shift (at most ``REACH`` of the side).

    Parameters
    ----------
    before, after : array (h, w), float32
        Of one size.

    Returns
    -------
    before, after : array, float32
        Parts of one size; as given where they are too small to be shifted.
    shift : (x, y)
        Whole pixels from *before* to *after*.
    """
    height, width = before.shape
    dy, dx = math.ceil(REACH * height), math.ceil(REACH * width)
    if min(height - 2 * dy, width - 2 * dx) < 8:
        return before, after, (0, 0)
    middle = before[dy : height - dy, dx : width - dx]
    scores = cv2.matchTemplate(after, middle, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(scores)
    return middle, after[y : y + middle.shape[0], x : x + middle.shape[1]], (x - dx, y - dy)


def block_agreement(before: FloatArray, after: FloatArray) -> BlockAgreement:
    """Compare two small high-passed pictures block by block.

    Blocks vote because a large change takes only its own blocks with it, where one correlation over the whole
    picture is ruled by its strongest edges.

    Parameters
    ----------
    before, after : array (h, w), float32
        Of one size, as `high_pass` gives them.

    Returns
    -------
    BlockAgreement
        Of `BLOCK` pixels a side; what is left at the right and bottom is only in the correlation.
    """
    a, b = _blocks(before), _blocks(after)
    spread_a, spread_b = a.std(axis=1), b.std(axis=1)
    both = (spread_a > TEXTURE) & (spread_b > TEXTURE)
    covariance = ((a - a.mean(axis=1, keepdims=True)) * (b - b.mean(axis=1, keepdims=True))).mean(axis=1)
    correlation = covariance / np.maximum(spread_a * spread_b, 1e-6)
    whole = _correlation(before, after)
    either = (spread_a > TEXTURE) | (spread_b > TEXTURE)
    alike, equal = (int((both & (correlation > least)).sum()) for least in (ALIKE, EQUAL))
    return BlockAgreement(int(both.sum()), int(either.sum()), alike, equal, whole)


def _correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    scale = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / scale if scale > 0 else 0.0


def _blocks(image: FloatArray) -> FloatArray:
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    cut = image[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows * columns, BLOCK * BLOCK)
