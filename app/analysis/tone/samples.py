"""Look at a picture pair in a few thousand places, to learn what exposure and light did."""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import BRIGHT, DARK, stride_for, strongest_channel
from app.analysis.threads import in_threads

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]

SAMPLES = 8_000
TRIES = 4
RINGING = 8.0
"""Compression moves clipped paper by this many levels."""
EDGY = (24.0, 80.0)
"""Patches with more range than this lie on an edge, where a hair of misregistration looks like light."""
STROKE = 0.3
"""Weight of patches that hold ink and clipped paper: the ink of a thin stroke is never pure."""
AT_LIMIT = 0.02
"""Share of the bright levels that lies at the limit itself where they are clipped."""
MOST_DARK = (DARK + RINGING / 2) / 255
"""Mean, 0 to 1, up to which a patch may be black that noise and ringing moved."""
BLACK = 1.5 / 255
"""Mean, 0 to 1, up to which it was black for certain."""
STAYED = 0.25
"""Share of black patches that are black in both pictures from which on exposure left black alone."""
NARROW = 0.25
"""Span of levels, 0 to 1, within which too little is known of brighter and darker things."""


class Samples(NamedTuple):
    """Small patches, one row each.

    Attributes:
        target, source: shape (n, 3): mean colour in *before* and in *after*, 0 to 1.
        positions: shape (n, 2): x and y over the picture, 0 to 1.
        flatness: shape (n,): 1 is flat, down to 0.
        bright: levels of ``target`` and ``source``, 0 to 1, from which they are clipped; above 1 where nothing is.
        holding: shape (2, n, 3): the means of ``target`` and ``source`` that hold pixels at the limit; None is none.
    """

    target: Float
    source: Float
    positions: Float
    flatness: Float
    bright: tuple[float, float]
    holding: Marks | None = None

    @property
    def bounds(self) -> tuple[Marks, Marks]:
        """Where target and source only say "at least this bright", each of shape (n, 3)."""
        target, source = self.target >= self.bright[0], self.source >= self.bright[1]
        return (target, source) if self.holding is None else (target | self.holding[0], source | self.holding[1])

    def some(self, which: Index) -> "Samples":
        """Give some of them.

        Parameters
        ----------
        which : array (m,), intp
            Their numbers, in the order in which they are wanted.

        Returns
        -------
        Samples
        """
        rows = self.target[which], self.source[which], self.positions[which], self.flatness[which]
        return Samples(*rows, self.bright, None if self.holding is None else self.holding[:, which])

    def joined(self, more: "Samples") -> "Samples":
        """Give these and more.

        Parameters
        ----------
        more : Samples
            Their ``bounds`` are kept, whatever they call bright.

        Returns
        -------
        Samples
        """
        target, source, positions, flatness = (np.concatenate(pair) for pair in zip(self[:4], more[:4], strict=True))
        holding = np.concatenate([self.bounds, more.bounds], axis=1)
        return Samples(target, source, positions, flatness, self.bright, holding)


