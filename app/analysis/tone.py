"""Even out what exposure, white balance and uneven light did to *after*."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Options, Tone, UInt8Array

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

SAMPLES = 8_000
TRIES = 4
ITERATIONS = 12
CAP = 10.0
SPAN = 12.0
"""Levels that the tones of a picture must span before light is fitted to them."""
EVEN = 1.0
"""Light that differs by less than this over the picture need not be evened out."""
RINGING = 8.0
"""Compression moves clipped paper by this many levels."""
EDGY = (24.0, 80.0)
"""Patches with more range than this lie on an edge, where a hair of misregistration looks like light."""
EXPLAINED_BY_CURVE = 0.85
EXPLAINED_BY_LIGHT = 0.65
"""What may stay of the difference, or it is not what happened; light has many weights and so must explain more."""
RARITY = 0.5
WAVES = 6
BRIGHT = 252.0
"""Levels from here on are taken as clipped: they only say "at least this bright"."""
DARK = 3.0


@dataclass(frozen=True, slots=True)
class ToneMap:
    """A curve per channel times a smooth gain over the picture.

    Attributes:
        curves: shape (5, 3): weights of 1, a, a ln a, a ln² a, a² for each channel, a = level / 255.
        light: shape (terms, 3): weights of `_light_at` over the picture, times a; no terms when light is even.
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
    if _difference(before, toned, valid) > 0.99 * _difference(before, after, valid):
        return Tone(reason="no exposure or light explains the difference"), after
    return tone, toned


