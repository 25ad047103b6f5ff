"""Find where tracking leads: from the same frame, the likeliest orientation, the whole picture, or SIFT matches."""

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from app.analysis.alignment.homographies import MIN_INLIERS
from app.analysis.alignment.scene import likely_orientation, mostly_same, residual, shows_same
from app.analysis.alignment.sift import sift_guess
from app.analysis.alignment.tracking import retrack, textured, track_from
from app.analysis.alignment.whole import whole_guess
from app.analysis.deadline import Deadline
from app.analysis.geometry import FloatMatrix, Points, corners_apart, frame_matrix
from app.analysis.model import UInt8Array

FEW_POINTS = 120
"""With fewer tracked points a plain shift of the whole picture may fit better."""
DOUBTFUL = 0.2
"""Share of the difference that may stay; else another start may explain more."""
MOST = 3
"""Doubtful ones after which no more are sought."""
MIRROR = np.array([[-1.0, 0, 0], [0, 1, 0], [0, 0, 1]])


class Tracked(NamedTuple):
    """What tracking found between two work pictures.

    Attributes:
        matrix: shape (3, 3): maps *before* to *after*.
        before, after: shape (n, 2): points that one homography explains.
        near: shape (m, 2) each: all points that were followed, in *before* and in *after* laid over it by the matrix.
    """

    matrix: FloatMatrix
    before: Points
    after: Points
    near: tuple[Points, Points]


def find_track(before: UInt8Array, after: UInt8Array, deadline: Deadline) -> Tracked | None:
    """Track from one start after the other until one explains most of what differs.

    Of up to three doubtful ones the best is taken.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Work pictures in grey, any two sizes.
    deadline : Deadline
        Checked before each start.

    Returns
    -------
    Tracked or None
        None where no start leads to pictures that look alike.

    Raises
    ------
    TimedOut

    Notes
    -----
    Tiles, bricks and windows look alike one place further on, and points agree on the wrong place.
    """
    candidates: list[tuple[float, Tracked]] = []
    frame = frame_matrix(before.shape, after.shape)
    unaligned = residual(before, after, frame)
    source = textured(before)
    for start, matched in _starts(before, after):
        deadline.check()
        found = track_from(source, after, start)
        if found is None and matched and mostly_same(before, after, start):
            found = start  # near things move apart from far ones: points need not follow what most matches agree on
        if found is None or not shows_same(before, after, found):
            continue
        tracked = Tracked(found, *retrack(source, after, found))
        if len(tracked.before) < MIN_INLIERS:
            continue
        left = residual(before, after, found)
        candidates.append((left, tracked))
        sure = left < DOUBTFUL * unaligned or _ends_near(found, frame, before.shape)
        if sure or len(candidates) == MOST:
            break
    return min(candidates, key=itemgetter(0))[1] if candidates else None


def _starts(before: UInt8Array, after: UInt8Array) -> Iterator[tuple[FloatMatrix, bool]]:
    """Give starting matrices for tracking, the cheapest to find first, and whether matches agree on them."""
    oriented = likely_orientation(before, after)
    if oriented is not None:
        yield oriented, False
    yield frame_matrix(before.shape, after.shape), False
    guess = whole_guess(before, after)
    if guess is not None:
        yield guess, False
    guess = sift_guess(before, after)
    if guess is not None:
        yield guess, True
    back = MIRROR.copy()
    back[0, 2] = after.shape[1] - 1
    guess = sift_guess(before, np.ascontiguousarray(after[:, ::-1]))
    if guess is not None:
        yield back @ guess, True


def is_small_move(matrix: FloatMatrix, before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether a matrix moves work pictures, brought to one size, so little that noise may be all there is to it.

    Parameters
    ----------
    matrix : array (3, 3)
        Maps *before* to *after*.
    before, after : array (H, W), uint8
        Work pictures in grey, any two sizes.

    Returns
    -------
    bool
        Whether no corner lies 4 working pixels or more from where resizing alone puts it.
    """
    return _ends_near(matrix, frame_matrix(before.shape, after.shape), before.shape)


def _ends_near(matrix: FloatMatrix, other: FloatMatrix, shape: tuple[int, ...]) -> bool:
    """Say whether two matrices put the corners of a picture within 4 pixels of each other."""
    return corners_apart(matrix, other, shape) < 4
