"""Recognise pairs without noise: screenshots, renders, a file and its edited copy.

Where most of two images is exactly equal, neither alignment nor tone has anything to mend and every other pixel
counts. A page drawn again with another anti-aliasing is free of noise too, though hardly a letter of it is equal.
"""

from dataclasses import dataclass, field
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.changed import Changed
from app.analysis.model import UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.noise_free.blocks import saved_again
from app.analysis.sampling import BRIGHT, DARK, Tiles, sample_tiles, strongest_channel, strongest_difference
from app.analysis.tone.curve import followed_curves
from app.analysis.tone.fit import lit_otherwise

BUSY = 8
"""Contrast to the neighbours, in levels, from which a pixel shows something."""
_SAMPLED = 120
_BLOCK = 32
_FEWEST_BLOCKS = 12
_FEWEST_FLAT = 0.02
_FLAT_TILE = 0.25
_FEWEST_LIT = 8
_LEAST_EXPOSED = 0.01
"""Share of pixels that are unequal, at least, in another exposure."""
_TONES = 16
_FEWEST_TONES = 3
_FEWEST_OF_TONE = 0.001


class Likeness(Enum):
    """What two images of one size are to each other: noisy, equal in most places, or equal but for drawn edges."""

    NOISY = "noisy"
    EQUAL = "equal"
    REDRAWN = "redrawn"


@dataclass(slots=True)
class _Counts:
    """Pixels of sampled tiles, and how many of them are equal."""

    all: int = 0
    busy: int = 0
    busy_equal: int = 0
    textured: int = 0
    textured_equal: int = 0
    flat: int = 0
    flat_equal: int = 0
    flat_nearby: int = 0
    flat_noisy: int = 0
    faint: int = 0
    blocks: int = 0
    blocks_unequal: int = 0
    busy_there: int = 0
    busy_equal_there: int = 0
    tiles_unequal: int = 0
    tiles_lit: int = 0
    tones: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_TONES, np.int64))
    tones_equal: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_TONES, np.int64))


def likeness_of(before: UInt8Array, after: UInt8Array, changed: Changed) -> Likeness:
    """Say whether two images are free of noise, and whether one is the other drawn again.

    Parameters
    ----------
    before, after : ndarray
        RGB, one shape (height, width, 3), uint8.
    changed : Changed
        What `changed.find_changed` gave for them.

    Returns
    -------
    Likeness
        EQUAL when most pixels that show something are equal, also for flat images, which have none; REDRAWN when
        many places are not, though what is flat around them is: every edge may have been drawn again.

    Notes
    -----
    Noise and compression spare no busy place, and ring around it; drawing only touches the edge itself.
    Up to 120 tiles are looked at, spread over the image.
    """
    if changed.unequal == 0:
        return Likeness.EQUAL
    count = _sample(before, after, changed)
    most_equal = (
        count.busy_equal > 0.5 * count.busy
        if count.busy > 0.1 * count.textured
        else count.textured_equal >= 0.5 * count.textured
    )
    still_flats = (
        count.flat > _FEWEST_FLAT * count.all
        and count.flat_equal > 0.9 * count.flat
        and count.flat_noisy < 0.004 * count.flat_nearby
    )
    if not (most_equal or still_flats) or count.faint > 0.02 * count.all:
        return Likeness.NOISY
    if count.tiles_lit >= max(_FEWEST_LIT, 0.5 * count.tiles_unequal) or _all_tones_changed(count):
        return Likeness.NOISY
    much = changed.unequal > _LEAST_EXPOSED * changed.pixels
    if much and followed_curves(before, after) is not None:
        return Likeness.NOISY
    if saved_again(before, after, changed):
        return Likeness.NOISY
    redrawn = (
        count.blocks >= _FEWEST_BLOCKS
        and count.blocks_unequal > 0.25 * count.blocks
        and count.busy_equal_there < 0.8 * count.busy_there
    )
    # Black ground and clipped paper are as equal in another light as around letters that were drawn again.
    if (much or redrawn) and lit_otherwise(before, after):
        return Likeness.NOISY
    return Likeness.REDRAWN if redrawn else Likeness.EQUAL


def _all_tones_changed(count: _Counts) -> bool:
    """Say whether flat places of all tones differ, other than paper and ink at the limits: that is another exposure."""
    found = count.tones > _FEWEST_OF_TONE * count.all
    changed = found & (count.tones_equal < 0.5 * count.tones)
    return bool(found.sum() >= _FEWEST_TONES and changed.sum() > 0.8 * found.sum())


