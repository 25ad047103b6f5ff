"""Fit the tone map that turns *after* into *before*, robustly."""

import math
from itertools import product

import numpy as np

from app.analysis.model import Tone, UInt8Array
from app.analysis.tone_map import WAVES, Float, ToneMap, curve_slopes, curve_terms, light_at, orders
from app.analysis.tone_samples import (
    DARK,
    Samples,
    rarity,
    sample,
    telling_of,
    too_plain,
    untouched,
    widespread,
)

ITERATIONS = 12
CAP = 10.0
AGREED = 0.4 / 255
"""Mean difference that is not worth evening out."""
LEAST_LEVEL = 0.05
EVEN = 1.0
"""Light that differs by less than this over the picture need not be evened out."""
EXPLAINED_BY_CURVE = 0.85
EXPLAINED_BY_LIGHT = 0.65
"""What may stay of the difference, or it is not what happened; light has many weights and so must explain more."""
MOST_LEFT = CAP / 2 / 255
"""What light may leave at most: where it misses half of the samples, it was fitted to changes."""
FLAT = 0.5
"""Share of its mean slope under which the slope of a camera's tone curve does not fall."""
STIFF = 300.0
"""How much stiffer a curve is held where light and curve could both explain what is seen."""
PULL = 0.2
"""Weight of a bound that holds: paper that is white to the limit most likely lies at the limit."""
EVEN_BALANCE = np.ones(3)
NEAR_LIMIT = 0.3
"""Weight of what tells nothing of the curve, as it is all but clipped; yet light must not leave the limit there."""
LEAST_TRIED = 1000
"""Samples on which light is tried, at least."""
CURVE_RIDGE = np.array([1e-2, 1e-6, 2e-4, 1e-3, 1e-2, 1e-2])
FREE_RIDGE = np.array([2e-5, 1e-6, 2e-5, 1e-4, 1e-2, 2e-5])
"""Leaves a curve free to lift black and to be an S, as "brightness", "levels" and "contrast" do."""
CLEARLY = 0.9
"""Share of the cost of a stiff curve that a free one may have, each tone counting the same."""
TONES, LEAST_TOLD = 16, 1.0
"""Tones that are told apart, and what flat patches must add up to for one to count."""
LIGHT_RIDGE = np.array([1e-5] * len(orders(2)) + [2e-6 * (i * i + j * j) ** 1.5 for i, j in orders(WAVES)])
"""Fast waves must earn their place."""


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
    seen = sample(before, after, valid)
    if seen is None:
        return Tone(reason="too little to judge the exposure on"), None
    telling = telling_of(seen)
    if not telling.any() or not widespread(telling, seen.positions):
        return Tone(reason="too little to judge the exposure on"), None
    plain = _cost(_one_sided(seen, seen.source), telling)
    if plain < AGREED or untouched(before, after, valid):
        return Tone(reason="exposure and light agree"), None
    if too_plain(seen, telling):
        return Tone(reason="too few tones to tell light from a change"), None
    tone_map = _explain(seen, telling, plain)
    if tone_map is None:
        return Tone(reason="no exposure or light explains the difference"), None
    level = np.maximum(seen.source.mean(axis=0), LEAST_LEVEL) * tone_map.balance
    red, green, blue = (_gain(tone_map.curves, level) * tone_map.balance).tolist()
    reason = "light evened out" if len(tone_map.light) else "exposure evened out"
    return Tone(True, (red, green, blue), reason), tone_map


def _explain(seen: Samples, telling: Float, plain: float) -> ToneMap | None:
    """Try a curve, then a curve with light; keep the simplest that clearly lowers the cost ``plain``."""
    weight = telling * rarity(seen, telling)
    curves, residual, ridge = _fit_curve(seen, telling, weight)
    gain = _gain(curves, np.maximum(seen.source.mean(axis=0), LEAST_LEVEL))
    balance, flattens = gain / gain.mean(), _flattens(curves, seen.source, telling)
    by_curve, cost = ToneMap(curves, np.empty((0, 3)), EVEN_BALANCE), _cost(residual, telling)
    if not flattens:
        curves, balanced = _fit(seen, balance, weight, ridge)
        balanced_cost = _cost(balanced, telling)
        if balanced_cost < cost:
            by_curve, cost, residual = ToneMap(curves, np.empty((0, 3)), balance), balanced_cost, balanced
    if flattens or _slope(residual, seen.positions, telling) > EVEN / 255:
        bound = 2.5 * cost + 0.5 / 255 if flattens else 0.85 * cost - 0.05 / 255
        # Paper that darkens towards a corner is made even by a flat curve, too, and its noise with it; ink pays.
        ridges = [_stiff(ridge)] if flattens else [_stiff(ridge), ridge]
        lit, cost_lit = _fit_light(seen, telling, weight, [EVEN_BALANCE, balance], ridges)
        if cost_lit < min(EXPLAINED_BY_LIGHT * plain, bound, MOST_LEFT):
            return lit
    return by_curve if cost < EXPLAINED_BY_CURVE * plain else None


