"""Look at some rows or tiles of two images only: what is asked of millions of pixels, a part of them knows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import TILE, Changed
from app.analysis.model import UInt8Array

ENOUGH = 1_000_000
"""Pixels that are enough for a mean or a histogram."""
BORDER = 2
"""Pixels of border around each tile; its outermost pixels repeated, so that neighbourhoods see nothing else."""
DARK, BRIGHT = 3, 252
"""Levels up to the first and from the second on are all but clipped: they only say "as dark" or "as bright"."""
GREY = np.array([0.299, 0.587, 0.114])
"""What red, green and blue add to a grey (ITU-R BT.601)."""


def step_for(pixels: int) -> int:
    """Give every how many rows are enough.

    Parameters
    ----------
    pixels : int
        How many there are in all rows.

    Returns
    -------
    int
        The largest of 1, 3 and 9 that leaves `ENOUGH` pixels.
    """
    return max(step for step in (1, 3, 9) if step == 1 or pixels // step >= ENOUGH)


def stride_for(pixels: int, enough: int) -> int:
    """Give every how many pixels, across and down, are enough.

    Parameters
    ----------
    pixels : int
        How many there are.
    enough : int
        How many have to be left, at least.

    Returns
    -------
    int
        1 and up.
    """
    return max(1, math.isqrt(pixels // enough))


def rows_by_chance(height: int, step: int) -> npt.NDArray[np.intp]:
    """Choose a row of every so many, the same ones each time: patterns, and blocks of JPEG, may repeat in any step.

    Parameters
    ----------
    height : int
        Rows that there are.
    step : int
        One is chosen of so many, 1 and up.

    Returns
    -------
    array (height // step,), intp
        Rising; every row where there are fewer than ``step``.
    """
    if height < step:
        return np.arange(height)
    tops = np.arange(0, height - height % step, step)
    return tops + np.random.default_rng(0).integers(0, step, len(tops))


def spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """Choose places spread over them all.

    Parameters
    ----------
    count : int
        Places that there are.
    most : int
        Places that are chosen at most.

    Returns
    -------
    array (min(most, count),), intp
        Rising, from 0 to count - 1.
    """
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.intp))


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles of one size (height, width) out of two images, one below the other.

    Attributes:
        before, after: shape (count * (height + 4), width + 4, 3), uint8, RGB: the tiles with their borders.
        unequal: whether each of them differs, or none does; then ``after`` is ``before``.
        shape: height and width of one tile without border.
    """

    before: UInt8Array
    after: UInt8Array
    unequal: bool
    shape: tuple[int, int]

    def inner(self, values: Any) -> Any:
        """Cut the borders off what was computed from `before` or `after`.

        Parameters
        ----------
        values : array (count * (height + 4), width + 4)

        Returns
        -------
        array (count, height, width)
            A view of it.
        """
        return self._each(values)[:, BORDER:-BORDER, BORDER:-BORDER]

    def cleared(self, values: Any) -> Any:
        """Set the borders to 0, which a maximum over neighbours overlooks.

        Parameters
        ----------
        values : array (count * (height + 4), width + 4)
            In one piece; it is changed.

        Returns
        -------
        array
            The very same.
        """
        each = self._each(values)
        each[:, :BORDER] = each[:, -BORDER:] = 0
        each[:, :, :BORDER] = each[:, :, -BORDER:] = 0
        return values

    def _each(self, values: Any) -> Any:
        height, width = self.shape
        return values.reshape(-1, height + 2 * BORDER, width + 2 * BORDER)


def sample_tiles(before: UInt8Array, after: UInt8Array, changed: Changed, most: int) -> Iterator[Tiles]:
    """Give tiles spread over two images, those that are alike together.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, of one size.
    changed : Changed
        What `changed.find_changed` gave for them.
    most : int
        Tiles that are looked at, at most.

    Yields
    ------
    Tiles
        Those of one size, of which all are unequal, or none is.
    """
    rows, columns = changed.tiles.shape
    chosen = spread(rows * columns, most)
    places: dict[tuple[tuple[int, int], bool], list[tuple[int, int]]] = {}
    for row, column in zip(*(part.tolist() for part in np.divmod(chosen, columns)), strict=True):
        size = min(TILE, before.shape[0] - row * TILE), min(TILE, before.shape[1] - column * TILE)
        places.setdefault((size, bool(changed.tiles[row, column])), []).append((row, column))
    for (size, unequal), tiles in places.items():
        stack = _stacked(before, tiles, size)
        yield Tiles(stack, _stacked(after, tiles, size) if unequal else stack, unequal, size)


def _stacked(image: UInt8Array, tiles: list[tuple[int, int]], size: tuple[int, int]) -> UInt8Array:
    height, width = size
    stack = np.empty((len(tiles), height + 2 * BORDER, width + 2 * BORDER, 3), np.uint8)
    for place, (row, column) in zip(stack, tiles, strict=True):
        tile = image[row * TILE : row * TILE + height, column * TILE : column * TILE + width]
        cv2.copyMakeBorder(tile, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE, dst=place)
    return stack.reshape(-1, width + 2 * BORDER, 3)


def strongest_difference(before: Any, after: Any) -> Any:
    """Give the largest absolute difference over the channels.

    Parameters
    ----------
    before, after : array (H, W) or (H, W, C), uint8 or uint16
        Of one shape and type.

    Returns
    -------
    array (H, W)
        Of their type, in their levels.
    """
    return strongest_channel(cv2.absdiff(before, after))


def worst_channel(change: Any) -> Any:
    """Give the size of a signed change in the channel that changes most.

    NumPy's ``max`` over so short an axis takes twenty times as long.

    Parameters
    ----------
    change : array (..., 3), float

    Returns
    -------
    array (...)
        Of its type, 0 and up.
    """
    size = np.abs(change)
    return np.maximum(np.maximum(size[..., 0], size[..., 1]), size[..., 2])


def strongest_channel(image: Any) -> Any:
    """Give the largest over the channels.

    Parameters
    ----------
    image : array (H, W) or (H, W, C), of any type that OpenCV knows

    Returns
    -------
    array (H, W)
        The very same where there is but one.
    """
    if image.ndim == 2:
        return image
    first, *others = cv2.split(image)
    for plane in others:
        cv2.max(first, plane, dst=first)
    return first
