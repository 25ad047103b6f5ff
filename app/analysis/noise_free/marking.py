"""Mark what differs between two images without noise, at full resolution and only where tiles are unequal."""

from dataclasses import dataclass

import cv2
import numpy as np

from app.analysis.changed import Changed, at_16_bits
from app.analysis.model import Box, FloatArray, Options, Picture, UInt8Array, UInt16Array
from app.analysis.neighbours import SQUARE
from app.analysis.noise_free.likeness import Likeness
from app.analysis.noise_free.scoring import score_box, score_redrawn_boxes, stack_alpha, strips, threshold_factor
from app.analysis.sampling import stride_for, strongest_difference

_HEAT_PIXELS = 2_000_000
_HEAT_AT_THRESHOLD = 128
_GRAIN_PIXELS = 100_000
GRAINS = 4
"""Times what half of the pixels differ by at 16 bits that belongs to a change there."""
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
    areas, grain = None, _grain(first, second) if options.sensitivity < 100 else 0.0
    if likeness is Likeness.REDRAWN:
        areas = score_redrawn_boxes(first, second, boxes, changed, options, strength)
    for box in boxes:
        if areas is None:
            score_box(first, second, box, options, strength)
        _mark(first, second, box, options, mask, strength, areas, valid, grain)
        _warm(strength, box, factor, heat)
    return Marked(mask, strength, heat, _tight(mask, boxes))


def _tight(mask: UInt8Array, boxes: list[Box]) -> tuple[Box, ...]:
    """Shrink each box to what is marked in it."""
    tight = []
    for box in boxes:
        x, y, width, height = cv2.boundingRect(mask[box.slices])
        if width > 0:
            tight.append(Box(box.x + x, box.y + y, width, height))
    return tuple(tight)


def _mark(
    first: Picture,
    second: Picture,
    box: Box,
    options: Options,
    mask: UInt8Array,
    strength: FloatArray,
    areas: FloatArray | None,
    valid: UInt8Array | None,
    grain: float,
) -> None:
    """Keep each piece of unequal pixels that holds a place above the threshold."""
    inside = box.slices
    scores = strength[inside]
    unequal = np.zeros((box.height, box.width), np.uint8)
    for strip in strips(box):
        rows = slice(strip.y - box.y, strip.y - box.y + strip.height)
        apart = strongest_difference(*stack_alpha(first, second, strip.slices))
        unequal[rows] = _unequal(first, second, strip, apart, options.sensitivity, grain)
        if areas is not None and options.sensitivity < 100:
            unequal[rows] &= _told(apart, scores[rows], areas[strip.slices], options.sensitivity)
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
        np.maximum(scores, unequal > 0, out=scores, casting="unsafe")
        return
    _, labels = cv2.connectedComponents(cv2.dilate(unequal, SQUARE), connectivity=8)
    keep = np.zeros(int(labels.max()) + 1, np.bool_)
    keep[labels[scores >= 1]] = True
    keep[0] = False
    mask[inside] = np.where(keep[labels], unequal, 0)


def _unequal(
    first: Picture, second: Picture, box: Box, apart: UInt8Array, sensitivity: float, grain: float
) -> UInt8Array:
    """Give the pixels that belong to a change when they lie next to one; 255 for each."""
    reach = 1 if sensitivity < 75 else 0
    unequal = apart > reach
    if first.deep is not None or second.deep is not None:
        unequal |= strongest_difference(*_at_16_bits(first, second, box.slices)) > max(64 * reach, GRAINS * grain)
    return np.where(unequal, np.uint8(255), np.uint8(0))


def _grain(first: Picture, second: Picture) -> float:
    """Give what half of the pixels differ by at 16 bits: the noise below a level of 8 bits, or what those rounded."""
    if first.deep is None and second.deep is None:
        return 0.0
    every = stride_for(first.pixels.size // 3, _GRAIN_PIXELS)
    some = slice(None, None, every), slice(None, None, every)
    return float(np.median(strongest_difference(*_at_16_bits(first, second, some))))


def _at_16_bits(first: Picture, second: Picture, part: tuple[slice, slice]) -> list[UInt16Array]:
    return [np.ascontiguousarray(at_16_bits(picture.pixels, picture.deep, part)) for picture in (first, second)]


def _told(apart: UInt8Array, scores: FloatArray, areas: FloatArray, sensitivity: float) -> UInt8Array:
    """Give the pixels of drawings done again that differ more than a drawn edge does, or as areas; 255 for each."""
    near = cv2.dilate((scores > 0.4).astype(np.uint8), SQUARE) > 0
    area = cv2.dilate((areas >= 1).astype(np.uint8), SQUARE) > 0
    told = near & (area | (apart > SEEN * min(1.0, threshold_factor(sensitivity))))
    return np.where(told, np.uint8(255), np.uint8(0))


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
