"""Fit the tone once more where a lens made *after* soft: with *before* as soft.

Beside ink that a lens blurred, paper is darker, and ink lighter, in most of the flat places of a page of text; a curve
takes that for exposure, and calls line after line changed. Both as soft, what is left is exposure.
"""

import math

import cv2
import numpy as np

from app.analysis.model import Tone, UInt8Array
from app.analysis.resize import reduce_to_size, scaled_size
from app.analysis.sharpness import blur_apart, blurred_as_light
from app.analysis.threads import in_threads
from app.analysis.tone.afar import apart_from_afar
from app.analysis.tone.fit import UNEXPLAINED, fit_tone
from app.analysis.tone.tone_map import ToneMap

ENOUGH = 1_500_000
"""Pixels that are enough to tell."""
SOFT = 0.7
"""Sigma, in pixels, of a blur that is worth it."""
BETTER = 0.95
"""Share of what the first fit leaves that the second may."""
AFAR = 1 / 8
"""Size of the pictures seen from afar, where blur leaves strokes and paper their mean light."""
Fit = tuple[Tone, ToneMap | None]


def fit_tone_of_soft(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Fit:
    """Fit the tone as `fit_tone` does, and again with *before* as soft as *after* where a lens blurred that.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    tone : Tone
    tone_map : ToneMap or None
        None when nothing is to be applied; of two the one that brings *after* clearly nearer to the soft *before*.
    """
    found = fit_tone(before, after, valid)
    if found[1] is None and found[0].reason != UNEXPLAINED:
        return found
    small_before, small_after, seen = _reduced(before, after, valid)
    toned = _applied(found, small_after)
    sigma, in_light = blur_apart(_grey(small_before), _grey(toned), seen)
    if not in_light or sigma < SOFT:
        return found
    soft = blurred_as_light(small_before, sigma)
    again = fit_tone(soft, small_after, seen)
    if again[1] is None:
        return found
    left, left_again = apart_from_afar(soft, (toned, _applied(again, small_after)), seen, AFAR)
    return again if left_again < BETTER * left else found


def _reduced(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
    """Give all three with `ENOUGH` pixels."""
    if valid.size <= ENOUGH:
        return before, after, valid
    size = scaled_size(valid.shape, math.sqrt(ENOUGH / valid.size))
    small = in_threads(lambda index: np.asarray(reduce_to_size((before, after)[index], size), np.uint8), range(2))
    seen = np.where(reduce_to_size(valid, size) == 255, 255, 0).astype(np.uint8)
    return small[0], small[1], seen


def _applied(fit: Fit, after: UInt8Array) -> UInt8Array:
    return after if fit[1] is None else fit[1].apply(after)


def _grey(pixels: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
