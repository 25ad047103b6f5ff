"""Even out what exposure, white balance and uneven light did to *after*."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Options, Tone, UInt8Array

Float = npt.NDArray[np.float64]

SAMPLE_SIDE = 192
ITERATIONS = 10
BRIGHT = 252.0
"""Block means from here on are taken as clipped: they only say "at least this bright"."""
DARK = 3.0


@dataclass(frozen=True, slots=True)
class ToneMap:
    """A curve per channel times a smooth gain over the picture.

    Attributes:
        curves: shape (5, 3): weights of 1, a, a ln a, a ln² a, a² for each channel, a = level / 255.
        light: shape (terms, 3): weights of cosines over the picture, times a; no terms when light is even.
    """

    curves: Float
    light: Float

    def apply(self, pixels: UInt8Array) -> UInt8Array:
        """Bring uint8 RGB pixels, shape (H, W, 3), to the tone of *before*."""
        levels = np.arange(256) / 255.0
        table = _curve_terms(levels) @ self.curves
        if not len(self.light):
            lut = np.clip(np.rint(table * 255), 0, 255).astype(np.uint8)
            return np.asarray(cv2.LUT(pixels, lut[None]), np.uint8)
        height, width = pixels.shape[:2]
        coarse = (min(height, 64), min(width, 64))
        gain = (_light_terms(*coarse) @ self.light).reshape(*coarse, 3).astype(np.float32)
        out = np.empty_like(pixels)
        base = (table * 255).astype(np.float32)
        ramp = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
        for top in range(0, height, 128):
            rows = slice(top, top + 128)
            strip = cv2.LUT(pixels[rows], base[None])
            np.add(strip, ramp[rows] * pixels[rows], out=strip)
            out[rows] = cv2.convertScaleAbs(np.maximum(strip, 0))
        return out


def even_tone(
    before: UInt8Array, after: UInt8Array, valid: UInt8Array, options: Options
) -> tuple[Tone, UInt8Array]:
    """Fit the tone of *after* to that of *before* (see `fit_tone`) and apply it, when asked and when it helps."""
    if options.tone == "off":
        return Tone(reason="switched off"), after
    tone, tone_map = fit_tone(before, after, valid)
    return tone, after if tone_map is None else tone_map.apply(after)


def fit_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Tone, ToneMap | None]:
    """Fit the curve and the light that turn *after* into *before*, robustly.

    The model is linear in its weights: a smooth curve per channel that holds gain, gamma, offset and
    contrast, plus a slow gain over the picture (cosines up to order 4). It is fitted to block means by
    iteratively reweighted least squares (Tukey's biweight), so real changes do not pull it, and each part
    is kept only when it clearly lowers the residual.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    tone : Tone
        What was found, ``gain`` per channel.
    tone_map : ToneMap or None
        None when nothing is to be applied.

    References
    ----------
    Holland and Welsch 1977, "Robust regression using iteratively reweighted least-squares".
    """
    samples = _samples(before, after, valid)
    if samples is None:
        return Tone(reason="too little to judge the exposure on"), None
    target, source, positions = samples
    plain = _spread(target - source)
    if plain < 0.4 / 255:
        return Tone(reason="exposure and light agree"), None
    curves, curve_residual = _fit(target, source, None)
    light_terms = _light_at(positions)
    both, both_residual = _fit(target, source, light_terms)
    if min(curve_residual, both_residual) > 0.8 * plain:
        return Tone(reason="no exposure or light explains the difference"), None
    if both_residual < 0.85 * curve_residual:
        tone_map = ToneMap(both[:5], both[5:])
    else:
        tone_map = ToneMap(curves, np.empty((0, 3)))
    level = np.maximum(source.mean(axis=0), 0.05)
    gain = np.diag(_curve_terms(level) @ tone_map.curves) / level
    reason = "light evened out" if len(tone_map.light) else "exposure evened out"
    return Tone(True, (float(gain[0]), float(gain[1]), float(gain[2])), reason), tone_map


def _samples(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Float, Float, Float] | None:
    """Give block means of both images (0 to 1) and their positions (0 to 1)."""
    height, width = before.shape[:2]
    scale = min(1.0, SAMPLE_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small_before = cv2.resize(before, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    small_after = cv2.resize(after, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    seen = cv2.resize(valid, size, interpolation=cv2.INTER_AREA) >= 255
    if seen.sum() < 64:
        return None
    y, x = np.nonzero(seen)
    positions = np.c_[(x + 0.5) / size[0], (y + 0.5) / size[1]]
    return small_before[seen] / 255, small_after[seen] / 255, positions


def _spread(residual: Float) -> float:
    """Typical size of the residual, blind to the third that real changes may hold."""
    return float(np.quantile(np.abs(residual).max(axis=1), 0.6))


def _fit(target: Float, source: Float, light: Float | None) -> tuple[Float, float]:
    """Fit all channels with common robust weights."""
    weights = np.ones(len(target))
    columns = []
    for channel in range(3):
        terms = _curve_terms(source[:, channel])
        if light is not None:
            terms = np.hstack([terms, light * source[:, channel, None]])
        columns.append(terms)
    ridge = np.full(columns[0].shape[1], 1e-4)
    ridge[:5] = (1e-4, 1e-6, 1e-4, 1e-3, 1e-3)
    identity = np.zeros(columns[0].shape[1])
    identity[1] = 1.0
    solution = np.tile(identity[:, None], (1, 3))
    residual = target - source
    for _ in range(ITERATIONS):
        fitted = np.empty_like(target)
        for channel, terms in enumerate(columns):
            weighted = terms * weights[:, None]
            normal = terms.T @ weighted / len(target) + np.diag(ridge)
            rest = target[:, channel] - terms @ identity
            solution[:, channel] = identity + np.linalg.solve(normal, weighted.T @ rest / len(target))
            fitted[:, channel] = terms @ solution[:, channel]
        residual = _one_sided(target, source, fitted)
        size = np.abs(residual).max(axis=1)
        scale = max(1.5 / 255, 4.0 * float(np.quantile(size, 0.6)))
        weights = np.where(size < scale, (1 - (size / scale) ** 2) ** 2, 0.0) + 1e-6
    return solution, _spread(residual)


def _one_sided(target: Float, source: Float, fitted: Float) -> Float:
    """Clipped values only bound the truth: what lies beyond the bound is no residual."""
    residual = target - fitted
    bright, dark = BRIGHT / 255, DARK / 255
    residual[(target >= bright) & (fitted > target)] = 0
    residual[(source >= bright) & (fitted < target)] = 0
    residual[(target <= dark) & (fitted < target)] = 0
    residual[(source <= dark) & (fitted > target)] = 0
    return residual


def _curve_terms(level: Float) -> Float:
    """Basis of tone curves: a**gamma = a (1 + (gamma - 1) ln a + ...), so these hold gain, gamma and offset."""
    log = np.log(np.maximum(level, 1 / 255))
    return np.stack([np.ones_like(level), level, level * log, level * log * log, level * level], axis=-1)


def _light_at(positions: Float) -> Float:
    order = 4
    terms = [
        np.cos(math.pi * i * positions[:, 0]) * np.cos(math.pi * j * positions[:, 1])
        for i in range(order + 1)
        for j in range(order + 1 - i)
        if i + j > 0
    ]
    return np.stack(terms, axis=-1)


def _light_terms(height: int, width: int) -> Float:
    y, x = np.mgrid[0:height, 0:width]
    return _light_at(np.c_[(x.ravel() + 0.5) / width, (y.ravel() + 0.5) / height])