def _fit_light(
    seen: Samples, telling: Float, weight: Float, balances: list[Float], ridges: list[Float]
) -> tuple[ToneMap, float]:
    """Try each balance with each ridge on some of the samples, fit the best to all; give it and its cost.

    What a curve alone takes for a colour cast may be light that falls where one colour is.
    """
    weight = weight + NEAR_LIMIT * np.where(telling == 0, seen.flatness, 0.0)
    some = np.random.default_rng(0).permutation(len(weight))[: max(LEAST_TRIED, len(weight) // 4)]
    few = Samples(*(values[some] for values in seen[:4]), seen.bright)

    def left_by(held: tuple[Float, Float]) -> float:
        return _cost(_fit(few, held[0], weight[some], held[1], lit=True)[1], telling[some])

    balance, ridge = min(product(balances, ridges), key=left_by)
    both, left = _fit(seen, balance, weight, ridge, lit=True)
    return ToneMap(both[: len(ridge)], both[len(ridge) :], balance), _cost(left, telling)


def _fit_curve(seen: Samples, telling: Float, weight: Float) -> tuple[Float, Float, Float]:
    """Fit a stiff curve and a freer one; give the better, what it leaves, and its ridge.

    The freer one must be clearly better tone by tone: what noise does to white paper alone would flatten it.
    """
    curves, residual = _fit(seen, EVEN_BALANCE, weight, CURVE_RIDGE)
    free, left = _fit(seen, EVEN_BALANCE, weight, FREE_RIDGE)
    even_tones = _evenly(seen.source, telling)
    better = _cost(left, even_tones) < CLEARLY * _cost(residual, even_tones)
    if not better or _cost(left, telling) > _cost(residual, telling) or _flattens(free, seen.source, telling):
        return curves, residual, CURVE_RIDGE
    return free, left, FREE_RIDGE


def _evenly(source: Float, telling: Float) -> Float:
    """Weigh samples so that each tone that is told of counts the same, however much of the picture has it."""
    tones = np.minimum(source.mean(axis=1) * TONES, TONES - 1).astype(np.intp)
    told = np.bincount(tones, telling, minlength=TONES)
    share = np.where(told >= LEAST_TOLD, 1 / np.maximum(told, LEAST_TOLD), 0.0)
    return np.asarray(share[tones] * telling if share.any() else telling)


def _stiff(ridge: Float) -> Float:
    """Hold the curve, but not its gain."""
    return np.where(np.arange(len(ridge)) == 1, ridge, STIFF * ridge)


def _gain(curves: Float, level: Float) -> Float:
    """Give what three curves multiply a level of each channel by."""
    return np.diag(curve_terms(level) @ curves) / level


def _slope(residual: Float, positions: Float, telling: Float) -> float:
    """Give how far the residual drifts over the picture: the range of its medians over a 4 by 4 grid."""
    cells = np.minimum(positions * 4, 3).astype(np.intp) @ np.array([1, 4])
    grey = residual.mean(axis=1)
    seen = [grey[(cells == cell) & (telling > 0.1)] for cell in range(16)]
    medians = [float(np.median(values)) for values in seen if len(values) >= 20]
    return max(medians) - min(medians) if medians else math.inf


def _flattens(curves: Float, source: Float, telling: Float) -> bool:
    """Say whether a curve is all but flat somewhere among the tones of a picture: no exposure makes such.

    Gamma may be as flat near black, and there as low: its slope keeps its ratio to what it makes of the level.
    """
    level = np.maximum(np.linspace(*_span(source, telling), 16), 1 / 255)
    curve = curves.mean(axis=1)
    chords = curve_terms(level) @ curve / level
    return bool((curve_slopes(level) @ curve < FLAT * np.minimum(chords, chords[-1])).any())


def _span(source: Float, telling: Float) -> tuple[float, float]:
    """Give the levels, 0 to 1, between which the samples that tell most lie, but for two in a hundred at either end."""
    grey = source.mean(axis=1)[telling > min(0.1, telling.max() / 2)]
    low, high = np.quantile(grey, [0.02, 0.98]).tolist()
    return low, high


def _cost(residual: Float, telling: Float) -> float:
    """Mean residual of the worst channel, capped so that real changes cost the same before and after."""
    return float(np.average(np.minimum(np.abs(residual).max(axis=1), CAP / 255), weights=telling))


def _fit(seen: Samples, balance: Float, weight: Float, curve_ridge: Float, lit: bool = False) -> tuple[Float, Float]:
    """Fit all channels with common robust weights; give the weights of the terms and what is left."""
    light = light_at(seen.positions) if lit else np.empty((len(weight), 0))
    columns = [_columns(seen.source[:, channel] * balance[channel], light) for channel in range(3)]
    light_ridge = LIGHT_RIDGE[: light.shape[1]]
    ridge = np.concatenate([curve_ridge, light_ridge])
    held = np.concatenate([np.maximum(curve_ridge, CURVE_RIDGE), light_ridge])  # free in common only
    own_ridge = np.maximum(30 * held, 1e-3)
    own_ridge[1] = ridge[1]
    identity = np.zeros(len(ridge))
    identity[1] = 1.0
    solution = np.tile(identity[:, None], 3)
    residual = _one_sided(seen, _fitted(columns, solution))
    bounded = (seen.target >= seen.bright[0]) & (seen.source < seen.bright[1])
    for round_ in range(ITERATIONS):
        weights = _robust(residual, weight, round_)
        normals = []
        for channel, terms in enumerate(columns):
            # A bound that holds must all but not pull.
            holds = np.where(bounded[:, channel], PULL * weights, 1e-9)
            say = np.where(residual[:, channel] == 0, holds, weights)
            root = np.sqrt(say / say.sum())
            weighted = terms * root
            normals.append((weighted @ weighted.T, weighted @ (root * seen.target[:, channel])))
        # One curve and one light for all channels, a gain for each: colours alone must not bend the curve.
        left, right = (sum(parts) / 3 for parts in zip(*normals, strict=True))
        common = identity + np.linalg.solve(left + np.diag(ridge), right - left @ identity)
        for channel, (left, right) in enumerate(normals):
            solution[:, channel] = common + np.linalg.solve(left + np.diag(own_ridge), right - left @ common)
        residual = _one_sided(seen, _fitted(columns, solution))
    return solution, residual


def _robust(residual: Float, weight: Float, round_: int) -> Float:
    """Give Tukey's weights; start wide: what is far off at first is more often light not yet fitted than a change."""
    size = np.abs(residual).max(axis=1)
    scale = max(6.0 / 255, 4.0 * float(np.quantile(size[weight > 0], 0.5)), 60.0 / 255 * 0.6**round_)
    return np.asarray(np.where(size < scale, (1 - (size / scale) ** 2) ** 2, 0.0) * weight + 1e-9)


def _columns(level: Float, light: Float) -> Float:
    """Give one row for each term: rows of samples that lie side by side are multiplied faster than columns."""
    return np.ascontiguousarray(np.hstack([curve_terms(level), light * level[:, None]]).T)


def _fitted(columns: list[Float], solution: Float) -> Float:
    return np.stack([solution[:, channel] @ terms for channel, terms in enumerate(columns)], axis=1)


def _one_sided(seen: Samples, fitted: Float) -> Float:
    """Clipped values only bound the truth: what lies beyond the bound is no residual."""
    target, source = seen.target, seen.source
    residual = target - fitted + 1e-12
    dark = DARK / 255
    residual[(target >= seen.bright[0]) & (fitted > target)] = 0
    residual[(source >= seen.bright[1]) & (fitted < target)] = 0
    residual[(target <= dark) & (fitted < target)] = 0
    residual[(source <= dark) & (fitted > target)] = 0
    return residual
