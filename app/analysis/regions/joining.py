"""Join the pieces of a mask that belong together: parts of one thing, letters of one line, scraps beside a change."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, UInt8Array

LOOSE = 0.75
"""Ragged pieces are joined over a gap of this share of their size; solid ones only when they all but touch."""
IN_LINE = 0.35
"""The same for pieces that span the same rows or columns, however solid."""
BESIDE = 1.25
"""A piece belongs to a larger one beside it when together they are longer than that by no more than this factor."""
FARTHEST = 0.025
"""Share of the picture's longer side over which no gap is bridged, however large the pieces."""
LETTERS = 0.025
"""Share of the longer side up to which pieces are as high as letters, joined over their height: one may stay ..."""
FEW_LETTERS, WITHIN_WORD = 2.0, 1.5
"""... and over more of it where one piece is no longer than so many heights: two or three of its word may."""
MOST_PIECES = 2000
"""More pieces than that are joined over larger gaps: nobody looks at each grain of noise."""


@dataclass(slots=True)
class _Group:
    """Pieces that belong together: the box around them, how many of its pixels they fill, and their labels."""

    box: Box
    filled: int
    labels: list[int]

    def take_in(self, other: "_Group") -> None:
        self.box = _union(self.box, other.box)
        self.filled += other.filled
        self.labels += other.labels
        other.labels = []


def merge_near(boxes: Sequence[Box], shape: tuple[int, ...]) -> list[Box]:
    """Join boxes of marked pixels until no region can reach from one into another.

    Parameters
    ----------
    boxes : sequence of Box
        In pixels of the picture.
    shape : (height, width) of the picture.

    Returns
    -------
    list of Box
    """
    reach, joined = _reach(shape), list(boxes)
    again = True
    while again:
        again = False
        for i, box in enumerate(joined):
            near = [other for other in joined[i + 1 :] if _gap(box, other) <= _bridged(box, other, LOOSE, reach, shape)]
            for other in near:
                joined.remove(other)
                joined[i] = _union(joined[i], other)
            if near:
                again = True
                break
    return joined


def joined_in(mask: UInt8Array, place: Box) -> list[tuple[Box, UInt8Array]]:
    """Group the pieces in one place that lie close together.

    Parameters
    ----------
    mask : array (H, W), uint8
        255 where something is changed.
    place : Box
        Where to look; what lies across its border is cut.

    Returns
    -------
    list of (Box, array (height, width) of it, uint8)
        Each group, in pixels of the picture, and its members in it: 255, else 0.
    """
    part = mask[place.slices]
    return [
        (Box(box.x + place.x, box.y + place.y, box.width, box.height), members)
        for box, members in _joined(part, _reach(mask.shape), mask.shape)
    ]


def _joined(mask: UInt8Array, reach: int, shape: tuple[int, ...]) -> list[tuple[Box, UInt8Array]]:
    """Group pieces that lie close together, measured by their own size."""
    labels, pieces, reach = _pieces(mask, reach)
    groups = []
    for group in _grouped(pieces, reach, shape):
        window = group.box.slices
        belongs = np.isin(labels[window], group.labels) & (mask[window] > 0)
        groups.append((group.box, belongs.astype(np.uint8) * np.uint8(255)))
    return groups


def _pieces(mask: UInt8Array, reach: int) -> tuple[npt.NDArray[np.int32], list[_Group], int]:
    """Label the pieces of a mask, each a group of its own, and give the gap over which pieces were joined for that."""
    while True:
        # An even kernel would move the mask by a pixel.
        kernel = np.ones((reach | 1, reach | 1), np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel) if reach > 1 else mask
        count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        if count <= MOST_PIECES or reach >= max(mask.shape):
            break
        reach *= 2
    pieces = [_Group(Box(*row[:4]), row[4], [label]) for label, row in enumerate(stats[1:].tolist(), start=1)]
    return np.asarray(labels, np.int32), pieces, reach


def _grouped(pieces: list[_Group], reach: int, shape: tuple[int, ...]) -> list[_Group]:
    """Join groups until none is near another, as far as `_bridged` says that they may be apart."""
    groups, changed = pieces, True
    while changed:
        changed = False
        from_left = sorted(groups, key=lambda group: group.box.x)
        for position, group in enumerate(from_left):
            for other in from_left[position + 1 :]:
                if group.labels and other.labels and _belong_together(group, other, reach, shape):
                    group.take_in(other)
                    changed = True
        groups = [group for group in groups if group.labels]
    return groups


def _belong_together(a: _Group, b: _Group, reach: int, shape: tuple[int, ...]) -> bool:
    looseness = LOOSE * (1 - min(a.filled / _area(a.box), b.filled / _area(b.box)))
    if _in_line(a.box, b.box):
        looseness = max(looseness, IN_LINE)
    return _gap(a.box, b.box) <= _bridged(a.box, b.box, looseness, reach, shape)


def _bridged(a: Box, b: Box, looseness: float, reach: int, shape: tuple[int, ...]) -> float:
    """Give the largest gap over which two pieces are joined, in pixels."""
    farthest = FARTHEST * max(shape)
    gap = farthest if _is_beside(a, b) else min(farthest, looseness * _smaller(a, b))
    return max(reach, gap, _bridged_in_writing(a, b) if _in_writing(a, b, LETTERS * max(shape)) else 0)


def _bridged_in_writing(a: Box, b: Box) -> float:
    height = max(a.height, b.height)
    return height * (WITHIN_WORD if min(a.width, b.width) <= FEW_LETTERS * height else 1)


def _reach(shape: tuple[int, ...]) -> int:
    """Give the gap over which pieces are always joined, in pixels."""
    return max(1, round(0.004 * max(shape)))


def _gap(a: Box, b: Box) -> int:
    across = max(a.x, b.x) - min(a.x + a.width, b.x + b.width)
    down = max(a.y, b.y) - min(a.y + a.height, b.y + b.height)
    return max(across, down)


def _in_line(a: Box, b: Box) -> bool:
    """Say whether two boxes span the same rows or the same columns: parts of one thing, cut by what lies across."""
    rows = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    columns = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    return rows > 0.8 * max(a.height, b.height) or columns > 0.8 * max(a.width, b.width)


def _in_writing(a: Box, b: Box, highest: float) -> bool:
    """Say whether two boxes may be letters, or words, of one line: the lower one within the rows of the other."""
    rows = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    lower, higher = sorted((a.height, b.height))
    return rows > 0.8 * lower and higher <= min(highest, 2.5 * lower)


def _is_beside(a: Box, b: Box) -> bool:
    """Say whether the smaller of two boxes hardly makes the larger one longer: a scrap of one change."""
    return _longer(_union(a, b)) <= BESIDE * max(_longer(a), _longer(b))


def _longer(box: Box) -> int:
    return max(box.width, box.height)


def _smaller(a: Box, b: Box) -> int:
    return min(_longer(a), _longer(b))


def _area(box: Box) -> int:
    return box.width * box.height


def _union(a: Box, b: Box) -> Box:
    x, y = min(a.x, b.x), min(a.y, b.y)
    return Box(x, y, max(a.x + a.width, b.x + b.width) - x, max(a.y + a.height, b.y + b.height) - y)
