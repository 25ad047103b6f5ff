"""Mark what differs between two images without noise, at full resolution and only where tiles are unequal."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from app.analysis.changed import TILE, Changed
from app.analysis.model import Box, FloatArray, Options, Picture, UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.noise_free.likeness import Likeness
from app.analysis.noise_free.unexplained import MARGIN, difference, score, score_deep, score_redrawn

_HEAT_PIXELS = 2_000_000
_HEAT_AT_THRESHOLD = 128
_STRIP = 4 * TILE
TYPICAL_FACTOR = 2.5
"""In a page drawn again, a letter counts as another from this many times what is typical of it ..."""
LEAST_REDRAWN, MOST_REDRAWN = 2.0, 3.5
"""... within these bounds: the largest that only drawing did to a letter, and what other letters surely reach."""
SEEN = 24
"""Levels from which a pixel counts as part of another letter where everything is drawn again."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What `mark_changes` finds.

    Attributes:
        mask: shape (height, width), uint8, 255 where something is changed.
        strength: shape (height, width), float32; 1 is the threshold.
        heat: the same as uint8 (128 is the threshold), reduced to at most about 2 megapixels.
        boxes: rectangles that hold every marked pixel.
    """

    mask: UInt8Array
    strength: FloatArray
    heat: UInt8Array
    boxes: tuple[Box, ...]


def mark_changes(
    first: Picture,
    second: Picture,
    changed: Changed,
    likeness: Likeness,
    options: Options,
    valid: UInt8Array | None = None,
) -> Marked:
    """Mark what is changed between two images without noise.

    Parameters
    ----------
    first, second : Picture
        Of one size.
    changed : Changed
        What `metrics.find_measured_changes` gave for them.
    likeness : Likeness
        What `likeness.likeness_of` said: whether edges may be drawn again.
    options : Options
        ``sensitivity`` and ``ignore`` are heeded.
    valid : array (height, width), uint8, optional
        0 where *second* shows nothing.

    Returns
    -------
    Marked
        At sensitivity 100 the mask holds exactly the unequal pixels.
    """
    height, width = first.pixels.shape[:2]
    factor = max(1, int(np.ceil(np.sqrt(height * width / _HEAT_PIXELS))))
    mask = np.zeros((height, width), np.uint8)
    strength = np.zeros((height, width), np.float32)
    heat = np.zeros((-(-height // factor), -(-width // factor)), np.uint8)
    boxes = changed.boxes((height, width))
    areas = None
    if likeness is Likeness.REDRAWN:
        areas = _score_redrawn(first, second, boxes, changed, options, strength)
    for box in boxes:
        if areas is None:
            _score(first, second, box, options, strength)
        _mark(first, second, box, options, mask, strength, areas, valid)
        _warm(strength, box, factor, heat)
    return Marked(mask, strength, heat, _tight(mask, boxes))


def strictness_of(sensitivity: float) -> float:
    """Give the factor on every threshold: 1 at 50, 0 at 100, and less than 9 at 0."""
    if sensitivity <= 50:
        return float(2.0 ** ((50 - sensitivity) / 16))
    return float(((100 - sensitivity) / 50) ** 1.5)


def keenness_of(sensitivity: float) -> float:
    """Give the share of an explained difference that counts all the same: 0 up to 50, 1 at 100."""
    return max(0.0, (sensitivity - 50) / 50)


def _tight(mask: UInt8Array, boxes: list[Box]) -> tuple[Box, ...]:
    """Shrink each box to what is marked in it."""
    tight = []
    for box in boxes:
        x, y, width, height = cv2.boundingRect(mask[_slices(box)])
        if width > 0:
            tight.append(Box(box.x + x, box.y + y, width, height))
    return tuple(tight)


def _strips(box: Box) -> list[Box]:
    """Cut a box into strips, which keep small what is computed on the way."""
    return [
        Box(box.x, top, box.width, min(_STRIP, box.y + box.height - top))
        for top in range(box.y, box.y + box.height, _STRIP)
    ]


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)


def _around(box: Box, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Give the box with a margin, and where the box itself is in that."""
    top, left = max(0, box.y - MARGIN), max(0, box.x - MARGIN)
    bottom, right = min(shape[0], box.y + box.height + MARGIN), min(shape[1], box.x + box.width + MARGIN)
    own = Box(box.x - left, box.y - top, box.width, box.height)
    return (slice(top, bottom), slice(left, right)), _slices(own)


def _score(first: Picture, second: Picture, box: Box, options: Options, strength: FloatArray) -> None:
    """Judge the pixels of a box."""
    strictness, keenness = strictness_of(options.sensitivity), keenness_of(options.sensitivity)
    for strip in _strips(box):
        part, own = _around(strip, strength.shape)
        before, after = with_alpha(first, second, part)
        found = score(before, after, strictness, keenness, strength.size)
        if first.deep is not None and second.deep is not None:
            found = np.maximum(found, score_deep(first.deep[part], second.deep[part], strictness))
        strength[_slices(strip)] = (found / strictness if strictness > 0 else found)[own]