def sample(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Samples | None:
    """Look at one small even patch per cell of a grid.

    A patch is taken where it is flat and not clipped if the cell has such a place, so that text on clipped
    paper still tells how dark the ink became.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    Samples or None
        About `SAMPLES` patches of 3 × 3 pixels at most, the same ones each time; None where a side has fewer than 5
        pixels, or fewer than 64 patches can be judged.
    """
    height, width = valid.shape
    if min(height, width) < 5:
        return None
    random = np.random.default_rng(0)
    cell = max(2.0, math.sqrt(height * width / SAMPLES))
    top, left = np.mgrid[0 : height - cell / 2 : cell, 0 : width - cell / 2 : cell].reshape(2, -1, 1)
    y = np.clip(top + random.random((len(top), TRIES)) * cell, 1, height - 2).astype(np.intp)
    x = np.clip(left + random.random((len(top), TRIES)) * cell, 1, width - 2).astype(np.intp)
    patches = in_threads(lambda index: _patches((before, after)[index], y, x), range(2))
    (mean_before, range_before, peak_before, low_before), (mean_after, range_after, peak_after, low_after) = patches
    clipped = np.maximum(peak_before, peak_after) >= BRIGHT
    penalty = range_before + range_after + 300.0 * clipped + 3000.0 * (valid[y, x] == 0)
    best = penalty.argmin(axis=1)
    cells = np.arange(len(best))
    seen = valid[y, x][cells, best] > 0
    if seen.sum() < 64:
        return None

    def chosen(values: Any) -> Any:
        return values[cells, best][seen]

    y, x = chosen(y), chosen(x)
    spread, cut = chosen(range_before + range_after), chosen(clipped)
    lows = chosen(low_before), chosen(low_after)
    target, source = chosen(mean_before) / 255, chosen(mean_after) / 255
    unclipped = ~(cut | (lows[0] + lows[1] <= 2 * DARK).all(axis=1))
    edgy = float(np.clip(1.5 * np.median(spread[unclipped] if unclipped.any() else spread), *EDGY))
    mixed = cut & (spread > 4 * RINGING)
    if mixed.any():
        target[mixed], source[mixed], spread[mixed] = _darker_half(before, after, y[mixed], x[mixed])
    flatness = np.where(mixed, STROKE, 1.0) / (1 + (spread / edgy) ** 2)
    flatness *= np.where(_biased(*lows), 0.05, 1.0)
    flatness *= np.where(_strokes(target, source), 0.0, 1.0)
    positions = np.stack([(x + 0.5) / width, (y + 0.5) / height], axis=1)
    return Samples(target, source, positions, flatness, (_limit(before), _limit(after)))


def _strokes(target: Float, source: Float) -> npt.NDArray[np.bool_]:
    """Mark black that is black no more, though much of it stayed so: a share of the paper beside it is in it."""
    black = (target <= BLACK).all(axis=1)
    stayed = black & (source <= MOST_DARK).all(axis=1)
    return np.asarray(black & ~stayed & (stayed.sum() > STAYED * black.sum()))


def _darker_half(before: UInt8Array, after: UInt8Array, y: Index, x: Index) -> tuple[Float, Float, Float]:
    """Give means (n, 3), 0 to 1, and summed ranges (n,) of those pixels of patches that are dark in *before*.

    What is clipped would have been brighter, so that a mean over ink and clipped paper does not follow any curve.
    """
    around = np.array([dy * before.shape[1] + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    places = (y * before.shape[1] + x)[:, None] + around
    was, now = (np.take(image.reshape(-1, 3), places, axis=0).astype(np.float64) for image in (before, after))
    grey = was.mean(axis=2)
    dark = (grey <= (grey.min(axis=1) + grey.max(axis=1))[:, None] / 2)[..., None]
    means = [(colours * dark).sum(axis=1) / dark.sum(axis=1) / 255 for colours in (was, now)]
    spans = [
        (np.where(dark, c, 0.0).max(axis=1) - np.where(dark, c, 255.0).min(axis=1)).max(axis=1) for c in (was, now)
    ]
    return means[0], means[1], spans[0] + spans[1]


def _limit(pixels: UInt8Array) -> float:
    """Give the level, 0 to 1, from which a picture is clipped: white that hardly ever is full white is not."""
    step = stride_for(pixels.size // 3, 100_000)
    some = np.ascontiguousarray(pixels[::step, ::step])
    levels = cv2.calcHist([some.reshape(-1, 1)], [0], None, [256], [0, 256]).ravel()
    return BRIGHT / 255 if levels[255] > AT_LIMIT * levels[BRIGHT:].sum() else 2.0


def _patches(pixels: UInt8Array, y: Index, x: Index) -> tuple[Float, Float, Float, Float]:
    """Give mean (…, 3), largest range (…), peak (…) and low (…, 3) of the 3 by 3 patches around some pixels."""
    colours, width = pixels.reshape(-1, 3), pixels.shape[1]
    middle = y * width + x
    low = np.take(colours, middle, axis=0)
    high, total = low.copy(), low.astype(np.uint16)
    for step in (dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx):
        neighbour = np.take(colours, middle + step, axis=0)
        np.minimum(low, neighbour, out=low)
        np.maximum(high, neighbour, out=high)
        total += neighbour
    widest, peak = strongest_channel(high - low), strongest_channel(high)
    return total / 9.0, widest.astype(np.float64), peak.astype(np.float64), low.astype(np.float64)


def _biased(low_before: Float, low_after: Float) -> npt.NDArray[np.bool_]:
    """Mark patches where noise hit black in one image only: their mean is no longer the truth's."""
    return np.asarray(((low_before <= 0) != (low_after <= 0)).any(axis=-1))
