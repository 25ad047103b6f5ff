"""What tone may be made of, each fitted to samples: a curve, light with it, a strength of colours besides."""

import math
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from app.analysis.sampling import worst_channel
from app.analysis.threads import in_threads
from app.analysis.tone.information import cells, span_of
from app.analysis.tone.samples import Samples
from app.analysis.tone.solve import CURVE_RIDGE, FREE_RIDGE, GAIN_RIDGE, LIGHT_RIDGE, fit
from app.analysis.tone.tone_map import EVEN_BALANCE, NO_LIGHT, Float, ToneMap, curve_slopes, curve_terms, orders

CAP = 10.0
"""Levels that are left of a sample count no more than this."""
MOST_LEFT = CAP / 2 / 255
"""What a tone map may leave at most: where it misses half of the samples, it was fitted to changes."""
LEAST_LEVEL = 0.05
FLAT = 0.5
"""Share of its mean slope under which the slope of a camera's tone curve does not fall."""
STIFF = 300.0
"""How much stiffer a curve is held where light and curve could both explain what is seen."""
NEAR_LIMIT = 0.3
"""Weight of what tells nothing of the curve, as it is all but clipped; yet light must not leave the limit there."""
SLOPED, WAVY = len(orders(2)), len(LIGHT_RIDGE)
"""Terms of light that slopes or bulges, and of light in waves besides."""
TRIED = 1000
"""Samples on which a colour cast is tried beside light ..."""
BALANCED = 3
"""... and how often: each try tells the next one of the cast."""
CLEARLY = 0.9
"""Share of the cost of a simpler curve that a freer one may have, each tone counting the same."""
TONES, LEAST_TOLD = 16, 1.0
"""Tones that are told apart, and what flat patches must add up to for one to count."""


class Fitted(NamedTuple):
    """A tone map, what it leaves of each sample, shape (n, 3), and the cost of that."""

    tone_map: ToneMap
    left: Float
    cost: float


def fit_curve(seen: Samples, information: Float, weight: Float) -> tuple[Fitted, Float]:
    """Fit a gain or a curve, stiff or free, and a colour cast if that costs less.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        How much each sample tells, as `information.information_in` gives it: its weight in the cost.
    weight : array (n,), 0 and up
        Its weight in the fit.

    Returns
    -------
    fitted : Fitted
    ridge : array (6,)
        How much each term of a curve is held beside what else is fitted: no more than that of a stiff one.
    """
    curves, left, ridge = _simplest(seen, information, weight)
    plain = Fitted(ToneMap(curves, NO_LIGHT, EVEN_BALANCE), left, cost(left, information))
    held = np.minimum(ridge, CURVE_RIDGE)
    if flattens(curves, seen.source, information):
        return plain, held
    balance = _balance(curves, seen)
    curves, left = fit(seen, balance, weight, ridge)
    balanced = Fitted(ToneMap(curves, NO_LIGHT, balance), left, cost(left, information))
    return (balanced if balanced.cost < plain.cost else plain), held


def fit_light(
    seen: Samples, information: Float, weight: Float, ridge: Float, vivid: bool = False, terms: int = WAVY
) -> Fitted:
    """Fit a curve with light to some of the samples, to learn of a colour cast, then to all.

    Parameters
    ----------
    seen, information, weight
        As in `fit_curve`.
    ridge : array (6,)
        How much each term of the curve is held.
    vivid : bool
        Whether a strength of colours is fitted besides.
    terms : int
        How many terms of `tone_map.light_at`: SLOPED or WAVY.

    Returns
    -------
    Fitted

    Notes
    -----
    A curve alone takes light that falls where one colour is for a cast.
    """
    weight = weight + NEAR_LIMIT * np.where(information == 0, seen.flatness, 0.0)
    some = np.random.default_rng(0).permutation(len(weight))[:TRIED]
    few = seen.some(some)
    balance, tried = EVEN_BALANCE, []
    for _ in range(BALANCED):
        weights, left = fit(few, balance, weight[some], ridge, light_terms=terms, vivid=vivid)
        tried.append((cost(left, information[some]), balance))
        balance = _balance(weights[: len(ridge)], few, balance)
    _, balance = min(tried, key=itemgetter(0))
    weights, left = fit(seen, balance, weight, ridge, light_terms=terms, vivid=vivid)
    return Fitted(tone_map_of(weights, len(ridge), vivid, balance), left, cost(left, information))


def tone_map_of(weights: Float, terms: int, vivid: bool, balance: Float) -> ToneMap:
    """Make a tone map of fitted weights.

    Parameters
    ----------
    weights : array (k, 3)
        As `solve.fit` gives them.
    terms : int
        How many of them are the curve's.
    vivid : bool
        Whether the next one is a strength of colours.
    balance : array (3,)
        Factor of each channel beforehand.

    Returns
    -------
    ToneMap
    """
    strength = float(weights[terms].mean()) if vivid else 0.0
    return ToneMap(weights[:terms], weights[terms + vivid :], balance, strength)


