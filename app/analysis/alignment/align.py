"""Bring *after* into the frame of *before* with the simplest transform that fits."""

import math
from dataclasses import replace

import numpy as np

from app.analysis.alignment.bending import find_bend
from app.analysis.alignment.exact import busy_places, exactly_oriented, share_equal
from app.analysis.alignment.fitting import simplest_fit
from app.analysis.alignment.framing import framing_regions
from app.analysis.alignment.intensity import intensity_points
from app.analysis.alignment.layout import find_bands
from app.analysis.alignment.phase_correlation import phase_shift
from app.analysis.alignment.scene import is_unrelated, residual, rows_agree
from app.analysis.alignment.sift import seen_from_elsewhere
from app.analysis.alignment.starts import FEW_POINTS, Tracked, find_track, is_small_move
from app.analysis.alignment.tracking import work_grey
from app.analysis.deadline import Deadline
from app.analysis.geometry import FloatMatrix, corners_apart, frame_matrix, rows, scaling, to_full, turn_of
from app.analysis.model import (
    BENT,
    ELSEWHERE,
    IDENTITY,
    TOP_LEFT,
    Alignment,
    Band,
    Options,
    Picture,
    UInt8Array,
)
from app.analysis.threads import in_threads

Works = list[tuple[UInt8Array, tuple[float, float]]]
WHOLE = 0.3
"""Corners this close to whole pixels may lie on them, when the pixels then prove equal."""
EQUAL, NEARLY = 0.5, 0.95
"""Share of the busy places that must be exactly equal for pictures free of noise, and for such with few changes."""
REMARKABLE = 15.0
"""Degrees from which a turn is worth reporting."""
FLAT = 2
"""Levels within which a picture is one colour: whatever its sides, it shows the same; if one stayed, it grew."""


def align(before: Picture, after: Picture, options: Options, deadline: Deadline) -> Alignment:
    """Find the transform that lays *after* over *before*.

    What is exactly equal is recognised first: rows that moved, the same place, another orientation. Otherwise
    corners of *before* are tracked into *after* (pyramidal Lucas-Kanade on locally normalised grey), from the
    same frame, the likeliest orientation, or a guess from SIFT matches, also mirrored; soft pictures, which have
    none, are laid over each other by their levels. Shift, similarity, affine and homography are fitted to the
    inliers of a MAGSAC homography, and the simplest that explains them is kept, provided that the two pictures
    then look alike; where points agree on a smooth bend besides, that is kept on top of the homography.

    Parameters
    ----------
    before, after : Picture
        RGB uint8 pixels, any two sizes.
    options : Options
        ``align`` "off" only brings both to one size.
    deadline : Deadline
        Checked between the attempts.

    Returns
    -------
    Alignment
        ``matrix`` maps pixel coordinates of *before* to those of *after*; model "none" with a reason
        when nothing needed or allowed a transform.

    References
    ----------
    Bouguet 2001, "Pyramidal implementation of the Lucas Kanade feature tracker";
    Barath et al. 2020, "MAGSAC++, a fast, reliable and accurate robust estimator".
    """
    if options.align == "off":
        return replace(_frame_on_frame(before, after), reason="switched off")
    exact = _exact(before.pixels, after.pixels)
    if exact is not None:
        return exact
    works = in_threads(lambda index: work_grey((before, after)[index].pixels), range(2))
    (grey_before, scale_before), (grey_after, scale_after) = works
    tracked = find_track(grey_before, grey_after, deadline)
    if tracked is not None:
        return _from_track(before, after, works, tracked)
    bands = find_bands(before.pixels, after.pixels, noisy=True)
    if bands:
        return _by_bands(bands, before.pixels, after.pixels)
    slid = _shifted_as_a_whole(before, after, grey_before, grey_after, scale_before, np.eye(3))
    if slid is not None:
        return _snapped_to_pixels(slid, before, after)
    points = intensity_points(grey_before, grey_after)
    if points is not None:
        full = to_full(points[0], scale_before), to_full(points[1], scale_after)
        soft = simplest_fit(*full, before.pixels.shape == after.pixels.shape, 1.0 / min(scale_before))
        return replace(soft or _frame_on_frame(before, after), inliers=None)
    if _unrelated(grey_before, grey_after):
        matrix = rows(frame_matrix(before.pixels.shape, after.pixels.shape))
        reason = ELSEWHERE if seen_from_elsewhere(grey_before, grey_after) else "nothing in common to align on"
        return Alignment(matrix=matrix, reason=reason, same_scene=False)
    return _frame_on_frame(before, after)


