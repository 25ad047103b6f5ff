"""Find regions: weigh the evidence, mark what is changed, group it into regions."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from app.analysis.alignment.laying import Laid
from app.analysis.evidence.block_matching import match_blocks
from app.analysis.evidence.hysteresis import find_mask, geometric_mean
from app.analysis.evidence.sharp import find_sharp
from app.analysis.evidence.weighing import Evidence, find_evidence, weigh
from app.analysis.geometry import size_in_after
from app.analysis.measures.metrics import find_measured_changes
from app.analysis.model import IDENTITY, Alignment, Box, FloatArray, Maps, Options, Region, UInt8Array
from app.analysis.noise_free.likeness import Likeness
from app.analysis.noise_free.marking import mark_changes
from app.analysis.noise_free.scoring import explained_share, threshold_factor
from app.analysis.palette import without_palette
from app.analysis.regions.grouping import Strength, find_regions
from app.analysis.regions.joining import merge_near
from app.analysis.resize import reduce_to_size, scaled_size
from app.analysis.sampling import strongest_difference
from app.analysis.threads import in_threads
from app.analysis.tone.even import Evened

WORK_PIXELS = 1_600_000
PLAIN = 64.0
"""Levels by which a pixel alone differs enough, times (100 - sensitivity) / (sensitivity - 50)."""
SURE = 2.5
"""Score that is above every threshold of `hysteresis.find_mask`."""
MOST_PLACES = 200
ROUNDS = 2
LEAST_SIDE = 32
ENLARGED = 1.3
"""A smaller *after* is judged at so much more than its own size."""
INVENTED = 3
"""Pixels inside the frame of *after* where resampling mixes in what lies outside."""
BORDER = 5
"""Pixels along the border of a noisy pair within which nothing is a difference of its own."""
SMALLEST = 6e-5
"""Share of the picture that a region of a noisy pair needs: chance alone makes smaller ones."""
HEAT_OF_SCORE = 64
"""Level of the heat map for a score of 1: noisy pairs prove a change from about 2 on, which is 128 as in `Maps`."""
Found = tuple[tuple[Region, ...], Maps]


def find_differences(laid: Laid, evened: Evened, options: Options, after_shape: tuple[int, int]) -> Found:
    """Find every real difference of two images that lie over each other.

    Parameters
    ----------
    laid : Laid
        *before*, and *after* over it.
    evened : Evened
        *after*, of the shape of ``laid.before.pixels``, with its tone evened.
    options : Options
        ``sensitivity``, ``ignore`` and ``min_area`` are heeded.
    after_shape : (height, width) of *after* as given.

    Returns
    -------
    regions : tuple of Region
        Strongest and largest first, numbered from 1.
    maps : Maps

    Notes
    -----
    At sensitivity 100 the regions cover exactly the pixels that are unequal as compared; with ``align`` and
    ``tone`` off these are the unequal pixels of the files, alpha and 16 bits included.
    """
    if laid.likeness is not Likeness.NOISY or options.sensitivity >= 100:
        return _find_exactly(laid, evened, options, after_shape)
    return _find_in_noise(laid, evened, options, after_shape)


def _find_exactly(laid: Laid, evened: Evened, options: Options, after_shape: tuple[int, int]) -> Found:
    """Judge every unequal pixel at full resolution."""
    changed, first, second, after = laid.changed, laid.before, laid.after, evened.pixels
    if changed is None or evened.tone.applied:
        first, second = replace(first, alpha=None, deep=None), replace(second, pixels=after, alpha=None, deep=None)
        changed = find_measured_changes(first.pixels, after, valid=laid.valid)
    marked = mark_changes(first, second, changed, laid.likeness, options, laid.valid)
    height, width = marked.mask.shape
    few = len(marked.boxes) <= MOST_PLACES
    places = merge_near(marked.boxes, marked.mask.shape) if few else [Box(0, 0, width, height)]
    strength = Strength(marked.strength)
    regions, mask = find_regions(
        first.pixels, after, marked.mask, strength, laid.alignment, after_shape, options.min_area, places
    )
    return regions, Maps(mask, marked.heat)


def _find_in_noise(laid: Laid, evened: Evened, options: Options, after_shape: tuple[int, int]) -> Found:
    """Judge what stands out of the pair's own noise, at a size that is enough to tell."""
    before, after, valid, alignment = laid.before.pixels, evened.pixels, laid.valid, laid.alignment
    shape = before.shape[:2]
    small = _at_working_size(*without_palette(before, after, valid), alignment)
    size = small[0].shape[1], small[0].shape[0]
    seen = _judged(valid, size, alignment.matrix != IDENTITY, options.ignore)
    evidence, mask = _settled(small, seen, options.sensitivity, evened.misfit)
    before_luma, after_luma = (planes[0] for planes in evidence.planes)
    sharp = np.zeros_like(mask) if evidence.binarised else find_sharp(evidence.plain, before_luma, after_luma)
    mask = _within(mask | sharp)
    scores = _together(evidence.levels)
    places = _places(mask, shape)
    if mask.shape != shape:
        mask = np.asarray(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), np.uint8)
    firmness = geometric_mean(*evidence.levels[1:3]) if len(evidence.levels) > 2 else None
    strength = Strength(scores, firmness, sharp, max(4, round(SMALLEST * valid.size)))
    regions, kept = find_regions(before, after, mask, strength, alignment, after_shape, options.min_area, places)
    heat = np.clip(scores * HEAT_OF_SCORE, 0, 255).astype(np.uint8)
    return regions, Maps(kept, heat)


