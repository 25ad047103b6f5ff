"""Lay *after* over *before*: as it is when the two are free of noise, else as `align` says."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from app.analysis.alignment.align import align
from app.analysis.alignment.coarsening import coarsened, smoothed
from app.analysis.alignment.layout import find_bands
from app.analysis.alignment.warping import warp_to_before
from app.analysis.changed import TILE, Changed, at_16_bits
from app.analysis.deadline import Deadline
from app.analysis.measures.metrics import find_measured_changes
from app.analysis.model import IDENTITY, Alignment, Options, Picture, UInt8Array
from app.analysis.noise_free.likeness import Likeness, likeness_of
from app.analysis.noise_free.redrawn import drawn_in_place
from app.analysis.palette import as_before_its_palette, has_palette

_TALL = 0.5
"""Share of the rows of tiles from the first change down that rows which moved have changed, too."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Two pictures that lie over each other.

    Attributes:
        alignment: how they came to.
        before: the first picture as it is to be compared: as coarse as the second where that was made smaller.
        after: the second picture in the frame of the first; alpha and 16 bits only when no pixel was resampled.
        valid: shape (height, width), uint8, 0 where *after* shows nothing; *after* is equal to *before* there
            when no pixel was resampled.
        given: where the two are unequal as given; None when they have two sizes.
        changed: where they are unequal laid over each other; None when pixels were resampled.
        likeness: whether what is unequal is noise.
    """

    alignment: Alignment
    before: Picture
    after: Picture
    valid: UInt8Array
    given: Changed | None
    changed: Changed | None
    likeness: Likeness


def lay(first: Picture, second: Picture, options: Options, deadline: Deadline, given: Changed | None = None) -> Laid:
    """Lay the second picture over the first.

    Parameters
    ----------
    first, second : Picture
        *before* and *after*, any two sizes.
    options : Options
        ``align`` "off" only brings both to one size.
    deadline : Deadline
        Checked between attempts to align.
    given : Changed, optional
        Where the two are unequal as given, when the caller knows it already.

    Returns
    -------
    Laid
    """
    if first.pixels.shape == second.pixels.shape:
        given = given or _changes(first, second)
        if given.unequal == 0:
            second = replace(second, pixels=first.pixels)  # one array: what knows it need not compute twice
        likeness = _likeness(first.pixels, second.pixels, given)
        if likeness is not Likeness.NOISY and not (options.align == "auto" and _rows_moved(first, second, given)):
            reason = "switched off" if options.align == "off" else "already in place"
            everywhere = np.full(first.pixels.shape[:2], 255, np.uint8)
            return Laid(Alignment(reason=reason), first, second, everywhere, given, given, likeness)
    alignment = align(first, second, options, deadline)
    if given is not None and alignment.matrix == IDENTITY and not alignment.bands:
        everywhere = np.full(first.pixels.shape[:2], 255, np.uint8)
        return Laid(alignment, first, second, everywhere, given, given, Likeness.NOISY)
    if options.sensitivity < 100 and not _is_whole(alignment):
        second = _as_before_its_palette(first, second, alignment)
    pixels, valid = warp_to_before(second.pixels, alignment, first.pixels.shape[:2])
    if alignment.same_scene and _is_whole(alignment):
        return _laid_exactly(first, second, alignment, pixels, valid, given)
    coarse = coarsened(first.pixels, second.pixels, alignment)
    before = first if coarse is None else replace(first, pixels=coarse, alpha=None, deep=None)
    after = replace(second, pixels=pixels, alpha=None, deep=None)
    return Laid(alignment, before, after, valid, given, None, Likeness.NOISY)


def _as_before_its_palette(first: Picture, second: Picture, alignment: Alignment) -> Picture:
    """Undo the palette of *after* where it still has it: resampling makes new colours of a few old ones."""
    if not alignment.same_scene or alignment.bands or alignment.bend or not has_palette(second.pixels):
        return second
    matrix, (height, width) = np.array(alignment.matrix), second.pixels.shape[:2]
    seen = smoothed(first.pixels, matrix, (width, height))
    shown = np.full(first.pixels.shape[:2], 255, np.uint8)
    valid = cv2.warpPerspective(shown, matrix, (width, height), flags=cv2.INTER_NEAREST)
    restored = as_before_its_palette(second.pixels, np.asarray(seen, np.uint8), np.asarray(valid, np.uint8))
    return second if restored is None else replace(second, pixels=restored)


def _likeness(before: UInt8Array, after: UInt8Array, changed: Changed) -> Likeness:
    likeness = likeness_of(before, after, changed)
    if likeness is Likeness.NOISY or changed.unequal == 0 or drawn_in_place(before, after, changed):
        return likeness
    return Likeness.NOISY


def _rows_moved(first: Picture, second: Picture, changed: Changed) -> bool:
    """Say whether rows came or went: not worth looking for when most rows below the first change are equal."""
    if changed.box is None:
        return False
    below = changed.tiles[changed.box.y // TILE :].any(axis=1)
    return bool(below.mean() > _TALL) and bool(find_bands(first.pixels, second.pixels))


def _is_whole(alignment: Alignment) -> bool:
    """Say whether pixels only changed places."""
    matrix = np.array(alignment.matrix)
    unscaled = np.array_equal(np.sort(np.abs(matrix[:2, :2]), axis=1), [[0, 1], [0, 1]])
    return unscaled and np.array_equal(matrix, np.rint(matrix)) and np.array_equal(matrix[2], [0, 0, 1])


def _laid_exactly(
    first: Picture, second: Picture, alignment: Alignment, pixels: UInt8Array, valid: UInt8Array, given: Changed | None
) -> Laid:
    """Lay alpha and 16 bits too, and look for noise again."""
    shape, nearest = first.pixels.shape[:2], cv2.INTER_NEAREST
    alpha, deep = second.alpha, second.deep
    if alpha is not None:
        alpha, _ = warp_to_before(alpha, alignment, shape, interpolation=nearest)
    if deep is not None:
        deep, _ = warp_to_before(deep, alignment, shape, interpolation=nearest)
    hidden = valid == 0
    if hidden.any():
        pixels = pixels.copy()
        pixels[hidden] = first.pixels[hidden]
        if alpha is not None:
            alpha[hidden] = 255 if first.alpha is None else first.alpha[hidden]
        if deep is not None:
            deep[hidden] = at_16_bits(first.pixels, first.deep, hidden)
    after = replace(second, pixels=pixels, alpha=alpha, deep=deep)
    changed = _changes(first, after, valid)
    return Laid(alignment, first, after, valid, given, changed, _likeness(first.pixels, pixels, changed))


def _changes(first: Picture, second: Picture, valid: UInt8Array | None = None) -> Changed:
    return find_measured_changes(
        first.pixels,
        second.pixels,
        alpha=(first.alpha, second.alpha),
        deep=(first.deep, second.deep),
        valid=valid,
    )
