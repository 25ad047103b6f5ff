"""Recognise another exposure by what it does to every level: the same everywhere, whatever shows that level."""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import BRIGHT, DARK, stride_for

LOWEST = DARK + 1
PIXELS = 200_000
FEWEST, FEWEST_LEVELS = 8, 16
"""Pixels that a level needs to be told of, and levels that are told of."""
COVERED = 0.8
"""Share of all pixels that they need to have together."""
MOVED, ALIKE = 0.5, 0.9
"""Share of the levels that became another, and share of their pixels that became the same one."""
Levels = npt.NDArray[np.intp]


def followed_curves(before: UInt8Array, after: UInt8Array) -> list[tuple[Levels, Levels]] | None:
    """Give what levels became all over, when one curve for each channel made *after* of *before*.

    An edit changes some levels in some places, and edges drawn again take any level between their sides; only
    exposure, contrast and the like turn all pixels of a level into one other level, and leave few levels as they were.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame, without noise; some 200,000 to 800,000 places of a large one are looked at.

    Returns
    -------
    list of (was, became) or None
        For red, green and blue: levels of *before*, rising, that became one and the same all over, and which, 4 to 251.
        None when there is no such curve, or a channel has too few levels to tell or has them clipped.
    """
    step = stride_for(before.shape[0] * before.shape[1], PIXELS)
    was, now = (np.ascontiguousarray(image[::step, ::step]).reshape(-1, 3) for image in (before, after))
    curves = []
    for channel in range(3):
        curve = _curve(was[:, channel], now[:, channel])
        if curve is None:
            return None
        curves.append(curve)
    return curves


def _curve(was: UInt8Array, now: UInt8Array) -> tuple[Levels, Levels] | None:
    """Give the levels of one channel that are told of, and the level that most of each became."""
    counts: Any = np.bincount(was.astype(np.intp) * 256 + now, minlength=256 * 256).reshape(256, 256)[LOWEST:BRIGHT]
    pixels = counts.sum(axis=1)
    told = pixels >= FEWEST
    became = (counts.cumsum(axis=1) < pixels[:, None] / 2).sum(axis=1)
    level = np.arange(len(counts))
    around = np.pad(counts, ((0, 0), (1, 1)))
    alike = around[level, became] + around[level, became + 1] + around[level, became + 2]
    moved = told & (became != level + LOWEST)
    if told.sum() < FEWEST_LEVELS or pixels[told].sum() < COVERED * pixels.sum() or moved.sum() <= MOVED * told.sum():
        return None
    if alike[moved].sum() <= ALIKE * pixels[moved].sum():
        return None
    told &= (alike > ALIKE * pixels) & (became >= LOWEST) & (became < BRIGHT)
    if not told.any():
        return None
    return np.flatnonzero(told) + LOWEST, became[told]
