"""Fit the tone map that turns *after* into *before*, robustly."""

import math
from operator import itemgetter

import numpy as np

from app.analysis.curve import Levels, followed_curves
from app.analysis.model import Tone, UInt8Array
from app.analysis.threads import in_threads
from app.analysis.tone_map import Float, ToneMap, curve_slopes, curve_terms
from app.analysis.tone_samples import (
    Samples,
    rarity,
    sample,
    span_of,
    telling_of,
    too_plain,
    untouched,
    widespread,
    with_afar,
)
from app.analysis.tone_solve import CURVE_RIDGE, FREE_RIDGE, fit, fit_levels, one_sided

CAP = 10.0
AGREED = 0.4 / 255
"""Mean difference that is not worth evening out."""
WELL_FITTED = 1.5 / 255
"""Mean difference that a curve may leave of levels that are known to have become others."""
LEAST_LEVEL = 0.05
EVEN = 1.0
"""Light that differs by less than this over the picture need not be evened out."""
EXPLAINED, WELL_EXPLAINED = 0.85, 0.65
"""What may stay of the difference, or it is not what happened; less for light, which has many weights, and for tones
that count the same, of which a change may hold some."""
MOST_LEFT = CAP / 2 / 255
"""What light may leave at most: where it misses half of the samples, it was fitted to changes."""
FLAT = 0.5
"""Share of its mean slope under which the slope of a camera's tone curve does not fall."""
STIFF = 300.0
"""How much stiffer a curve is held where light and curve could both explain what is seen."""
EVEN_BALANCE = np.ones(3)
NEAR_LIMIT = 0.3
"""Weight of what tells nothing of the curve, as it is all but clipped; yet light must not leave the limit there."""
TRIED = 1000
"""Samples on which a colour cast is tried beside light ..."""
BALANCED = 3
"""... and how often: each try tells the next one of the cast."""
CLEARLY = 0.9
"""Share of the cost of a stiff curve that a free one may have, each tone counting the same."""
TONES, LEAST_TOLD = 16, 1.0
"""Tones that are told apart, and what flat patches must add up to for one to count."""


def fit_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Tone, ToneMap | None]:
    """Fit the curve and the light that turn *after* into *before*, robustly.

    The model is linear in its weights: a smooth curve per channel that holds gain, gamma, offset and
    contrast, plus a slow gain over the picture (slopes, bowls and waves). It is fitted to small flat patches by
    iteratively reweighted least squares (Tukey's biweight), so real changes do not pull it, and each part
    is kept only when it clearly lowers the residual. Where no noise hides what became of each level, that is fitted.

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
    """
    curves = followed_curves(before, after)
    followed = None if curves is None else _follow(curves)
    if followed is not None:
        return followed
    seen = sample(before, after, valid)
    if seen is None:
        return Tone(reason="too little to judge the exposure on"), None
    telling = telling_of(seen)
    if not widespread(telling, seen.positions):
        return Tone(reason="too little to judge the exposure on"), None
    seen = with_afar(seen, telling, before, after, valid)
    telling = telling_of(seen)
    plain = _cost(one_sided(seen, seen.source), telling)
    if plain < AGREED or untouched(before, after, valid):
        return Tone(reason="exposure and light agree"), None
    if too_plain(seen, telling):
        return Tone(reason="too few tones to tell light from a change"), None
    tone_map = _explain(seen, telling, plain)
    if tone_map is None:
        return Tone(reason="no exposure or light explains the difference"), None
    return _described(tone_map, seen.source), tone_map


def _follow(levels: list[tuple[Levels, Levels]]) -> tuple[Tone, ToneMap] | None:
    """Fit a curve to what the levels of each channel are known to have become; None when no exposure did that."""
    curves, left = fit_levels(levels)
    tone_map = ToneMap(curves, np.empty((0, 3)), EVEN_BALANCE)
    for channel, (_, became) in enumerate(levels):
        source = np.repeat(became[:, None] / 255, 3, axis=1)
        if left[channel] > WELL_FITTED or _flattens(curves[:, [channel] * 3], source, np.ones(len(became))):
            return None
    return _described(tone_map, np.stack([became.mean() / 255 for _, became in levels])[None]), tone_map


def _described(tone_map: ToneMap, source: Float) -> Tone:
    level = np.maximum(source.mean(axis=0), LEAST_LEVEL) * tone_map.balance
    red, green, blue = (_gain(tone_map.curves, level) * tone_map.balance).tolist()
    return Tone(True, (red, green, blue), "light evened out" if len(tone_map.light) else "exposure evened out")


