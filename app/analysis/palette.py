"""Take out what reducing a picture to a palette did, as GIF and small PNG files do.

Each colour of the palette stands for all that were near it, wherever they are; which they were, the other picture
tells. A change is in one place, and its colours are not among those that its palette's colour stands for elsewhere.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import stride_for

FEWEST, MOST = 64, 256
"""Colours of a palette: drawings often have fewer of their own, files have room for no more."""
FEWEST_USED = 5.0
"""How many colours a picture uses, those that it uses much above all (perplexity): a page of text hardly two."""
BIAS = 4.0
"""Levels by which a colour may differ from the mean of all that it stands for: palettes keep colours, tints do not."""
WIDEST = 60.0
"""Levels between the least and the most that a colour stands for, beyond which it tells nothing."""
BANDS, VOTES = 24, 5
"""Bands of the picture, from top to bottom and from left to right, and how many of either must have seen a colour: a
change lies in fewer."""
TAIL = 0.02
"""Share of the pixels of a band to either side that do not count."""
NEAR = 0.8
"""Share of the way to the nearest other colour up to which all others become this one, wherever that was seen."""
SLACK = 2
"""Levels that the others may lie further out."""
KEPT = 0.2
"""Share of an explained difference that is kept: a tint makes all of a place lighter that is lighter or darker else."""
SAMPLE, FIRST_LOOK = 400_000, 4_000
STRIP = 256
Numbers = npt.NDArray[np.int64]


class Stands(NamedTuple):
    """What colours of a palette stand for.

    Attributes:
        number_of: shape (2**24,), uint8: the number of each colour, packed as `_packed` does.
        low, high: shape (n, 3), uint8: the least and the most of red, green and blue.
    """

    number_of: UInt8Array
    low: UInt8Array
    high: UInt8Array


def without_palette(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Make two pictures alike where they only differ by the palette that one of them was reduced to.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame, tone evened.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    before, after : array (H, W, 3), uint8
        The one with more colours became the other one, but for what the palette does not explain, and a fifth of what
        it does. The same two arrays where neither has a palette, or where it changed more than its colours can tell.
    """
    explained = _explained(after, before, valid)
    if explained is not None:
        return explained, after
    explained = _explained(before, after, valid)
    return before, (after if explained is None else explained)


def as_before_its_palette(pixels: UInt8Array, other: UInt8Array, valid: UInt8Array) -> UInt8Array | None:
    """Give a picture as it was before it was reduced to a palette, as far as another one tells.

    Parameters
    ----------
    pixels, other : array (H, W, 3), uint8
        RGB in one frame, the first one with its palette still.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    array (H, W, 3), uint8, or None
        As far from ``other`` as `without_palette` leaves the two; None where there is no palette, or it changed more
        than its colours can tell.
    """
    explained = _explained(pixels, other, valid)
    if explained is None:
        return None
    left = cv2.subtract(pixels, explained, dtype=cv2.CV_16S)
    return np.asarray(cv2.add(other, left, dtype=cv2.CV_8U), np.uint8)


def has_palette(pixels: UInt8Array) -> bool:
    """Say whether a picture has as few colours as a palette.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    bool
    """
    return _palette_of(pixels) is not None


def _packed(pixels: UInt8Array) -> npt.NDArray[np.uint32]:
    """Give one number for each colour."""
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    return np.asarray((red << 16) | (green << 8) | blue, np.uint32)


def _palette_of(pixels: UInt8Array) -> npt.NDArray[np.intp] | None:
    """Give the colours of a picture, packed and rising, if they are as few as those of a palette."""
    few = stride_for(pixels.shape[0] * pixels.shape[1], FIRST_LOOK)
    if len(np.unique(_packed(pixels[::few, ::few]))) > MOST:
        return None
    there = np.zeros(1 << 24, bool)
    for top in range(0, len(pixels), STRIP):
        there[_packed(pixels[top : top + STRIP])] = True
    colours = np.flatnonzero(there)
    all_grey = bool((colours == (colours & 255) * 0x010101).all())  # 256 of these are all that there are
    return colours if FEWEST <= len(colours) <= MOST and not all_grey else None


