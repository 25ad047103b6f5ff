"""Measure: the numbers that say how far apart two images of one size are."""

import math
from typing import Any

import cv2
import numpy as np

from app.analysis.changed import Changed, at_16_bits, covered, find_changed
from app.analysis.measures.edges import edge_agreement
from app.analysis.measures.ssim import TOO_SMALL, WINDOW, mean_structural_similarity
from app.analysis.model import Box, Metrics, UInt8Array, UInt16Array
from app.analysis.resize import Reduced, reduce_both
from app.analysis.sampling import rows_by_chance, step_for
from app.analysis.threads import in_threads

HISTOGRAM_PIXELS = 2**21
"""Pixels that are counted together: OpenCV counts in float32, which is exact to 16 million."""
SAME_COUNTED_MORE = 3
"""How many times fewer pixels are enough where both images are the same."""
JPEG_QUALITY = 75
EQUAL = "The images are equal."


# What images without an unequal pixel have.
EQUAL_SIMILARITIES = {
    "histogram_correlation": 1.0,
    "histogram_kl": 0.0,
    "edge_agreement": 1.0,
    "encoded_size_ratio": 1.0,
}


def measure(
    before: UInt8Array,
    after: UInt8Array,
    *,
    alpha: tuple[UInt8Array | None, UInt8Array | None] = (None, None),
    deep: tuple[UInt16Array | None, UInt16Array | None] = (None, None),
    valid: UInt8Array | None = None,
    changed: Changed | None = None,
    reduced: Reduced | None = None,
) -> Metrics:
    """Measure two images.

    Parameters
    ----------
    before, after : ndarray
        RGB, one shape (height, width, 3), uint8, alpha already flattened.
    alpha : tuple
        Alpha of both, shape (height, width), uint8; None is opaque. A pixel whose alpha differs is unequal.
    deep : tuple
        The same images with 16 bits, shape (height, width, 3), uint16. When either is given, counts and norms
        are taken at 16 bits and given in 8-bit levels, so that a difference below one level is a fraction.
    valid : ndarray, optional
        Shape (height, width), uint8; 0 marks pixels without evidence, which nothing counts.
    changed : Changed, optional
        What `find_measured_changes` gave for the same arguments, when the caller has it already.
    reduced : Reduced, optional
        What `reduce_both` gave for the same arguments, when the caller has it already.

    Returns
    -------
    Metrics
        Counts, norms, RMSE and PSNR over every pixel; SSIM over every window and histograms over every pixel, from 3
        megapixels that are unequal on over those of a third of the rows and from 9 on of a ninth (histograms count
        what is equal in as many rows from 1 and 3 megapixels on); edge agreement and the ratio of encoded sizes on
        images reduced by a whole number to at most one megapixel.

    Notes
    -----
    Histograms have 256 bins per channel. Kullback-Leibler divergence is that of *before* from *after*, in nats,
    with one count added to every bin (Laplace), so that an empty bin gives no infinity. Edges are Canny's at
    100 and 200; encoded size is that of a JPEG of quality 75 without metadata.
    """
    if valid is not None and cv2.countNonZero(valid) == valid.size:
        valid = None
    changed = changed or find_measured_changes(before, after, alpha=alpha, deep=deep, valid=valid)
    if changed.pixels == 0:
        return _nothing_to_measure()
    reasons: dict[str, str] = {}
    values = changed.pixels * 3
    mean_square = changed.sum_squares / values
    return Metrics(
        pixels=changed.pixels,
        pixel_match_rate=1 - changed.unequal / changed.pixels,
        difference_ratio=changed.sum_absolute / values / 255,
        manhattan=changed.sum_absolute,
        manhattan_per_pixel=changed.sum_absolute / changed.pixels,
        zero_norm=changed.unequal,
        zero_norm_per_pixel=changed.unequal / changed.pixels,
        rmse=math.sqrt(mean_square),
        psnr=_psnr(mean_square, reasons),
        changed_box=changed.box,
        **_similarities(before, after, valid, changed, reduced, reasons),
        reasons=reasons,
    )


def find_measured_changes(
    before: UInt8Array,
    after: UInt8Array,
    *,
    alpha: tuple[UInt8Array | None, UInt8Array | None] = (None, None),
    deep: tuple[UInt16Array | None, UInt16Array | None] = (None, None),
    valid: UInt8Array | None = None,
) -> Changed:
    """Find the unequal pixels as `measure` counts them: at 16 bits where there are 16, alpha included.

    Parameters
    ----------
    before, after, alpha, deep, valid
        As in `measure`.

    Returns
    -------
    Changed

    Raises
    ------
    ValueError
        The two have two sizes.
    """
    planes = None
    if alpha[0] is not None or alpha[1] is not None:
        opaque = np.full(before.shape[:2], 255, np.uint8)
        planes = (opaque if alpha[0] is None else alpha[0], opaque if alpha[1] is None else alpha[1])
    if deep[0] is None and deep[1] is None:
        return find_changed(before, after, planes=planes, valid=valid)
    return find_changed(at_16_bits(before, deep[0]), at_16_bits(after, deep[1]), planes=planes, valid=valid)


