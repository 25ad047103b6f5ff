"""The weights of a tone map, by iteratively reweighted least squares (Tukey's biweight)."""

import numpy as np

from app.analysis.sampling import DARK, GREY, worst_channel
from app.analysis.tone.curve import Levels
from app.analysis.tone.samples import Samples
from app.analysis.tone.tone_map import WAVES, Float, curve_terms, light_at, orders

ITERATIONS = 12
SETTLED, NARROWED = 0.01 / 255, 5
"""What a round may still change, once so many have brought the weights to their final width, for it to be the last."""
HELD, PULL, PULL_IN_LIGHT = 1e-9, 0.2, 0.01
"""Weights of a bound that holds: it need not pull, but paper that is white to the limit most likely lies at the limit.

Less so in uneven light, which would have to leave all of the paper there.
"""
CURVE_RIDGE = np.array([1e-2, 1e-6, 2e-4, 1e-3, 1e-2, 1e-2])
GAIN_RIDGE = np.where(np.arange(len(CURVE_RIDGE)) == 1, CURVE_RIDGE, 100.0)
"""Leaves a curve nothing but its gain."""
FREE_RIDGE = np.array([2e-5, 1e-6, 2e-5, 1e-4, 1e-2, 2e-5])
"""Leaves a curve free to lift black and to be an S, as "brightness", "levels" and "contrast" do."""
STRENGTH_RIDGE = 5e-5
"""Colours that are hardly any say nothing of their strength."""
ONE_STRENGTH = 1e3
"""How much the strength of a channel is held to that of all: it is one for the picture."""
ONE_LIGHT = 1.0
"""How much the light of a channel is held to that of all: fitted by itself, it takes a coloured change for light."""
LIGHT_RIDGE = np.array([1e-5] * len(orders(2)) + [2e-6 * (i * i + j * j) ** 1.5 for i, j in orders(WAVES)])
"""Fast waves must earn their place."""


def fit(
    seen: Samples, balance: Float, weight: Float, curve_ridge: Float, light_terms: int = 0, vivid: bool = False
) -> tuple[Float, Float]:
    """Fit a curve, light with it, and a strength of colours where ``vivid``, with common robust weights.

    Parameters
    ----------
    seen : Samples
    balance : array (3,)
        Factor of each channel beforehand.
    weight : array (n,), 0 and up
    curve_ridge : array (6,)
        How much each term of the curve is held.
    light_terms : int
        How many terms of `tone_map.light_at` are fitted; none where light is even.
    vivid : bool

    Returns
    -------
    solution : array (terms, 3)
        Weights of `tone_map.curve_terms`, then the strength of colours, then weights of `tone_map.light_at`, for
        each channel.
    residual : array (n, 3), 0 to 1
        What is left of each sample, as `one_sided` counts it.

    References
    ----------
    Holland and Welsch 1977, "Robust regression using iteratively reweighted least-squares".
    """
    light = light_at(seen.positions, light_terms)
    levels = seen.source * balance
    from_grey = levels - (levels @ GREY)[:, None] if vivid else np.empty((len(weight), 0))
    columns = [_columns(levels[:, [channel]], from_grey[:, channel : channel + 1], light) for channel in range(3)]
    common_ridge, own_ridge = _ridges(curve_ridge, int(vivid), light.shape[1])
    identity = np.zeros(len(common_ridge))
    identity[1] = 1.0
    solution = np.tile(identity[:, None], 3)
    residual = one_sided(seen, _fitted(columns, solution))
    target_bound, source_bound = seen.bounds
    bounded = target_bound & ~source_bound
    pull = PULL if light_terms == 0 else PULL_IN_LIGHT
    for round_ in range(ITERATIONS):
        weights = _robust(residual, weight, round_)
        normals = []
        for channel, terms in enumerate(columns):
            holds = np.where(bounded[:, channel], pull * weights, HELD)
            say = np.where(residual[:, channel] == 0, holds, weights)
            normals.append(_normal_equations(terms, seen.target[:, channel], say / say.sum()))
        solution = _solved(normals, identity, common_ridge, own_ridge)
        last, residual = residual, one_sided(seen, _fitted(columns, solution))
        if round_ >= NARROWED and np.abs(residual - last).max() < SETTLED:
            break
    return solution, residual