def _difference(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> float:
    """Mean difference over the picture, edges and dark places too, noise averaged away; real changes are capped."""
    height, width = valid.shape
    scale = min(0.5, math.sqrt(300_000 / valid.size))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small, small_after, seen = (
        cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (before, after, valid)
    )
    apart = cv2.absdiff(small, small_after).max(axis=2)[seen == 255]
    return float(np.minimum(apart, 60).mean()) if apart.size else 0.0


def _give_way(before: UInt8Array, after: UInt8Array, toned: UInt8Array) -> UInt8Array:
    """Where *after* was clipped it only bounds the truth: inside the bound, take the level of *before*."""
    for top in range(0, after.shape[0], 256):
        rows = slice(top, top + 256)
        strip = after[rows]
        smooth = cv2.blur(strip, (5, 5))
        bright = ((strip >= 253) | (smooth >= 248)) & (before[rows] > toned[rows])
        dark = ((strip <= 2) | (smooth <= 5)) & (before[rows] < toned[rows])
        np.copyto(toned[rows], before[rows], where=bright | dark)
    return toned


def fit_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Tone, ToneMap | None]:
    """Fit the curve and the light that turn *after* into *before*, robustly.

    The model is linear in its weights: a smooth curve per channel that holds gain, gamma, offset and
    contrast, plus a slow gain over the picture (slopes, bowls and waves). It is fitted to small flat patches by
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
    target, source, positions, flatness = samples
    telling = _telling(target, source) * flatness
    if telling.sum() < 0.02 * len(telling) or not _widespread(telling, positions) or _untouched(before, after, valid):
        return Tone(reason="exposure and light agree"), None
    if _too_plain(source, telling):
        return Tone(reason="too few tones to tell light from a change"), None
    weight = telling * _rarity(source, telling, positions)
    plain = _cost(_one_sided(target, source, source), telling)
    if plain < 0.4 / 255:
        return Tone(reason="exposure and light agree"), None
    start = np.tile(np.array([[0.0], [1.0], [0.0], [0.0], [0.0]]), (1, 3))
    curves, curve_residual = _fit(target, source, None, start, weight)
    both, both_residual = curves, curve_residual
    if _slope(curve_residual, positions, telling) > EVEN / 255:
        light = _light_at(positions)
        both, both_residual = _fit(target, source, light, np.vstack([curves, np.zeros((light.shape[1], 3))]), weight)
    curve_cost, both_cost = _cost(curve_residual, telling), _cost(both_residual, telling)
    if both_cost < min(EXPLAINED_BY_LIGHT * plain, 0.85 * curve_cost - 0.05 / 255):
        tone_map = ToneMap(both[:5], both[5:])
    elif curve_cost < EXPLAINED_BY_CURVE * plain:
        tone_map = ToneMap(curves, np.empty((0, 3)))
    else:
        return Tone(reason="no exposure or light explains the difference"), None
    level = np.maximum(source.mean(axis=0), 0.05)
    gain = np.diag(_curve_terms(level) @ tone_map.curves) / level
    reason = "light evened out" if len(tone_map.light) else "exposure evened out"
    return Tone(True, (float(gain[0]), float(gain[1]), float(gain[2])), reason), tone_map


def _too_plain(source: Float, telling: Float) -> bool:
    """Say whether one tone is all there is: whether that was lit otherwise or painted, nobody can know."""
    grey = source.mean(axis=1)[telling > 0.1] * 255
    return len(grey) == 0 or float(np.ptp(np.quantile(grey, [0.02, 0.98]))) < SPAN


def _slope(residual: Float, positions: Float, telling: Float) -> float:
    """Give how far the residual drifts over the picture: the range of its medians over a 4 by 4 grid."""
    cells = np.minimum(positions * 4, 3).astype(np.intp) @ np.array([1, 4])
    grey = residual.mean(axis=1)
    seen = [grey[(cells == cell) & (telling > 0.1)] for cell in range(16)]
    medians = [float(np.median(values)) for values in seen if len(values) >= 20]
    return max(medians) - min(medians) if medians else math.inf


def _untouched(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> bool:
    """Say whether many pixels are exactly equal: no exposure leaves them so, unless they are clipped."""
    step = max(1, int(math.sqrt(valid.size / 200_000)))
    a, b = before[::step, ::step], after[::step, ::step]
    telling = (valid[::step, ::step] > 0) & (a.max(axis=2) < BRIGHT) & (a.min(axis=2) > DARK)
    count = int(telling.sum())
    return count > 0 and int((a == b).all(axis=2)[telling].sum()) > 0.25 * count


def _widespread(telling: Float, positions: Float) -> bool:
    """Say whether telling samples are found all over: those of a few places may just as well be real changes."""
    cells = (positions * 8).astype(np.intp) @ np.array([1, 8])
    total = np.bincount(cells, minlength=64)
    share = np.bincount(cells, telling, minlength=64) / np.maximum(total, 1)
    return bool((share[total > 0] > 0.02).mean() > 0.2)


def _rarity(source: Float, telling: Float, positions: Float) -> Float:
    """Weigh rare levels up, so that the ink on a page counts beside its paper, if they are found all over.

    A level that is seen in a few places only may be a real change itself.
    """
    levels = np.minimum(source.mean(axis=1) * 20, 19).astype(np.intp)
    share = np.bincount(levels, telling, minlength=20) / telling.sum()
    cells = (positions * 8).astype(np.intp) @ np.array([1, 8])
    seen = np.bincount(levels * 64 + cells, telling, minlength=20 * 64).reshape(20, 64) > 0.5
    spread = np.minimum(1, seen.sum(axis=1) / 12) ** 2
    return np.asarray((spread / np.maximum(share, 0.002) ** RARITY + 1e-3)[levels])


def _telling(target: Float, source: Float) -> Float:
    """Mark (1) samples that say something: not clipped in both images alike."""
    bright, dark = (BRIGHT - RINGING) / 255, (DARK + RINGING / 2) / 255
    both_bright = (target >= bright) & (source >= bright)
    both_dark = (target <= dark) & (source <= dark)
    return np.asarray(1.0 - (both_bright | both_dark).all(axis=1))


def _samples(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Float, Float, Float, Float] | None:
    """Look at one small even patch per cell of a grid: its colours in both images (0 to 1), its place (0 to 1) and
    how even it is (1 is flat).

    A patch is taken where it is flat and not clipped if the cell has such a place, so that text on clipped
    paper still tells how dark the ink became.
    """
    height, width = valid.shape
    if min(height, width) < 5:
        return None
    random = np.random.default_rng(0)
    cell = max(2.0, math.sqrt(height * width / SAMPLES))
    top, left = np.mgrid[0 : height - cell / 2 : cell, 0 : width - cell / 2 : cell].reshape(2, -1, 1)
    y = np.clip(top + random.random((len(top), TRIES)) * cell, 1, height - 2).astype(np.intp)
    x = np.clip(left + random.random((len(top), TRIES)) * cell, 1, width - 2).astype(np.intp)
    mean_before, range_before, peak_before, low_before = _patches(before, y, x)
    mean_after, range_after, peak_after, low_after = _patches(after, y, x)
    clipped = np.maximum(peak_before, peak_after) >= BRIGHT
    penalty = range_before + range_after + 300.0 * clipped + 3000.0 * (valid[y, x] == 0)
    best = penalty.argmin(axis=1)
    cells = np.arange(len(best))
    seen = valid[y, x][cells, best] > 0
    if seen.sum() < 64:
        return None
    positions = np.stack([(x[cells, best] + 0.5) / width, (y[cells, best] + 0.5) / height], axis=1)
    spread = (range_before + range_after)[cells, best][seen]
    edgy = float(np.clip(1.5 * np.median(spread), *EDGY))
    flatness = 1 / (1 + (spread / edgy) ** 2)
    flatness *= np.where(_biased(low_before[cells, best], low_after[cells, best])[seen], 0.05, 1.0)
    return mean_before[cells, best][seen] / 255, mean_after[cells, best][seen] / 255, positions[seen], flatness


def _patches(pixels: UInt8Array, y: Index, x: Index) -> tuple[Float, Float, Float, Float]:
    """Give mean (…, 3), largest range (…), peak (…) and low (…, 3) of the 3 by 3 patches around some pixels."""
    around = np.stack([pixels[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    peak = around.max(axis=0).astype(np.float64)
    low = around.min(axis=0).astype(np.float64)
    return around.mean(axis=0), (peak - low).max(axis=2), peak.max(axis=2), low


def _biased(low_before: Float, low_after: Float) -> npt.NDArray[np.bool_]:
    """Mark patches where noise hit black in one image only: their mean is no longer the truth's."""
    return np.asarray(((low_before <= 0) != (low_after <= 0)).any(axis=-1))