def _stands_for(
    pixels: UInt8Array, other: UInt8Array, valid: UInt8Array, colours: npt.NDArray[np.intp]
) -> Stands | None:
    """Read off what each colour of ``pixels`` stands for; None where that is no palette's doing."""
    number_of = np.zeros(1 << 24, np.uint8)
    number_of[colours] = np.arange(len(colours), dtype=np.uint8)
    step = stride_for(valid.size, SAMPLE)
    rows, columns = np.nonzero(valid[::step, ::step] == 255)
    if len(rows) == 0:
        return None
    number = number_of[_packed(pixels[::step, ::step][rows, columns])].astype(np.int64)
    values = other[::step, ::step][rows, columns].astype(np.int64)
    own = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    counts = np.bincount(number, minlength=len(own))
    share = counts / counts.sum()
    sums = np.stack([np.bincount(number, channel, len(own)) for channel in values.T], axis=1)
    bias = np.abs(sums / np.maximum(counts, 1)[:, None] - own).max(axis=1)
    if _perplexity(share) < FEWEST_USED or _median_by(bias, share) > BIAS:
        return None
    height, width = valid[::step, ::step].shape
    ranges = [_range_of(number, band, values, own) for band in (rows * BANDS // height, columns * BANDS // width)]
    low, high = np.minimum(ranges[0][0], ranges[1][0]), np.maximum(ranges[0][1], ranges[1][1])
    if _median_by((high - low).max(axis=1), share) > WIDEST:
        return None
    near = _near(own)
    low, high = np.minimum(low, own - near) - SLACK, np.maximum(high, own + near) + SLACK
    return Stands(number_of, np.clip(low, 0, 255).astype(np.uint8), np.clip(high, 0, 255).astype(np.uint8))


def _perplexity(share: npt.NDArray[np.float64]) -> float:
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def _median_by(values: npt.NDArray[Any], share: npt.NDArray[np.float64]) -> float:
    """Give the median of values that count by their share of the picture."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(share[order]), 0.5)])


def _range_of(number: Numbers, band: Numbers, values: Numbers, own: Numbers) -> tuple[Numbers, Numbers]:
    """Give the least and the most that several bands of the picture have where ``pixels`` have a colour."""
    low, high = own.copy(), own.copy()
    key = number * BANDS + band
    for channel in range(3):
        order = np.sort(key * 256 + values[:, channel])
        starts = np.flatnonzero(np.diff(order // 256, prepend=-1))
        count = np.diff(starts, append=len(order))
        tail = (count * TAIL).astype(np.intp)
        least, most = np.full((2, len(own) * BANDS), [[256], [-1]])
        least[order[starts] // 256] = order[starts + tail] % 256
        most[order[starts] // 256] = order[starts + count - 1 - tail] % 256
        low[:, channel] = np.sort(least.reshape(-1, BANDS))[:, VOTES - 1]
        high[:, channel] = np.sort(most.reshape(-1, BANDS))[:, -VOTES]
    return np.minimum(low, own), np.maximum(high, own)


def _near(own: Numbers) -> Numbers:
    """Give how far around each colour all others become it, shape (n, 1)."""
    apart = np.linalg.norm(own[:, None] - own, axis=2) + 512 * np.eye(len(own))
    return np.asarray(NEAR * apart.min(axis=1, keepdims=True), np.int64)


def _explained(pixels: UInt8Array, other: UInt8Array, valid: UInt8Array) -> UInt8Array | None:
    """Give ``pixels``, plus what of ``other`` lies outside what its colours stand for; None if no palette's."""
    colours = _palette_of(pixels)
    stands = None if colours is None else _stands_for(pixels, other, valid, colours)
    if stands is None:
        return None
    out = np.empty_like(other)
    for top in range(0, len(pixels), STRIP):
        rows = slice(top, top + STRIP)
        mine: Any = pixels[rows]
        theirs: Any = other[rows]
        number = stands.number_of[_packed(mine)]
        inside = cv2.min(cv2.max(theirs, stands.low[number]), stands.high[number])
        kept = cv2.addWeighted(mine, 1 - KEPT, inside, KEPT, 0)
        out[rows] = cv2.subtract(cv2.add(kept, cv2.subtract(theirs, inside)), cv2.subtract(inside, theirs))
    return out
