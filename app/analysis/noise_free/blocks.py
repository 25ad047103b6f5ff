"""Recognise pictures saved as JPEG once more: what is unequal ends where blocks of 8 × 8 pixels do.

Saved at the quality that it was decoded from, most of a picture comes back as it was. Rounding changes a coefficient
here and there, and with it a block.
"""

from typing import Any

import cv2
import numpy as np

from app.analysis.changed import Changed
from app.analysis.model import UInt8Array
from app.analysis.sampling import strongest_difference

BLOCK = 8
FAINT = 8
"""Levels that rounding changes at most in most blocks."""
STRONG = 16
"""Levels above which a pixel was changed otherwise, and its blocks with it ..."""
WITH_IT = np.ones((35, 35), np.uint8)
"""... which reach so far: a block of halved colours and one row more."""
FILLED = 1 / BLOCK
"""Share of a block of which more is unequal when the block is: interpolated colours reach one row into the next."""
FEWER, BY = 1.2, 3
"""How many times fewer blocks of the grid are unequal than of one half a block aside, and by how many besides."""


def saved_again(before: UInt8Array, after: UInt8Array, changed: Changed) -> bool:
    """Say whether what is faintly unequal keeps to the blocks of a JPEG.

    Parameters
    ----------
    before, after : ndarray
        RGB, one shape (height, width, 3), uint8, of which the first block begins at the corner.
    changed : Changed
        What `changed.find_changed` gave for them.

    Returns
    -------
    bool
        True when such blocks lie apart from what was changed by more; one or two alone say nothing.

    Notes
    -----
    One block of the grid reaches into four of a grid that lies half a block aside; a change made by hand, or by noise,
    lies on either grid alike.

    References
    ----------
    Fan and de Queiroz 2003, "Identification of bitmap compression history: JPEG detection and quantizer estimation".
    """
    on_grid = aside = 0
    for box in changed.boxes(before.shape[:2]):  # of whole tiles, so the grid begins at the corner of each
        apart: Any = strongest_difference(before[box.slices], after[box.slices])
        faint = cv2.inRange(apart, 1, FAINT)
        faint[cv2.dilate(cv2.inRange(apart, STRONG + 1, 255), WITH_IT) > 0] = 0
        on_grid += _unequal_blocks(faint, 0)
        aside += _unequal_blocks(faint, BLOCK // 2)
    return on_grid > 0 and FEWER * on_grid + BY <= aside


def _unequal_blocks(unequal: Any, before: int) -> int:
    """Count the unequal blocks of a grid that begins some pixels before the corner."""
    below, right = (-(length + before) % BLOCK for length in unequal.shape)
    framed = cv2.copyMakeBorder(unequal, before, below, before, right, cv2.BORDER_CONSTANT, value=0)
    size = framed.shape[1] // BLOCK, framed.shape[0] // BLOCK
    share = cv2.resize(framed, size, interpolation=cv2.INTER_AREA)
    return int(np.count_nonzero(share > FILLED * 255 + 1))
