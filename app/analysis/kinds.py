"""Name what happened in a region: added, removed, colour, moved or changed."""

import cv2
import numpy as np

from app.analysis.model import Box, Kind, UInt8Array


def kinds_of(before: UInt8Array, after: UInt8Array, found: list[tuple[Box, UInt8Array]]) -> list[Kind]:
    """Name each region.

    *added*: *before* shows the surroundings going on, *after* does not; *removed*: the other way round;
    *colour*: the same structure in other colours; *moved*: what is here now was elsewhere, or the reverse;
    *changed*: anything else.
    """
    return [_kind(before, after, box, members) for box, members in found]


def _kind(before: UInt8Array, after: UInt8Array, box: Box, members: UInt8Array) -> Kind:
    rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
    was = cv2.cvtColor(before[rows, columns], cv2.COLOR_RGB2GRAY).astype(np.float32)
    now = cv2.cvtColor(after[rows, columns], cv2.COLOR_RGB2GRAY).astype(np.float32)
    busy_was, busy_now = _busy(was), _busy(now)
    if busy_was < 0.5 * busy_now:
        return "added"
    if busy_now < 0.5 * busy_was:
        return "removed"
    if was.size >= 16 and min(busy_was, busy_now) > 1:
        agreement = float(np.corrcoef(was.ravel(), now.ravel())[0, 1])
        if agreement > 0.85:
            return "colour"
    return "changed"


def _busy(grey: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) if min(grey.shape) > 1 else 0.0
