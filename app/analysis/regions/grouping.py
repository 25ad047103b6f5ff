"""Turn the mask of what is changed into regions: joined, boxed, outlined, ranked and named by kind."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.alignment.framing import box_in_after
from app.analysis.evidence.hysteresis import PLAIN
from app.analysis.model import Alignment, Box, FloatArray, Region, UInt8Array
from app.analysis.regions.kinds import kinds_of

LOOSE = 0.75
"""Ragged pieces are joined over a gap of this share of their size; solid ones only when they all but touch."""
IN_LINE = 0.35
BESIDE = 1.25
"""A piece belongs to a larger one beside it when together they are longer than that by no more than this factor."""
FARTHEST = 0.025
"""Share of the picture's longer side over which no gap is bridged, however large the pieces."""
LETTERS = 0.025
"""Share of the longer side up to which pieces are as high as letters, joined over their height: one may have stayed."""
FIRM = 1.8
"""Strength at two coarse scales from which a region may be smaller: chance peaks at one of them."""
MOST_PIECES = 2000
"""More pieces than that are joined over larger gaps: nobody looks at each grain of noise."""


class Strength(NamedTuple):
    """How sure a change is, over the same picture as the mask.

    Attributes:
        scores: float32, of any size: difference in units of its threshold.
        firmness: float32, of any size: strength that two coarse scales give alike.
        proven: uint8, of any size: 255 where there is a change however small it is.
        smallest: pixels of the smallest region that the pair's noise lets stand otherwise.
    """

    scores: FloatArray
    firmness: FloatArray | None = None
    proven: UInt8Array | None = None
    smallest: int = 1


def find_regions(
    before: UInt8Array,
    after: UInt8Array,
    mask: UInt8Array,
    strength: Strength,
    alignment: Alignment,
    after_shape: tuple[int, int],
    min_area: int | None = None,
    places: Sequence[Box] | None = None,
) -> tuple[tuple[Region, ...], UInt8Array]:
    """Make regions of a mask.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in the frame of *before*, tone evened.
    mask : array (H, W), uint8
        255 where something is changed.
    strength : Strength
        What is too small for it is left out, unless ``min_area`` is given.
    alignment : Alignment
        Maps the boxes into *after*.
    after_shape : (height, width) of the original *after*.
    min_area : int, optional
        Smallest region in pixels, when the caller asks for one.
    places : sequence of Box, optional
        Where to look: boxes so far apart that no region reaches from one into another (see `merge_near`).

    Returns
    -------
    regions : tuple of Region
        Strongest and largest first, numbered from 1.
    mask : array (H, W), uint8
        255 where a region is.
    """
    places = [Box(0, 0, mask.shape[1], mask.shape[0])] if places is None else places
    groups = [group for place in places for group in _joined_in(mask, place)]
    found = []
    kept = np.zeros(mask.shape, np.uint8)
    for box, members in groups:
        area = cv2.countNonZero(members)
        level = _level(strength.scores, box, members, mask.shape)
        if area < (_least(strength, box, level, mask.shape) if min_area is None else min_area):
            continue
        rows, columns = box.slices
        kept[rows, columns] |= members
        found.append((box, members, area, level))
    found.sort(key=lambda item: -item[2] * min(item[3], 20))
    kinds = kinds_of(before, after, [(box, members) for box, members, _, _ in found])
    regions = tuple(
        Region(
            id=number,
            before=box,
            after=box_in_after(box, alignment, (mask.shape[0], mask.shape[1]), after_shape),
            area=area,
            share=area / mask.size,
            strength=1 - math.exp(-level / 8),
            kind=kind,
            contours=_contours(members, box),
        )
        for number, ((box, members, area, level), kind) in enumerate(zip(found, kinds, strict=True), start=1)
    )
    return regions, kept


def _least(strength: Strength, box: Box, level: float, shape: tuple[int, ...]) -> float:
    """Give the fewest pixels that a region needs: what stands out far, or at two scales, need not be large."""
    if strength.proven is not None and _part_of(strength.proven, box, shape).any():
        return 1
    firm = 0.0 if strength.firmness is None else float(_part_of(strength.firmness, box, shape).max())
    return strength.smallest / max(1, level / PLAIN, firm / FIRM)


