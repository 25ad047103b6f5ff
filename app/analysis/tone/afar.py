"""Look at thin letters and small icons from afar, where flat patches have few tones."""

import numpy as np

from app.analysis.model import UInt8Array
from app.analysis.resize import reduce_by
from app.analysis.sampling import BRIGHT, strongest_channel
from app.analysis.tone.samples import MOST_DARK, NARROW, STROKE, Samples
from app.analysis.tone.telling import ALL_OVER, SPAN, cells, span_of, widespread
from app.analysis.tone.tone_map import Float

BLOCK = 6
"""Pixels a side of what is looked at as one ..."""
MOST_AFAR = 2_000
"""... and how much of it is."""
MOSTLY = 0.5
"""Share of black patches from which a picture is drawn on black ..."""
THIN = 0.03
"""... and what its patches tell on average up to which it is drawn in thin strokes."""


def with_afar(seen: Samples, telling: Float, before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Samples:
    """Add blocks of other tones, where flat patches have few tones: thin letters and small icons are never flat.

    From afar they are: blur and compression keep the mean of strokes and ground.

    Parameters
    ----------
    seen : Samples
    telling : array (n,), 0 to 1
        What each sample tells, as `samples.telling_of` gives it.
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
    if not telling.any():
        return seen
    low, high = span_of(seen.source, telling)
    on_black = (np.maximum(seen.target, seen.source) <= MOST_DARK).all(axis=1).mean() > MOSTLY
    if (on_black and telling.mean() < THIN) or not widespread(telling, seen.positions):
        low = high = MOST_DARK  # thin strokes tell of all tones, though hardly any is flat
    elif high - low >= NARROW:
        return seen
    whole = valid.copy()
    for pixels in (before, after):
        whole[strongest_channel(pixels) >= BRIGHT] = 0
    target, source = (reduce_by(pixels, BLOCK).reshape(-1, 3) / 255 for pixels in (before, after))
    inside = reduce_by(whole, BLOCK)
    rows, columns = inside.shape
    grey = source.mean(axis=1)
    other = np.flatnonzero((inside.ravel() == 255) & ((grey < low - SPAN / 255) | (grey > high + SPAN / 255)))
    other = np.random.default_rng(0).permutation(other)[:MOST_AFAR]
    positions = np.stack([(other % columns + 0.5) / columns, (other // columns + 0.5) / rows], axis=1)
    if len(np.unique(cells(positions))) < ALL_OVER:
        return seen  # in a few places only, they may be real changes themselves
    return Samples(
        np.concatenate([seen.target, target[other]]),
        np.concatenate([seen.source, source[other]]),
        np.concatenate([seen.positions, positions]),
        np.concatenate([seen.flatness, np.full(len(other), STROKE)]),
        seen.bright,
    )
