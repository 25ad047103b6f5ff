"""Name what happened in a region: added, removed, colour, moved or changed.

What the kinds mean, in the order they are tried:

*moved*
    What *after* shows in one region is what *before* showed in another one (or a bit further in the same
    one); both are called moved.
*colour*
    The same structure (texture, edges inside) in other colours or another brightness. On a blank spot that
    stays blank there is no structure to compare: a faint patch is called colour, a strong one a thing.
*added*
    The spot went on like its surroundings in *before* and stands out of them in *after*, or has an outline in *after*
    only; or it was smooth in *before*, without an outline, and has the detail of its surroundings in *after*.
*removed*
    The other way round.
*changed*
    Anything else: something is there in both, and it is not the same.

Each region is judged on a crop with some surroundings, reduced when it is large. Swapping the images swaps
added and removed and leaves the others.
"""

import cv2
import numpy as np

from app.analysis.model import Box, FloatArray, Kind, UInt8Array
from app.analysis.regions.moves import find_moves
from app.analysis.regions.views import BoolArray, Standing, View, core, look_at, stands_out
from app.analysis.sampling import GREY, worst_channel
from app.analysis.threads import in_threads

SIDE, SMALL_SIDE = 96, 24
"""Regions are looked at with this longer side in pixels at most; the small one from the 101st region on."""
LOOKED_AT = 100
TOUCHED = 0.25
"""Share of the clear change in a region from which a pixel counts as changed."""
AGREES = 0.45
"""Correlation of the structure inside from which it is the same structure."""
BLANK, BESIDE_CHANGE = 2.0, 0.025
"""Standard deviation below which there is no structure: in levels, and as a share of the change."""
FADED = 5.0
"""How many times more contrast one image may have than the other and still show the same structure."""
STANDS_OUT, ONE_SIDED, ALONE = 0.15, 0.55, 0.5
"""How far one image must stand out more than the other, and with how many votes, to say added or removed.

A blank region that stands out from ALONE on stands out in one image only.
"""
OUTLINED, STEPPED, OUTVOTED = 0.4, 0.2, 0.3
"""Votes along the outline and their amount that are enough, unless so many inside are against them."""
DETAILED, NATURAL, GRAIN = 2.5, 1.75, 0.5
"""How many times more detail one image has than the other, and than its surroundings at most; levels added to each."""
OWN_OUTLINE = 0.2
STRONG = 105.0
"""Levels of the strongest channel from which a blank patch on a blank spot is a thing, not a stain."""
LUMA = GREY.astype(np.float32)


def kinds_of(before: UInt8Array, after: UInt8Array, found: list[tuple[Box, UInt8Array]]) -> list[Kind]:
    """Name each region.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in the frame of *before*, tone evened.
    found : list of (Box, array (height, width), uint8)
        The box of each region and its members in it (255), most important first: beyond the first
        ``LOOKED_AT`` a region is looked at coarsely and is not searched elsewhere.

    Returns
    -------
    list of "added", "removed", "colour", "moved" or "changed", in the order given
    """

    def look(rank: int) -> tuple[View, Standing]:
        view = look_at(before, after, *found[rank], SIDE if rank < LOOKED_AT else SMALL_SIDE)
        return view, stands_out(view)

    seen = in_threads(look, range(len(found)))
    views, standing = [view for view, _ in seen], [stands for _, stands in seen]
    moved = find_moves(before, after, found[:LOOKED_AT], views[:LOOKED_AT], standing[:LOOKED_AT])
    return ["moved" if rank in moved else _named(view, stands) for rank, (view, stands) in enumerate(seen)]


def _named(view: View, stands: Standing) -> Kind:
    agreement = _structure_agreement(view)
    if agreement is None:
        if abs(stands.amount) < ALONE or _change(view) < STRONG:
            return "colour"
    elif agreement > AGREES:
        return "colour"
    votes = stands.votes
    if abs(votes) < ONE_SIDED or votes * stands.amount < 0 or abs(stands.amount) < STANDS_OUT:
        votes = _outlined(stands) or _detailed(view, stands)
    return "changed" if votes == 0 else "added" if votes > 0 else "removed"


def _outlined(stands: Standing) -> float:
    """Say which image alone shows an outline: -1 *before*, 1 *after*, 0 neither or both."""
    side = float(np.sign(stands.outline))
    clear = abs(stands.outline) > OUTLINED and stands.step * side > STEPPED
    return side if clear and stands.inside * side > -OUTVOTED else 0.0


def _detailed(view: View, stands: Standing) -> float:
    """Say which image alone has the detail of its surroundings where the other is smooth: -1, 1 or 0.

    What is smooth and has an outline of its own is a thing there, and otherwise what is left without one.
    """
    inside = view.inside.astype(np.uint8)
    near, far = (cv2.dilate(inside, np.ones((size, size), np.uint8)) > 0 for size in (5, 9))
    around, within = far & ~near, core(view.inside)
    if not around.any():
        return 0.0
    fine = [_fine(image) for image in (view.before, view.after)]
    was, now = (float(image[within].std()) + GRAIN for image in fine)
    side = -1 if was > now else 1
    natural = max(was, now) / (float(fine[side > 0][around].std()) + GRAIN)
    if max(was, now) < DETAILED * min(was, now) or not 1 / NATURAL < natural < NATURAL:
        return 0.0
    against = -stands.outline * side
    return float(side) if against < 0 else -float(side) if against > OWN_OUTLINE else 0.0


def _fine(image: FloatArray) -> FloatArray:
    """Give the luma of an image less what is coarser than a pixel or two."""
    luma = image @ LUMA
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), 1.2), np.float32)


def _change(view: View) -> float:
    """Give the mean change inside, in levels of the channel that changes most."""
    return max(cv2.mean(cv2.absdiff(view.after, view.before), view.inside.astype(np.uint8))[:3])


def _structure_agreement(view: View) -> float | None:
    """Correlate what is seen inside both images, whatever its colour and brightness.

    Returns
    -------
    float or None
        -1 to 1; 0 when one image shows structure where the other is all but blank; None when both are blank.
    """
    inside = _touched(view)
    was, now = (_structure(image, inside) for image in (view.before, view.after))
    contrast_was, contrast_now = float(was.std()), float(now.std())
    if max(contrast_was, contrast_now) < max(BLANK, BESIDE_CHANGE * _change(view)):
        return None
    if max(contrast_was, contrast_now) > FADED * min(contrast_was, contrast_now):
        return 0.0
    return float(np.corrcoef(was, now)[0, 1])


def _touched(view: View) -> BoolArray:
    """Mark the inside that changed: what stayed as it was between letters or leaves agrees and says nothing."""
    inside = core(view.inside)
    difference = worst_channel(view.after - view.before)
    return np.asarray(inside & (difference >= TOUCHED * np.percentile(difference[inside], 90)), np.bool_)


def _structure(image: FloatArray, inside: BoolArray) -> FloatArray:
    """Give the luma of the inside, less its own slow variation and its finest noise; nothing outside counts."""
    weight = inside.astype(np.float32)
    luma = (image @ LUMA) * weight
    fine, coarse = (
        cv2.GaussianBlur(luma, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4)
        for sigma in (1.0, 5.0)
    )
    return np.asarray((fine - coarse)[inside], np.float32)
