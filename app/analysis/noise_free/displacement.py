"""Tell a drawing that was turned or scaled by a hair from one that was drawn again: its parts move along."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import TILE
from app.analysis.model import UInt8Array
from app.analysis.neighbours import gradient
from app.analysis.sampling import spread

Float = npt.NDArray[np.float64]
_SAMPLED, _FEWEST = 150, 12
"""Tiles that are looked at, at most, and fewest that tell where they went."""
_TEXTURE = 20.0
"""Mean squared gradient, in levels² per pixel², across every direction, without which a tile does not tell."""
_ROUNDS, _OUTLIER, _EXACT = 4, 2.5, 0.02
"""How often the fit leaves out what is off by so many times the median, or by more than so many pixels."""
_EXPLAINED = 0.9
"""Share of the squared displacement that one turn or scale explains where it is all that happened ..."""
_FARTHEST_APART = 0.25
"""... and pixels by which two places moved differently at least."""


def is_turned_or_scaled(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether the tiles of two images lie apart as one affine transform, other than a shift, moves them.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, of one size; what is in them lies apart by a pixel or two at most.

    Returns
    -------
    bool
        False where too few tiles tell. Of letters that are drawn again each moves by itself, or not at all.

    References
    ----------
    Lucas and Kanade 1981, "An iterative image registration technique" (one step of it for each tile).
    """
    places, moves = _displacements(before, after)
    if len(places) < _FEWEST:
        return False
    terms = np.c_[np.ones(len(places)), places / max(before.shape)]
    kept = np.ones(len(places), np.bool_)
    for _ in range(_ROUNDS):
        fitted = terms @ np.linalg.lstsq(terms[kept], moves[kept], rcond=None)[0]
        off = np.hypot(*(moves - fitted).T)
        kept = off <= max(_OUTLIER * float(np.median(off)), _EXACT)
    about_a_shift = float(((moves - np.median(moves[kept], axis=0))[kept] ** 2).sum())
    left = float((off[kept] ** 2).sum())
    apart = float(np.ptp(fitted[kept], axis=0).max())
    return apart >= _FARTHEST_APART and left <= (1 - _EXPLAINED) * about_a_shift


def _displacements(before: UInt8Array, after: UInt8Array) -> tuple[Float, Float]:
    """Give the middles of tiles that have texture, and how far each of them moved: (n, 2) each, x and y in pixels."""
    rows, columns = before.shape[0] // TILE, before.shape[1] // TILE
    places, moves = [], []
    for tile in spread(rows * columns, _SAMPLED).tolist() if rows * columns else []:
        top, left = tile // columns * TILE, tile % columns * TILE
        part = slice(top, top + TILE), slice(left, left + TILE)
        was, now = (_grey(image[part]) for image in (before, after))
        slopes = np.stack([slope.ravel() for slope in gradient(was)], axis=1)
        normal = slopes.T @ slopes
        if np.linalg.eigvalsh(normal)[0] >= _TEXTURE * was.size:
            places.append((left + TILE / 2, top + TILE / 2))
            moves.append(-np.linalg.solve(normal, slopes.T @ (now - was).ravel()))
    return np.array(places, np.float64).reshape(-1, 2), np.array(moves, np.float64).reshape(-1, 2)


def _grey(image: UInt8Array) -> Any:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