def _ridges(curve: Float, strengths: int, lights: int) -> tuple[Float, Float]:
    """Give how much each term is held to that of the identity, and in each channel to that of all."""
    common = np.concatenate([curve, np.full(strengths, STRENGTH_RIDGE), LIGHT_RIDGE[:lights]])
    own = np.concatenate(
        [30 * np.maximum(curve, CURVE_RIDGE), np.full(strengths, ONE_STRENGTH), np.full(lights, ONE_LIGHT)]
    )
    own = np.maximum(own, 1e-3)
    own[1] = common[1]
    return common, own


def _normal_equations(terms: Float, target: Float, weights: Float) -> tuple[Float, Float]:
    """Give the sides of the normal equations of one channel: of its terms (k, n), for its target, so weighted."""
    root = np.sqrt(weights)
    weighted = terms * root
    return weighted @ weighted.T, weighted @ (root * target)


def _solved(normals: list[tuple[Float, Float]], identity: Float, common_ridge: Float, own_ridge: Float) -> Float:
    """Solve for one curve and one light for all channels, a gain for each: colours alone must not bend the curve."""
    left, right = (sum(parts) / 3 for parts in zip(*normals, strict=True))
    common = identity + np.linalg.solve(left + np.diag(common_ridge), right - left @ identity)
    own = [common + np.linalg.solve(left + np.diag(own_ridge), right - left @ common) for left, right in normals]
    return np.stack(own, axis=1)


def fit_levels(levels: list[tuple[Levels, Levels]]) -> tuple[Float, Float]:
    """Fit a curve to each channel by itself, from what its levels are known to have become.

    Parameters
    ----------
    levels : list of (was, became)
        For red, green and blue, as `curve.followed_curves` gives them.

    Returns
    -------
    curves : array (6, 3)
        Weights of `tone_map.curve_terms`.
    left : array (3,), 0 to 1
        Mean difference that stays in each channel.
    """
    curves, left = np.zeros((len(FREE_RIDGE), 3)), np.zeros(3)
    for channel, (was, became) in enumerate(levels):
        source, target = became / 255, was / 255
        terms = curve_terms(source)
        # From the identity, so that what hardly matters stays as it is.
        weights = np.linalg.solve(terms.T @ terms + len(source) * np.diag(FREE_RIDGE), terms.T @ (target - source))
        weights[1] += 1
        curves[:, channel], left[channel] = weights, np.abs(target - terms @ weights).mean()
    return curves, left


def _robust(residual: Float, weight: Float, round_: int) -> Float:
    """Give Tukey's weights; start wide: what is far off at first is more often light not yet fitted than a change."""
    size = worst_channel(residual)
    scale = max(6.0 / 255, 4.0 * float(np.median(size[weight > 0])), 60.0 / 255 * 0.6**round_)
    return np.asarray(np.where(size < scale, (1 - (size / scale) ** 2) ** 2, 0.0) * weight + 1e-9)


def _columns(level: Float, from_grey: Float, light: Float) -> Float:
    """Give one row for each term: rows of samples that lie side by side are multiplied faster than columns."""
    return np.ascontiguousarray(np.hstack([curve_terms(level[:, 0]), from_grey, light * level]).T)


def _fitted(columns: list[Float], solution: Float) -> Float:
    return np.stack([solution[:, channel] @ terms for channel, terms in enumerate(columns)], axis=1)


def one_sided(seen: Samples, fitted: Float) -> Float:
    """Give what is left of each sample: clipped values only bound the truth, and what lies beyond is no residual.

    Parameters
    ----------
    seen : Samples
    fitted : array (n, 3), 0 to 1

    Returns
    -------
    array (n, 3), -1 to 1
    """
    target, source = seen.target, seen.source
    residual = target - fitted + 1e-12
    brighter, darker = fitted > target, fitted < target
    target_bound, source_bound = seen.bounds
    dark = DARK / 255
    residual[target_bound & brighter] = 0
    residual[source_bound & darker] = 0
    residual[(target <= dark) & darker] = 0
    residual[(source <= dark) & brighter] = 0
    return residual
