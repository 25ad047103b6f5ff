"""Tell how strong a camera makes colours: beside light that explains little, or by the few strong colours there are."""

import numpy as np

from app.analysis.tone.information import cells
from app.analysis.tone.models import MOST_LEFT, Fitted, cost, fit_light, tone_map_of
from app.analysis.tone.samples import Samples
from app.analysis.tone.solve import fit
from app.analysis.tone.tone_map import Float

MISFIT = 1.5 / 255
"""Mean difference left from which colours may be stronger or paler ..."""
TOLD = 0.75
"""... if that leaves no more than this share of it ..."""
STRENGTHS = 0.02, 0.5
"""... and they are so by these shares of their distance from grey."""
COLOURED, COLOURED_CELLS = 0.15, 8
"""How far from grey colours are that tell of their strength, 0 to 1, and the cells over the picture that need some."""


def fit_vivid(
    seen: Samples, information: Float, weight: Float, ridge: Float, plain: Fitted, uneven: bool
) -> Fitted | None:
    """Fit a strength of colours besides a curve, and light.

    Parameters
    ----------
    seen, information, weight, ridge
        As in `models.fit_light`.
    plain : Fitted
        What was fitted without, whose colour cast is kept where light is even.
    uneven : bool
        Whether light is fitted.

    Returns
    -------
    Fitted or None
        None where colours are next to nothing stronger or paler, or more than a camera makes them.
    """
    if uneven:
        vivid = fit_light(seen, information, weight, ridge, vivid=True)
    else:
        balance = plain.tone_map.balance
        weights, left = fit(seen, balance, weight, ridge, vivid=True)
        vivid = Fitted(tone_map_of(weights, len(ridge), True, balance), left, cost(left, information))
    least, most = STRENGTHS
    return vivid if least < abs(vivid.tone_map.strength) < most else None


def if_told(vivid: Fitted | None, plain: Fitted, colours: Float) -> Fitted:
    """Choose between a fit with a strength of colours and one without.

    Parameters
    ----------
    vivid : Fitted or None
    plain : Fitted
    colours : array (n,), 0 and up
        What each sample tells of that strength.

    Returns
    -------
    Fitted
        The vivid one, if it leaves clearly less of what tells, and no more of the rest.
    """
    if vivid is None or vivid.cost > plain.cost:
        return plain
    return vivid if cost(vivid.left, colours) < min(TOLD * cost(plain.left, colours), MOST_LEFT) else plain


def colourful(seen: Samples, information: Float) -> Float | None:
    """Weigh samples by how far they are from grey.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        What each sample tells.

    Returns
    -------
    array (n,), 0 to 1, or None
        None when what is coloured lies in few places.
    """
    away = np.ptp(seen.source, axis=1)
    away = np.where(away > COLOURED, away, 0.0) * information
    return away if np.unique(cells(seen.positions[away > 0])).size >= COLOURED_CELLS else None
