"""Find rows that were inserted or removed: pages where everything below moved up or down."""

import zlib
from collections import Counter

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.alignment.row_offsets import Rows, cheapest_offsets, costs
from app.analysis.model import Band, FloatArray, UInt8Array

SAMPLED = 192
"""Columns looked at to tell rows of noise-free pages apart."""
RUN = 8
"""Columns looked at side by side: they come from memory together."""
AVERAGED = 64
"""Cells per row where noise must be averaged out."""
EXACT_TOLERANCE, NOISY_TOLERANCE = 3.0, 7.0
"""Mean difference in grey levels from which two rows are simply different."""
VOTES = 6
OFFSETS = 8
FITS = 0.35
WINDOW = 40
"""Rows that are searched together in a noisy page."""
MOST_WINDOWS = 60


def find_bands(before: UInt8Array, after: UInt8Array, *, noisy: bool = False) -> tuple[Band, ...]:
    """Cut two pages of one width into bands of rows that show the same, each moved as a whole.

    Candidate offsets come from rows that exist once in each page (or, in noisy pages, from where a window of
    rows fits best); dynamic programming then gives every row of *before* an offset. A change of offset must
    explain several rows, and rows that fit nowhere (edited ones) stay where their neighbours are.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, of one width; heights may differ.
    noisy : bool
        Compare averages instead of single pixels, for re-compressed pages.

    Returns
    -------
    tuple of Band
        From top to bottom; empty when no rows were inserted or removed, or when the pages have too little
        in common to say.
    """
    if before.shape[1] != after.shape[1] or min(len(before), len(after)) < 16:
        return ()
    if noisy:
        rows = Rows(_averages(before), _averages(after), NOISY_TOLERANCE)
        offsets = _offsets_by_fit(rows)
    else:
        if before.shape == after.shape and len(before) - _equal_ends(before, after) < VOTES:
            return ()
        offsets = _offsets_by_votes(_keys(before), _keys(after))
        if offsets == [0]:
            return ()
        rows = Rows(_samples(before), _samples(after), EXACT_TOLERANCE)
    bands = _bands(cheapest_offsets(rows, offsets), offsets)
    bands = _settled(_firm(bands, rows), rows)
    changed = len(bands) > 1 or (len(before) != len(after) and bool(bands))
    return bands if changed and _convincing(bands, rows) else ()


