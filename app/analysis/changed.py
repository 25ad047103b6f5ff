"""Find where two images are unequal, pixel by pixel, in one pass that later work can skip by.

Most images that people compare are equal nearly everywhere. One pass over strips of rows finds the tiles
that are not, so that norms, SSIM and the search for regions need to look at nothing else.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, UInt8Array, UInt16Array
from app.analysis.threads import in_threads

TILE = 64


@dataclass(frozen=True, slots=True)
class Changed:
    """Where and by how much two images of one size are unequal.

    Attributes:
        tiles: shape (ceil(height / 64), ceil(width / 64)), bool: whether any pixel of a 64 × 64 tile is unequal.
        pixels: number of pixels with evidence, exact.
        unequal: number of those that differ in any channel, exact.
        sum_absolute: sum over their channels of the absolute difference, in 8-bit levels.
        sum_squares: sum over their channels of the squared difference, in squared 8-bit levels.
        box: the smallest rectangle that holds every unequal pixel; None when there is none.
    """

    tiles: npt.NDArray[np.bool_]
    pixels: int
    unequal: int
    sum_absolute: float
    sum_squares: float
    box: Box | None

    def boxes(self, shape: tuple[int, int]) -> list[Box]:
        """Box the groups of touching changed tiles; no two boxes touch.

        Parameters
        ----------
        shape : (height, width) of the images.

        Returns
        -------
        list of Box
            Whole tiles, cut at the right and bottom of the images.
        """
        grid = self.tiles.astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=8)
        while True:  # boxes that meet become one
            for x, y, columns, rows in stats[1:count, :4].tolist():
                grid[y : y + rows, x : x + columns] = 1
            found, _, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=8)
            if found == count:
                break
            count = found
        boxes = []
        for x, y, columns, rows in stats[1:count, :4].tolist():
            left, top = x * TILE, y * TILE
            boxes.append(Box(left, top, min(columns * TILE, shape[1] - left), min(rows * TILE, shape[0] - top)))
        return boxes


def covered(boxes: list[Box]) -> int:
    """Give the number of pixels in boxes.

    Parameters
    ----------
    boxes : list of Box
        No two of them overlap.

    Returns
    -------
    int
    """
    return sum(box.width * box.height for box in boxes)


@dataclass(frozen=True, slots=True)
class _Strip:
    pixels: int
    unequal: int
    sum_absolute: float
    sum_squares: float
    columns: UInt8Array | None
    rows: tuple[int, int]


def find_changed(before: Any, after: Any, *, planes: tuple[Any, Any] | None = None, valid: Any = None) -> Changed:
    """Find the unequal pixels of two images.

    Parameters
    ----------
    before, after : ndarray
        Same shape (height, width, 3), same dtype: uint8, or uint16 whose 257 levels make one 8-bit level.
    planes : tuple of ndarray, optional
        Alpha of both, shape (height, width), uint8. A pixel whose alpha differs is unequal; the sums are
        those of the colours alone, which are already flattened.
    valid : ndarray, optional
        Shape (height, width), uint8; 0 marks pixels without evidence, which are not counted.

    Returns
    -------
    Changed

    Notes
    -----
    Strips of 64 rows, one or two reads of memory where the strip is equal. Counts and 8-bit sums are exact:
    a difference of one level in one pixel of 50 million is there.
    """
    height, width = before.shape[:2]
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ValueError(f"shapes and dtypes differ: {before.shape} {before.dtype}, {after.shape} {after.dtype}")
    tops = range(0, height, TILE)

    def examine(top: int) -> _Strip:
        rows = slice(top, min(top + TILE, height))
        alpha = None if planes is None else (planes[0][rows], planes[1][rows])
        return _examine(before[rows], after[rows], alpha, None if valid is None else valid[rows])

    return _collect(in_threads(examine, tops), list(tops), width)


def _same_bytes(a: Any, b: Any) -> bool:
    """Compare two arrays of one shape eight bytes at a time."""
    if not (a.flags.c_contiguous and b.flags.c_contiguous):
        return bool(np.array_equal(a, b))
    flat_a, flat_b = a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8)
    whole = flat_a.size // 8 * 8
    words = np.array_equal(flat_a[:whole].view(np.uint64), flat_b[:whole].view(np.uint64))
    return words and bool(np.array_equal(flat_a[whole:], flat_b[whole:]))


def _examine(before: Any, after: Any, planes: tuple[Any, Any] | None, valid: Any) -> _Strip:
    pixels = before.shape[0] * before.shape[1] if valid is None else cv2.countNonZero(valid)
    if _same_bytes(before, after) and (planes is None or _same_bytes(*planes)):
        return _Strip(pixels, 0, 0.0, 0.0, None, (0, 0))
    difference = cv2.absdiff(before, after)
    mask = cv2.bitwise_not(cv2.inRange(difference, (0, 0, 0, 0), (0, 0, 0, 0)))
    counted: Any = None
    if planes is not None:
        mask = cv2.bitwise_or(mask, cv2.compare(planes[0], planes[1], cv2.CMP_NE))
    if valid is not None and pixels < valid.size:
        mask = counted = cv2.bitwise_and(mask, mask, mask=valid)
    unequal = cv2.countNonZero(mask)
    if unequal == 0:
        return _Strip(pixels, 0, 0.0, 0.0, None, (0, 0))
    level = 1.0 if before.dtype == np.uint8 else 257.0
    _, top, _, rows = cv2.boundingRect(mask)
    return _Strip(
        pixels,
        unequal,
        cv2.norm(difference, cv2.NORM_L1, counted) / level,
        cv2.norm(difference, cv2.NORM_L2SQR, counted) / level**2,
        mask.max(axis=0),
        (top, top + rows),
    )


def _collect(strips: list[_Strip], tops: list[int], width: int) -> Changed:
    """Put the strips together."""
    starts = np.arange(0, width, TILE)
    tiles = np.zeros((len(strips), len(starts)), np.bool_)
    columns = np.zeros(width, np.uint8)
    first, last = None, 0
    for index, strip in enumerate(strips):
        if strip.columns is None:
            continue
        tiles[index] = np.maximum.reduceat(strip.columns, starts) > 0
        np.maximum(columns, strip.columns, out=columns)
        first = tops[index] + strip.rows[0] if first is None else first
        last = tops[index] + strip.rows[1]
    box = None
    if first is not None:
        left, right = int(np.argmax(columns)), width - int(np.argmax(columns[::-1]))
        box = Box(left, first, right - left, last - first)
    return Changed(
        tiles,
        sum(strip.pixels for strip in strips),
        sum(strip.unequal for strip in strips),
        sum(strip.sum_absolute for strip in strips),
        sum(strip.sum_squares for strip in strips),
        box,
    )


def at_16_bits(pixels: UInt8Array, deep: UInt16Array | None, part: Any = ...) -> UInt16Array:
    """Give a picture at 16 bits, whether its file held as many or not.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
    deep : array (H, W, 3), uint16, or None
        The same at 16 bits, where there is more to it.
    part : index of an array, optional
        What of it.

    Returns
    -------
    array of the shape of ``pixels[part]``, uint16
        ``deep``, or 257 times ``pixels``: 255 becomes 65535.
    """
    return np.asarray(pixels[part].astype(np.uint16) * np.uint16(257) if deep is None else deep[part])
