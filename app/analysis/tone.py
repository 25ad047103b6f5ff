"""Even out what exposure, white balance and uneven light did to *after*."""

import math

import cv2
import numpy as np

from app.analysis.model import Options, Tone, UInt8Array
from app.analysis.resize import reduce_to_size
from app.analysis.sampling import strongest_channel
from app.analysis.tone_fit import fit_tone
from app.analysis.tone_samples import BRIGHT, RINGING

CLOSER, CLEARLY_CLOSER = 0.99, 0.9
"""Shares of the difference that may stay: over the picture, or, where much of that is clipped, over the rest of it."""

GIVES_WAY = np.interp(np.arange(256), [240, 253], [0, 255]).astype(np.uint8)
"""How far each level of *after*, in parts of 255, may have been clipped."""


def even_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array, options: Options) -> tuple[Tone, UInt8Array]:
    """Fit the tone of *after* to that of *before* (see `fit_tone`) and apply it, when asked and when it helps.

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
    tone : Tone
        What was done, or why nothing was.
    after : array (H, W, 3), uint8
        With its tone evened; where it was clipped, with the level of *before* if that lies within the bound.
    """
    if options.tone == "off":
        return Tone(reason="switched off"), after
    tone, tone_map = fit_tone(before, after, valid)
    if tone_map is None:
        return tone, after
    toned = _give_way(before, after, tone_map.apply(after))
    (left, apart), (left_telling, apart_telling) = _differences(before, toned, after, valid)
    if left > CLOSER * apart and left_telling > CLEARLY_CLOSER * apart_telling:
        return Tone(reason="no exposure or light explains the difference"), after
    return tone, toned


def _differences(
    before: UInt8Array, toned: UInt8Array, after: UInt8Array, valid: UInt8Array
) -> list[tuple[float, float]]:
    """Mean differences of *before* from ``toned`` and from *after*, edges and dark places too, real changes capped.

    Over the picture, and over what is not clipped in *after*, nor may ring beside it; noise is averaged away.
    """
    height, width = valid.shape
    scale = min(0.5, math.sqrt(300_000 / valid.size))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    first, seen, *rest = (np.asarray(reduce_to_size(image, size), np.uint8) for image in (before, valid, toned, after))
    judged = seen == 255
    telling = judged & (rest[1].min(axis=2) < BRIGHT - RINGING)
    apart = [np.minimum(strongest_channel(cv2.absdiff(first, other)), 60) for other in rest]
    return [
        (float(apart[0][where].mean()), float(apart[1][where].mean())) if where.any() else (1.0, 1.0)
        for where in (judged, telling)
    ]


def _give_way(before: UInt8Array, after: UInt8Array, toned: UInt8Array) -> UInt8Array:
    """Where *after* was clipped it only bounds the truth: inside the bound, take the level of *before*.

    Noise and ringing take what was clipped a little off the limit, and what is left of the bound with it.
    """
    for top in range(0, after.shape[0], 256):
        rows = slice(top, top + 256)
        strip = after[rows]
        smooth = cv2.blur(strip, (5, 5))
        bright = (smooth >= 248) & (before[rows] > toned[rows])
        dark = ((strip <= 2) | (smooth <= 5)) & (before[rows] < toned[rows])
        np.copyto(toned[rows], before[rows], where=bright | dark)
        inside = cv2.multiply(cv2.subtract(before[rows], toned[rows]), cv2.LUT(strip, GIVES_WAY), scale=1 / 255)
        cv2.add(toned[rows], inside, dst=toned[rows])
    return toned
