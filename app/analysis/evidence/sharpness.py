"""Make two images equally sharp, so that focus and resampling are not taken for change."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE

Mask = npt.NDArray[np.bool_]
SIGMAS = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 1.9)
CLEAR = 0.93
"""Blurring must bring the edges at least this much closer, or the two were equally sharp."""
EXPLAINED = 0.4
"""Share of the difference of edges that blur leaves at most where it is all that happened to most of them."""
FEWEST_EDGES = 200
CAP = 40
"""Levels beyond which an edge is changed rather than blurred."""


def blur_apart(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> float:
    """Say how much sharper one image is than the other, judged at the strongest edges.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey levels in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    float
        Sigma in pixels, one of `SIGMAS`, of the Gaussian blur that makes both equally sharp: positive when *before*
        is the sharper one, negative when *after* is, 0 when neither is.
    """
    sigma, left = _best_blur(before, after, valid)
    return sigma if left <= CLEAR else 0.0


def blur_explains(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether a blur of one image brings its strongest edges most of the way to the other one.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey levels in one frame.

    Returns
    -------
    bool
        False where too few edges tell.
    """
    _, left = _best_blur(before, after, np.full(before.shape, 255, np.uint8))
    return left <= EXPLAINED


def _best_blur(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[float, float]:
    """Give the sigma that makes both images most alike, as `blur_apart` does, and the share of the difference left."""
    sample_before, sample_after, edges = _edge_tiles(before, after, valid)
    if edges.sum() < FEWEST_EDGES:
        return 0.0, 1.0
    start = best = _rough(sample_before - sample_after, edges)
    choice = 0.0
    for sign in (1, -1):
        for sigma in SIGMAS:
            a = blurred(sample_before, sigma) if sign > 0 else sample_before
            b = blurred(sample_after, sigma) if sign < 0 else sample_after
            rough = _rough(a - b, edges)
            if rough < best:
                best, choice = rough, sign * sigma
            elif rough > 1.05 * best:
                break
    return choice, best / max(start, 1e-6)


def blurred(image: Any, sigma: float) -> Any:
    """Blur with a Gaussian.

    Parameters
    ----------
    image : array (H, W), uint8 or float32
    sigma : float
        In pixels, above 0.

    Returns
    -------
    array like ``image``
    """
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _edge_tiles(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[FloatArray, FloatArray, Mask]:
    """Stack the busiest of a spread of tiles and mark their strongest edges; sharpness shows nowhere else."""
    tile, across = 48, 12
    height, width = before.shape
    tops = np.unique(np.linspace(0, max(0, height - tile), across).astype(int))
    lefts = np.unique(np.linspace(0, max(0, width - tile), across).astype(int))
    places = [(slice(y, y + tile), slice(x, x + tile)) for y in tops for x in lefts]
    places = [place for place in places if valid[place].min() > 0]
    if not places or min(height, width) < tile:
        empty = np.empty((0, 0), np.float32)
        return empty, empty, np.zeros((0, 0), np.bool_)
    a, b = (np.vstack([image[place] for place in places]).astype(np.float32) for image in (before, after))
    gradient = np.minimum(*(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, SQUARE) for image in (a, b)))
    inner = np.zeros((tile, tile), np.bool_)
    inner[6:-6, 6:-6] = True
    inside = np.tile(inner, (len(places), 1))
    strong = float(np.quantile(gradient[inside], 0.85))
    return a, b, inside & (gradient >= max(strong, 12.0))


def _rough(difference: FloatArray, where: Mask) -> float:
    return float(np.sqrt(np.mean(np.minimum(np.abs(difference[where]), CAP) ** 2)))
