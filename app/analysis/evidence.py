"""Weigh the difference of two images that lie over each other, at five scales, against their own noise."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array

LEVELS = 5
CONTRAST_EDGES = (3, 6, 12, 24, 48, 96)
"""Local contrast is sorted into bins at these grey levels: noise is judged against its like."""
FLOOR_LUMA = (6.0, 4.0, 3.0, 2.5, 2.2)
FLOOR_CHROMA = (99.0, 5.0, 4.0, 3.0, 2.5)
SEED = 2.2
GROW = 1.1
NOISE = 1.0
BACKING = 1.5
LOSS = 0.16
"""Resampling and compression may take this share of the local contrast away wherever they please."""
KERNEL = np.ones((3, 3), np.uint8)
STEPS_PER_LEVEL = 4
"""Noise is counted in quarter grey levels."""
BIN_OF = np.digitize(np.arange(256), CONTRAST_EDGES).astype(np.uint8)


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Difference in units of its threshold.

    Attributes:
        levels: at each scale, each half the one before: what no neighbour in the other image explains.
        plain: at full size: the difference as it is, which a change carries on into its edges.
    """

    levels: list[FloatArray]
    plain: FloatArray


def find_evidence(before: UInt8Array, after: UInt8Array, valid: UInt8Array, strictness: float = 1.0, exact: bool = False) -> Evidence:
    planes_before = _planes(before)
    planes_after = _planes(after)
    planes_before[0], planes_after[0] = match_blur(planes_before[0], planes_after[0], valid)
    seen = valid
    scores: list[FloatArray] = []
    plain = _plain(planes_before[0], planes_after[0], seen, FLOOR_LUMA[0] * strictness)
    for level in range(LEVELS):
        if min(seen.shape) < 4 and level:
            break
        inside = cv2.erode(seen, KERNEL, borderValue=255)
        scores.append(_score_level(planes_before, planes_after, inside, level, strictness, 0.0 if exact else LOSS * strictness))
        planes_before = [cv2.pyrDown(plane) for plane in planes_before]
        planes_after = [cv2.pyrDown(plane) for plane in planes_after]
        seen = np.where(cv2.pyrDown(seen) >= 254, 255, 0).astype(np.uint8)
    if not exact and len(scores) > 1:
        scores[0] = _backed(scores[0], scores[1])
    return Evidence(scores, plain)


