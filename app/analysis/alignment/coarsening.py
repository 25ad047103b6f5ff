"""Make *before* as coarse as a smaller *after* that was not smoothed, in the very way in which it was made smaller.

Many programs make pictures smaller without smoothing them first: thin lines and letters then come and go with the
places that happened to be looked at. Looked at in the same places in the same way, *before* loses the same.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.alignment.warping import warp_to_before
from app.analysis.geometry import FloatMatrix, corners_of, mapped, shifting, size_in_after
from app.analysis.model import Alignment, Box, UInt8Array
from app.analysis.sampling import spread
from app.analysis.threads import in_threads

COARSER = 0.97
"""Size of *after* in terms of *before* from which on too little is lost to tell."""
SIDE, SQUARES = 40, 100
"""Squares of *after* that are looked at, and how many."""
BUSY = 6.0
"""Standard deviation in levels from which a square tells."""
USUAL, FEWEST = 4.0, 6
"""Squares of which more times what is usual stays unexplained were changed; and how many others are needed."""
MARGIN = 6
"""Pixels of *before* around a square that smoothing and cubic interpolation look at."""
TWICE = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]], np.float64)
Way = Callable[[Any, FloatMatrix, tuple[int, int]], Any]


def _sampled(image: Any, onto: FloatMatrix, size: tuple[int, int], kernel: int) -> Any:
    return cv2.warpPerspective(image, onto, size, flags=kernel, borderMode=cv2.BORDER_REPLICATE)


def _averaged(image: Any, onto: FloatMatrix, size: tuple[int, int], kernel: int) -> Any:
    """Average four places in each pixel."""
    finer = _sampled(image, TWICE @ onto, (2 * size[0], 2 * size[1]), kernel)
    return cv2.resize(finer, size, interpolation=cv2.INTER_AREA)


def smoothed(image: Any, onto: FloatMatrix, size: tuple[int, int]) -> Any:
    """Lay a picture over a smaller one, blurred as far as pixels of the result reach.

    Parameters
    ----------
    image : array (H, W) or (H, W, 3), uint8
    onto : array (3, 3)
        Homography from its pixels to those of the result.
    size : (width, height) of the result.

    Returns
    -------
    array (height, width) or (height, width, 3), uint8
    """
    sigma = 0.45 * math.sqrt(max(0.1, 1 / size_in_after(onto, image.shape) ** 2 - 0.5))
    return _sampled(cv2.GaussianBlur(image, (0, 0), sigma), onto, size, cv2.INTER_LINEAR)


SMOOTHING: tuple[Way, ...] = (
    smoothed,
    partial(_averaged, kernel=cv2.INTER_LINEAR),
    partial(_averaged, kernel=cv2.INTER_CUBIC),
)
SAMPLING: tuple[Way, ...] = (
    partial(_sampled, kernel=cv2.INTER_NEAREST),
    partial(_sampled, kernel=cv2.INTER_LINEAR),
    partial(_sampled, kernel=cv2.INTER_CUBIC),
)


def coarsened(before: UInt8Array, after: UInt8Array, alignment: Alignment) -> UInt8Array | None:
    """Make *before* as coarse as *after*, in its own frame.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, as given, of any two sizes.
    alignment : Alignment
        Maps *before* to *after*.

    Returns
    -------
    array of the shape of ``before``, uint8, or None
        What *before* would be had it been made smaller as *after* was, and laid over itself again; None where
        *after* is not smaller or was smoothed, or too little is to be seen to tell how it was made.

    Notes
    -----
    Held against squares spread over *after*, whatever their exposure: a blur and averages over areas, and what
    nearest neighbour, linear and cubic interpolation see at the places of the pixels of *after*. One of the last three
    is taken where it leaves the least unexplained: cameras smooth more than any model of it, and what was smoothed is
    compared well as it is.
    """
    matrix = np.array(alignment.matrix)
    if alignment.bands or alignment.bend or not alignment.same_scene or size_in_after(matrix, before.shape) > COARSER:
        return None
    way = None if _shows_horizon(matrix, after.shape) else _likeliest_way(before, after, matrix)
    if way is None:
        return None
    small: UInt8Array = way(before, matrix, (after.shape[1], after.shape[0]))
    return warp_to_before(small, alignment, (before.shape[0], before.shape[1]))[0]


def _shows_horizon(matrix: FloatMatrix, shape: tuple[int, ...]) -> bool:
    """Say whether *after*, seen at a slant, shows places that *before* cannot have: beyond its plane's horizon."""
    height, width = shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
    weights = corners @ np.linalg.inv(matrix)[2]
    return bool(weights.min() * weights.max() <= 0)


def _likeliest_way(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> Way | None:
    """Choose the way that leaves the least unexplained; None where that is to smooth, or too few squares tell."""
    places = _busy_places(after)
    looked_at = in_threads(lambda index: _left(before, after, matrix, places[index]), range(len(places)))
    left = np.array([row for row in looked_at if row is not None])
    if len(left) < FEWEST:
        return None
    best = left.min(axis=1)
    likeliest = (*SMOOTHING, *SAMPLING)[int(left[best <= USUAL * np.median(best) + 1].mean(axis=0).argmin())]
    return likeliest if likeliest in SAMPLING else None


def _busy_places(after: UInt8Array) -> list[Box]:
    """Choose squares spread over a picture in which something is to be seen."""
    tops, lefts = (range(0, length - SIDE + 1, SIDE) for length in after.shape[:2])
    every = [Box(left, top, SIDE, SIDE) for top in tops for left in lefts]
    looked_at = [every[index] for index in spread(len(every), 4 * SQUARES)]
    busy = [place for place in looked_at if _cut(after, place).std() > BUSY]
    return [busy[index] for index in spread(len(busy), SQUARES)]


def _cut(image: UInt8Array, box: Box) -> npt.NDArray[np.float32]:
    part = image[box.slices]
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32)


def _left(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix, place: Box) -> list[float] | None:
    """Give the variance that each way leaves of a square unexplained; None where *before* does not show all of it."""
    there = mapped(np.asarray(np.linalg.inv(matrix), np.float64), corners_of(place).astype(np.float32))
    x, y = (np.floor(there.min(axis=0)).astype(int) - MARGIN).tolist()
    end, below = (np.ceil(there.max(axis=0)).astype(int) + MARGIN + 1).tolist()
    if min(x, y) < 0 or end > before.shape[1] or below > before.shape[0]:
        return None
    part = cv2.cvtColor(before[y:below, x:end], cv2.COLOR_RGB2GRAY)
    onto, seen = shifting(-place.x, -place.y) @ matrix @ shifting(x, y), _cut(after, place)
    return [_unexplained(way(part, onto, (SIDE, SIDE)), seen) for way in (*SMOOTHING, *SAMPLING)]


def _unexplained(view: Any, seen: npt.NDArray[np.float32]) -> float:
    """Give the variance of a square that a view of it does not explain, whatever its gain and offset."""
    apart, own = np.float32(view) - view.mean(dtype=np.float32), seen - seen.mean()
    shared = float(np.vdot(apart, own))
    return (float(np.vdot(own, own)) - shared**2 / max(float(np.vdot(apart, apart)), 1e-6)) / seen.size
