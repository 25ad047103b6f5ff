"""Structural similarity: the numbers of scikit-image's defaults, in a fraction of its time and memory."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import TILE, in_threads
from app.analysis.model import FloatArray, UInt8Array

WINDOW = 7
_RADIUS = WINDOW // 2
_AREA = WINDOW * WINDOW
_SAMPLE = 1 / (_AREA * (_AREA - 1))
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ONES = np.ones(WINDOW, np.float32)
TOO_SMALL = f"SSIM needs at least {WINDOW} × {WINDOW} pixels."


def to_grey(pixels: UInt8Array) -> UInt8Array:
    """Turn RGB, shape (height, width, 3), into the 8-bit grey that SSIM is measured on (BT.601 weights)."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)  # type: ignore[return-value]


def structural_similarity(before: UInt8Array, after: UInt8Array) -> tuple[float, FloatArray]:
    """Measure structural similarity with its full map.

    Parameters
    ----------
    before, after : ndarray
        Grey images of one shape (height, width), uint8, at least 7 × 7.

    Returns
    -------
    mean : float
        -1 to 1; 1 only for equal images. The mean leaves out 3 pixels at every side, as scikit-image does.
    map : ndarray
        Shape (height, width), float32, -1 to 1.

    Raises
    ------
    ValueError
        The images are smaller than the window, or of two shapes.

    Notes
    -----
    Equal to ``skimage.metrics.structural_similarity(before, after, data_range=255, full=True)``: a uniform
    7 × 7 window, sample covariance, borders mirrored. Sums of up to 49 whole numbers below 2**14 are exact in
    float32, so that subtracting 128 first leaves no cancellation on bright flat areas.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
    IEEE Transactions on Image Processing 13 (2004), 600-612. https://doi.org/10.1109/TIP.2003.819861
    """
    _check(before, after)
    full = np.empty(before.shape, np.float32)

    def fill(top: int) -> float:
        rows, part = _strip(before, after, top)
        full[rows] = part
        return _inner_sum(part, rows, before.shape[0])

    total = sum(in_threads(fill, range(0, before.shape[0], TILE)))
    return total / _inner_size(before.shape), full


def mean_structural_similarity(
    before: UInt8Array,
    after: UInt8Array,
    changed_tiles: npt.NDArray[np.bool_] | None = None,
    valid: UInt8Array | None = None,
) -> float | None:
    """Measure structural similarity without keeping its map, and only where the images are unequal.

    Parameters
    ----------
    before, after : ndarray
        As in `structural_similarity`.
    changed_tiles : ndarray, optional
        Shape (ceil(height / 64), ceil(width / 64)), bool, from `changed.find_changed`: where the images may be
        unequal. Everywhere else SSIM is 1 and is not computed.
    valid : ndarray, optional
        Shape (height, width), uint8; windows that hold a 0 are left out of the mean.

    Returns
    -------
    float or None
        -1 to 1, equal to the mean of `structural_similarity`; None when no window is left.
    """
    _check(before, after)
    height, width = before.shape
    if changed_tiles is None:
        changed_tiles = np.ones((-(-height // TILE), -(-width // TILE)), np.bool_)

    inside = None if valid is None else cv2.erode(valid, np.ones((WINDOW, WINDOW), np.uint8))
    inner = slice(_RADIUS, -_RADIUS)
    count = _inner_size(before.shape) if inside is None else cv2.countNonZero(inside[inner, inner])
    if count == 0:
        return None

    def loss(row: int) -> float:
        return sum(_loss(before, after, inside, row * TILE, *span) for span in _spans(changed_tiles, row, width))

    return 1.0 - sum(in_threads(loss, range(len(changed_tiles)))) / count


def _check(before: UInt8Array, after: UInt8Array) -> None:
    if before.shape != after.shape:
        raise ValueError(f"shapes differ: {before.shape} and {after.shape}")
    if min(before.shape) < WINDOW:
        raise ValueError(TOO_SMALL)


def _inner_size(shape: tuple[int, ...]) -> int:
    return (shape[0] - 2 * _RADIUS) * (shape[1] - 2 * _RADIUS)


def _inner_sum(part: FloatArray, rows: slice, height: int) -> float:
    """Sum a strip of the map, less the frame of 3 pixels that the mean leaves out."""
    first = max(_RADIUS - rows.start, 0)
    last = min(rows.stop, height - _RADIUS) - rows.start
    return float(part[first : max(first, last), _RADIUS:-_RADIUS].sum(dtype=np.float64))


def _spans(tiles: npt.NDArray[np.bool_], row: int, width: int) -> list[tuple[int, int]]:
    """List the runs of columns that the changed tiles of a row of tiles, and of its neighbours, can reach."""
    near = tiles[max(row - 1, 0) : row + 2].any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], near.view(np.int8), [0]))))
    spans: list[tuple[int, int]] = []
    for first, last in zip(edges[::2] * TILE - _RADIUS, edges[1::2] * TILE + _RADIUS, strict=True):
        left, right = max(int(first), 0), min(int(last), width)
        if spans and left < spans[-1][1]:
            left = spans.pop()[0]
        spans.append((left, right))
    return spans


