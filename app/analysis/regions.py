"""Find the real differences of two images that lie over each other."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array

LEVELS = 5
CONTRAST_EDGES = np.array([3, 6, 12, 24, 48, 96], np.float32)
"""Local contrast is sorted into bins at these grey levels: noise is judged against its like."""
FLOOR_LUMA = (10.0, 7.0, 5.0, 4.0, 3.5)
FLOOR_CHROMA = (99.0, 8.0, 6.0, 4.5, 4.0)
SEED = 2.2
GROW = 1.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """Difference in units of its threshold, at each scale, and all of them together at full size."""

    levels: list[FloatArray]
    together: FloatArray


def find_evidence(before: UInt8Array, after: UInt8Array, valid: UInt8Array, strictness: float = 1.0) -> Evidence:
    planes_before = _planes(before)
    planes_after = _planes(after)
    planes_before[0], planes_after[0] = match_blur(planes_before[0], planes_after[0], valid)
    seen = valid
    scores: list[FloatArray] = []
    size = (before.shape[1], before.shape[0])
    together = np.zeros(before.shape[:2], np.float32)
    for level in range(LEVELS):
        if min(seen.shape) < 4 and level:
            break
        inside = cv2.erode(seen, np.ones((3, 3), np.uint8), borderValue=255)
        score = _score_level(planes_before, planes_after, inside, level, strictness)
        scores.append(score)
        spread = score if level == 0 else cv2.resize(score, size, interpolation=cv2.INTER_LINEAR)
        np.maximum(together, spread, out=together)
        planes_before = [cv2.pyrDown(plane) for plane in planes_before]
        planes_after = [cv2.pyrDown(plane) for plane in planes_after]
        seen = np.where(cv2.pyrDown(seen) >= 254, 255, 0).astype(np.uint8)
    together[valid == 0] = 0
    return Evidence(scores, together)


def _planes(pixels: UInt8Array) -> list[FloatArray]:
    converted = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    return [np.ascontiguousarray(converted[:, :, i], np.float32) for i in range(3)]


def match_blur(before: FloatArray, after: FloatArray, valid: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Blur the sharper of the two until both are equally sharp."""
    best, choice = _rough(before - after, valid), 0.0
    start = best
    for sigma in (0.45, 0.6, 0.75, 0.9, 1.1, 1.3, 1.6, 2.0):
        for sign in (1, -1):
            a = cv2.GaussianBlur(before, (0, 0), sigma) if sign > 0 else before
            b = cv2.GaussianBlur(after, (0, 0), sigma) if sign < 0 else after
            rough = _rough(a - b, valid)
            if rough < best:
                best, choice = rough, sign * sigma
    if choice == 0 or best > 0.9 * start:
        return before, after
    if choice > 0:
        return cv2.GaussianBlur(before, (0, 0), choice), after
    return before, cv2.GaussianBlur(after, (0, 0), -choice)


def _rough(difference: FloatArray, valid: UInt8Array) -> float:
    step = max(1, int(math.sqrt(difference.size / 60_000)))
    sample = np.abs(difference[::step, ::step])[valid[::step, ::step] > 0]
    return float(np.sqrt(np.mean(np.minimum(sample, 25) ** 2))) if len(sample) else 0.0


def _score_level(
    before: list[FloatArray], after: list[FloatArray], seen: UInt8Array, level: int, strictness: float
) -> FloatArray:
    """Judge one scale: how far is each pixel outside its neighbours in the other image, in thresholds."""
    kernel = np.ones((3, 3), np.uint8)
    contrast = None
    score = np.zeros(before[0].shape, np.float32)
    for index in range(3):
        floor = (FLOOR_LUMA if index == 0 else FLOOR_CHROMA)[level] * strictness
        if floor >= 99:
            continue
        a, b = before[index], after[index]
        low_a, high_a = cv2.erode(a, kernel), cv2.dilate(a, kernel)
        low_b, high_b = cv2.erode(b, kernel), cv2.dilate(b, kernel)
        if contrast is None:
            contrast = np.minimum(high_a - low_a, high_b - low_b)
        excess = np.maximum(np.maximum(b - high_a, low_a - b), np.maximum(a - high_b, low_b - a))
        np.maximum(excess, 0, out=excess)
        excess[seen == 0] = 0
        np.maximum(score, excess / _threshold(excess, contrast, seen, floor), out=score)
    return score


def _threshold(excess: FloatArray, contrast: FloatArray, seen: UInt8Array, floor: float) -> FloatArray:
    """Give each pixel the excess that its like shows all over the picture without being changed."""
    bins = np.digitize(contrast, CONTRAST_EDGES).astype(np.uint8)
    table = np.full(len(CONTRAST_EDGES) + 1, floor, np.float32)
    height, width = excess.shape
    rows = np.linspace(0, height, min(10, max(1, height // 12)) + 1).astype(int)
    columns = np.linspace(0, width, min(10, max(1, width // 12)) + 1).astype(int)
    quantiles: list[list[float]] = [[] for _ in table]
    for top, bottom in zip(rows, rows[1:], strict=False):
        for left, right in zip(columns, columns[1:], strict=False):
            block = (slice(top, bottom), slice(left, right))
            usable = seen[block] > 0
            values, kinds = excess[block][usable], bins[block][usable]
            for kind in range(len(table)):
                of_kind = values[kinds == kind]
                if len(of_kind) >= 20:
                    quantiles[kind].append(float(np.quantile(of_kind, 0.99)))
    previous = 0.0
    for kind, found in enumerate(quantiles):
        typical = float(np.quantile(found, 0.6)) if len(found) >= 4 else previous
        previous = max(previous, typical)
        table[kind] = max(floor, previous)
    return table[bins]


def find_masks(evidence: Evidence, valid: UInt8Array) -> UInt8Array:
    """Strong seeds grown over weak neighbours (hysteresis)."""
    weak = (evidence.together > GROW).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, labels[evidence.together > SEED], evidence.together[evidence.together > SEED])
    keep = peak > SEED
    keep[0] = False
    return (keep[labels] * np.uint8(255)).astype(np.uint8)


def boxes_of(mask: UInt8Array, evidence: Evidence) -> list[tuple[int, int, int, int]]:
    """Join pieces that lie close together and give their boxes."""
    reach = max(3, round(0.006 * max(mask.shape)))
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    least = max(4, 2e-5 * mask.size)
    boxes = []
    for index in range(1, count):
        inside = (labels == index) & (mask > 0)
        if inside.sum() >= least:
            y, x = np.nonzero(inside)
            boxes.append((int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1))
    return boxes
