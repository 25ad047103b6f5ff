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
_ONES, _ONE = np.ones(WINDOW, np.float32), np.ones(1, np.float32)
ALL_ROWS = 3_000_000
"""Pixels up to which every window counts."""
STEP = 3
"""Rows from window to window above that. Not 2 or 4: JPEG repeats every 8 rows, and every step has to meet them all;
`_sum` adds rows in threes."""
_WIDEST = 2048  # small enough for the cache, and long enough that threads seldom wait for the interpreter lock
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
    7 × 7 window, sample covariance, borders mirrored. Sums of 49 whole numbers below 2**17 are exact in float32, and
    what is subtracted from them is whole, too, so that nothing cancels on bright flat areas.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
    IEEE Transactions on Image Processing 13 (2004), 600-612. https://doi.org/10.1109/TIP.2003.819861
    """
    _check(before, after)
    height, width = before.shape
    full = np.empty(before.shape, np.float32)
    framed: list[Any] = [cv2.copyMakeBorder(side, *(_RADIUS,) * 4, cv2.BORDER_REFLECT) for side in (before, after)]

    def fill(row: int) -> None:
        top = row * TILE
        rows = slice(top, min(top + TILE, height) + 2 * _RADIUS)
        for left in range(0, width, _WIDEST):
            columns = slice(left, min(left + _WIDEST, width) + 2 * _RADIUS)
            part = _map(framed[0][rows, columns], framed[1][rows, columns])
            full[top : top + part.shape[0], left : left + part.shape[1]] = part

    in_threads(fill, range(-(-height // TILE)))
    return float(full[_RADIUS : height - _RADIUS, _RADIUS : width - _RADIUS].mean(dtype=np.float64)), full


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
        -1 to 1, the mean of `structural_similarity`; None when no window is left.

    Notes
    -----
    Of more than `ALL_ROWS` pixels only the windows around every third row are looked at: each shares four of its
    seven rows with both of its neighbours, and the mean of millions does not tell.
    """
    _check(before, after)
    if changed_tiles is None:
        changed_tiles = np.ones((-(-before.shape[0] // TILE), -(-before.shape[1] // TILE)), np.bool_)
    height, width = before.shape[:2]
    step = STEP if height * width > ALL_ROWS and height >= 2 * WINDOW else 1
    inside: Any = None
    middles = _rows(slice(0, height), height, step)
    count: int = len(middles) * (width - 2 * _RADIUS)
    if valid is not None:
        inside = cv2.erode(valid, np.ones((WINDOW, WINDOW), np.uint8))
        count = cv2.countNonZero(inside[middles.start : middles.stop : step, _RADIUS:-_RADIUS])
    if count == 0:
        return None

    def lose(row: int) -> float:
        return sum(_loss(before, after, block, inside, step) for block in _blocks(changed_tiles, row, before.shape))

    losses: list[float] = in_threads(lose, range(len(changed_tiles)))
    return 1.0 - sum(losses) / count


def _check(before: UInt8Array, after: UInt8Array) -> None:
    if before.shape != after.shape:
        raise ValueError(f"shapes differ: {before.shape} and {after.shape}")
    if min(before.shape[:2]) < WINDOW:
        raise ValueError(TOO_SMALL)


def _rows(span: slice, height: int, step: int) -> range:
    """Give the rows within a span that are the middle of a window and a multiple of the step."""
    first = max(span.start, _RADIUS)
    return range(first + -first % step, min(span.stop, height - _RADIUS), step)


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


def _loss(before: UInt8Array, after: UInt8Array, block: _Block, inside: Any, step: int) -> float:
    """Sum 1 - SSIM over the windows in the middle of a block's pixels, less what is not inside."""
    height, width = before.shape[:2]
    rows = _rows(block[0], height, step)
    columns = slice(max(block[1].start, _RADIUS), min(block[1].stop, width - _RADIUS))
    if not rows or columns.start >= columns.stop:
        return 0.0
    wide = slice(rows[0] - _RADIUS, rows[-1] + _RADIUS + 1), slice(columns.start - _RADIUS, columns.stop + _RADIUS)
    grey, other = (part if part.ndim == 2 else to_grey(part) for part in (before[wide], after[wide]))
    values = _map(grey, other, step)
    if inside is not None:
        within = inside[rows.start : rows.stop : step, columns] != 0
        if not within.all():
            values = values[within]
    return float(values.size - values.sum(dtype=np.float64))


def _map(before: UInt8Array, after: UInt8Array, step: int = 1) -> FloatArray:
    """Give SSIM in every window that lies within both, and of rows in steps."""
    values = np.empty((4, *before.shape), np.float32)
    x, y, products, squares = values
    x[...], y[...] = before, after
    np.multiply(x, y, out=products)
    np.multiply(x, x, out=squares)
    squares += y * y
    sum_x, sum_y, sum_xy, sum_squares = _sum(values, step)
    # sums to (co)variances: (49 S_xy - S_x S_y) / (49 * 48), subtracted as whole numbers before they are rounded
    product = sum_x * sum_y
    mean_squares = sum_x * sum_x
    mean_squares += sum_y * sum_y
    sum_xy *= _AREA
    sum_xy -= product
    sum_squares *= _AREA
    sum_squares -= mean_squares
    similarity = _scaled(sum_xy, 2 * _SAMPLE, _C2)
    similarity /= _scaled(sum_squares, _SAMPLE, _C2)
    similarity *= _scaled(product, 2 / _AREA**2, _C1)
    similarity /= _scaled(mean_squares, 1 / _AREA**2, _C1)
    return similarity


def _scaled(whole: npt.NDArray[np.int32], factor: float, offset: float) -> FloatArray:
    scaled = whole.astype(np.float32)
    scaled *= factor
    scaled += offset
    return scaled


def _sum(values: FloatArray, step: int) -> npt.NDArray[np.int32]:
    """Sum whole numbers, shape (4, height, width), over every window, or over those of every third row, exactly."""
    count, height, width = values.shape
    if step == 1:
        sums = cv2.sepFilter2D(values.reshape(-1, width), cv2.CV_32F, _ONES, _ONES)
        sums = sums.reshape(count, height, width)[:, _RADIUS:-_RADIUS]
    else:  # seven rows are three, three and one
        whole = height - (height - 1) % 3
        threes = values[:, 0 : whole - 1 : 3] + values[:, 1:whole:3]
        threes += values[:, 2:whole:3]
        sevens = threes[:, :-1] + threes[:, 1:]
        sevens += values[:, WINDOW - 1 : whole : 3]
        sums = cv2.sepFilter2D(sevens.reshape(-1, width), cv2.CV_32F, _ONES, _ONE).reshape(count, -1, width)
    return sums[:, :, _RADIUS:-_RADIUS].astype(np.int32)