def _cost(residual: Float, telling: Float) -> float:
    """Mean residual of the worst channel, capped so that real changes cost the same before and after."""
    return float(np.average(np.minimum(np.abs(residual).max(axis=1), CAP / 255), weights=telling))


def _fit(target: Float, source: Float, light: Float | None, start: Float, telling: Float) -> tuple[Float, Float]:
    """Fit all channels with common robust weights; give the weights of the terms and what is left."""
    columns = []
    for channel in range(3):
        terms = _curve_terms(source[:, channel])
        if light is not None:
            terms = np.hstack([terms, light * source[:, channel, None]])
        columns.append(terms)
    ridge = np.concatenate([CURVE_RIDGE, LIGHT_RIDGE])[: len(start)]
    own_ridge = np.maximum(30 * ridge, 1e-3)
    own_ridge[1] = ridge[1]
    identity = np.zeros(len(start))
    identity[1] = 1.0
    solution = start.copy()
    residual = _one_sided(target, source, _fitted(columns, solution))
    for round_ in range(ITERATIONS):
        size = np.abs(residual).max(axis=1)
        # Start wide: what is far off at first is more often light not yet fitted than a real change.
        scale = max(2.0 / 255, 4.0 * float(np.quantile(size[telling > 0], 0.5)), 60.0 / 255 * 0.6**round_)
        weights = np.where(size < scale, (1 - (size / scale) ** 2) ** 2, 0.0) * telling + 1e-9
        normals = []
        for channel, terms in enumerate(columns):
            # A bound that holds must not pull: its sample has no say in this round.
            say = np.where(residual[:, channel] == 0, 1e-9, weights)
            weighted = terms * (say / say.sum())[:, None]
            normals.append((weighted.T @ terms, weighted.T @ target[:, channel]))
        # One curve and one light for all channels, a gain for each: colours alone must not bend the curve.
        left, right = (sum(parts) / 3 for parts in zip(*normals, strict=True))
        common = identity + np.linalg.solve(left + np.diag(ridge), right - left @ identity)
        for channel, (left, right) in enumerate(normals):
            solution[:, channel] = common + np.linalg.solve(left + np.diag(own_ridge), right - left @ common)
        residual = _one_sided(target, source, _fitted(columns, solution))
    return solution, residual


def _fitted(columns: list[Float], solution: Float) -> Float:
    return np.stack([terms @ solution[:, channel] for channel, terms in enumerate(columns)], axis=1)


def _one_sided(target: Float, source: Float, fitted: Float) -> Float:
    """Clipped values only bound the truth: what lies beyond the bound is no residual."""
    residual = target - fitted + 1e-12
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
    """Slopes and bowls (Legendre polynomials) and slow waves (cosines) over the picture."""
    across = np.polynomial.legendre.legvander(2 * positions[:, 0] - 1, 2)
    down = np.polynomial.legendre.legvander(2 * positions[:, 1] - 1, 2)
    waves_across = np.cos(np.pi * positions[:, :1] * np.arange(WAVES + 1))
    waves_down = np.cos(np.pi * positions[:, 1:] * np.arange(WAVES + 1))
    slopes = [across[:, i] * down[:, j] for i, j in _orders(2)]
    waves = [waves_across[:, i] * waves_down[:, j] for i, j in _orders(WAVES)]
    return np.stack(slopes + waves, axis=-1)


def _orders(most: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(most + 1) for j in range(most + 1 - i) if i + j]


CURVE_RIDGE = np.array([1e-2, 1e-6, 2e-4, 1e-3, 1e-2])
LIGHT_RIDGE = np.array([1e-5] * len(_orders(2)) + [2e-6 * (i * i + j * j) ** 1.5 for i, j in _orders(WAVES)])
"""Fast waves must earn their place."""


def _light_terms(height: int, width: int) -> Float:
    y, x = np.mgrid[0:height, 0:width]
    return _light_at(np.c_[(x.ravel() + 0.5) / width, (y.ravel() + 0.5) / height])
