"""Follow points from one picture into another that lies nearly over it (Lucas-Kanade)."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from app.analysis.alignment.homographies import MIN_INLIERS, homography, sane
from app.analysis.geometry import FloatMatrix, Points, laid_over, mapped, shown_in
from app.analysis.model import UInt8Array
from app.analysis.resize import halved, reduce_to_size, scaled_size

WORK_PIXELS = 600_000
"""Features are tracked at this size: tracking is good to a few hundredths of a pixel there."""
NEAR_ENOUGH = 6.0
"""Working pixels by which bent paper or a lens may move points beside what one matrix does."""


class Textured(NamedTuple):
    """A picture ready to be tracked from: locally normalised, (H, W) uint8, and its corners."""

    normal: UInt8Array
    corners: Points


def work_grey(pixels: UInt8Array) -> tuple[UInt8Array, tuple[float, float]]:
    """Give a picture in grey at working size, and its scale.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    grey : array (h, w), uint8
        Of about `WORK_PIXELS` at most; never enlarged.
    scale : (x, y)
        Working pixels per pixel, at most 1.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, math.sqrt(WORK_PIXELS / (height * width)))
    size = scaled_size(pixels.shape, scale)
    grey = reduce_to_size(cv2.cvtColor(halved(pixels, size), cv2.COLOR_RGB2GRAY), size)
    return np.asarray(grey, np.uint8), (grey.shape[1] / width, grey.shape[0] / height)


def normalised(grey: UInt8Array) -> UInt8Array:
    """Divide out local brightness and contrast, so that tracking does not see exposure.

    Parameters
    ----------
    grey : array (H, W), uint8

    Returns
    -------
    array (H, W), uint8
        About 128 on average over every 31 × 31 pixels; flat places stay nearly so.
    """
    image = grey.astype(np.float32)
    size = (31, 31)
    mean = cv2.boxFilter(image, -1, size)
    variance = cv2.sqrBoxFilter(image, -1, size) - mean * mean
    flat = (image - mean) / (np.sqrt(np.maximum(variance, 0)) + 6.0)
    return np.clip(flat * 48 + 128, 0, 255).astype(np.uint8)


def _corners(grey: UInt8Array) -> Points:
    """Pick well-spread corners: the best of each cell, so that one busy corner does not decide alone."""
    strength = cv2.cornerMinEigenVal(grey, 5)
    height, width = grey.shape
    cell = max(8, round(math.sqrt(height * width / 600)))
    points = []
    for top in range(4, height - 4, cell):
        for left in range(4, width - 4, cell):
            block = strength[top : min(top + cell, height - 4), left : min(left + cell, width - 4)]
            y, x = divmod(int(block.argmax()), block.shape[1])
            points.append((left + x, top + y, block[y, x]))
    if not points:
        return np.empty((0, 1, 2), np.float32)
    table = np.array(points, np.float32)
    strong = table[:, 2] > max(1e-4, 0.02 * float(np.percentile(table[:, 2], 95)))
    return np.ascontiguousarray(table[strong, None, :2])


def _track(before: UInt8Array, after: UInt8Array, points: Points) -> tuple[Points, Points]:
    """Follow points there and back; keep those that return to within a third of a pixel."""
    if len(points) == 0 or min(before.shape + after.shape) < 16:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    settings = {"winSize": (21, 21), "maxLevel": 3, "criteria": (3, 30, 0.01)}
    moved, there, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, **settings)  # type: ignore[call-overload]
    back, home, _ = cv2.calcOpticalFlowPyrLK(after, before, moved, None, **settings)  # type: ignore[call-overload]
    error = np.linalg.norm((back - points).reshape(-1, 2), axis=1)
    good = (there.ravel() == 1) & (home.ravel() == 1) & (error < 0.33)
    return points.reshape(-1, 2)[good], moved.reshape(-1, 2)[good]


def textured(grey: UInt8Array) -> Textured:
    """Prepare a picture for tracking from it.

    Parameters
    ----------
    grey : array (H, W), uint8

    Returns
    -------
    Textured
    """
    normal = normalised(grey)
    return Textured(normal, _corners(normal))


def follow(before: Textured, laid: UInt8Array) -> tuple[Points, Points]:
    """Follow corners into a picture that is laid over *before*.

    Parameters
    ----------
    before : Textured
    laid : array (H, W), uint8
        *after* in grey, in the frame of *before*.

    Returns
    -------
    source, target : array (n, 2), float32
        Places (x, y) in *before*, and there, of the corners that come back to within a third of a pixel.
    """
    return _track(before.normal, normalised(laid), before.corners)


def track_from(before: Textured, after: UInt8Array, start: FloatMatrix) -> FloatMatrix | None:
    """Track from a starting matrix; give the homography when most points agree on it.

    Parameters
    ----------
    before : Textured
    after : array (H, W), uint8
        Grey, of any size.
    start : array (3, 3)
        Maps *before* to *after*, to within what tracking reaches.

    Returns
    -------
    array (3, 3), float64, or None
        Maps *before* to *after*; None where too few points come back or agree, or no camera does that.
    """
    points = before.corners
    source, target = follow(before, laid_over(after, start, before.normal.shape))
    if len(source) < max(MIN_INLIERS, 0.08 * len(points)):
        return None
    matrix, mask = homography(source, target, 1.0)
    # A flat picture has few corners worth tracking; those that return home must then agree all the more.
    if matrix is None or mask.sum() < max(MIN_INLIERS, (0.5 if len(source) > 0.3 * len(points) else 0.7) * len(source)):
        return None
    return sane(start @ matrix, before.normal.shape, after.shape)


def retrack(before: Textured, after: UInt8Array, matrix: FloatMatrix) -> tuple[Points, Points, tuple[Points, Points]]:
    """Track once more with *after* laid over *before*: what is left is small, so windows see the same thing.

    Parameters
    ----------
    before : Textured
    after : array (H, W), uint8
        Grey, of any size.
    matrix : array (3, 3)
        Maps *before* to *after*.

    Returns
    -------
    source, target : array (n, 2), float32
        Places (x, y) in *before* and in *after* of the points that one homography explains; fewer than
        `MIN_INLIERS` mean that there is none.
    near : pair of array (m, 2), float32
        All points, in *before* and as laid over it, that lie within `NEAR_ENOUGH` pixels of each other.
    """
    shape = before.normal.shape
    seen = cv2.erode(shown_in(after.shape, matrix, shape), np.ones((23, 23), np.uint8), borderValue=255)
    source, target = follow(before, laid_over(after, matrix, shape))
    inside = seen[source[:, 1].astype(int), source[:, 0].astype(int)] == 255
    source, target = source[inside], target[inside]
    off = np.linalg.norm(target - source, axis=1)
    all_near = source[off < NEAR_ENOUGH], target[off < NEAR_ENOUGH]
    source, target = source[off < 3.0], target[off < 3.0]
    if len(source) >= MIN_INLIERS:
        _, mask = homography(source, target, 0.6)
        source, target = source[mask], mapped(matrix, target[mask])
    return source, target, all_near
