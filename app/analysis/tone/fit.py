"""Fit the tone map that turns *after* into *before*, robustly."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.analysis.model import Tone, UInt8Array
from app.analysis.threads import in_threads
from app.analysis.tone.block_means import with_block_means
from app.analysis.tone.colours import colour_shifts, misfit_of, votes_on_colours
from app.analysis.tone.curve import Levels, followed_curves
from app.analysis.tone.information import (
    behind_an_edge,
    cells,
    information_in,
    rarity,
    too_plain,
    untouched,
    widespread,
)
from app.analysis.tone.models import (
    LEAST_LEVEL,
    MOST_LEFT,
    SLOPED,
    WAVY,
    Fitted,
    cost,
    drift,
    evenly,
    fit_curve,
    fit_light,
    flattens,
    gain_at,
    stiff,
)
from app.analysis.tone.samples import NARROW, Samples, sample
from app.analysis.tone.solve import CURVE_RIDGE, fit_levels, one_sided
from app.analysis.tone.strength import MISFIT, colourful, fit_vivid, if_told
from app.analysis.tone.tone_map import EVEN_BALANCE, NO_LIGHT, Float, ToneMap

AGREE, UNEXPLAINED = "exposure and light agree", "no exposure or light explains the difference"
AGREED = 0.4 / 255
"""Mean difference that is not worth evening out."""
WELL_FITTED = 1.5 / 255
"""Mean difference that a curve may leave of levels that are known to have become others."""
EVEN = 1.0 / 255
"""Light that differs by less than this over the picture need not be evened out."""
EXPLAINED, WELL_EXPLAINED = 0.85, 0.65
"""What may stay of the difference, or it is not what happened; less for light in waves, which has many weights, and
for tones that count the same, of which a change may hold some."""
SIMPLER = 1.25
"""What light that only slopes may leave more than light in waves."""
FEWEST_LIT, NEARLY_ALL = 0.005, 0.1
"""What samples must tell on average, at least, and the share of the difference that light may leave of so few ..."""
FEWEST_CELLS = 24
"""... and the cells of 8 × 8 over the picture in which they must lie before waves are fitted to them."""


def fit_tone(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Tone, ToneMap | None]:
    """Fit the curve and the light that turn *after* into *before*, robustly.

    The model is linear in its weights: a smooth curve per channel that holds gain, gamma, offset and
    contrast, plus a slow gain over the picture (slopes, bowls and waves) and, where these leave much, a share of
    each colour's distance from grey. It is fitted to small flat patches by iteratively reweighted least squares
    (Tukey's biweight), so real changes do not pull it, and each part is kept only when it clearly lowers the
    residual. Where no noise hides what became of each level, that is fitted.

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
    looked = _look(before, after, valid)
    if looked is None:
        return Tone(reason="too little to judge the exposure on"), None
    seen, information = looked
    if not widespread(information, seen.positions):
        light = _lit(seen, information)
        if light is None:
            return Tone(reason="too little to judge the exposure on"), None
        return _described(light, seen.source), light
    plain = cost(one_sided(seen, seen.source), information)
    if plain < AGREED or untouched(before, after, valid):
        return Tone(reason=AGREE), None
    if too_plain(seen, information):
        return Tone(reason="too few tones to tell light from a change"), None
    tone_map = _explain(seen, information, plain)
    if tone_map is None:
        return Tone(reason=UNEXPLAINED), None
    return _described(tone_map, seen.source), tone_map


def _follow(levels: list[tuple[Levels, Levels]]) -> tuple[Tone, ToneMap] | None:
    """Fit a curve to what the levels of each channel are known to have become; None when no exposure did that.

    Nor is there one where only a narrow range of levels is known, as the rest is clipped or compressed.
    """
    if any(np.ptp(was) < NARROW * 255 for was, _ in levels):
        return None
    curves, left = fit_levels(levels)
    tone_map = ToneMap(curves, NO_LIGHT, EVEN_BALANCE)
    for channel, (_, became) in enumerate(levels):
        source = np.repeat(became[:, None] / 255, 3, axis=1)
        if left[channel] > WELL_FITTED or flattens(curves[:, [channel] * 3], source, np.ones(len(became))):
            return None
    return _described(tone_map, np.stack([became.mean() / 255 for _, became in levels])[None]), tone_map


def _described(tone_map: ToneMap, source: Float) -> Tone:
    level = np.maximum(source.mean(axis=0), LEAST_LEVEL) * tone_map.balance
    red, green, blue = (gain_at(tone_map.curves, level) * tone_map.balance).tolist()
    what = ("light" if len(tone_map.light) else "exposure") + (" and strength of colours" if tone_map.strength else "")
    return Tone(True, (red, green, blue), f"{what} evened out")


def lit_otherwise(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether uneven light explains nearly all that differs, however little there is to tell by.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.

    Returns
    -------
    bool
        False where nothing tells, or nothing differs.
    """
    looked = _look(before, after, np.full(before.shape[:2], 255, np.uint8))
    return looked is not None and _lit(*looked) is not None


def _look(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[Samples, Float] | None:
    """Give samples, of blocks from afar where they are needed, and what each tells."""
    seen = sample(before, after, valid)
    if seen is None:
        return None
    information = information_in(seen)
    more = with_block_means(seen, information, before, after, valid)
    return more, information if more is seen else information_in(more)


def _lit(seen: Samples, information: Float) -> ToneMap | None:
    """Fit light where little tells: most of a page is clipped, or it is thin strokes on black.

    None unless that explains nearly all; light in waves only where there is something to tell by all over.
    """
    plain = cost(one_sided(seen, seen.source), information) if information.mean() >= FEWEST_LIT else 0.0
    if plain < AGREED:
        return None
    all_over = np.unique(cells(seen.positions[information > 0])).size >= FEWEST_CELLS
    for terms in (SLOPED, WAVY) if all_over else (SLOPED,):
        light = fit_light(seen, information, information * rarity(seen, information), stiff(CURVE_RIDGE), terms=terms)
        if light.cost < NEARLY_ALL * plain:
            return None if _only_hides(light, seen, information) else _with_colours(light, seen)
    return None


def _explain(seen: Samples, information: Float, plain: float) -> ToneMap | None:
    """Try a curve, light with it, then a strength of colours; keep the simplest that clearly lowers the cost ``plain``.

    It must lower the cost tone by tone, too: what is painted over much of the picture is a few of its tones.
    """
    weight = information * rarity(seen, information)
    best, ridge = fit_curve(seen, information, weight)
    flat = flattens(best.tone_map.curves, seen.source, information)
    uneven = flat or drift(best.left, seen.positions, information) > EVEN
    # Paper that darkens towards a corner is made even by a flat curve, too, and its noise with it; ink pays.
    ridge = stiff(ridge) if flat else ridge
    if uneven:
        lights = _lights(seen, information, weight, ridge, plain)
        best = next((light for light in lights if _beats(light, best, flat, seen, information)), best)
    if best.cost > MISFIT:
        best = if_told(fit_vivid(seen, information, weight, ridge, best, uneven), best, information)
    if _only_hides(best, seen, information) or not _lowers(best, seen, information, plain):
        return None
    colours = colourful(seen, information)
    if colours is not None and not best.tone_map.strength and cost(best.left, colours) > MISFIT:
        best = if_told(fit_vivid(seen, information, weight, ridge, best, uneven), best, colours)
    return _with_colours(best, seen)


def _with_colours(found: Fitted, seen: Samples) -> ToneMap:
    """Add to a tone map what colours became besides, and what it leaves."""
    votes = votes_on_colours(seen, found.left)
    return replace(found.tone_map, shifts=colour_shifts(votes), misfit=misfit_of(votes))


def _only_hides(found: Fitted, seen: Samples, information: Float) -> bool:
    """Say whether all that a tone map explains is a part of the paper that is darker from its edge on."""
    behind = behind_an_edge(seen, information, found.left)
    if not behind.any():
        return False
    rest = np.where(behind, 0.0, information)
    if not widespread(rest, seen.positions):
        return True
    return cost(found.left, rest) >= EXPLAINED * cost(one_sided(seen, seen.source), rest)


def _lights(seen: Samples, information: Float, weight: Float, ridge: Float, plain: float) -> Iterator[Fitted]:
    """Fit light that slopes and light in waves; give those that explain much, the simplest first.

    Most light does slope, and slopes tell how it goes on where paper is clipped; waves end there.
    """
    terms = SLOPED, WAVY
    sloped, wavy = in_threads(lambda i: fit_light(seen, information, weight, ridge, terms=terms[i]), range(2))
    if sloped.cost < min(EXPLAINED * plain, MOST_LEFT, SIMPLER * wavy.cost + 0.1 / 255):
        yield sloped
    if wavy.cost < min(WELL_EXPLAINED * plain, MOST_LEFT):
        yield wavy


def _beats(light: Fitted, curve: Fitted, flat: bool, seen: Samples, information: Float) -> bool:
    """Say whether light explains more than a curve, or no less than one that no exposure makes.

    A flat curve takes the noise of paper with it: light may leave that, if it leaves no more on one side than on
    the other.
    """
    if not flat:
        return light.cost < 0.85 * curve.cost - 0.05 / 255
    return light.cost < 2.5 * curve.cost + 0.5 / 255 or drift(light.left, seen.positions, information) < EVEN


def _lowers(found: Fitted, seen: Samples, information: Float, plain: float) -> bool:
    """Say whether a tone map clearly lowers the cost ``plain``, and tone by tone besides."""
    tones = evenly(seen.source, information)
    share = cost(found.left, tones) / max(cost(one_sided(seen, seen.source), tones), 1e-9)
    if found.cost < EXPLAINED * plain:
        return share < 1
    # Dark ground that stays as it is may hide in its noise what became of all that is bright on it.
    return found.cost < plain and share < WELL_EXPLAINED