def _loss(before: UInt8Array, after: UInt8Array, inside: Any, top: int, left: int, right: int) -> float:
    """Sum 1 - SSIM over the part of a strip between two columns, as far as it is inside."""
    height, width = before.shape
    wide = slice(max(left - _RADIUS, 0), min(right + _RADIUS, width))
    rows, part = _strip(before[:, wide], after[:, wide], top)
    inner_rows = slice(max(rows.start, _RADIUS), max(_RADIUS, min(rows.stop, height - _RADIUS)))
    inner_columns = slice(max(left, _RADIUS), max(_RADIUS, min(right, width - _RADIUS)))
    columns = slice(inner_columns.start - wide.start, inner_columns.stop - wide.start)
    part = part[inner_rows.start - top : inner_rows.stop - top, columns]
    if inside is not None:
        part = part[inside[inner_rows, inner_columns] != 0]
    return float(part.size - part.sum(dtype=np.float64))


def _strip(before: UInt8Array, after: UInt8Array, top: int) -> tuple[slice, FloatArray]:
    """Give the rows of a strip of 64 and their map."""
    height = before.shape[0]
    rows = slice(top, min(top + TILE, height))
    tall = slice(max(rows.start - _RADIUS, 0), min(rows.stop + _RADIUS, height))
    part = _map(before[tall], after[tall])
    return rows, part[rows.start - tall.start : rows.stop - tall.start]


def _map(before: UInt8Array, after: UInt8Array) -> FloatArray:
    x, y = before.astype(np.float32), after.astype(np.float32)
    x -= 128
    y -= 128
    sum_x, sum_y, sum_xy = _sum(x), _sum(y), _sum(x * y)
    x *= x
    y *= y
    x += y
    sum_squares = _sum(x)
    # sums to (co)variances: (49 S_xy - S_x S_y) / (49 * 48), subtracted as whole numbers before they are rounded
    sum_xy *= _AREA
    sum_xy -= sum_x * sum_y
    sum_squares *= _AREA
    sum_squares -= sum_x * sum_x
    sum_squares -= sum_y * sum_y
    covariance, variances = sum_xy.astype(np.float32), sum_squares.astype(np.float32)
    covariance *= 2 * _SAMPLE
    covariance += _C2
    variances *= _SAMPLE
    variances += _C2
    covariance /= variances
    mean_x, mean_y = sum_x.astype(np.float32), sum_y.astype(np.float32)
    for mean in (mean_x, mean_y):
        mean *= 1 / _AREA
        mean += 128
    product = mean_x * mean_y
    product *= 2
    product += _C1
    mean_x *= mean_x
    mean_y *= mean_y
    mean_x += mean_y
    mean_x += _C1
    product /= mean_x
    covariance *= product
    return covariance


def _sum(values: FloatArray) -> npt.NDArray[np.int32]:
    """Sum whole numbers over the window, exactly."""
    return cv2.sepFilter2D(values, cv2.CV_32F, _ONES, _ONES, borderType=cv2.BORDER_REFLECT).astype(np.int32)
