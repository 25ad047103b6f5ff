"""Turn the mask of what is changed into regions: boxed, outlined, ranked and named by kind."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.alignment.framing import box_in_after
from app.analysis.evidence.hysteresis import PLAIN
from app.analysis.model import Alignment, Box, FloatArray, Region, UInt8Array
from app.analysis.regions.joining import joined_in
from app.analysis.regions.kinds import kinds_of
from app.analysis.regions.outlines import outlines_of

STRENGTH = 8
"""Times its threshold at which a difference has a strength of 63 %."""
MOST_LEVEL = 20
"""Times its threshold beyond which only its area ranks a region."""
FIRM = 1.8
"""Strength at two coarse scales from which a region may be smaller: chance peaks at one of them."""


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
        Where to look: boxes so far apart that no region reaches from one into another (see `joining.merge_near`).

    Returns
    -------
    regions : tuple of Region
        Strongest and largest first, numbered from 1.
    mask : array (H, W), uint8
        255 where a region is.
    """
    places = [Box(0, 0, mask.shape[1], mask.shape[0])] if places is None else places
    groups = [group for place in places for group in joined_in(mask, place)]
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
    found.sort(key=lambda item: -item[2] * min(item[3], MOST_LEVEL))
    kinds = kinds_of(before, after, [(box, members) for box, members, _, _ in found])
    regions = tuple(
        Region(
            id=number,
            before=box,
            after=box_in_after(box, alignment, (mask.shape[0], mask.shape[1]), after_shape),
            area=area,
            share=area / mask.size,
            strength=1 - math.exp(-level / STRENGTH),
            kind=kind,
            contours=outlines_of(members, box),
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