def _explain(seen: Samples, telling: Float, plain: float) -> ToneMap | None:
    """Try a curve, then a curve with light; keep the simplest that clearly lowers the cost ``plain``.

    It must lower the cost tone by tone, too: what is painted over much of the picture is a few of its tones.
    """
    weight = telling * rarity(seen, telling)
    evenly = _evenly(seen.source, telling)
    plain_evenly = _cost(one_sided(seen, seen.source), evenly)
    curves, residual, ridge = _fit_curve(seen, telling, weight)
    flattens = _flattens(curves, seen.source, telling)
    by_curve, cost = ToneMap(curves, np.empty((0, 3)), EVEN_BALANCE), _cost(residual, telling)
    if not flattens:
        balance = _balance(curves, seen)
        curves, balanced = fit(seen, balance, weight, ridge)
        balanced_cost = _cost(balanced, telling)
        if balanced_cost < cost:
            by_curve, cost, residual = ToneMap(curves, np.empty((0, 3)), balance), balanced_cost, balanced
    if flattens or _slope(residual, seen.positions, telling) > EVEN / 255:
        bound = 2.5 * cost + 0.5 / 255 if flattens else 0.85 * cost - 0.05 / 255
        # Paper that darkens towards a corner is made even by a flat curve, too, and its noise with it; ink pays.
        held = _stiff(ridge) if flattens else ridge
        lit, left = _fit_light(seen, telling, weight, held)
        if _cost(left, telling) < min(WELL_EXPLAINED * plain, bound, MOST_LEFT):
            return lit if _cost(left, evenly) < plain_evenly else None
    # Dark ground that stays as it is may hide in its noise what became of all that is bright on it.
    may_stay = 1.0 if cost < EXPLAINED * plain else WELL_EXPLAINED
    return by_curve if cost < plain and _cost(residual, evenly) < may_stay * plain_evenly else None


def _fit_light(seen: Samples, telling: Float, weight: Float, ridge: Float) -> tuple[ToneMap, Float]:
    """Fit a curve with light to some of the samples, to learn of a colour cast, then to all; give it and what is left.

    A curve alone takes light that falls where one colour is for a cast.
    """
    weight = weight + NEAR_LIMIT * np.where(telling == 0, seen.flatness, 0.0)
    some = np.random.default_rng(0).permutation(len(weight))[:TRIED]
    few = Samples(seen.target[some], seen.source[some], seen.positions[some], seen.flatness[some], seen.bright)
    balance, tried = EVEN_BALANCE, []
    for _ in range(BALANCED):
        both, left = fit(few, balance, weight[some], ridge, lit=True)
        tried.append((_cost(left, telling[some]), balance))
        balance = _balance(both[: len(ridge)], few, balance)
    _, balance = min(tried, key=itemgetter(0))
    both, left = fit(seen, balance, weight, ridge, lit=True)
    return ToneMap(both[: len(ridge)], both[len(ridge) :], balance), left


def _fit_curve(seen: Samples, telling: Float, weight: Float) -> tuple[Float, Float, Float]:
    """Fit a stiff curve and a freer one; give the better, what it leaves, and its ridge.

    The freer one must be clearly better tone by tone: what noise does to white paper alone would flatten it.
    """
    ridges = CURVE_RIDGE, FREE_RIDGE
    fits = in_threads(lambda index: fit(seen, EVEN_BALANCE, weight, ridges[index]), range(2))
    (curves, residual), (free, left) = fits
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


def _balance(curves: Float, seen: Samples, balance: Float = EVEN_BALANCE) -> Float:
    """Give the factor of each channel that three curves hold beside what is common to them, and ``balance`` with it."""
    gain = balance * _gain(curves, np.maximum(seen.source.mean(axis=0), LEAST_LEVEL) * balance)
    return np.asarray(gain / gain.mean())


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
    level = np.maximum(np.linspace(*span_of(source, telling), 16), 1 / 255)
    curve = curves.mean(axis=1)
    chords = curve_terms(level) @ curve / level
    return bool((curve_slopes(level) @ curve < FLAT * np.minimum(chords, chords[-1])).any())


def _cost(residual: Float, telling: Float) -> float:
    """Mean residual of the worst channel, capped so that real changes cost the same before and after."""
    return float(np.average(np.minimum(np.abs(residual).max(axis=1), CAP / 255), weights=telling))