def _nothing_to_measure() -> Metrics:
    """Say that no pixel has evidence; zero differences were seen, but nothing was looked at."""
    why = "No pixel of the two images can be compared."
    names = ("psnr", "ssim", "histogram_correlation", "histogram_kl", "edge_agreement", "encoded_size_ratio")
    return Metrics(
        0, 1.0, 0.0, 0.0, 0.0, 0, 0.0, 0.0, None, None, None, None, None, None, None, dict.fromkeys(names, why)
    )


def _psnr(mean_square: float, reasons: dict[str, str]) -> float | None:
    if mean_square == 0:
        reasons["psnr"] = EQUAL
        return None
    return 10 * math.log10(255**2 / mean_square)


def _similarities(
    before: UInt8Array,
    after: UInt8Array,
    valid: Any,
    changed: Changed,
    reduced: Reduced | None,
    reasons: dict[str, str],
) -> dict[str, float | None]:
    """Give the numbers that look at more than single pixels."""
    ssim = _ssim(before, after, valid, changed, reasons)
    if changed.box is None:
        return {"ssim": ssim, **EQUAL_SIMILARITIES}
    correlation, divergence = _compare_histograms(*_histograms(before, after, valid, changed.boxes(before.shape[:2])))
    if correlation is None:
        reasons["histogram_correlation"] = "A channel uses all 256 levels equally often."
    reduced = reduced or reduce_both(before, after, changed, valid)
    small = reduced.before, reduced.after
    sizes = in_threads(lambda index: encoded_size(small[index]), range(2))
    return {
        "ssim": ssim,
        "histogram_correlation": correlation,
        "histogram_kl": divergence,
        "edge_agreement": edge_agreement(*small, reasons, reduced.unequal),
        "encoded_size_ratio": sizes[1] / sizes[0],
    }


def _ssim(before: UInt8Array, after: UInt8Array, valid: Any, changed: Changed, reasons: dict[str, str]) -> float | None:
    if min(before.shape[:2]) < WINDOW:
        reasons["ssim"] = TOO_SMALL
        return None
    if not changed.tiles.any():
        return 1.0
    value = mean_structural_similarity(before, after, changed.tiles, valid)
    if value is None:
        reasons["ssim"] = "No window of 7 × 7 pixels can be compared."
    return value


def _histograms(before: UInt8Array, after: UInt8Array, valid: Any, boxes: list[Box]) -> tuple[Any, Any]:
    """Count the 256 levels of each channel of both images; outside the boxes they are the same."""
    height, width = before.shape[:2]
    everywhere = Box(0, 0, width, height)

    def count(image: UInt8Array, box: Box, step: int) -> Any:
        rows = rows_by_chance(height, step)
        inside = rows[(rows >= box.y) & (rows < box.y + box.height)]
        return step * _histogram(image, inside, slice(box.x, box.x + box.width), valid)

    unequal = covered(boxes)
    if 2 * unequal > height * width:
        step = step_for(height * width)
        both = in_threads(lambda index: count((before, after)[index], everywhere, step), range(2))
        return both[0], both[1]
    # What is the same in both tells them apart least: some of its rows will do, however small the rest is.
    rough, fine = step_for(SAME_COUNTED_MORE * height * width), step_for(unequal)
    same = count(before, everywhere, rough) - sum(count(before, box, rough) for box in boxes)
    was, now = (sum(count(image, box, fine) for box in boxes) for image in (before, after))
    return same + was, same + now


def _histogram(image: UInt8Array, rows: Any, columns: slice, valid: Any) -> Any:
    """Count levels: shape (3, 256), int64."""
    strip = max(1, HISTOGRAM_PIXELS // image.shape[1])

    def count(first: int) -> Any:
        some = rows[first : first + strip]
        whole = some[-1] - some[0] == len(some) - 1
        together = slice(some[0], some[-1] + 1) if whole else some  # a slice copies nothing
        part = image[together, columns]
        counts = _counts(part)
        if valid is not None:  # cheaper than to look at every pixel's mask: few have no evidence
            hidden = np.flatnonzero(valid[together, columns].ravel() == 0)
            counts -= _counts(part.reshape(-1, 1, 3)[hidden])
        return counts

    return sum(in_threads(count, range(0, len(rows), strip)))


def _counts(part: UInt8Array) -> Any:
    if part.size == 0:
        return np.zeros((3, 256), np.int64)
    counts = [cv2.calcHist([part], [channel], None, [256], [0, 256]) for channel in range(3)]
    return np.reshape(counts, (3, 256)).astype(np.int64)


def _compare_histograms(before: Any, after: Any) -> tuple[float | None, float]:
    """Give correlation (None when it is undefined) and smoothed divergence, each the mean over the channels.

    `before` and `after` are counts of shape (3, 256).
    """
    if np.array_equal(before, after):
        return 1.0, 0.0
    p, q = ((counts + 1) / (counts + 1).sum(axis=1, keepdims=True) for counts in (before, after))
    divergence = float((p * np.log(p / q)).sum(axis=1).mean())
    a, b = (counts - counts.mean(axis=1, keepdims=True) for counts in (before, after))
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    correlation = None if (scale == 0).any() else float(((a * b).sum(axis=1) / scale).mean())
    return correlation, divergence


def encoded_size(image: UInt8Array) -> int:
    """Give the size of an image as JPEG.

    Parameters
    ----------
    image : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    int
        In bytes, at quality `JPEG_QUALITY` and without metadata.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return len(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