def _sample(before: UInt8Array, after: UInt8Array, changed: Changed) -> _Counts:
    count = _Counts()
    for tiles in sample_tiles(before, after, changed, _SAMPLED):
        _count(tiles, count)
    return count


def _count(tiles: Tiles, count: _Counts) -> None:
    """Add the pixels of tiles; noise is sought where something is unequal, as it would be there too."""
    steep = tiles.cleared(strongest_channel(cv2.morphologyEx(tiles.before, cv2.MORPH_GRADIENT, SQUARE)))
    contrast = tiles.inner(steep)
    flat = tiles.inner(cv2.dilate(steep, np.ones((5, 5), np.uint8))) == 0
    busy, textured = contrast > BUSY, contrast > 0
    busy_in = _in_blocks(busy)
    tones = _tones(tiles, flat)
    count.tones += tones
    count.all += contrast.size
    count.busy += int(busy.sum())
    count.textured += int(textured.sum())
    count.flat += int(flat.sum())
    count.blocks += int((busy_in > 0).sum())
    if not tiles.unequal:
        count.busy_equal += int(busy.sum())
        count.textured_equal += int(textured.sum())
        count.flat_equal += int(flat.sum())
        count.tones_equal += tones
        return
    apart = tiles.inner(strongest_difference(tiles.before, tiles.after))
    equal = apart == 0
    count.tones_equal += _tones(tiles, flat & equal)
    count.busy_equal += int((busy & equal).sum())
    count.textured_equal += int((textured & equal).sum())
    count.flat_equal += int((flat & equal).sum())
    equal_in = _in_blocks(busy & equal)
    touched = busy_in > equal_in
    count.blocks_unequal += int(touched.sum())
    count.busy_there += int(busy_in[touched].sum())
    count.busy_equal_there += int(equal_in[touched].sum())
    unequal, lit = _lit(tiles, flat)
    count.tiles_unequal += unequal
    count.tiles_lit += lit
    alone = tiles.inner(_alone(tiles)) & ~equal
    count.flat_nearby += int(flat.sum())
    count.flat_noisy += int((flat & alone).sum())
    count.faint += int((alone & (apart >= 2) & (apart <= 4)).sum())


def _tones(tiles: Tiles, places: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Count the tones of some places of *before*, but for those at the limits."""
    grey = tiles.inner(cv2.cvtColor(tiles.before, cv2.COLOR_RGB2GRAY))[places & tiles.inner(_unclipped(tiles.before))]
    return np.bincount(grey // (256 // _TONES), minlength=_TONES)


def _unclipped(image: UInt8Array) -> npt.NDArray[np.bool_]:
    """Mark the pixels that have a channel above the lower limit and one below the upper."""
    dark = cv2.inRange(image, (0, 0, 0, 0), (DARK,) * 4)
    return np.asarray(cv2.bitwise_or(dark, cv2.inRange(image, (BRIGHT,) * 4, (255,) * 4)) == 0)


def _lit(tiles: Tiles, flat: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Count the tiles whose flat places differ, and those of them where they do by more and more to one side.

    Uneven light does that, to drawings in pure black and white, too; an edit is flat itself or has an edge.
    """
    before, after = (tiles.inner(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)) for image in (tiles.before, tiles.after))
    apart = after.astype(np.int16) - before
    down = np.abs(np.diff(apart, axis=1)) * (flat[:, 1:] & flat[:, :-1])
    across = np.abs(np.diff(apart, axis=2)) * (flat[:, :, 1:] & flat[:, :, :-1])
    steepest = np.maximum(down.max(axis=(1, 2), initial=0), across.max(axis=(1, 2), initial=0))
    differ = (apart * flat).any(axis=(1, 2)) & (flat.mean(axis=(1, 2)) > _FLAT_TILE)
    return int(differ.sum()), int((differ & (steepest == 1)).sum())


def _in_blocks(pixels: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Count the pixels of each tile (the first axis) in blocks of 32 × 32."""
    starts = [np.arange(0, length, _BLOCK) for length in pixels.shape[1:]]
    rows = np.add.reduceat(pixels, starts[0], axis=1, dtype=np.int16)
    return np.asarray(np.add.reduceat(rows, starts[1], axis=2, dtype=np.int64))


def _alone(tiles: Tiles) -> npt.NDArray[np.bool_]:
    """Mark pixels with no 3 × 3 neighbourhood around them that became lighter or darker as a whole."""
    before, after = tiles.before, tiles.after
    lighter, darker = (cv2.erode(cv2.subtract(*pair), SQUARE) for pair in ((after, before), (before, after)))
    return np.asarray(cv2.dilate(tiles.cleared(strongest_channel(cv2.max(lighter, darker))), SQUARE) == 0)
