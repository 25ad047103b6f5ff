"""Bring *after* into the frame of *before* with the simplest transform that fits."""

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import IDENTITY, Alignment, AlignmentModel, Deadline, Matrix, Options, Picture, UInt8Array

FloatMatrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]

WORK_PIXELS = 600_000
"""Features are tracked at this size: tracking is good to a few hundredths of a pixel there."""
MIN_INLIERS = 12
SAME_PLACE = 0.12
"""Displacements below this many working pixels are left alone: resampling would cost more than it mends."""


def align(before: Picture, after: Picture, options: Options, deadline: Deadline) -> Alignment:
    """Find the transform that lays *after* over *before*.

    Corners of *before* are tracked into *after* (pyramidal Lucas-Kanade on locally normalised grey);
    where that fails, SIFT matches give a start. Shift, similarity, affine and homography are fitted to
    the inliers of a MAGSAC homography, and the simplest that explains them is kept.

    Parameters
    ----------
    before, after : Picture
        RGB uint8 pixels, any two sizes.
    options : Options
        ``align`` "off" only brings both to one size.
    deadline : Deadline
        Checked between the attempts.

    Returns
    -------
    Alignment
        ``matrix`` maps pixel coordinates of *before* to those of *after*; model "none" with a reason
        when nothing needed or allowed a transform.

    References
    ----------
    Bouguet 2001, "Pyramidal implementation of the Lucas Kanade feature tracker";
    Barath et al. 2020, "MAGSAC++, a fast, reliable and accurate robust estimator".
    """
    if options.align == "off":
        return replace(_unaligned(before, after), reason="switched off")
    grey_before, scale_before = _work_grey(before.pixels)
    grey_after, scale_after = _work_grey(after.pixels)
    start = _frame_matrix(grey_before.shape, grey_after.shape)
    found = _track_from(grey_before, grey_after, start)
    if found is None:
        deadline.check()
        guess = _sift_guess(grey_before, grey_after)
        if guess is not None:
            found = _track_from(grey_before, grey_after, guess)
    if found is None:
        return _unaligned(before, after)
    points_before, points_after = _retrack(grey_before, grey_after, found)
    if len(points_before) < MIN_INLIERS:
        return _unaligned(before, after)
    full_before = _to_full(points_before, scale_before)
    full_after = _to_full(points_after, scale_after)
    return _simplest(full_before, full_after, before, after, unit=1.0 / min(scale_before))


