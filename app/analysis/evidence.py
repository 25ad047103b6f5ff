"""Weigh the difference of two images that lie over each other, at five scales, against their own noise.

A pixel counts only as far as it lies outside the range of its neighbours in the other image (both ways round),
which forgives a pixel of misregistration and another anti-aliasing. What is left is held against the noise of
this very pair: compression, resampling and blur all grow with local contrast, so places are sorted by contrast,
and blocks all over the picture vote on what is normal. Coarser scales average noise away and find what is faint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE, outside, span
from app.analysis.noise import noise_by_contrast
from app.analysis.sharpness import blur_apart, blurred
from app.analysis.threads import in_threads

LEVELS = 5
CONTRAST_EDGES = (3, 6, 12, 24, 48, 96)
"""Local contrast is sorted into bins at these grey levels: noise is judged against its like."""
FLOOR_LUMA = (6.0, 4.0, 3.0, 2.5, 2.2)
FLOOR_CHROMA = (None, 5.0, 4.0, 3.0, 2.5)
"""Lowest threshold per scale in grey levels; colour is subsampled in most files and not judged at full size."""
SEED = 2.2
"""Thresholds that prove a change ..."""
JOINT = 1.6
"""... or do so at two scales at once, as their mean: noise hardly ever peaks in one place at both ..."""
GROW = 1.1
"""... and those that its neighbours need to belong to it."""
PLAIN = 5.0
"""Score from which a piece may be smaller than chance makes them."""
SHARE_OF_PEAK = 0.45
SMEAR = np.ones((5, 5), np.uint8)
"""A coarse scale smears: what belongs to a change exceeds this share of the peak in its neighbourhood."""
REACH = 0.01
"""Share of the picture's longer side within which a change is carried on into its edges."""
BACKING = 1.5
SPREAD = 0.1
"""Pixels by which edges may be wider in one image; over text that changes what a coarse scale sees."""
BINARISED = 0.3
"""The same where a threshold decided between black and white, and with it where every edge is."""
RING = 0.1
"""Share of the contrast of an edge that compression lets ring beside it."""
LOSS = 0.16
"""Resampling and compression may take this share of the local contrast away wherever they please ..."""
OWN_LOSS = 0.4
"""... and of a colour at most this share of its own contrast, as most files keep every second row and column ..."""
COLOUR_LOSS = 0.25
"""... and at that size at least this share, as they round it coarsely ..."""
COLOUR_RING = 0.07
"""... and let this share of it ring beside it."""
RING_SIZES = (15, 7)
BINS = len(CONTRAST_EDGES) + 1
BIN_OF = np.digitize(np.arange(256), CONTRAST_EDGES).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Difference in units of its threshold.

    Attributes:
        levels: at each scale, each half the one before: what no neighbour in the other image explains.
        plain: at full size: the difference as it is, which a change carries on into its edges.
        planes: luma and chroma of both images, equally sharp, at full size.
    """

    levels: list[FloatArray]
    plain: FloatArray
    planes: tuple[Sequence[UInt8Array], Sequence[UInt8Array]] = ((), ())


def find_evidence(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Evidence:
    """Judge every pixel at five scales.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame, tone evened.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    Evidence
        Scores in units of the threshold, 0 and up, float32.
    """
    both: list[Any] = in_threads(lambda index: cv2.cvtColor((before, after)[index], cv2.COLOR_RGB2YCrCb), range(2))
    planes, planes_after = (cv2.split(pixels) for pixels in both)
    sigma = blur_apart(planes[0], planes_after[0], valid)
    if sigma > 0:
        planes = [blurred(plane, sigma) for plane in planes]
    elif sigma < 0:
        planes_after = [blurred(plane, -sigma) for plane in planes_after]
    return weigh(planes, planes_after, valid)


def weigh(before: Sequence[UInt8Array], after: Sequence[UInt8Array], valid: UInt8Array) -> Evidence:
    """Judge every pixel of luma and chroma, (H, W) uint8 each, as `find_evidence` does."""
    planes: list[Any] = list(before)
    planes_after: list[Any] = list(after)
    seen: Any = valid
    edges: list[Any] = [cv2.morphologyEx(side[0], cv2.MORPH_GRADIENT, SQUARE) for side in (planes, planes_after)]
    binarised = _is_binarised(before[0]) and _is_binarised(after[0])
    tasks: list[Callable[[], Any]] = [partial(_plain, before[0], after[0], np.minimum(*edges), valid)]
    for level in range(LEVELS):
        if min(seen.shape) < 4 and level:
            break
        spread = BINARISED if binarised and level > 1 else SPREAD
        busy = spread * np.minimum(*edges) if level else None
        tasks.append(partial(_score_level, planes, planes_after, seen, level, busy))
        edges = [_halved(edge) for edge in edges]
        planes, planes_after = ([_halved(plane) for plane in side] for side in (planes, planes_after))
        seen = np.where(cv2.pyrDown(seen) >= 254, 255, 0).astype(np.uint8)
    plain, *scores = in_threads(lambda index: tasks[index](), range(len(tasks)))
    if len(scores) > 1:
        scores[0] = _backed(scores[0], scores[1])
    return Evidence(scores, plain, (before, after))


def _is_binarised(luma: UInt8Array) -> bool:
    """Say whether a picture is all but black and white, as far as a ninth of its pixels tells."""
    sample = luma[::3, ::3]
    return bool(((sample > 24) & (sample < 231)).mean() < 0.02)


def _halved(plane: Any) -> Any:
    """Halve a plane; from there on levels have fractions, which faint differences are made of."""
    return cv2.pyrDown(plane.astype(np.float32, copy=False))


def _backed(fine: FloatArray, coarse: FloatArray) -> Any:
    """Believe the finest scale only as far as the next one backs it.

    Resampling makes thin lines fainter and wider but keeps their sum: one scale up the two are equal again.
    """
    around = cv2.dilate(coarse, SQUARE)
    limit = cv2.resize(around, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.minimum(fine, BACKING * limit)


def _score_level(before: list[Any], after: list[Any], seen: Any, level: int, busy: Any) -> FloatArray:
    """Judge one scale: how far is each pixel outside its neighbours in the other image, in thresholds."""
    seen = cv2.erode(seen, SQUARE, borderValue=255)
    score: Any = None
    luma_contrast: Any = None
    for a, b, floors in zip(before, after, (FLOOR_LUMA, FLOOR_CHROMA, FLOOR_CHROMA), strict=True):
        floor = floors[level]
        if floor is None:
            continue
        spans = span(a), span(b)
        ranges = [cv2.subtract(high, low) for low, high in spans]
        contrast: Any = cv2.convertScaleAbs(cv2.min(*ranges))
        own: Any = None
        if luma_contrast is None:
            luma_contrast = contrast
        else:
            # Subsampled colour is smeared over its neighbours: the busiest of them says what noise to expect.
            contrast = cv2.max(luma_contrast, cv2.dilate(contrast, SQUARE))
            own = cv2.dilate(cv2.max(*ranges), SQUARE)
        excess = outside(a, b, *spans)
        del spans, ranges  # at full size each is as large as a picture
        excess[seen == 0] = 0
        bins = cv2.LUT(_ringing(contrast, level), BIN_OF)
        noise = np.maximum(noise_by_contrast(excess, bins, seen, BINS), floor)
        limit = _lost(contrast, busy, own, level)
        limit = cv2.max(limit, _by_level(noise, bins), dst=limit)
        excess = cv2.divide(excess, limit, dst=limit, dtype=cv2.CV_32F)
        score = excess if score is None else cv2.max(score, excess, dst=score)
    return np.asarray(score)


def _by_level(table: Any, image: Any) -> Any:
    """Look up float32 numbers for the levels of an image, of which the table may lack the highest."""
    whole = np.zeros(256, np.float32)
    whole[: len(table)] = table
    return cv2.LUT(image, whole)


def _lost(contrast: Any, busy: Any, own: Any, level: int) -> Any:
    """Give what resampling and compression may have taken away: of colour no more than colour had."""
    lost = _by_level(LOSS * np.arange(256), contrast)
    if busy is not None:
        lost = cv2.max(lost, busy)
    if own is None:
        return lost
    lost = cv2.min(lost, OWN_LOSS * own)
    if level != 1:
        return lost
    near = cv2.dilate(own, np.ones((RING_SIZES[level],) * 2, np.uint8))
    return cv2.max(lost, cv2.max(COLOUR_LOSS * own, COLOUR_RING * near))


def _ringing(contrast: Any, level: int) -> Any:
    """Sort flat places within a block of compression (8 pixels) of an edge with what is as noisy as they may be."""
    if level >= len(RING_SIZES):
        return contrast
    near = cv2.dilate(contrast, np.ones((RING_SIZES[level],) * 2, np.uint8))
    return np.maximum(contrast, cv2.convertScaleAbs(near, alpha=RING))


def _plain(before: UInt8Array, after: UInt8Array, contrast: Any, seen: UInt8Array) -> Any:
    """Judge the difference of each pixel by itself, beside its contrast."""
    difference: Any = cv2.absdiff(before, after)
    difference[seen == 0] = 0
    bins = cv2.LUT(cv2.convertScaleAbs(contrast), BIN_OF)
    noise = noise_by_contrast(difference, bins, seen, BINS)
    return cv2.divide(difference, _by_level(np.maximum(noise, FLOOR_LUMA[0]), bins), dtype=cv2.CV_32F)


def find_mask(evidence: Evidence, shape: tuple[int, int], least: int) -> UInt8Array:
    """Mark what is changed, from fine to coarse: a coarse scale only adds what finer ones do not explain.

    Parameters
    ----------
    evidence : Evidence
    shape : (height, width) of the finest scale.
    least : int
        Pixels that a piece needs at the finest scale, unless a coarser one finds it too.

    Returns
    -------
    mask : array (height, width), uint8
        255 where something is changed.

    References
    ----------
    Canny 1986, "A computational approach to edge detection" (hysteresis).
    """
    mask = np.zeros(shape, np.uint8)
    size = (shape[1], shape[0])
    for level, score in enumerate(evidence.levels):
        if level == 0:
            mask |= _hysteresis(score, None, least)
            mask |= _edges_of(mask, evidence.plain)
            continue
        if level == 1 and len(evidence.levels) > 2:
            score = _jointly(score, evidence.levels[2])
        if score.max() <= SEED:
            continue
        explained = cv2.dilate(
            cv2.resize(mask, (score.shape[1], score.shape[0]), interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8)
        )
        left = np.where(explained > 0, 0, score)
        if left.max() <= SEED:
            continue
        left = left.astype(np.float32)
        full, peaks = (
            cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (left, cv2.dilate(left, SMEAR))
        )
        mask |= _hysteresis(full, peaks)
    return mask


def _jointly(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """Raise what two scales show to the threshold of one."""
    around = cv2.resize(coarse, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
    joint = np.sqrt(fine * around) / JOINT
    return np.where(joint > 1, np.maximum(fine, SEED * joint), fine)


def _edges_of(mask: UInt8Array, plain: FloatArray) -> Any:
    """Add what differs around a change: its edges, which neighbours explain; but no chain of single pixels.

    Those run along every edge that is a hair out of place, and would carry one change into the next.
    """
    reach = 2 * max(3, round(REACH * max(mask.shape))) + 1
    near = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    broad = cv2.morphologyEx((plain > GROW).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return cv2.bitwise_and(near, broad * np.uint8(255))


def _hysteresis(score: Any, peaks: Any, least: int = 1) -> Any:
    """Keep weak neighbours of strong seeds; where ``peaks`` around are given, only what is no smear of them."""
    weak = (score > GROW).astype(np.uint8)
    labels: Any
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    places = np.flatnonzero(weak)  # few: the rest of the picture need not be looked at again
    piece, level = labels.ravel()[places], score.ravel()[places]
    strong = level > SEED
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, piece[strong], level[strong])
    size = np.bincount(piece, minlength=count)
    proven = (peak > SEED) & (size * np.maximum(1, peak / PLAIN) >= least)
    kept = proven[piece]
    if peaks is not None:
        kept &= level > SHARE_OF_PEAK * np.minimum(peak[piece], peaks.ravel()[places])
    mask = np.zeros(weak.size, np.uint8)
    mask[places[kept]] = 255
    return mask.reshape(weak.shape)
