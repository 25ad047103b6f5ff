"""Structural similarity: the numbers of scikit-image's defaults, in a fraction of its time and memory."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import TILE
from app.analysis.model import FloatArray, UInt8Array
from app.analysis.sampling import rows_by_chance, step_for
from app.analysis.threads import in_threads

WINDOW = 7
_RADIUS = WINDOW // 2
_AREA = WINDOW * WINDOW
_SAMPLE = 1 / (_AREA * (_AREA - 1))
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ONES, _ONE = np.ones(WINDOW, np.float32), np.ones(1, np.float32)
_WIDEST = 2048  # small enough for the cache, and long enough that threads seldom wait for the interpreter lock
TOO_SMALL = f"SSIM needs at least {WINDOW} × {WINDOW} pixels."


def to_grey(pixels: UInt8Array) -> UInt8Array:
    """Turn RGB into the 8-bit grey that SSIM is measured on.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    array (H, W), uint8
        0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    """
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
    Where more than some megapixels are unequal, only the windows around some rows are looked at, which
    `sampling.rows_by_chance` chooses: neighbours share most of their pixels, and the mean of a million does not tell.
    """
    _check(before, after)
    if changed_tiles is None:
        changed_tiles = np.ones((-(-before.shape[0] // TILE), -(-before.shape[1] // TILE)), np.bool_)
    height, width = before.shape[:2]
    step = step_for(int(np.count_nonzero(changed_tiles)) * TILE**2)
    middles = _RADIUS + rows_by_chance(height - 2 * _RADIUS, step)
    inside: Any = None
    count: int = len(middles) * (width - 2 * _RADIUS)
    if valid is not None:
        inside = cv2.erode(valid, np.ones((WINDOW, WINDOW), np.uint8))
        count = cv2.countNonZero(inside[middles, _RADIUS:-_RADIUS])
    if count == 0:
        return None

    def lose(row: int) -> float:
        first, end = np.searchsorted(middles, (row * TILE, (row + 1) * TILE))
        columns = _columns(changed_tiles, row, width, _WIDEST * step)
        return sum(_loss(before, after, middles[first:end], part, inside) for part in columns)

    losses: list[float] = in_threads(lose, range(len(changed_tiles)))
    return 1.0 - sum(losses) / count


def _check(before: UInt8Array, after: UInt8Array) -> None:
    if before.shape != after.shape:
        raise ValueError(f"shapes differ: {before.shape} and {after.shape}")
    if min(before.shape[:2]) < WINDOW:
        raise ValueError(TOO_SMALL)


def _columns(tiles: npt.NDArray[np.bool_], row: int, width: int, widest: int) -> list[slice]:
    """Cut the middles of the windows that reach from a row of tiles into a changed tile into spans of columns."""
    near = tiles[max(row - 1, 0) : row + 2].any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], near.view(np.int8), [0])))) * TILE
    spans, done = [], _RADIUS
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, stop = max(first - _RADIUS, done), min(last + _RADIUS, width - _RADIUS)
        spans += [slice(left, min(left + widest, stop)) for left in range(start, stop, widest)]
        done = stop
    return spans


def _loss(before: UInt8Array, after: UInt8Array, rows: npt.NDArray[np.intp], columns: slice, inside: Any) -> float:
    """Sum 1 - SSIM over the windows in the middle of some pixels, less what is not inside."""
    if len(rows) == 0:
        return 0.0
    top = int(rows[0]) - _RADIUS
    wide = slice(top, int(rows[-1]) + _RADIUS + 1), slice(columns.start - _RADIUS, columns.stop + _RADIUS)
    grey, other = (part if part.ndim == 2 else to_grey(part) for part in (before[wide], after[wide]))
    values = _map(grey, other, rows - _RADIUS - top)
    if inside is not None:
        within = inside[rows, columns] != 0
        if not within.all():
            values = values[within]
    return float(values.size - values.sum(dtype=np.float64))


def _map(before: UInt8Array, after: UInt8Array, tops: npt.NDArray[np.intp] | None = None) -> FloatArray:
    """Give SSIM in every window that lies within both, or in those whose topmost rows are given."""
    if tops is None or len(tops) == len(before) - WINDOW + 1:
        sums = _sums(before, after)
    else:
        sums = _sums_below(before, after, tops)
    sum_x, sum_y, sum_xy, sum_squares = sums
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


def _sums(x: UInt8Array, y: UInt8Array) -> Any:
    """Sum x, y, xy and x² + y², whole numbers, over every window."""
    inner = slice(_RADIUS, -_RADIUS)
    size: dict[str, Any] = {"ddepth": cv2.CV_32S, "ksize": (WINDOW, WINDOW), "normalize": False}
    sum_x, sum_y = (cv2.boxFilter(image, **size)[inner, inner] for image in (x, y))
    squares_x, squares_y, squares_apart = (
        cv2.sqrBoxFilter(image, **size)[inner, inner] for image in (x, y, cv2.absdiff(x, y))
    )
    squares = squares_x + squares_y
    return sum_x, sum_y, (squares - squares_apart) // 2, squares


def _sums_below(x: UInt8Array, y: UInt8Array, tops: npt.NDArray[np.intp]) -> Any:
    """Give `_sums` for the windows with these topmost rows."""
    sevens = np.zeros((4, len(tops), x.shape[1]), np.float32)
    for down in range(WINDOW):
        _accumulate(x[tops + down], y[tops + down], sevens)
    sums = cv2.sepFilter2D(sevens.reshape(-1, x.shape[1]), cv2.CV_32F, _ONES, _ONE).reshape(sevens.shape)
    return sums[:, :, _RADIUS:-_RADIUS].astype(np.int32)


def _accumulate(x: UInt8Array, y: UInt8Array, sums: FloatArray) -> None:
    """Add x, y, xy and x² + y² to sums, shape (4, height, width)."""
    cv2.accumulate(x, sums[0])
    cv2.accumulate(y, sums[1])
    cv2.accumulateProduct(x, y, sums[2])
    cv2.accumulateSquare(x, sums[3])
    cv2.accumulateSquare(y, sums[3])