def _from_track(before: Picture, after: Picture, works: Works, tracked: Tracked) -> Alignment:
    """Choose what explains where points went: rows that moved, a bend, nothing, or the simplest matrix that fits."""
    (grey_before, scale_before), (grey_after, scale_after) = works
    found = tracked.matrix
    if before.width == after.width and not rows_agree(grey_before, grey_after, found):
        bands = find_bands(before.pixels, after.pixels, noisy=True)
        if bands:
            return _by_bands(bands, before.pixels, after.pixels)
    bend, inliers = find_bend(grey_before, grey_after, found, tracked.near)
    if bend:
        matrix = _at_full_size(found, works)
        return _with_turn_in_words(Alignment("homography", rows(matrix), inliers, BENT, bend=bend))
    same_size = before.pixels.shape == after.pixels.shape
    if is_small_move(found, grey_before, grey_after):
        framed = (
            Alignment(reason="already in place") if same_size else replace(_frame_on_frame(before, after), reason=None)
        )
        frame = frame_matrix(grey_before.shape, grey_after.shape)
        may_be = same_size or framed.model != "none"
        resized = not same_size and _resized(before, after, found, works)
        if may_be and (resized or not _better(grey_before, grey_after, found, frame)):
            return replace(framed, inliers=len(tracked.before))
    full = to_full(tracked.before, scale_before), to_full(tracked.after, scale_after)
    fitted = simplest_fit(*full, same_size, 1.0 / min(scale_before)) or _frame_on_frame(before, after)
    if len(tracked.before) < FEW_POINTS and fitted.model not in ("none", "shift"):
        slid = _shifted_as_a_whole(before, after, grey_before, grey_after, scale_before, found)
        fitted = slid or fitted
    return _with_turn_in_words(_snapped_to_pixels(fitted, before, after))


def _exact(before: UInt8Array, after: UInt8Array) -> Alignment | None:
    """Recognise what needs no tracking, because pixels are exactly equal somewhere."""
    bands = find_bands(before, after)
    if bands:
        return _by_bands(bands, before, after)
    busy = busy_places(before)
    share = share_equal(busy, after, np.eye(3))
    if share > EQUAL:
        # Blocks that JPEG left alike may be equal above a row that moved everything below it.
        bands = find_bands(before, after, noisy=True) if share < NEARLY or before.shape != after.shape else ()
        return _by_bands(bands, before, after) if bands else Alignment(reason="already in place")
    matrix = exactly_oriented(before, busy, after)
    if matrix is None:
        return None
    return _with_turn_in_words(Alignment("affine" if turn_of(matrix)[0] else "similarity", rows(matrix)))


def _shifted_as_a_whole(
    before: Picture,
    after: Picture,
    grey_before: UInt8Array,
    grey_after: UInt8Array,
    scale: tuple[float, float],
    rival: FloatMatrix,
) -> Alignment | None:
    """Find a plain shift that brings work pictures of one size closer than a rival matrix does.

    Points on straight lines slip along them; a few such points make a transform that only they agree with.
    """
    if before.pixels.shape != after.pixels.shape:
        return None
    shift = phase_shift(grey_before, grey_after)
    if shift is None or not _better(grey_before, grey_after, shift, rival):
        return None
    full = scaling(1 / scale[0], 1 / scale[1]) @ shift @ scaling(*scale)
    return Alignment("shift", rows(full))


def _resized(before: Picture, after: Picture, found: FloatMatrix, works: Works) -> bool:
    """Say whether work pictures of two sizes lie over each other as resizing lays them, but for part of a pixel.

    Points say less than that: a few lines that fall between the pixels of the smaller picture move all of them.
    """
    resized = frame_matrix(before.pixels.shape, after.pixels.shape)
    apart = corners_apart(_at_full_size(found, works), resized, before.pixels.shape)
    return apart <= WHOLE * max(1.0, after.width / before.width)


