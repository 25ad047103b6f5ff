"""Give every row of a page its place in another page, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray

JUMP = 8.0
"""Rows that a change of offset must explain, for it is no coincidence then."""
SKIP = 0.12
"""Cost of a row that only one of the two pages has."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of both pages as short vectors, shape (height, cells), and the difference at which they are unlike."""

    before: FloatArray
    after: FloatArray
    tolerance: float


def costs(rows: Rows, offset: int) -> FloatArray:
    """Give for each row of *before* how badly it fits that of *after*.

    Parameters
    ----------
    rows : Rows
        Both pages.
    offset : int
        Row of *after* less row of *before*.

    Returns
    -------
    array (height of before,), float32
        0 (equal) to 1 (unlike); infinite where *after* has no such row.
    """
    height, other = len(rows.before), len(rows.after)
    cost = np.full(height, np.inf, np.float32)
    first, last = max(0, -offset), min(height, other - offset)
    if first < last:
        apart = np.abs(rows.before[first:last] - rows.after[first + offset : last + offset])
        cost[first:last] = np.minimum(apart.mean(axis=1) / rows.tolerance, 1.0)
    return cost


def cheapest_offsets(rows: Rows, candidates: Sequence[int]) -> npt.NDArray[np.int64]:
    """Find for every row of *before* the offset at which the whole page fits best (Viterbi's algorithm).

    From one row to the next the offset may stay, grow (rows were inserted) or shrink (rows of *before* are left out).

    Parameters
    ----------
    rows : Rows
        Both pages.
    candidates : sequence of int
        Row of *after* less row of *before*, ascending.

    Returns
    -------
    array (height of before,), int64
        Index of the candidate; -1 for rows that only *before* has.

    References
    ----------
    Viterbi 1967, "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm".
    """
    offsets, other = np.array(candidates), len(rows.after)
    cost = np.stack([costs(rows, offset) for offset in candidates], axis=1)
    height, kinds = cost.shape
    change = offsets[None, :] - offsets[:, None]
    left_out = np.maximum(-change, 0)
    price = np.where(change != 0, JUMP + SKIP * np.abs(change), 0.0)
    best = np.full((height + 1, kinds), np.inf)
    origin = np.zeros((height + 1, kinds), np.int64)
    columns = np.broadcast_to(np.arange(kinds)[:, None], (kinds, kinds))
    start = np.where(offsets != 0, JUMP + SKIP * np.abs(offsets), 0.0)
    for row in range(height + 1):
        if row:
            before = row - 1 - left_out
            ways = np.where(before >= 0, best[np.maximum(before, 0), columns], np.inf) + price
            origin[row] = ways.argmin(axis=0)
            best[row] = ways[origin[row], columns[:, 0]] + cost[row - 1]
        begins = np.maximum(-offsets, 0) == row
        origin[row] = np.where(begins & (start <= best[row]), -1, origin[row])
        best[row] = np.where(begins, np.minimum(best[row], start), best[row])
    ends = np.clip(np.minimum(height, other - offsets), 0, height)
    tails = SKIP * ((height - ends) + np.maximum(other - ends - offsets, 0))
    at = int((best[ends, np.arange(kinds)] + tails).argmin())
    return _trace(origin, left_out, int(ends[at]), at, height)


def _trace(
    origin: npt.NDArray[np.int64], left_out: npt.NDArray[np.int64], row: int, at: int, height: int
) -> npt.NDArray[np.int64]:
    chosen = np.full(height, -1, np.int64)
    while row > 0 and origin[row, at] >= 0:
        chosen[row - 1] = at
        previous = int(origin[row, at])
        row -= 1 + int(left_out[previous, at])
        at = previous
    return chosen