def _level(strength: npt.NDArray[np.float32], box: Box, members: UInt8Array, shape: tuple[int, ...]) -> float:
    """Give how strong the strong parts of a region are: the 90th percentile over its pixels."""
    part = _part_of(strength, box, shape)
    if part.shape != members.shape:
        members = cv2.resize(members, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)  # type: ignore[assignment]
    inside = part[members > 0]
    return float(np.percentile(inside if len(inside) else part, 90))


def _part_of(scores: npt.NDArray[Any], box: Box, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Give the part of smaller scores that lies in a box of the picture, at least one pixel of it."""
    across, down = scores.shape[1] / shape[1], scores.shape[0] / shape[0]
    left, top = int(box.x * across), int(box.y * down)
    right = max(left + 1, round((box.x + box.width) * across))
    bottom = max(top + 1, round((box.y + box.height) * down))
    return scores[top:bottom, left:right]


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


def _bridged(a: Box, b: Box, looseness: float, reach: int, shape: tuple[int, ...]) -> float:
    """Give the largest gap over which two pieces are joined, in pixels."""
    farthest = FARTHEST * max(shape)
    gap = farthest if _is_beside(a, b) else min(farthest, looseness * _smaller(a, b))
    return max(reach, gap, max(a.height, b.height) if _in_writing(a, b, LETTERS * max(shape)) else 0)


def _reach(shape: tuple[int, ...]) -> int:
    """Give the gap over which pieces are always joined, in pixels."""
    return max(1, round(0.004 * max(shape)))


def _joined_in(mask: UInt8Array, place: Box) -> list[tuple[Box, UInt8Array]]:
    """Group the pieces in one place."""
    part = mask[place.slices]
    return [
        (Box(box.x + place.x, box.y + place.y, box.width, box.height), members)
        for box, members in _joined(part, _reach(mask.shape), mask.shape)
    ]


def _joined(mask: UInt8Array, reach: int, shape: tuple[int, ...]) -> list[tuple[Box, UInt8Array]]:
    """Group pieces that lie close together, measured by their own size."""
    while True:
        # An even kernel would move the mask by a pixel.
        kernel = np.ones((reach | 1, reach | 1), np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel) if reach > 1 else mask
        count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        if count <= MOST_PIECES or reach >= max(mask.shape):
            break
        reach *= 2
    boxes = [Box(*(int(value) for value in stats[i, :4])) for i in range(1, count)]
    parent = list(range(len(boxes)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    joined = list(boxes)
    filled = [int(stats[i, 4]) for i in range(1, count)]
    changed = True
    while changed:
        changed = False
        alive = sorted({root(i) for i in range(len(boxes))}, key=lambda i: joined[i].x)
        for position, i in enumerate(alive):
            for j in alive[position + 1 :]:
                if root(i) != i or root(j) != j:
                    continue
                looseness = LOOSE * (1 - min(filled[i] / _area(joined[i]), filled[j] / _area(joined[j])))
                if _in_line(joined[i], joined[j]):
                    looseness = max(looseness, IN_LINE)
                if _gap(joined[i], joined[j]) <= _bridged(joined[i], joined[j], looseness, reach, shape):
                    parent[j] = i
                    joined[i] = _union(joined[i], joined[j])
                    filled[i] += filled[j]
                    changed = True
    groups = []
    table = np.zeros(count, np.int32)
    for i in range(len(boxes)):
        table[i + 1] = root(i) + 1
    for i in sorted(set(table[1:].tolist())):
        box = joined[i - 1]
        window = box.slices
        members = ((table[labels[window]] == i) & (mask[window] > 0)).astype(np.uint8) * np.uint8(255)
        groups.append((box, members))
    return groups


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


def _contours(members: UInt8Array, box: Box) -> tuple[tuple[tuple[int, int], ...], ...]:
    outlines, _ = cv2.findContours(members, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(box.x, box.y))
    largest = sorted(outlines, key=cv2.contourArea, reverse=True)[:20]
    simple = [cv2.approxPolyDP(outline, 1.0, closed=True).reshape(-1, 2) for outline in largest]
    return tuple(tuple((int(x), int(y)) for x, y in outline[:200]) for outline in simple)
