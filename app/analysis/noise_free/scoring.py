"""Score how much the pixels of two images without noise differ beyond what drawing explains, box by box."""

from typing import Any

import numpy as np

from app.analysis.changed import TILE, Changed
from app.analysis.model import Box, FloatArray, Options, Picture
from app.analysis.noise_free.unexplained import MARGIN, score, score_deep, score_redrawn

_STRIP = 4 * TILE
TYPICAL_FACTOR = 2.5
"""In a page drawn again, a letter counts as another from this many times what is typical of it ..."""
LEAST_REDRAWN, MOST_REDRAWN = 2.0, 3.5
"""... within these bounds: the largest that only drawing did to a letter, and what other letters surely reach."""


def threshold_factor(sensitivity: float) -> float:
    """Give the factor on every threshold.

    Parameters
    ----------
    sensitivity : float
        0 to 100.

    Returns
    -------
    float
        1 at 50, 0 at 100, and less than 9 at 0.
    """
    if sensitivity <= 50:
        return float(2.0 ** ((50 - sensitivity) / 16))
    return float(((100 - sensitivity) / 50) ** 1.5)


def explained_share(sensitivity: float) -> float:
    """Give the share of an explained difference that counts all the same.

    Parameters
    ----------
    sensitivity : float
        0 to 100.

    Returns
    -------
    float
        0 up to 50, 1 at 100.
    """
    return max(0.0, (sensitivity - 50) / 50)


def strips(box: Box) -> list[Box]:
    """Cut a box into strips, which keep small what is computed on the way.

    Parameters
    ----------
    box : Box

    Returns
    -------
    list of Box
        From top to bottom, as wide as the box, of at most 256 rows.
    """
    return [
        Box(box.x, top, box.width, min(_STRIP, box.y + box.height - top))
        for top in range(box.y, box.y + box.height, _STRIP)
    ]


def _around(box: Box, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Give the box with a margin, and where the box itself is in that."""
    top, left = max(0, box.y - MARGIN), max(0, box.x - MARGIN)
    bottom, right = min(shape[0], box.y + box.height + MARGIN), min(shape[1], box.x + box.width + MARGIN)
    own = Box(box.x - left, box.y - top, box.width, box.height)
    return (slice(top, bottom), slice(left, right)), own.slices


def score_box(first: Picture, second: Picture, box: Box, options: Options, strength: FloatArray) -> None:
    """Judge the pixels of a box one by one.

    Parameters
    ----------
    first, second : Picture
        Of one size; alpha and 16 bits count where there are any.
    box : Box
        The pixels that are judged.
    options : Options
        ``sensitivity`` is heeded.
    strength : array (height, width), float32
        Is filled in the box: 0 and up, 1 is the threshold.
    """
    strictness, keenness = threshold_factor(options.sensitivity), explained_share(options.sensitivity)
    for strip in strips(box):
        part, own = _around(strip, strength.shape)
        before, after = stack_alpha(first, second, part)
        found = score(before, after, strictness, keenness, strength.size)
        if first.deep is not None and second.deep is not None:
            found = np.maximum(found, score_deep(first.deep[part], second.deep[part], strictness))
        strength[strip.slices] = (found / strictness if strictness > 0 else found)[own]


def score_redrawn_boxes(
    first: Picture, second: Picture, boxes: list[Box], changed: Changed, options: Options, strength: FloatArray
) -> FloatArray | None:
    """Judge all boxes of a page drawn again by what is typical of the pair.

    Parameters
    ----------
    first, second : Picture
        Of one size.
    boxes : list of Box
        What ``changed`` boxes, which holds every unequal pixel.
    changed : Changed
        Its tiles say what is typical.
    options : Options
        ``sensitivity`` is heeded.
    strength : array (height, width), float32
        Is filled in the boxes: 0 and up, 1 is the threshold.

    Returns
    -------
    array (height, width), float32, or None
        What areas alone say, 1 and up for a change; None, and nothing judged, when most of it really differs.
    """
    strictness, keenness = threshold_factor(options.sensitivity), explained_share(options.sensitivity)
    areas = np.zeros_like(strength)
    for strip in (strip for box in boxes for strip in strips(box)):
        part, own = _around(strip, strength.shape)
        found = score_redrawn(*stack_alpha(first, second, part), strictness, keenness)
        strength[strip.slices], areas[strip.slices] = found[0][own], found[1][own]
    typical, typical_area = (_typical(scores, changed) for scores in (strength, areas))
    if max(typical, typical_area) > MOST_REDRAWN:
        return None
    threshold = max(LEAST_REDRAWN, typical)
    areas /= max(1.0, typical_area)
    for box in boxes:
        part = box.slices
        strength[part] = np.maximum(strength[part] / threshold, areas[part]) / max(strictness, 1e-6)
    return areas


def _typical(scores: FloatArray, changed: Changed) -> float:
    """Give what a tile that differs may reach for being drawn again: a few times what half of them do."""
    tiles = (
        scores[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE].max()
        for row, column in np.argwhere(changed.tiles).tolist()
    )
    return TYPICAL_FACTOR * float(np.median(list(tiles)))


def stack_alpha(first: Picture, second: Picture, part: Any) -> tuple[Any, Any]:
    """Give a part of two pictures of one size, with alpha as a fourth channel when either has any.

    Parameters
    ----------
    first, second : Picture
    part : tuple of slice
        Rows and columns.

    Returns
    -------
    tuple of array (height, width, 3 or 4), uint8
    """
    before, after = first.pixels[part], second.pixels[part]
    if first.alpha is None and second.alpha is None:
        return before, after
    opaque = np.full(before.shape[:2], 255, np.uint8)
    alphas = (opaque if picture.alpha is None else picture.alpha[part] for picture in (first, second))
    a, b = (np.dstack([pixels, alpha]) for pixels, alpha in zip((before, after), alphas, strict=True))
    return a, b
