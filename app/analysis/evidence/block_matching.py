"""Put back what is only out of place by a few pixels, before it is taken for a change.

One transform serves the whole picture; paper bends, lenses bow and prints stretch, so places may stay a little off.
Where something differs, a block of the picture is laid anew: a small shift of its own is kept when it makes most of
the difference vanish, which no real change does.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.neighbours import outside, span

FARTHEST = 5
"""Pixels by which a block may be off."""
BLOCK = 24
AROUND = 12
"""Pixels around a block that the shift must explain, too."""
LEFT = 0.5
"""What may stay of the difference."""
MOST_BLOCKS = 400


def match_blocks(
    before: Sequence[UInt8Array], after: Sequence[UInt8Array], seen: UInt8Array, mask: UInt8Array
) -> list[UInt8Array] | None:
    """Shift blocks of *after* that are out of place.

    Parameters
    ----------
    before, after : sequence of array (H, W), uint8
        Luma and chroma of both images in one frame, in levels.
    seen : array (H, W), uint8
        0 where nothing can be judged.
    mask : array (H, W), uint8
        255 where the two differ: only there blocks are looked at.

    Returns
    -------
    list of array (H, W), uint8, or None
        The planes of *after*, None when no block is out of place.
    """
    height, width = mask.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    differs = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA) if min(rows, columns) > 2 else None
    if differs is None:
        return None
    places = np.argwhere(differs > 0)
    if not 0 < len(places) <= MOST_BLOCKS:
        return None
    shifts = np.zeros((rows, columns, 2), np.float32)
    for row, column in places.tolist():
        shifts[row, column] = _shift_of(before, after, seen, row * height // rows, column * width // columns)
    if not shifts.any():
        return None
    return _warp_blocks(after, shifts)


def _shift_of(
    before: Sequence[UInt8Array], after: Sequence[UInt8Array], seen: UInt8Array, top: int, left: int
) -> tuple[float, float]:
    """Give the shift (x, y) that lays the block at a place over *before*; none when that does not explain it."""
    height, width = seen.shape
    y, x = max(FARTHEST, top - AROUND), max(FARTHEST, left - AROUND)
    bottom = min(height - FARTHEST, top + BLOCK + AROUND)
    right = min(width - FARTHEST, left + BLOCK + AROUND)
    if bottom - y < BLOCK // 2 or right - x < BLOCK // 2:
        return 0.0, 0.0
    inside = slice(y, bottom), slice(x, right)
    around = slice(y - FARTHEST, bottom + FARTHEST), slice(x - FARTHEST, right + FARTHEST)
    scores = cv2.matchTemplate(after[0][around], before[0][inside], cv2.TM_SQDIFF)
    steps = np.arange(-FARTHEST, FARTHEST + 1)
    near = 1 + 0.01 * (np.abs(steps)[:, None] + np.abs(steps)[None, :])
    best = divmod(int((scores * near).argmin()), len(steps))
    shift = best[0] - FARTHEST, best[1] - FARTHEST
    if shift == (0, 0):
        return 0.0, 0.0
    judged = seen[inside] > 0
    still = _apart(before, after, inside, (0, 0), judged)
    moved = _apart(before, after, inside, shift, judged)
    return (float(shift[1]), float(shift[0])) if moved < LEFT * still else (0.0, 0.0)


def _apart(
    before: Sequence[UInt8Array],
    after: Sequence[UInt8Array],
    inside: tuple[slice, slice],
    shift: tuple[int, int],
    judged: npt.NDArray[np.bool_],
) -> float:
    """Add up how far pixels lie outside the range of their neighbours in the other image, shifted by (y, x)."""
    there = tuple(slice(span.start + by, span.stop + by) for span, by in zip(inside, shift, strict=True))
    total = 0.0
    for a, b in zip(before, after, strict=True):
        first, second = a[inside], b[there]
        total += float(outside(first, second, span(first), span(second))[judged].sum())
    return total


def _warp_blocks(after: Sequence[UInt8Array], shifts: npt.NDArray[np.float32]) -> list[Any]:
    """Move each block by its shift, and what lies between two by something between."""
    height, width = after[0].shape
    field = cv2.resize(shifts, (width, height), interpolation=cv2.INTER_LINEAR)
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across += field[..., 0]
    down += field[..., 1]
    return [cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in after]
