"""Look at thin letters and small icons from afar, where flat patches have few tones."""

import cv2
import numpy as np

from app.analysis.model import UInt8Array
from app.analysis.resize import reduce_by
from app.analysis.sampling import BRIGHT
from app.analysis.tone.information import ALL_OVER, SPAN, cells, span_of, widespread
from app.analysis.tone.samples import MOST_DARK, NARROW, STROKE, Index, Marks, Samples
from app.analysis.tone.tone_map import Float

BLOCK = 6
"""Pixels a side of what is looked at as one ..."""
MOST_AFAR = 2_000
"""... and how much of it is."""
MOSTLY = 0.5
"""Share of black patches from which a picture is drawn on black ..."""
THIN = 0.03
"""... and what its patches tell on average up to which it is drawn in thin strokes."""


def with_block_means(
    seen: Samples, information: Float, before: UInt8Array, after: UInt8Array, valid: UInt8Array
) -> Samples:
    """Add blocks of other tones, where flat patches have few tones: thin letters and small icons are never flat.

    From afar they are: blur and compression keep the mean of strokes and ground.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        How much each sample tells, as `information.information_in` gives it.
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    Samples
        With up to 2000 more; as it was where what tells spans a quarter of the levels and lies all over a picture
        that is not drawn on black, and where other tones lie in a few places only.
    """
    if not information.any():
        return seen
    low, high = span_of(seen.source, information)
    black = (np.maximum(seen.target, seen.source) <= MOST_DARK).all(axis=1)
    thin = black.mean() > MOSTLY and information.mean() < THIN
    if thin or not widespread(information, seen.positions):
        low = high = MOST_DARK  # thin strokes tell of all tones, though hardly any is flat
    elif high - low >= NARROW:
        return seen
    more = _blocks(before, after, valid, (255 * low - SPAN, 255 * high + SPAN), partly_bright=thin)
    if len(np.unique(cells(more.positions))) < ALL_OVER:
        return seen  # in a few places only, they may be real changes themselves
    if thin:  # noise lifts black, of which blocks are most
        lifted = seen.target[black].mean(axis=0), seen.source[black].mean(axis=0)
        target, source = np.maximum(more.target - lifted[0], 0.0), np.maximum(more.source - lifted[1], 0.0)
        more = more._replace(target=target, source=source)
    return seen.joined(more)


def _blocks(
    before: UInt8Array, after: UInt8Array, valid: UInt8Array, span: tuple[float, float], partly_bright: bool
) -> Samples:
    """Average some blocks of levels outside a span.

    Those that hold pixels as bright as can be are left out, or, as strokes on black may all be so bright, only those
    that do in both images: what is left of a stroke says at least how much darker it became.
    """
    inside = reduce_by(valid, BLOCK)
    rows, columns = inside.shape
    holding = np.stack([_holding(pixels) for pixels in (before, after)])
    left_out = holding.all(axis=(0, 2)) if partly_bright else holding.any(axis=(0, 2))
    grey = reduce_by(after, BLOCK).reshape(-1, 3).mean(axis=1)
    chosen = np.flatnonzero((inside.ravel() == 255) & ~left_out & ((grey < span[0]) | (grey > span[1])))
    chosen = np.random.default_rng(0).permutation(chosen)[:MOST_AFAR]
    y, x = chosen // columns, chosen % columns
    positions = np.stack([(x + 0.5) / columns, (y + 0.5) / rows], axis=1)
    target, source = (_means(pixels, y, x) for pixels in (before, after))
    return Samples(target, source, positions, np.full(len(chosen), STROKE), (2.0, 2.0), holding[:, chosen])


def _holding(pixels: UInt8Array) -> Marks:
    """Mark the channels, shape (n, 3), of blocks that hold pixels as bright as can be."""
    at_limit = cv2.threshold(pixels, BRIGHT - 1, 255, cv2.THRESH_BINARY)[1]
    return np.asarray(reduce_by(at_limit, BLOCK).reshape(-1, 3) > 0)


def _means(pixels: UInt8Array, y: Index, x: Index) -> Float:
    """Give the mean colours, 0 to 1, of some blocks: rounded they would be off by more than light may leave."""
    rows, columns = (BLOCK * numbers[:, None] + np.arange(BLOCK) for numbers in (y, x))
    return np.asarray(pixels[rows[:, :, None], columns[:, None]].mean(axis=(1, 2)) / 255)