def _simplest(seen: Samples, information: Float, weight: Float) -> tuple[Float, Float, Float]:
    """Fit a gain, a stiff curve and a freer one; give the simplest that does, what it leaves, and its ridge.

    The freer one must be clearly better tone by tone: what noise does to white paper alone would flatten it. A gain may
    be a little worse: strokes that blur made lighter bend a curve where no other tone tells.
    """
    ridges = GAIN_RIDGE, CURVE_RIDGE, FREE_RIDGE
    (gain, of_gain), (curves, of_curves), (free, of_free) = in_threads(
        lambda index: fit(seen, EVEN_BALANCE, weight, ridges[index]), range(3)
    )
    even_tones = evenly(seen.source, information)

    def better(left: Float, than: Float, share: float) -> bool:
        by_tone = cost(left, even_tones) < share * cost(than, even_tones)
        return by_tone and cost(left, information) <= cost(than, information)

    simple, left, ridge = curves, of_curves, CURVE_RIDGE
    if not flattens(curves, seen.source, information) and not better(of_curves, of_gain, 1.0):
        simple, left, ridge = gain, of_gain, GAIN_RIDGE
    if better(of_free, left, CLEARLY) and not flattens(free, seen.source, information):
        return free, of_free, FREE_RIDGE
    return simple, left, ridge


def evenly(source: Float, information: Float) -> Float:
    """Weigh samples so that each tone that is told of counts the same, however much of the picture has it.

    Parameters
    ----------
    source : array (n, 3), 0 to 1
        Mean colours in *after*.
    information : array (n,), 0 to 1
        How much each sample tells.

    Returns
    -------
    array (n,), 0 to 1
        0 for a tone of which too little is told; just ``information`` where there is no other.
    """
    tones = np.minimum(source.mean(axis=1) * TONES, TONES - 1).astype(np.intp)
    told = np.bincount(tones, information, minlength=TONES)
    share = np.where(told >= LEAST_TOLD, 1 / np.maximum(told, LEAST_TOLD), 0.0)
    return np.asarray(share[tones] * information if share.any() else information)


def stiff(ridge: Float) -> Float:
    """Hold the curve, but not its gain.

    Parameters
    ----------
    ridge : array (6,)
        How much each term of a curve is held.

    Returns
    -------
    array (6,)
        The same for the gain, `STIFF` times as much for the others.
    """
    return np.where(np.arange(len(ridge)) == 1, ridge, STIFF * ridge)


def gain_at(curves: Float, level: Float) -> Float:
    """Give what three curves multiply a level of each channel by.

    Parameters
    ----------
    curves : array (6, 3)
        Weights of `tone_map.curve_terms` for each channel.
    level : array (3,), above 0, up to about 1
        One for each channel.

    Returns
    -------
    array (3,)
    """
    return np.diag(curve_terms(level) @ curves) / level


def _balance(curves: Float, seen: Samples, balance: Float = EVEN_BALANCE) -> Float:
    """Give the factor of each channel that three curves hold beside what is common to them, and ``balance`` with it."""
    gain = balance * gain_at(curves, np.maximum(seen.source.mean(axis=0), LEAST_LEVEL) * balance)
    return np.asarray(gain / gain.mean())


def drift(residual: Float, positions: Float, information: Float) -> float:
    """Give how far the residual drifts over the picture: the range of its medians over a 4 by 4 grid.

    Parameters
    ----------
    residual : array (n, 3), -1 to 1
    positions : array (n, 2), 0 to 1
        x and y over the picture.
    information : array (n,), 0 to 1
        Samples that hardly tell are left out.

    Returns
    -------
    float
        0 and up; infinite where no cell has enough samples.
    """
    cell = cells(positions, 4)
    grey = residual.mean(axis=1)
    seen = [grey[(cell == number) & (information > 0.1)] for number in range(16)]
    medians = [float(np.median(values)) for values in seen if len(values) >= 20]
    return max(medians) - min(medians) if medians else math.inf


def flattens(curves: Float, source: Float, information: Float) -> bool:
    """Say whether a curve is all but flat somewhere among the tones of a picture: no exposure makes such.

    Parameters
    ----------
    curves : array (6, 3)
        Weights of `tone_map.curve_terms` for each channel, whose mean is looked at.
    source : array (n, 3), 0 to 1
        Mean colours in *after*.
    information : array (n,), 0 to 1
        How much each sample tells, some of them more than 0.

    Returns
    -------
    bool

    Notes
    -----
    Gamma may be as flat near black, and there as low: its slope keeps its ratio to what it makes of the level.
    """
    level = np.maximum(np.linspace(*span_of(source, information), 16), 1 / 255)
    curve = curves.mean(axis=1)
    chords = curve_terms(level) @ curve / level
    return bool((curve_slopes(level) @ curve < FLAT * np.minimum(chords, chords[-1])).any())


def cost(residual: Float, information: Float) -> float:
    """Give the mean residual of the worst channel, capped so that real changes cost the same before and after.

    Parameters
    ----------
    residual : array (n, 3), -1 to 1
    information : array (n,), 0 and up
        Weights, some of them above 0.

    Returns
    -------
    float
        0 to `CAP` / 255.
    """
    return float(np.average(np.minimum(worst_channel(residual), CAP / 255), weights=information))
