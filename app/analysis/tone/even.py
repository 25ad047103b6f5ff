"""Even out what exposure, white balance, strength of colours and uneven light did to *after*."""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np

from app.analysis.model import Options, Tone, UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.sampling import BRIGHT
from app.analysis.tone.afar import apart_from_afar
from app.analysis.tone.fit import AGREE, UNEXPLAINED
from app.analysis.tone.ink import gain_by_ink
from app.analysis.tone.samples import RINGING
from app.analysis.tone.shadow import lit_by, shadow_between
from app.analysis.tone.soft import fit_tone_of_soft
from app.analysis.tone.tone_map import of_gain

LEFT = 0.95
"""Share of the difference that may stay."""
AFAR = 1 / 8
"""Size of the pictures seen from afar, of their working size."""
NEAR_LIMIT = 240
"""Level from which on a pixel may have been clipped; the more surely, the nearer to the limit."""
PAPER, BLACK = 247.0, 5.0
"""Means of 5 × 5 pixels, above and below which these were."""
ROWS = 128


class Evened(NamedTuple):
    """What was done to the tone of *after*, or why nothing was, and its pixels, (H, W, 3), uint8.

    ``misfit`` is what that leaves of places that are not changed, 0 to 1: exposure and light are never told exactly.
    """

    tone: Tone
    pixels: UInt8Array
    misfit: float = 0.0


def even_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array, options: Options) -> Evened:
    """Fit the tone of *after* to that of *before* (see `fit_tone_of_soft`) and apply it, when asked and when it helps.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.
    options : Options
        ``tone`` "off" leaves *after* as it is.

    Returns
    -------
    Evened
        Where *after* was clipped, with the level of *before* if that lies within the bound.
    """
    if options.tone == "off":
        return Evened(Tone(reason="switched off"), after)
    return _without_shadow(_exposed_alike(before, after, valid), before, valid)


def _exposed_alike(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Evened:
    """Even out exposure, and light that is slow."""
    tone, tone_map = fit_tone_of_soft(before, after, valid)
    if tone_map is not None:
        toned = _if_explained(tone_map.apply(after), before, after, valid)
        if toned is not None:
            return Evened(tone, toned, tone_map.misfit)
        tone = Tone(reason=UNEXPLAINED)
    gain = None if tone.reason == AGREE else gain_by_ink(before, after, valid)
    if gain is not None:
        toned = _if_explained(of_gain(gain).apply(after), before, after, valid)
        if toned is not None:
            return Evened(Tone(True, (gain,) * 3, "exposure evened out"), toned)
    return Evened(tone, after)


def _without_shadow(evened: Evened, before: UInt8Array, valid: UInt8Array) -> Evened:
    """Even out a shadow with a soft edge besides."""
    gain = shadow_between(before, evened.pixels, valid)
    if gain is None:
        return evened
    toned = _if_explained(lit_by(gain, evened.pixels), before, evened.pixels, valid)
    if toned is None:
        return evened
    also = (evened.tone.reason or "").removesuffix("evened out") + "and " if evened.tone.applied else ""
    return Evened(Tone(True, evened.tone.gain, f"{also}a shadow evened out"), toned, evened.misfit)


def _if_explained(toned: UInt8Array, before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> UInt8Array | None:
    """Give ``toned``, which is *after* with its tone evened, if that explains what differs."""
    toned = _give_way(before, after, toned)
    return toned if _explains(before, toned, after, valid) else None


def _explains(before: UInt8Array, toned: UInt8Array, after: UInt8Array, valid: UInt8Array) -> bool:
    """Say whether ``toned`` is nearer to *before* than *after* is, with edges and dark places."""
    scale = AFAR * min(0.5, math.sqrt(300_000 / valid.size))
    left, apart = apart_from_afar(before, (toned, after), valid, scale)
    return left <= LEFT * apart


def _give_way(before: UInt8Array, after: UInt8Array, toned: UInt8Array) -> UInt8Array:
    """Where *after* was clipped it only bounds the truth: inside the bound, take the level of *before*.

    Noise and ringing take what was clipped a little off the limit, and what is left of the bound with it.
    """
    near_limit = np.full_like(after[:ROWS], NEAR_LIMIT)
    for top in range(0, after.shape[0], ROWS):
        rows = slice(top, top + ROWS)
        was, strip, out = before[rows], after[rows], toned[rows]
        low, high, *_ = cv2.minMaxLoc(strip.reshape(-1))
        if low > BLACK and high < NEAR_LIMIT:
            continue
        smooth = cv2.blur(strip, (5, 5))
        ramp: Any = cv2.subtract(strip, near_limit[: len(strip)]) * np.uint8(255 // (255 - NEAR_LIMIT))
        share = cv2.max(ramp, _over(smooth, PAPER))
        # Beside a line what is all but clipped may as well be a share of the line.
        line = cv2.min(cv2.compare(cv2.erode(was, SQUARE), out, cv2.CMP_LT), cv2.bitwise_not(_over(strip, BRIGHT - 2)))
        share = cv2.subtract(share, cv2.min(line, share >> 1))
        paper = cv2.min(_over(smooth, BRIGHT - 2), _over(was, BRIGHT - RINGING - 1))
        black = cv2.bitwise_not(cv2.min(_over(strip, BLACK / 2), _over(smooth, BLACK)))
        up, down = cv2.subtract(was, out), cv2.subtract(out, was)
        cv2.add(out, cv2.multiply(up, share, scale=1 / 255), dst=out)
        cv2.subtract(out, cv2.min(down, cv2.max(paper, black)), dst=out)
    return toned


def _over(levels: Any, limit: float) -> Any:
    return cv2.threshold(levels, limit, 255, cv2.THRESH_BINARY)[1]