def _columns(pixels: UInt8Array) -> UInt8Array:
    width = pixels.shape[1]
    if width <= SAMPLED:
        return np.ascontiguousarray(pixels)
    starts = np.linspace(0, width - RUN, SAMPLED // RUN).astype(int).tolist()
    return np.concatenate([pixels[:, start : start + RUN] for start in starts], axis=1)


def _samples(pixels: UInt8Array) -> FloatArray:
    return np.asarray(cv2.cvtColor(_columns(pixels), cv2.COLOR_RGB2GRAY), np.float32)


def _averages(pixels: UInt8Array) -> FloatArray:
    cells = cv2.resize(pixels, (min(AVERAGED, pixels.shape[1]), len(pixels)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(cells, cv2.COLOR_RGB2GRAY), np.float32)


def _equal_ends(before: UInt8Array, after: UInt8Array) -> int:
    """Count the rows above the first and below the last that differs, by a few columns."""
    step = max(1, before.shape[1] // SAMPLED)
    unequal = np.flatnonzero((before[:, ::step] != after[:, ::step]).any(axis=(1, 2)))
    return len(before) if len(unequal) == 0 else int(unequal[0]) + len(before) - 1 - int(unequal[-1])


def _keys(pixels: UInt8Array) -> list[int]:
    return [zlib.crc32(row) for row in _columns(pixels)]


def _offsets_by_votes(before: list[int], after: list[int]) -> list[int]:
    """Let rows that exist once in each page vote for how far they moved."""
    once_before, once_after = Counter(before), Counter(after)
    place = {key: j for j, key in enumerate(after) if once_after[key] == 1}
    votes = Counter(place[key] - i for i, key in enumerate(before) if once_before[key] == 1 and key in place)
    chosen = [offset for offset, count in votes.most_common(OFFSETS) if count >= VOTES]
    return sorted({0, *chosen})


def _offsets_by_fit(rows: Rows) -> list[int]:
    """Let windows of rows vote for where they fit best in the other page."""
    votes: Counter[int] = Counter()
    height = len(rows.before)
    step = max(WINDOW // 2, height // MOST_WINDOWS)
    for top in range(0, height - WINDOW + 1, step):
        window, there = rows.before[top : top + WINDOW], rows.after[top : top + WINDOW]
        if window.std(axis=0).mean() < 3 or len(rows.after) < WINDOW:
            continue
        if there.shape == window.shape and float(np.abs(window - there).mean()) < rows.tolerance / 4:
            continue
        scores = cv2.matchTemplate(rows.after, window, cv2.TM_SQDIFF).ravel()
        place = int(scores.argmin())
        if scores[place] < window.size * rows.tolerance**2:
            votes[place - top] += 1
    return sorted({0, *(offset for offset, count in votes.most_common(OFFSETS) if count >= 2 or height < 8 * WINDOW)})


def _bands(path: npt.NDArray[np.int64], offsets: list[int]) -> tuple[Band, ...]:
    """Collect runs of rows with one offset."""
    edges = np.flatnonzero(np.diff(path)) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(path)]
    runs = [(start, end, int(path[start])) for start, end in zip(starts, ends, strict=True) if path[start] >= 0]
    return tuple(Band(start, start + offsets[kind], end - start) for start, end, kind in runs)


def _firm(bands: tuple[Band, ...], rows: Rows) -> tuple[Band, ...]:
    """Drop bands that rest on a few rows, and keep rows that fit nowhere in place: they were edited."""
    moves = {band.after - band.before for band in bands}
    firm = [band for band in bands if _distinctive(band, rows, moves) >= VOTES]
    joined: list[Band] = []
    ends = Band(len(rows.before), len(rows.after), 0)
    row, other = 0, 0
    for band in [*firm, ends]:
        edited = min(band.before - row, band.after - other)
        if edited > 0 and firm:
            # Edited rows stay with what is above them; at the top there is only the first band to stay with.
            at = (row, other) if joined else (band.before - edited, band.after - edited)
            joined.append(Band(*at, edited))
        joined.append(band)
        row, other = band.before + band.length, band.after + band.length
    return _merged(joined[:-1]) if firm else ()


def _merged(bands: list[Band]) -> tuple[Band, ...]:
    """Join neighbours that moved alike."""
    out: list[Band] = []
    for band in bands:
        last = out[-1] if out else None
        if last and (last.before + last.length, last.after + last.length) == (band.before, band.after):
            out[-1] = Band(last.before, last.after, last.length + band.length)
        else:
            out.append(band)
    return tuple(out)


def _distinctive(band: Band, rows: Rows, moves: set[int]) -> int:
    """Count the rows of a band that show something, fit, and would fit with none of the other moves."""
    cost, told = _fit_of(band, rows)
    alone = told & (cost < FITS)
    for move in moves - {band.after - band.before}:
        alone &= costs(rows, move)[band.before : band.before + band.length] > 2 * FITS
    return int(alone.sum())


def _fit_of(band: Band, rows: Rows) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Give for each row of a band how badly it fits, 0 to 1, and whether it shows anything."""
    upper = rows.before[band.before : band.before + band.length]
    lower = rows.after[band.after : band.after + band.length]
    cost = np.minimum(np.abs(upper - lower).mean(axis=1) / rows.tolerance, 1.0)
    return np.asarray(cost, np.float32), np.maximum(upper.std(axis=1), lower.std(axis=1)) > 3


def _settled(bands: tuple[Band, ...], rows: Rows) -> tuple[Band, ...]:
    """Slide each cut, where rows on both sides allow it, to the clearest edge: there is where a person would cut."""
    out = list(bands)
    for i in range(len(out) - 1):
        upper, lower = out[i], out[i + 1]
        inserted = lower.after - upper.after - upper.length > 0
        page = rows.after if inserted else rows.before
        top = (upper.after if inserted else upper.before) + upper.length
        bottom = lower.after if inserted else lower.before
        shift = _clearest(page, top, bottom, rows.tolerance / 2, upper.length - 1, lower.length - 1)
        out[i] = Band(upper.before, upper.after, upper.length + shift)
        out[i + 1] = Band(lower.before + shift, lower.after + shift, lower.length - shift)
    return tuple(out)


def _clearest(page: FloatArray, top: int, bottom: int, same: float, most_up: int, most_down: int) -> int:
    """Give how far the rows ``top`` to ``bottom`` may slide for both cuts to lie on the clearest edges."""

    def apart(a: int, b: int) -> float:
        return float(np.abs(page[a] - page[b]).mean())

    lowest = highest = 0
    while -lowest < most_up and top + lowest > 0 and apart(top + lowest - 1, bottom + lowest - 1) < same:
        lowest -= 1
    while highest < most_down and bottom + highest < len(page) and apart(top + highest, bottom + highest) < same:
        highest += 1

    def edge(shift: int) -> float:
        cuts = [cut for cut in (top + shift, bottom + shift) if 0 < cut < len(page)]
        return sum(apart(cut - 1, cut) for cut in cuts)

    return max(range(lowest, highest + 1), key=lambda shift: (round(edge(shift), 1), shift))


def _convincing(bands: tuple[Band, ...], rows: Rows) -> bool:
    """Say whether what lies in the bands agrees: of the rows that show something, most must."""
    fits = [_fit_of(band, rows) for band in bands]
    cost, tells = (np.concatenate(parts) for parts in zip(*fits, strict=True))
    return int(tells.sum()) >= VOTES and float(cost[tells].mean()) < FITS
