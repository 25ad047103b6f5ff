"""Make *before* as coarse as a smaller *after*: by the very kernel that *after* was made with.

Most programs make pictures smaller without smoothing them first: thin lines and letters then come and go with the
places that happened to be looked at. Looked at in the same places in the same way, *before* loses the same.
"""

import math
from typing import Any

import cv2
import numpy as np

from app.analysis.geometry import FloatMatrix, mapped, size_in_after
from app.analysis.model import Alignment, UInt8Array
from app.analysis.threads import in_threads
from app.analysis.warping import warp_to_before

KERNELS = cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC
TWICE = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]], np.float64)
COARSER = 0.97
"""Size of *after* in terms of *before* from which on nothing is lost that could tell."""
SIDE = 40
TILES = 100
"""Squares of *after* that are looked at, and how many."""
BUSY = 6.0
"""Standard deviation in levels from which a square tells."""
USUAL, FEWEST = 4.0, 6
"""Squares of which more times what is usual stays unexplained were changed; and how many others are needed."""
CLEARLY, GAINED = 0.9, 0.3
"""Share of the variance that smoothing leaves unexplained which a kernel may leave, and how much less that must be."""
SAME = 0.3
"""Share of its variance that may stay unexplained of a square that shows the same."""


def coarsened(before: UInt8Array, after: UInt8Array, alignment: Alignment) -> UInt8Array | None:
    """Make *before* as coarse as *after*, in its own frame.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, as given.
    alignment : Alignment
        Maps *before* to *after*.

    Returns
    -------
    array of the shape of ``before``, uint8, or None
        What *before* would be had it been made smaller as *after* was, and laid over itself again; None where
        *after* is not smaller or was smoothed before.

    Notes
    -----
    Nearest neighbour, linear and cubic interpolation at the places of the pixels of *after* are held against an
    average over areas, in squares spread over *after*, whatever its exposure.
    """
    matrix = np.array(alignment.matrix)
    if alignment.bands or alignment.bend or not alignment.same_scene or size_in_after(matrix, before.shape) > COARSER:
        return None
    kernel = _kernel_of(before, after, matrix)
    if kernel is None:
        return None
    size = after.shape[1], after.shape[0]
    small = cv2.warpPerspective(before, matrix, size, flags=kernel, borderMode=cv2.BORDER_REPLICATE)
    return warp_to_before(np.asarray(small, np.uint8), alignment, (before.shape[0], before.shape[1]))[0]


def _kernel_of(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> int | None:
    """Choose the kernel that leaves the least unexplained; None when smoothing does about as well."""
    grey = cv2.cvtColor(after, cv2.COLOR_RGB2GRAY)
    places = _busy_places(grey)
    looked_at = in_threads(lambda index: _left(before, grey, matrix, places[index]), range(len(places)))
    left = np.array([row for row in looked_at if row is not None])
    if len(left) < FEWEST:
        return None
    best = left.min(axis=1)
    *smoothed, nearest, linear, cubic = left[best <= USUAL * np.median(best) + 1].mean(axis=0).tolist()
    least, kernel = min((nearest, cv2.INTER_NEAREST), (linear, cv2.INTER_LINEAR), (cubic, cv2.INTER_CUBIC))
    return kernel if least < min(CLEARLY * min(smoothed), min(smoothed) - GAINED) else None


def _busy_places(grey: Any) -> list[tuple[int, int]]:
    """Choose squares (x, y) spread over a picture in which something is to be seen, the busiest of each part."""
    found = [
        (float(grey[y : y + SIDE, x : x + SIDE].std()), x, y)
        for y in range(0, grey.shape[0] - SIDE + 1, SIDE)
        for x in range(0, grey.shape[1] - SIDE + 1, SIDE)
    ]
    busy = [(x, y) for deviation, x, y in found if deviation > BUSY]
    return [busy[i] for i in np.unique(np.linspace(0, len(busy) - 1, min(TILES, len(busy))).astype(int))]


def _left(before: UInt8Array, grey: Any, matrix: FloatMatrix, place: tuple[int, int]) -> list[float] | None:
    """Give the variance that two ways to smooth, then each kernel leave of a square; None where *before* ends."""
    x, y = place
    corners = np.array([[x, y], [x + SIDE, y], [x + SIDE, y + SIDE], [x, y + SIDE]], np.float32)
    there = mapped(np.asarray(np.linalg.inv(matrix), np.float64), corners)
    left, top = np.floor(there.min(axis=0)).astype(int) - 4
    right, bottom = np.ceil(there.max(axis=0)).astype(int) + 5
    if min(left, top) < 0 or right > before.shape[1] or bottom > before.shape[0]:
        return None
    part = cv2.cvtColor(before[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    onto = _shift(-x, -y) @ matrix @ _shift(left, top)
    smooth = cv2.GaussianBlur(part, (0, 0), 0.45 * math.sqrt(1 / size_in_after(onto, part.shape) ** 2 - 0.5))
    finer = cv2.warpPerspective(part, TWICE @ onto, (2 * SIDE, 2 * SIDE), flags=cv2.INTER_LINEAR)
    views = [
        cv2.warpPerspective(smooth, onto, (SIDE, SIDE), flags=cv2.INTER_LINEAR),
        cv2.resize(finer, (SIDE, SIDE), interpolation=cv2.INTER_AREA),
        *(cv2.warpPerspective(part, onto, (SIDE, SIDE), flags=kernel) for kernel in KERNELS),
    ]
    seen = grey[y : y + SIDE, x : x + SIDE]
    return [_unexplained(view, seen) for view in views]


def _shift(x: float, y: float) -> FloatMatrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def _unexplained(view: Any, seen: Any) -> float:
    """Give the variance of a square that a view of it does not explain, whatever its gain and offset."""
    covariance = np.cov(view.ravel().astype(np.float32), seen.ravel().astype(np.float32))
    return float(covariance[1, 1] - covariance[0, 1] ** 2 / max(covariance[0, 0], 1e-6))
