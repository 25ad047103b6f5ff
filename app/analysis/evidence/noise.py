"""Read the noise of two images off their difference, whatever really changed between them."""

from typing import Any

import cv2
import numpy as np

from app.analysis.neighbours import SQUARE

ACROSS = 10
"""The picture is cut into this many blocks each way, which vote."""
FEWEST_PIXELS, FEWEST_BLOCKS = 20, 4
VOTE, WINNER = 0.99, 0.6
"""A block's vote is this quantile of its pixels; what counts is this quantile of the votes."""
FEW_BLOCKS, FEWER = 20, 4
"""Blocks from which a bin of contrast speaks for itself; one with fewer is held against one with so many times more."""
STEPS_PER_LEVEL = 4
"""Noise is counted in quarter grey levels."""
NOISIEST = 8.0
"""Levels by which averages over 8 × 8 pixels differ that no noise leaves ..."""
LARGE = 0.15
"""... where they are more than this share of the picture: less is outvoted."""


def noise_by_contrast(excess: Any, bins: Any, seen: Any, kinds: int) -> Any:
    """Give for each bin of contrast the excess that unchanged places show.

    Parameters
    ----------
    excess : array (H, W), float32
        How far each pixel differs, in levels, 0 and up; counted up to 63.75.
    bins : array (H, W), uint8
        The bin of contrast of each pixel, 0 for the flattest.
    seen : array (H, W), uint8
        0 where nothing can be judged.
    kinds : int
        How many bins there are.

    Returns
    -------
    array (kinds,), float32
        In levels; it never falls from a bin to a busier one. 0 for a bin that hardly any block has.

    Notes
    -----
    Blocks vote: a real change fills a few of them, noise is in all. Each votes with its 99th percentile.
    """
    return np.maximum.accumulate(_bounded(*_votes(excess, bins, seen, kinds)))


def noise_in_busy_places(excess: Any, bins: Any, seen: Any, kinds: int) -> float | None:
    """Give the most excess that unchanged places of any contrast show.

    Parameters
    ----------
    excess, bins : array (H, W), float32 and uint8
    seen : array (H, W), uint8
    kinds : int
        All as in `noise_by_contrast`.

    Returns
    -------
    float or None
        In levels, 0 and up; a change may only raise it. None when too few places have any contrast.
    """
    table, support = _votes(excess, bins, seen, kinds)
    if support[1:].max(initial=0) < FEW_BLOCKS:
        return None
    return float(table.max())


def calm_places(excess: Any, seen: Any) -> Any:
    """Mark where noise can be learned: however much of a picture is changed, its noise shows in the rest.

    Parameters
    ----------
    excess : array (H, W), float32
        How far averages over 8 × 8 pixels differ, in levels.
    seen : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    array (H, W), uint8, or None
        0 in and beside what is changed; None when that is not much.
    """
    calm = np.where(excess <= NOISIEST, np.uint8(255), np.uint8(0))
    if calm.size - cv2.countNonZero(calm) <= LARGE * cv2.countNonZero(seen):
        return None
    return cv2.erode(calm, SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=255)


def _votes(excess: Any, bins: Any, seen: Any, kinds: int) -> tuple[Any, Any]:
    """Give for each bin of contrast what the blocks vote for, and how many do."""
    height, width = excess.shape
    steps = cv2.convertScaleAbs(excess, alpha=STEPS_PER_LEVEL)
    rows, columns = (np.asarray(np.arange(side) * ACROSS // side, np.uint8) for side in (height, width))
    block = ACROSS * rows[:, None] + columns
    sizes = (ACROSS * ACROSS, kinds, 256)
    limits = [limit for size in sizes for limit in (0, size)]
    counts = np.reshape(cv2.calcHist([block, bins, steps], [0, 1, 2], seen, sizes, limits), sizes)
    cumulated = counts.cumsum(axis=2)
    totals = cumulated[:, :, -1]
    votes = (cumulated < VOTE * totals[:, :, None]).sum(axis=2) / STEPS_PER_LEVEL
    may_vote = totals >= FEWEST_PIXELS
    support = may_vote.sum(axis=0)
    support[support < FEWEST_BLOCKS] = 0
    # Quantiles of all bins at once, as np.quantile gives them: a call of that for each takes many times as long.
    ranked = np.sort(np.where(may_vote, votes, 256.0), axis=0)
    place = WINNER * np.maximum(support - 1, 0)
    below = place.astype(np.intp)
    low, high = ranked[below, np.arange(kinds)], ranked[np.ceil(place).astype(np.intp), np.arange(kinds)]
    winners = low + (place - below) * (high - low)
    return np.where(support > 0, winners, 0).astype(np.float32), support


def _bounded(table: Any, support: Any) -> Any:
    """Hold bins that few blocks have against the next busier one that many have: noise grows with contrast.

    Such a bin may hold little but a change: a flat patch, in a picture that is flat nowhere else.
    """
    for kind in np.flatnonzero((support > 0) & (support < FEW_BLOCKS)):
        busier = kind + 1 + np.flatnonzero(support[kind + 1 :] >= FEWER * support[kind])
        if len(busier):
            table[kind] = min(table[kind], table[busier[0]])
    return table