def _at_working_size(before: UInt8Array, after: UInt8Array, alignment: Alignment) -> tuple[UInt8Array, UInt8Array]:
    """Reduce both images to `WORK_PIXELS`, and to what *after* shows."""
    shape = before.shape[:2]
    detail = _detail(alignment, shape)
    scale = min(math.sqrt(WORK_PIXELS / (shape[0] * shape[1])), detail)
    if scale >= 1:
        return before, after
    size = scaled_size(shape, scale)
    # Linear interpolation blurs here and not there what is hardly reduced; enlarged compression shows that.
    reduce: Any = partial(cv2.resize, interpolation=cv2.INTER_AREA) if scale == detail else reduce_to_size
    reduced = in_threads(lambda index: reduce((before, after)[index], size), range(2))
    return reduced[0], reduced[1]


def _settled(
    small: tuple[UInt8Array, UInt8Array], seen: UInt8Array, sensitivity: float, misfit: float
) -> tuple[Evidence, UInt8Array]:
    """Weigh the evidence and mark what is changed, again where blocks of *after* turn out to lie a little elsewhere."""
    least = max(1, round(SMALLEST / 2 * seen.size))
    work = seen.shape[0], seen.shape[1]

    def judged(found: Evidence) -> tuple[Evidence, UInt8Array]:
        evidence = _sensitive(found, *small, seen, sensitivity)
        return evidence, find_mask(evidence, work, least)

    evidence, mask = judged(find_evidence(*small, seen, misfit))
    for _ in range(ROUNDS):
        settled = match_blocks(*evidence.planes, seen, mask)
        if settled is None:
            break
        evidence, mask = judged(weigh(evidence.planes[0], settled, seen, misfit))
    return evidence, mask


def _detail(alignment: Alignment, shape: tuple[int, int]) -> float:
    """Give the size at which *after* shows all that it has, at most 1: enlarged, its compression looks like things."""
    return min(1.0, ENLARGED * size_in_after(np.array(alignment.matrix), shape))


def _judged(valid: UInt8Array, size: tuple[int, int], resampled: bool, ignore: Sequence[Box]) -> UInt8Array:
    """Say at working size (width, height) where something can be judged: 255, else 0."""
    height, width = valid.shape
    seen: Any = valid
    if size != (width, height):
        seen = np.where(reduce_to_size(valid, size) == 255, 255, 0).astype(np.uint8)
    across, down = size[0] / width, size[1] / height
    if resampled and min(height, width) > LEAST_SIDE:
        square = np.ones((2 * math.ceil(INVENTED * across) + 1,) * 2, np.uint8)
        seen = cv2.erode(seen, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    for box in ignore:
        seen = seen.copy()
        rows = slice(max(0, math.floor(box.y * down)), max(0, math.ceil((box.y + box.height) * down)))
        seen[rows, max(0, math.floor(box.x * across)) : max(0, math.ceil((box.x + box.width) * across))] = 0
    return np.asarray(seen, np.uint8)


def _within(mask: UInt8Array) -> UInt8Array:
    """Drop pieces that lie along the border alone: a pair a pixel or two out of place brings such in."""
    if min(mask.shape) <= LEAST_SIDE:
        return mask
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    x, y, width, height = stats[:, :4].T
    right, bottom = mask.shape[1] - x, mask.shape[0] - y
    deepest = np.minimum(np.minimum(x + width, y + height), np.minimum(right, bottom))
    kept = deepest > BORDER
    kept[0] = False
    return mask if kept[1:].all() else np.where(kept[labels], mask, np.uint8(0))


def _places(mask: UInt8Array, shape: tuple[int, ...]) -> list[Box] | None:
    """Box what is marked, in pixels of the full picture, so that grouping need not look at the rest of it."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count - 1 > MOST_PLACES:
        return None
    across, down = shape[1] / mask.shape[1], shape[0] / mask.shape[0]
    boxes = []
    for x, y, width, height in stats[1:, :4].tolist():
        left, top = math.floor(x * across), math.floor(y * down)
        right, bottom = math.ceil((x + width) * across), math.ceil((y + height) * down)
        boxes.append(Box(left, top, min(right, shape[1]) - left, min(bottom, shape[0]) - top))
    return merge_near(boxes, shape)


def _sensitive(
    evidence: Evidence, before: UInt8Array, after: UInt8Array, seen: UInt8Array, sensitivity: float
) -> Evidence:
    """Scale what was found; above 50 the plain difference counts more and more, until at 100 every pixel does."""
    if sensitivity == 50:
        return evidence
    strictness = np.float32(threshold_factor(sensitivity))
    levels, plain = [level / strictness for level in evidence.levels], evidence.plain / strictness
    keenness = explained_share(sensitivity)
    if keenness > 0:
        apart_by = np.asarray(strongest_difference(before, after), np.float32)
        apart_by[seen == 0] = 0
        apart_by *= np.float32(SURE * keenness / (PLAIN * (1 - keenness)))
        levels[0], plain = np.maximum(levels[0], apart_by), np.maximum(plain, apart_by)
    return replace(evidence, levels=levels, plain=plain)


def _together(levels: list[FloatArray]) -> FloatArray:
    out = levels[0].copy()
    for score in levels[1:]:
        np.maximum(out, cv2.resize(score, (out.shape[1], out.shape[0]), interpolation=cv2.INTER_LINEAR), out=out)
    return out