def _score_redrawn(
    first: Picture, second: Picture, boxes: list[Box], changed: Changed, options: Options, strength: FloatArray
) -> FloatArray | None:
    """Judge all boxes by what is typical of the pair, and give what areas alone say.

    None, and nothing judged, when most of it really differs.
    """
    strictness, keenness = strictness_of(options.sensitivity), keenness_of(options.sensitivity)
    areas = np.zeros_like(strength)
    for strip in (strip for box in boxes for strip in _strips(box)):
        part, own = _around(strip, strength.shape)
        found = score_redrawn(*with_alpha(first, second, part), strictness, keenness)
        strength[_slices(strip)], areas[_slices(strip)] = found[0][own], found[1][own]
    typical, typical_area = (_typical(scores, changed) for scores in (strength, areas))
    if max(typical, typical_area) > MOST_REDRAWN:
        return None
    threshold = max(LEAST_REDRAWN, typical)
    areas /= max(1.0, typical_area)
    for box in boxes:
        part = _slices(box)
        strength[part] = np.maximum(strength[part] / threshold, areas[part]) / max(strictness, 1e-6)
    return areas


def _typical(scores: FloatArray, changed: Changed) -> float:
    """Give what a tile that differs may reach for being drawn again: a few times what half of them do."""
    tiles = (
        scores[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE].max()
        for row, column in np.argwhere(changed.tiles).tolist()
    )
    return TYPICAL_FACTOR * float(np.median(list(tiles)))


def _mark(
    first: Picture,
    second: Picture,
    box: Box,
    options: Options,
    mask: UInt8Array,
    strength: FloatArray,
    areas: FloatArray | None,
    valid: UInt8Array | None,
) -> None:
    """Keep each piece of unequal pixels that holds a place above the threshold."""
    inside = _slices(box)
    scores = strength[inside]
    unequal = np.zeros((box.height, box.width), np.uint8)
    for strip in _strips(box):
        rows = slice(strip.y - box.y, strip.y - box.y + strip.height)
        apart = difference(*with_alpha(first, second, _slices(strip)))
        unequal[rows] = _unequal(first, second, strip, apart, options.sensitivity)
        if areas is not None and options.sensitivity < 100:
            unequal[rows] &= _told(apart, scores[rows], areas[_slices(strip)], options.sensitivity)
    if valid is not None:
        scores[valid[inside] == 0] = 0
        unequal[valid[inside] == 0] = 0
    for ignored in options.ignore:
        y, x = max(0, ignored.y - box.y), max(0, ignored.x - box.x)
        below, right = max(0, ignored.y + ignored.height - box.y), max(0, ignored.x + ignored.width - box.x)
        scores[y:below, x:right] = 0
        unequal[y:below, x:right] = 0
    if options.sensitivity >= 100:
        mask[inside] = unequal
        np.maximum(scores, unequal, out=scores, casting="unsafe")
        return
    _, labels = cv2.connectedComponents(cv2.dilate(unequal, SQUARE), connectivity=8)
    keep = np.zeros(int(labels.max()) + 1, np.bool_)
    keep[labels[scores >= 1]] = True
    keep[0] = False
    mask[inside] = np.where(keep[labels], unequal, 0)


def _unequal(first: Picture, second: Picture, box: Box, apart: UInt8Array, sensitivity: float) -> UInt8Array:
    """Give the pixels that belong to a change when they lie next to one; 255 for each."""
    reach = 1 if sensitivity < 75 else 0
    part = _slices(box)
    unequal = apart > reach
    if first.deep is not None or second.deep is not None:
        deep = [
            p.pixels[part].astype(np.uint16) * np.uint16(257) if p.deep is None else p.deep[part]
            for p in (first, second)
        ]
        unequal |= difference(*deep) > 64 * reach
    return np.where(unequal, np.uint8(255), np.uint8(0))


def _told(apart: UInt8Array, scores: FloatArray, areas: FloatArray, sensitivity: float) -> UInt8Array:
    """Give the pixels of drawings done again that differ more than a drawn edge does, or as areas; 255 for each."""
    near = cv2.dilate((scores > 0.4).astype(np.uint8), SQUARE) > 0
    area = cv2.dilate((areas >= 1).astype(np.uint8), SQUARE) > 0
    told = near & (area | (apart > SEEN * min(1.0, strictness_of(sensitivity))))
    return np.where(told, np.uint8(255), np.uint8(0))


def with_alpha(first: Picture, second: Picture, part: Any) -> tuple[Any, Any]:
    """Give a part of both, with alpha as a fourth channel when either has any."""
    before, after = first.pixels[part], second.pixels[part]
    if first.alpha is None and second.alpha is None:
        return before, after
    opaque = np.full(before.shape[:2], 255, np.uint8)
    alphas = (opaque if picture.alpha is None else picture.alpha[part] for picture in (first, second))
    a, b = (np.dstack([pixels, alpha]) for pixels, alpha in zip((before, after), alphas, strict=True))
    return a, b


def _warm(strength: FloatArray, box: Box, factor: int, heat: UInt8Array) -> None:
    """Draw the strength of a box into the reduced picture: of each block of pixels the strongest."""
    top, left = box.y // factor, box.x // factor
    bottom, right = -(-(box.y + box.height) // factor), -(-(box.x + box.width) // factor)
    part = strength[top * factor : bottom * factor, left * factor : right * factor]
    padded = np.zeros(((bottom - top) * factor, (right - left) * factor), np.float32)
    padded[: part.shape[0], : part.shape[1]] = part
    rows = padded.reshape(bottom - top, factor, -1).max(axis=1)
    blocks = np.maximum.reduce([rows[:, column::factor] for column in range(factor)])
    warm = np.clip(blocks * _HEAT_AT_THRESHOLD, 0, 255).astype(np.uint8)
    target = heat[top:bottom, left:right]
    np.maximum(target, warm, out=target)
