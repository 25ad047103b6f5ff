"""Recognise pictures that are exactly equal in places: in the same place, or mirrored or turned by quarters."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.analysis.geometry import FloatMatrix
from app.analysis.model import UInt8Array

SAMPLES = 15_000
BUSY = 8
"""Grey levels between neighbours from which a place can tell that it is the right one."""
FEW = 20
SMALL = 100_000
"""Pictures up to this many pixels are compared as a whole."""


class Busy(NamedTuple):
    """Busy places of a picture, from `busy_places`.

    Attributes:
        y, x: shape (n,).
        levels: shape (n, 3) for each place itself, its right and its lower neighbour.
    """

    y: npt.NDArray[np.intp]
    x: npt.NDArray[np.intp]
    levels: tuple[UInt8Array, UInt8Array, UInt8Array]


_CORNER = ((0, 0), (0, 1), (1, 0))


def busy_places(pixels: UInt8Array) -> Busy:
    """Find some thousand places of a picture that differ from their neighbours.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    Busy
        Of up to 15,000 places, those more than 8 levels from their right or lower neighbour in some channel.
    """
    y, x = _places(pixels.shape)
    corner = [_levels(pixels, y + down, x + right) for down, right in _CORNER]
    steps = [np.maximum(corner[0], other) - np.minimum(corner[0], other) for other in corner[1:]]
    busy = np.maximum(*steps).max(axis=1) > BUSY
    here, right, below = (levels[busy] for levels in corner)
    return Busy(y[busy], x[busy], (here, right, below))


def share_equal(before: Busy, after: UInt8Array, matrix: FloatMatrix) -> float:
    """Give the share of busy places of *before* that are exactly equal where ``matrix`` puts them in *after*.

    Parameters
    ----------
    before : Busy
        From `busy_places`.
    after : array (H, W, 3), uint8
        RGB, of any size.
    matrix : array (3, 3)
        Shift, quarter turn or mirror image in whole pixels: maps *before* to *after*.

    Returns
    -------
    float
        0 to 1; 0 when there are too few busy places to tell.

    Notes
    -----
    A place is equal when it and its right and lower neighbours are: beside an edge one pixel alone stays equal
    when the edge moves.
    """
    equal = np.ones(len(before.y), np.bool_)
    inside = equal.copy()
    (across_x, down_x, left), (across_y, down_y, top) = np.rint(matrix[:2]).astype(np.intp).tolist()
    height, width = after.shape[:2]
    for levels, (down, right) in zip(before.levels, _CORNER, strict=True):
        x, y = before.x + right, before.y + down
        x, y = across_x * x + down_x * y + left, across_y * x + down_y * y + top
        there = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        inside &= there
        equal &= (_levels(after, np.where(there, y, 0), np.where(there, x, 0)) == levels).all(axis=1)
    count = int(inside.sum())
    return float(equal[inside].mean()) if count >= FEW else 0.0


def _places(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Choose places spread over the picture, not in step with any grid in it."""
    height, width = shape[0] - 1, shape[1] - 1
    if height * width <= SAMPLES:
        y, x = np.divmod(np.arange(max(0, height * width)), max(1, width))
        return y, x
    rng = np.random.default_rng(0)
    y, x = rng.integers(0, height, SAMPLES), rng.integers(0, width, SAMPLES)
    along = np.argsort(y)  # memory is read in its order: much faster
    return y[along], x[along]


def _levels(pixels: UInt8Array, y: npt.NDArray[np.intp], x: npt.NDArray[np.intp]) -> UInt8Array:
    return np.asarray(np.take(pixels.reshape(-1, pixels.shape[2]), y * pixels.shape[1] + x, axis=0))


def exactly_oriented(before: UInt8Array, busy: Busy, after: UInt8Array) -> FloatMatrix | None:
    """Recognise a copy that is mirrored or turned by quarters without loss; give the matrix to it.

    Parameters
    ----------
    before : array (H, W, 3), uint8
        RGB.
    busy : Busy
        The busy places of *before*.
    after : array (H, W, 3) or (W, H, 3), uint8
        RGB; of any other shape it is no such copy.

    Returns
    -------
    array (3, 3), float64, or None
        Maps *before* to *after*.

    Notes
    -----
    Up to 100,000 pixels must all be equal, of larger pictures nine in ten busy places.
    """
    for matrix in orientations(after.shape):
        frame = after.shape[1::-1] if matrix[0, 0] == 0 else after.shape[:2]
        if frame != before.shape[:2]:
            continue
        if before.size <= 3 * SMALL:
            if np.array_equal(before, turned_back(after, matrix)):
                return matrix
        elif share_equal(busy, after, matrix) > 0.9:
            return matrix
    return None


def orientations(shape: tuple[int, ...]) -> list[FloatMatrix]:
    """List the matrices from the seven other orientations of a frame into it.

    Parameters
    ----------
    shape : (height, width) of the frame; what follows is ignored.

    Returns
    -------
    list of array (3, 3), float64
        Mirrored, upside down, turned by half; then the four that swap width and height.
    """
    height, width = shape[:2]
    right, bottom = width - 1, height - 1
    rows = [
        ((-1, 0, right), (0, 1, 0)),
        ((1, 0, 0), (0, -1, bottom)),
        ((-1, 0, right), (0, -1, bottom)),
        ((0, 1, 0), (1, 0, 0)),
        ((0, -1, right), (1, 0, 0)),
        ((0, 1, 0), (-1, 0, bottom)),
        ((0, -1, right), (-1, 0, bottom)),
    ]
    return [np.array([*pair, (0, 0, 1)], np.float64) for pair in rows]


def turned_back(pixels: UInt8Array, matrix: FloatMatrix) -> UInt8Array:
    """Undo an orientation: the picture whose pixel p is that of ``pixels`` at matrix · p.

    Parameters
    ----------
    pixels : array (H, W) or (H, W, 3), uint8
    matrix : array (3, 3)
        One of `orientations` of its shape.

    Returns
    -------
    array, uint8
        In one piece; height and width are swapped where the matrix swaps x and y.
    """
    swapped = pixels.swapaxes(0, 1) if matrix[0, 0] == 0 else pixels
    # After a transposition x runs along the old rows: where old y runs back, so does new x.
    back_x = matrix[1, 0] < 0 if matrix[0, 0] == 0 else matrix[0, 0] < 0
    back_y = matrix[0, 1] < 0 if matrix[0, 0] == 0 else matrix[1, 1] < 0
    return np.ascontiguousarray(swapped[:: -1 if back_y else 1, :: -1 if back_x else 1])