def _backed(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """Believe the finest scale only as far as the next one backs it.

    Resampling makes thin lines fainter and wider but keeps their sum: one scale up the two are equal again.
    """
    around = cv2.dilate(coarse, KERNEL)
    limit = cv2.resize(around, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.minimum(fine, BACKING * limit)


def _planes(pixels: UInt8Array) -> list[FloatArray]:
    converted = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    return [np.ascontiguousarray(converted[:, :, i], np.float32) for i in range(3)]


def match_blur(before: FloatArray, after: FloatArray, valid: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Blur the sharper of the two until both are equally sharp, judged at the strongest edges."""
    sample_before, sample_after, edges = _edge_tiles(before, after, valid)
    if edges.sum() < 200:
        return before, after
    start = best = _rough(sample_before - sample_after, edges)
    choice = 0.0
    for sign in (1, -1):
        for sigma in (0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 1.9):
            a = cv2.GaussianBlur(sample_before, (0, 0), sigma) if sign > 0 else sample_before
            b = cv2.GaussianBlur(sample_after, (0, 0), sigma) if sign < 0 else sample_after
            rough = _rough(a - b, edges)
            if rough < best:
                best, choice = rough, sign * sigma
            elif rough > 1.05 * best:
                break
    if choice == 0 or best > 0.93 * start:
        return before, after
    if choice > 0:
        return cv2.GaussianBlur(before, (0, 0), choice), after  # type: ignore[return-value]
    return before, cv2.GaussianBlur(after, (0, 0), -choice)  # type: ignore[return-value]


def _edge_tiles(before: FloatArray, after: FloatArray, valid: UInt8Array) -> tuple[FloatArray, FloatArray, Mask]:
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
    a, b = (np.vstack([image[place] for place in places]) for image in (before, after))
    gradient = np.minimum(*(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, KERNEL) for image in (a, b)))
    inner = np.zeros((tile, tile), np.bool_)
    inner[6:-6, 6:-6] = True
    inside = np.tile(inner, (len(places), 1))
    strong = float(np.quantile(gradient[inside], 0.85))
    return a, b, inside & (gradient >= max(strong, 12.0))


def _rough(difference: FloatArray, where: Mask) -> float:
    return float(np.sqrt(np.mean(np.minimum(np.abs(difference[where]), 40) ** 2)))


def _score_level(
    before: list[FloatArray], after: list[FloatArray], seen: UInt8Array, level: int, strictness: float, share: float
) -> FloatArray:
    """Judge one scale: how far is each pixel outside its neighbours in the other image, in thresholds."""
    score = np.zeros(before[0].shape, np.float32)
    for index in range(3):
        floor = (FLOOR_LUMA if index == 0 else FLOOR_CHROMA)[level] * strictness
        if floor >= 99:
            continue
        a, b = before[index], after[index]
        low_a, high_a = cv2.erode(a, KERNEL), cv2.dilate(a, KERNEL)
        low_b, high_b = cv2.erode(b, KERNEL), cv2.dilate(b, KERNEL)
        contrast = cv2.convertScaleAbs(np.minimum(high_a - low_a, high_b - low_b))
        if index == 0:
            luma_contrast = contrast
        else:
            # Subsampled colour is smeared over its neighbours: the busiest of them says what noise to expect.
            contrast = np.maximum(luma_contrast, cv2.dilate(contrast, KERNEL))
        bins = cv2.LUT(contrast, BIN_OF)
        excess = np.maximum(np.maximum(b - high_a, low_a - b), np.maximum(a - high_b, low_b - a))
        np.maximum(excess, 0, out=excess)
        excess[seen == 0] = 0
        table = np.maximum(_noise(excess, bins, seen) * NOISE, floor)
        limit = table[bins]
        if share:
            np.maximum(limit, share * contrast, out=limit)
        np.maximum(score, excess / limit, out=score)
    return score


def _plain(before: FloatArray, after: FloatArray, seen: UInt8Array, floor: float) -> FloatArray:
    """Judge the difference of each pixel by itself."""
    difference = cv2.absdiff(before, after)
    difference[seen == 0] = 0
    contrast = np.minimum(*(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, KERNEL) for image in (before, after)))
    bins = cv2.LUT(cv2.convertScaleAbs(contrast), BIN_OF)
    return difference / np.maximum(_noise(difference, bins, seen), floor)[bins]


def _noise(excess: FloatArray, bins: UInt8Array, seen: UInt8Array) -> FloatArray:
    """Give for each bin of contrast the excess that unchanged places show: the typical block's 99th percentile.

    Blocks vote: a real change fills a few of them, noise is in all.
    """
    height, width = excess.shape
    kinds, values, across = len(CONTRAST_EDGES) + 1, 256, 10
    steps = cv2.convertScaleAbs(excess, alpha=STEPS_PER_LEVEL).astype(np.int32)
    rows = (np.arange(height) * min(across, height) // height).astype(np.int32)
    columns = (np.arange(width) * min(across, width) // width).astype(np.int32)
    index = ((rows[:, None] * across + columns) * kinds + bins) * values + steps
    counts = np.bincount(index[seen > 0], minlength=across * across * kinds * values)
    cumulated = counts.reshape(-1, kinds, values).cumsum(axis=2)
    totals = cumulated[:, :, -1]
    quantile = (cumulated < 0.99 * totals[:, :, None]).sum(axis=2) / STEPS_PER_LEVEL
    table = np.zeros(kinds, np.float32)
    for kind in range(kinds):
        voters = quantile[totals[:, kind] >= 20, kind]
        if len(voters) >= 4:
            table[kind] = np.quantile(voters, 0.6)
    return np.maximum.accumulate(table)


def find_mask(evidence: Evidence, shape: tuple[int, int], least: int) -> UInt8Array:
    """Mark what is changed, from fine to coarse: a coarse scale only adds what finer ones do not explain."""
    mask = np.zeros(shape, np.uint8)
    size = (shape[1], shape[0])
    for level, score in enumerate(evidence.levels):
        step = 2**level
        if level == 0:
            mask |= _hysteresis(score, 0.0, np.maximum(score, evidence.plain), least)
            continue
        if score.max() <= SEED:
            continue
        explained = cv2.dilate(cv2.resize(mask, (score.shape[1], score.shape[0]), interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8))
        left = np.where(explained > 0, 0, score)
        if left.max() <= SEED:
            continue
        full = cv2.resize(left.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        mask |= _hysteresis(full, 0.45)
    return mask


def _hysteresis(score: FloatArray, share: float, reach: FloatArray | None = None, least: int = 1) -> UInt8Array:
    """Keep weak neighbours (in ``reach``) of strong seeds; of each piece only what exceeds ``share`` of its peak."""
    reach = score if reach is None else reach
    weak = (reach > GROW).astype(np.uint8)
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    strong = score > SEED
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, labels[strong], score[strong])
    peak[0] = 0
    support = np.bincount(labels[score > GROW], minlength=count)
    limit = np.where((peak > SEED) & (support >= least), np.maximum(GROW, share * peak), np.inf).astype(np.float32)
    return (reach > limit[labels]).astype(np.uint8) * np.uint8(255)
