"""Edges: how far Canny's edges of two images agree."""

from typing import Any

import cv2

from app.analysis.measures.ssim import to_grey
from app.analysis.model import Box, UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.threads import in_threads

THRESHOLDS = (100, 200)
MARGIN = 32
"""Pixels around an unequal box in which its edges may go on as fainter ones."""


def edge_agreement(
    before: UInt8Array, after: UInt8Array, reasons: dict[str, str], unequal: list[Box] | None = None
) -> float | None:
    """Give the share of edge pixels of either image that have an edge pixel within 1 px in the other.

    Parameters
    ----------
    before, after : ndarray
        RGB, one shape (height, width, 3), uint8.
    reasons : dict
        Gets a sentence as "edge_agreement" when there is nothing to compare.
    unequal : list of Box, optional
        Outside of them both images are equal, and *after* is not looked at; without it everywhere.

    Returns
    -------
    float or None
        0 to 1; None when neither image has an edge.

    Notes
    -----
    Edges are Canny's at 100 and 200.
    """
    edges = _edges_of_both(before, after, unequal)
    total = sum(cv2.countNonZero(edge) for edge in edges)
    if total == 0:
        reasons["edge_agreement"] = "Neither image has an edge."
        return None
    near = [cv2.dilate(edge, SQUARE) for edge in edges]
    met = sum(cv2.countNonZero(cv2.bitwise_and(edges[i], near[1 - i])) for i in (0, 1))
    return met / total


def _edges_of_both(before: UInt8Array, after: UInt8Array, unequal: list[Box] | None) -> list[Any]:
    if unequal is None:
        return in_threads(lambda index: _edges((before, after)[index]), range(2))
    was = _edges(before)
    now = was.copy()
    for box in unequal:  # in both alike, as the cut changes edges, too
        part = tuple(slice(max(0, span.start - MARGIN), span.stop + MARGIN) for span in box.slices)
        was[part], now[part] = _edges(before[part]), _edges(after[part])
    return [was, now]


def _edges(image: UInt8Array) -> Any:
    return cv2.Canny(to_grey(image), *THRESHOLDS)
