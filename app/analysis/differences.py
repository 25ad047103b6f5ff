"""Find regions: weigh the evidence, mark what is changed, group it into regions."""

import math

import cv2
import numpy as np

from app.analysis.evidence import find_evidence, find_mask
from app.analysis.model import IDENTITY, Alignment, FloatArray, Maps, Options, Picture, Region, Tone, UInt8Array
from app.analysis.regions import find_regions

WORK_PIXELS = 2_000_000
HEAT_PIXELS = 2_000_000


def find_differences(
    first: Picture,
    second: Picture,
    after: UInt8Array,
    valid: UInt8Array,
    alignment: Alignment,
    tone: Tone,
    options: Options,
) -> tuple[tuple[Region, ...], Maps]:
    """Find every real difference of two images that lie over each other, tone evened."""
    before = first.pixels
    shape = before.shape[:2]
    if alignment.matrix != IDENTITY:
        valid = cv2.erode(valid, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)  # type: ignore[assignment]
    for box in options.ignore:
        valid = valid.copy()
        valid[max(0, box.y) : max(0, box.y + box.height), max(0, box.x) : max(0, box.x + box.width)] = 0
    exact = False
    smallest = max(4, round(3e-5 * valid.size))
    scale = min(1.0, math.sqrt(WORK_PIXELS / (shape[0] * shape[1])))
    if scale < 1:
        size = (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))
        small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (before, after)]
        seen = np.where(cv2.resize(valid, size, interpolation=cv2.INTER_AREA) == 255, 255, 0).astype(np.uint8)
        evidence = find_evidence(small[0], small[1], seen, _strictness(options.sensitivity))  # type: ignore[arg-type]
        mask = cv2.resize(find_mask(evidence, (size[1], size[0]), smallest), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    else:
        exact = not tone.applied and _exact(before, after, valid)
        smallest = 1 if exact else smallest
        evidence = find_evidence(before, after, valid, _strictness(options.sensitivity), exact)
        mask = find_mask(evidence, shape, smallest)
    strength = _together(evidence.levels)
    full = cv2.resize(strength, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    regions, kept = find_regions(before, after, mask, full, alignment, second.pixels.shape[:2], options.min_area, smallest)  # type: ignore[arg-type]
    heat = np.clip(strength * 64, 0, 255).astype(np.uint8)
    return regions, Maps(kept, heat)


def _exact(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> bool:
    """Say whether the two images are free of noise: most pixels, busy ones too, are exactly equal."""
    equal = (before == after).all(axis=2)
    grey = cv2.cvtColor(before, cv2.COLOR_RGB2GRAY)
    busy = (cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 8) & (valid > 0)
    count = int(busy.sum())
    return count == 0 or float(equal[busy].mean()) > 0.8


def _strictness(sensitivity: float) -> float:
    return float(2.0 ** ((50 - sensitivity) / 16))


def _together(levels: list[FloatArray]) -> FloatArray:
    out = levels[0].copy()
    for score in levels[1:]:
        np.maximum(out, cv2.resize(score, (out.shape[1], out.shape[0]), interpolation=cv2.INTER_LINEAR), out=out)
    return out
