"""Choose the simplest transform that explains where points went."""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.geometry import FloatMatrix, Points, mapped, rows, shifting
from app.analysis.model import Alignment, AlignmentModel

SAME_PLACE = 0.12
"""Displacements below this many working pixels are left alone: resampling would cost more than it mends."""


def simplest_fit(source: Points, target: Points, same_size: bool, unit: float) -> Alignment | None:
    """Keep the simplest model whose error is that of the best, give or take a little.

    Parameters
    ----------
    source, target : array (n, 2), float32
        Points of *before* and where they are in *after*.
    same_size : bool
        Whether staying in place is a choice.
    unit : float
        Size in pixels of what tracking worked on: it is good to a few hundredths of that.

    Returns
    -------
    Alignment or None
        None where none fits.
    """
    fits: list[tuple[AlignmentModel, Callable[[], FloatMatrix | None]]] = [
        ("shift", lambda: _fit_shift(source, target)),
        ("similarity", lambda: _as_3x3(cv2.estimateAffinePartial2D(source, target, method=cv2.LMEDS)[0])),
        ("affine", lambda: _fit_affine(source, target)),
        ("homography", lambda: best),
    ]
    best = _fit_least_squares(source, target)  # none of points in a line
    floor = _error(best if best is not None else _fit_shift(source, target), source, target)
    slack = 1.04 * floor + 0.02 * unit
    if same_size and _error(np.eye(3), source, target) <= max(slack, math.hypot(floor, SAME_PLACE * unit)):
        return Alignment(inliers=len(source), reason="already in place")
    for model, fit in fits:
        matrix = fit()
        if matrix is not None and _error(matrix, source, target) <= slack:
            return Alignment(model, rows(matrix), len(source))
    return None


def _fit_shift(source: Points, target: Points) -> FloatMatrix:
    dx, dy = np.median(target - source, axis=0)
    return shifting(dx, dy)


def _fit_affine(source: Points, target: Points) -> FloatMatrix:
    solution, *_ = np.linalg.lstsq(np.c_[source, np.ones(len(source))].astype(np.float64), target, rcond=None)
    return np.vstack([solution.T, [0, 0, 1]])


def _fit_least_squares(source: Points, target: Points) -> FloatMatrix | None:
    matrix, _ = cv2.findHomography(source, target, 0)
    return None if matrix is None else np.asarray(matrix, np.float64)


def _as_3x3(affine: npt.NDArray[Any] | None) -> FloatMatrix | None:
    return None if affine is None else np.vstack([affine, [0, 0, 1]]).astype(np.float64)


def _error(matrix: FloatMatrix, source: Points, target: Points) -> float:
    return float(np.sqrt(np.mean(np.sum((mapped(matrix, source) - target) ** 2, axis=1))))
