"""What one matrix cannot lay over each other: paper that bends, a lens that bows straight lines."""

import cv2
import numpy as np

from app.analysis.alignment.bend import EXPONENTS, Float, bent_map, moved, terms
from app.analysis.alignment.tracking import NEAR_ENOUGH, follow, textured
from app.analysis.geometry import FloatMatrix, Points
from app.analysis.model import Bend, UInt8Array

RIDGE = 1e-5
"""Holds fast waves down where there are no points."""
ROUNDS = 10
FEWEST = 60
"""Points that must tell of a bend."""
WORTH = 0.3
"""Working pixels that a quarter of the points must be off, or one matrix is good enough."""
LEFT = 0.5, 0.4
"""What may stay for a quarter of the points, and for a tenth: rows that came or went leave much in one place."""
AGREE = 0.6
"""Working pixels by which a point may be off that agrees with a bend."""
PASSES = 2
FOLLOWED = 0.7
"""Of the points that told of a bend, the share that must be there when it is undone."""
STRETCH = 0.2
"""No paper and no lens stretches a part of the picture by more than this."""


def find_bend(
    before: UInt8Array, after: UInt8Array, matrix: FloatMatrix, near: tuple[Points, Points]
) -> tuple[Bend, int]:
    """Find the smooth bend that is left where a matrix lays *after* over *before*.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Work pictures in grey.
    matrix : array (3, 3)
        Maps *before* to *after*.
    near : pair of array (n, 2), float32
        Places (x, y) of points in *before*, and in *after* laid over it.

    Returns
    -------
    bend : Bend
        Weights (x, y) of u^i v^j for each of `EXPONENTS`, in widths and heights of *before*, where u and v run from
        -1 to 1 over it; empty when the points do not tell of a smooth bend.
    inliers : int
        Points that agree with it.

    References
    ----------
    Zitová and Flusser 2003, "Image registration methods: a survey", section 5.1 (bivariate polynomials).
    """
    places, off = near[0], np.asarray(near[1] - near[0], np.float64)
    if len(off) < FEWEST or _most(off) < WORTH:
        return (), 0
    bend, left = _fitted(places, off, before.shape)
    if not _explains(left, off):
        return (), 0
    # Again with that bend undone: towards the corners most points were too far off to be followed.
    source = textured(before)
    for _ in range(PASSES):
        laid = cv2.remap(after, *bent_map(matrix, bend, before.shape, (0, before.shape[0])), cv2.INTER_LINEAR)
        places, there = follow(source, np.asarray(laid, np.uint8))
        close = np.hypot(*(there - places).T) < NEAR_ENOUGH
        if close.sum() < max(FEWEST, FOLLOWED * len(near[0])):
            return (), 0
        places, there = places[close], there[close]
        off = there - places + moved(bend, places, before.shape)
        bend, left = _fitted(places, off, before.shape)
    if not _explains(left, off) or _stretch(bend) >= STRETCH:
        return (), 0
    return bend, int((np.hypot(*left.T) < AGREE).sum())


def _explains(left: Float, off: Float) -> bool:
    """Say whether little is left of how far points are off."""
    return all(_most(left, share) <= limit * _most(off, share) for limit, share in zip(LEFT, (0.25, 0.1), strict=True))


def _stretch(bend: Bend) -> float:
    """Give by what share a bend stretches, shears or presses some part of the frame at most."""
    nodes = np.linspace(-0.5, 15.5, 17)
    grid = moved(bend, np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2), (16, 16)).reshape(17, 17, 2)
    return float(max(np.abs(np.diff(grid, axis=axis)).max() for axis in (0, 1)))


def _most(off: Float, share: float = 0.25) -> float:
    """Give how far a share of all points are off at least."""
    return float(np.quantile(np.hypot(*off.T), 1 - share))


def _fitted(places: Points, off: Float, shape: tuple[int, ...]) -> tuple[Bend, Float]:
    """Fit a bend to how far points are off, (n, 2) pixels, robustly; give it and what it leaves."""
    there = terms(places, shape)
    ridge = np.diag([RIDGE * (i + j) ** 2 if i + j > 1 else 0.0 for i, j in EXPONENTS])
    weights = np.ones(len(off))
    for _ in range(ROUNDS):
        share = there * (weights / weights.sum())[:, None]
        solution = np.linalg.solve(share.T @ there + ridge, share.T @ off)
        left = off - there @ solution
        distance = np.hypot(*left.T)
        scale = max(0.3, 4 * float(np.median(distance)))
        weights = np.where(distance < scale, (1 - (distance / scale) ** 2) ** 2, 0.0) + 1e-9
    return tuple((float(x), float(y)) for x, y in solution / np.array(shape[1::-1])), left
