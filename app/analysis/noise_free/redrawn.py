"""Tell a page that was drawn again in its place from one that was blurred, moved or lit otherwise."""

from typing import Any

import cv2
import numpy as np

from app.analysis.changed import Changed
from app.analysis.model import UInt8Array
from app.analysis.neighbours import span
from app.analysis.noise_free.displacement import is_turned_or_scaled
from app.analysis.sampling import Tiles, sample_tiles
from app.analysis.sharpness import blur_explains

_SAMPLED = 80
_FEW, _FEWEST = 200, 0.002
"""With fewer busy pixels (and share of all) there is nothing to tell by."""
_FAINT = 24
_MUCH_TEXTURE = 0.05
"""Texture, of contrasts up to 24, in more than this share of the pixels makes a photo, and light changes all of it."""
_BUSY = 8
_OUTSIDE = 40
"""Levels outside the range of its neighbours in the other image that no way of drawing an edge explains."""
_MOST_OUTSIDE = 0.1
_LEAST_SHARP = 0.9
_CLIPPED = 2
"""Black and white this close to the end of the range stay what they are in other light."""


def drawn_in_place(before: UInt8Array, after: UInt8Array, changed: Changed) -> bool:
    """Say whether what is drawn in two images is as sharp in both, and in the same place.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB, of one size.
    changed : Changed
        What `changed.find_changed` gave for them.

    Returns
    -------
    bool
        True when most busy pixels are equal; otherwise when contrast is the same in both images and few pixels
        lie far outside the range of their neighbours in the other one, and no turn, scale or blur of one image makes
        the other.

    Notes
    -----
    Flat paper stays equal under blur, a slight turn and, where it is clipped, under other light: only its edges tell.
    """
    totals = sum((_look(tiles) for tiles in sample_tiles(before, after, changed, _SAMPLED)), np.zeros(10))
    pixels, busy, equal, informative, informative_equal, faint, faint_equal = totals[:7].tolist()
    contrast, contrast_after = totals[7:9].tolist()
    if busy < max(_FEW, _FEWEST * pixels):
        return True
    if faint > _MUCH_TEXTURE * pixels and faint_equal < 0.5 * faint:
        return False
    if equal > 0.5 * busy and (informative < 0.1 * busy or informative_equal > 0.5 * informative):
        return True
    sharp = min(contrast, contrast_after) > _LEAST_SHARP * max(contrast, contrast_after)
    if not sharp or totals[9] >= _MOST_OUTSIDE * informative or is_turned_or_scaled(before, after):
        return False
    greys = [np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8) for image in (before, after)]
    return not blur_explains(greys[0], greys[1])


def _look(tiles: Tiles) -> Any:
    """Count the busy pixels of tiles, the equal and the misplaced ones, and add up the contrast of both."""
    before, low, high = _ranges(tiles, tiles.before)
    after, low_after, high_after = _ranges(tiles, tiles.after) if tiles.unequal else (before, low, high)
    contrast, contrast_after = high - low, high_after - low_after
    most = np.maximum(contrast, contrast_after)
    inner, same = (before > _CLIPPED) & (before < 255 - _CLIPPED), before == after
    busy, faint = most > _BUSY, inner & (most > 0) & (most <= _FAINT)
    informative = busy & inner
    far = np.zeros_like(busy)
    if tiles.unequal:
        for pair in ((after, high), (low, after), (before, high_after), (low_after, before)):
            far |= cv2.subtract(*pair) > _OUTSIDE
    counts = [busy, busy & same, informative, informative & same, faint, faint & same]
    sums = [contrast[informative].sum(dtype=float), contrast_after[informative].sum(dtype=float)]
    return np.array([busy.size, *(count.sum() for count in counts), *sums, (informative & far).sum()])


def _ranges(tiles: Tiles, image: UInt8Array) -> tuple[Any, Any, Any]:
    """Give the grey of tiles, and the darkest and lightest of the neighbours of each pixel."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    grown = grey, *span(grey)
    plain, low, high = (tiles.inner(values).reshape(-1, tiles.shape[1]) for values in grown)
    return plain, low, high