def warp_to_before(
    pixels: UInt8Array, alignment: Alignment, shape: tuple[int, int], *, interpolation: int = cv2.INTER_LINEAR
) -> tuple[UInt8Array, UInt8Array]:
    """Resample an image of *after* into the frame of *before*.

    Parameters
    ----------
    pixels : array, (H, W) or (H, W, C), uint8
        An image in the frame of *after*.
    alignment : Alignment
    shape : (height, width) of *before*.

    Returns
    -------
    pixels : array of ``shape``, uint8
    valid : array (height, width), uint8
        255 where *after* has something to say, 0 where it was not looking.
    """
    height, width = shape
    matrix = np.array(alignment.matrix)
    if alignment.matrix == IDENTITY and pixels.shape[:2] == shape:
        return pixels, np.full(shape, 255, np.uint8)
    shrink = math.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if shrink > 1.5:
        factor = 1.0 / shrink
        size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
        reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        matrix = _scaling(size[0] / pixels.shape[1], size[1] / pixels.shape[0]) @ matrix
        pixels = np.asarray(reduced, np.uint8)
    flags = interpolation | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = np.full(pixels.shape[:2], 255, np.uint8)
    valid = cv2.warpPerspective(inside, matrix, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(warped, np.uint8), np.asarray(valid, np.uint8)


def _work_grey(pixels: UInt8Array) -> tuple[UInt8Array, tuple[float, float]]:
    height, width = pixels.shape[:2]
    scale = min(1.0, math.sqrt(WORK_PIXELS / (height * width)))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return grey, (grey.shape[1] / width, grey.shape[0] / height)


def _normalised(grey: UInt8Array) -> UInt8Array:
    """Divide out local brightness and contrast, so that tracking does not see exposure."""
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


def _track_from(before: UInt8Array, after: UInt8Array, start: FloatMatrix) -> FloatMatrix | None:
    """Track from a starting matrix; give the homography when most points agree on it."""
    height, width = before.shape
    laid = cv2.warpPerspective(
        after, start, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    points = _corners(_normalised(before))
    source, target = _track(_normalised(before), _normalised(np.asarray(laid, np.uint8)), points)
    if len(source) < max(MIN_INLIERS, 0.08 * len(points)):
        return None
    matrix, mask = _homography(source, target, 1.0)
    # A flat picture has few corners worth tracking; those that return home must then agree all the more.
    if matrix is None or mask.sum() < max(MIN_INLIERS, (0.5 if len(source) > 0.3 * len(points) else 0.7) * len(source)):
        return None
    return _sane(start @ matrix, before.shape, after.shape)


def _retrack(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> tuple[Points, Points]:
    """Track once more with *after* laid over *before*: what is left is small, so windows see the same thing."""
    height, width = before.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = np.asarray(
        cv2.warpPerspective(after, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    seen = cv2.warpPerspective(np.full(after.shape, 255, np.uint8), matrix, (width, height), flags=flags)
    seen = cv2.erode(seen, np.ones((23, 23), np.uint8), borderValue=255)
    normal = _normalised(before)
    source, target = _track(normal, _normalised(laid), _corners(normal))
    inside = seen[source[:, 1].astype(int), source[:, 0].astype(int)] == 255
    source, target = source[inside], target[inside]
    near = np.linalg.norm(target - source, axis=1) < 3.0
    source, target = source[near], target[near]
    if len(source) < MIN_INLIERS:
        return source, target
    _, mask = _homography(source, target, 0.6)
    source, target = source[mask], target[mask]
    return source, _apply(matrix, target)


def _homography(source: Points, target: Points, threshold: float) -> tuple[FloatMatrix | None, npt.NDArray[np.bool_]]:
    matrix, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, threshold, maxIters=2000, confidence=0.999)
    if matrix is None:
        return None, np.zeros(len(source), np.bool_)
    return np.asarray(matrix, np.float64), np.asarray(mask).ravel().astype(np.bool_)


def _sift_guess(before: UInt8Array, after: UInt8Array) -> FloatMatrix | None:
    """Guess from SIFT matches (Lowe's ratio test): finds large moves, turns and changes of scale."""
    detector = cv2.SIFT_create(2000)
    keys_before, described_before = detector.detectAndCompute(before, None)
    keys_after, described_after = detector.detectAndCompute(after, None)
    if described_before is None or described_after is None or min(len(keys_before), len(keys_after)) < MIN_INLIERS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(described_before, described_after, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.75 * pair[1].distance]
    if len(good) < MIN_INLIERS:
        return None
    source = np.array([keys_before[match.queryIdx].pt for match in good], np.float32)
    target = np.array([keys_after[match.trainIdx].pt for match in good], np.float32)
    matrix, mask = _homography(source, target, 2.0)
    if matrix is None or mask.sum() < max(MIN_INLIERS, 0.15 * len(good)):
        return None
    return _sane(matrix, before.shape, after.shape)


def _sane(matrix: FloatMatrix, before: tuple[int, ...], after: tuple[int, ...]) -> FloatMatrix | None:
    """Refuse what no camera does: folds, extreme scale, nothing left in view."""
    height, width = before[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    weights = np.c_[corners, np.ones(4)] @ matrix[2]
    if weights.min() <= 0:
        return None
    quad = _apply(matrix, corners)
    area = float(cv2.contourArea(quad, oriented=True))
    if area == 0 or not cv2.isContourConvex(quad) or not 1 / 40 < abs(area) / (after[0] * after[1]) < 40:
        return None
    return matrix


def _simplest(source: Points, target: Points, before: Picture, after: Picture, unit: float) -> Alignment:
    """Keep the simplest model whose error is that of the best, give or take a little; ``unit`` is a work pixel."""
    fits: list[tuple[AlignmentModel, Callable[[], FloatMatrix | None]]] = [
        ("shift", lambda: _fit_shift(source, target)),
        ("similarity", lambda: _as_3x3(cv2.estimateAffinePartial2D(source, target, method=cv2.LMEDS)[0])),
        ("affine", lambda: _fit_affine(source, target)),
        ("homography", lambda: _homography(source, target, 3 * unit)[0]),
    ]
    best = _fit_least_squares(source, target)
    same_size = before.pixels.shape == after.pixels.shape
    floor = _error(best, source, target) if best is not None else math.inf
    slack = 1.04 * floor + 0.02 * unit
    if same_size and _error(np.eye(3), source, target) <= max(slack, math.hypot(floor, SAME_PLACE * unit)):
        return Alignment(inliers=len(source), reason="already in place")
    for model, fit in fits:
        matrix = best if model == "homography" else fit()
        if matrix is not None and _error(matrix, source, target) <= slack:
            return Alignment(model, _rows(matrix), len(source))
    return _unaligned(before, after)


def _fit_shift(source: Points, target: Points) -> FloatMatrix:
    dx, dy = np.median(target - source, axis=0)
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], np.float64)


def _fit_affine(source: Points, target: Points) -> FloatMatrix:
    solution, *_ = np.linalg.lstsq(np.c_[source, np.ones(len(source))].astype(np.float64), target, rcond=None)
    return np.vstack([solution.T, [0, 0, 1]])


def _fit_least_squares(source: Points, target: Points) -> FloatMatrix | None:
    matrix, _ = cv2.findHomography(source, target, 0)
    return None if matrix is None else np.asarray(matrix, np.float64)


def _as_3x3(affine: npt.NDArray[np.float64] | None) -> FloatMatrix | None:
    return None if affine is None else np.vstack([affine, [0, 0, 1]])


def _error(matrix: FloatMatrix, source: Points, target: Points) -> float:
    return float(np.sqrt(np.mean(np.sum((_apply(matrix, source) - target) ** 2, axis=1))))


def _apply(matrix: FloatMatrix, points: Points) -> Points:
    return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), matrix), np.float32).reshape(
        -1, 2
    )


def _scaling(x: float, y: float) -> FloatMatrix:
    """Scale about pixel centres: pixel (0, 0) reaches from -0.5 to 0.5."""
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]], np.float64)


def _frame_matrix(before: tuple[int, ...], after: tuple[int, ...]) -> FloatMatrix:
    """Lay the frame of *after* exactly over the frame of *before*."""
    return _scaling(after[1] / before[1], after[0] / before[0])


def _to_full(points: Points, scale: tuple[float, float]) -> Points:
    return np.asarray((points + 0.5) / np.array(scale) - 0.5, np.float32)


def _rows(matrix: FloatMatrix) -> Matrix:
    rows = [tuple(float(value) for value in row) for row in matrix / matrix[2, 2]]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]


def _unaligned(before: Picture, after: Picture) -> Alignment:
    """Without a fit the frames are laid over each other."""
    matrix = _frame_matrix(before.pixels.shape, after.pixels.shape)
    if before.pixels.shape == after.pixels.shape:
        return Alignment(reason="too little in common to align on")
    model: AlignmentModel = "similarity" if math.isclose(matrix[0, 0], matrix[1, 1], rel_tol=0.01) else "affine"
    return Alignment(model, _rows(matrix), None, "brought to the same size")