def _at_full_size(found: FloatMatrix, works: Works) -> FloatMatrix:
    """Give the matrix between the pictures when that between their work pictures is known."""
    (_, scale_before), (_, scale_after) = works
    return scaling(1 / scale_after[0], 1 / scale_after[1]) @ found @ scaling(*scale_before)


def _better(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix, rival: FloatMatrix) -> bool:
    """Say whether a matrix clearly brings two work pictures closer than another does."""
    return residual(before, after, matrix) < 0.98 * residual(before, after, rival)


def _unrelated(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether two work pictures show different scenes, laid over each other or from corner to corner."""
    height, width = min(before.shape[0], after.shape[0]), min(before.shape[1], after.shape[1])
    return is_unrelated(before, after) and is_unrelated(before[:height, :width], after[:height, :width])


def _by_bands(bands: tuple[Band, ...], before: UInt8Array, after: UInt8Array) -> Alignment:
    """Follow each band, and say how many rows came and went."""
    alignment = Alignment("shift", bands=bands)
    counts = {"inserted": 0, "removed": 0}
    for was, now, kind in framing_regions(alignment, before.shape[:2], after.shape[:2]):
        counts["inserted"] += now.height if kind != "removed" else 0
        counts["removed"] += was.height if kind != "added" else 0
    words = [f"{count} {'row' if count == 1 else 'rows'} {what}" for what, count in counts.items() if count]
    return replace(alignment, reason=" and ".join(words) or None)


def _snapped_to_pixels(alignment: Alignment, before: Picture, after: Picture) -> Alignment:
    """Put a shift or turn on whole pixels when the pixels prove equal there: then nothing need be resampled."""
    matrix = np.array(alignment.matrix)
    whole = np.rint(matrix)
    if abs(np.linalg.det(whole[:2, :2])) != 1 or alignment.matrix == IDENTITY:
        return alignment
    if corners_apart(matrix, whole, before.pixels.shape) > WHOLE:
        return alignment
    if share_equal(busy_places(before.pixels), after.pixels, whole) <= EQUAL:
        return alignment
    if rows(whole) == IDENTITY:
        return Alignment(inliers=alignment.inliers, reason="already in place")
    return replace(alignment, matrix=rows(whole))


def _with_turn_in_words(alignment: Alignment) -> Alignment:
    """Say in words when *after* is mirrored or clearly turned."""
    mirrored, degrees = turn_of(np.array(alignment.matrix))
    words = []
    if mirrored and abs(degrees) > 180 - REMARKABLE:
        words.append("mirrored top to bottom")
    elif mirrored:
        words.append("mirrored left to right")
    if abs(degrees) >= REMARKABLE and words != ["mirrored top to bottom"]:
        way = "" if round(abs(degrees)) == 180 else " clockwise" if degrees > 0 else " counterclockwise"
        words.append(f"turned {abs(degrees):.0f}°{way}")
    return replace(alignment, reason=" and ".join(words)) if words else alignment


def _frame_on_frame(before: Picture, after: Picture) -> Alignment:
    """Without a fit the frames are laid over each other, or, when no resizing explains them, corner on corner."""
    if before.pixels.shape == after.pixels.shape:
        return Alignment(reason="nothing found to align on")
    matrix = frame_matrix(before.pixels.shape, after.pixels.shape)
    rounding = 1.0 / min(before.pixels.shape[:2] + after.pixels.shape[:2])
    if math.isclose(matrix[0, 0], matrix[1, 1], rel_tol=rounding + 1e-9):
        return Alignment("similarity", rows(matrix), None, "brought to the same size")
    grown = before.width == after.width or before.height == after.height
    if not grown and all(np.ptp(picture.pixels, axis=(0, 1)).max() <= FLAT for picture in (before, after)):
        return Alignment("affine", rows(matrix), None, "brought to the same size")
    return Alignment(reason=TOP_LEFT)
