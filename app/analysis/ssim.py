"""Structural similarity: the numbers of scikit-image's defaults, in a fraction of its time and memory."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import TILE
from app.analysis.model import FloatArray, UInt8Array
from app.analysis.threads import in_threads

WINDOW = 7
_RADIUS = WINDOW // 2
_AREA = WINDOW * WINDOW
_SAMPLE = 1 / (_AREA * (_AREA - 1))
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ONES = np.ones(WINDOW, np.float32)
_WIDEST = 512  # a block's arrays stay in the cache and under the size at which malloc asks the system for pages
_Block = tuple[slice, slice]
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
    everywhere = np.ones((-(-before.shape[0] // TILE), -(-before.shape[1] // TILE)), np.bool_)

    def fill(row: int) -> float:
        return sum(_loss(before, after, block, None, full) for block in _blocks(everywhere, row, before.shape))

    loss = sum(in_threads(fill, range(len(everywhere))))
    return 1.0 - loss / _inner_size(before.shape), full


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
        As in `structural_similarity`, or RGB, shape (height, width, 3), of which the grey is measured.
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
    if changed_tiles is None:
        changed_tiles = np.ones((-(-before.shape[0] // TILE), -(-before.shape[1] // TILE)), np.bool_)
    inside: Any = None
    count = _inner_size(before.shape)
    if valid is not None:
        inside = cv2.erode(valid, np.ones((WINDOW, WINDOW), np.uint8))
        count = cv2.countNonZero(inside[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS])
    if count == 0:
        return None

    def lose(row: int) -> float:
        return sum(_loss(before, after, block, inside) for block in _blocks(changed_tiles, row, before.shape))

    return 1.0 - sum(in_threads(lose, range(len(changed_tiles)))) / count


def _check(before: UInt8Array, after: UInt8Array) -> None:
    if before.shape != after.shape:
        raise ValueError(f"shapes differ: {before.shape} and {after.shape}")
    if min(before.shape[:2]) < WINDOW:
        raise ValueError(TOO_SMALL)


def _inner_size(shape: tuple[int, ...]) -> int:
    return (shape[0] - 2 * _RADIUS) * (shape[1] - 2 * _RADIUS)


def _blocks(tiles: npt.NDArray[np.bool_], row: int, shape: tuple[int, ...]) -> list[_Block]:
    """Cut a row of tiles into blocks that cover every window which reaches into a changed tile."""
    height, width = shape[:2]
    near = tiles[max(row - 1, 0) : row + 2].any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], near.view(np.int8), [0])))) * TILE
    rows = slice(row * TILE, min((row + 1) * TILE, height))
    blocks, done = [], 0
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, stop = max(first - _RADIUS, done), min(last + _RADIUS, width)
        blocks += [(rows, slice(left, min(left + _WIDEST, stop))) for left in range(start, stop, _WIDEST)]
        done = stop
    return blocks


def _loss(before: UInt8Array, after: UInt8Array, block: _Block, inside: Any, full: FloatArray | None = None) -> float:
    """Sum 1 - SSIM over a block, less the frame that the mean leaves out and what is not inside."""
    shape = before.shape[:2]
    wide = tuple(
        slice(max(span.start - _RADIUS, 0), min(span.stop + _RADIUS, end))
        for span, end in zip(block, shape, strict=True)
    )
    grey, other = (part if part.ndim == 2 else to_grey(part) for part in (before[wide], after[wide]))
    part = _map(grey, other)
    part = part[tuple(slice(span.start - w.start, span.stop - w.start) for span, w in zip(block, wide, strict=True))]
    if full is not None:
        full[block] = part
    inner = tuple(
        slice(max(_RADIUS - span.start, 0), max(min(span.stop, end - _RADIUS) - span.start, 0))
        for span, end in zip(block, shape, strict=True)
    )
    values = part[inner]
    if inside is not None and cv2.countNonZero(inside[block]) < inside[block].size:
        values = values[inside[block][inner] != 0]
    return float(values.size - values.sum(dtype=np.float64))


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
