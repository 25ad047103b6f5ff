"""Outline what is changed, holes too, in no more corners than a page can draw."""

from itertools import accumulate
from typing import Any

import cv2

from app.analysis.model import Box, UInt8Array

CORNERS = 4000
"""Corners that a region has at most."""
LOST, MOST_LOST = 1.0, 4.0
"""Pixels that an outline may be off, and up to which more are lost before the smallest pieces are."""


def outlines_of(members: UInt8Array, box: Box) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Outline the pixels of a region.

    Parameters
    ----------
    members : array (height, width) of ``box``, uint8
        Not 0 where the region is.
    box : Box

    Returns
    -------
    tuple of outlines, each a tuple of (x, y)
        Closed, in pixels of the picture that ``box`` lies in, the largest first. One inside another is a hole.
    """
    found, _ = cv2.findContours(members, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(box.x, box.y))
    largest_first = sorted(found, key=cv2.contourArea, reverse=True)
    lost = LOST
    while True:
        simple = [cv2.approxPolyDP(outline, lost, closed=True).reshape(-1, 2) for outline in largest_first]
        sums = list(accumulate(len(outline) for outline in simple))
        if sums[-1] <= CORNERS or (lost >= MOST_LOST and sums[0] <= CORNERS):
            break
        lost *= 2
    return tuple(_corners(outline) for outline, corners in zip(simple, sums, strict=True) if corners <= CORNERS)


def _corners(outline: Any) -> tuple[tuple[int, int], ...]:
    return tuple((int(x), int(y)) for x, y in outline)
