"""Say how alike two pictures are, whatever their light: is it one scene, and which way up is it?"""

import math

import cv2
import numpy as np

from app.analysis.alignment.block_agreement import (
    BLOCK,
    SMALL,
    BlockAgreement,
    best_shift,
    block_agreement,
    brought_to,
    high_pass,
    small_greys,
)
from app.analysis.alignment.exact import orientations, turned_back
from app.analysis.geometry import FloatMatrix, frame_matrix, laid_over, shown_in
from app.analysis.model import FloatArray, UInt8Array
from app.analysis.resize import scaled_size

ENOUGH = 12
"""Blocks with texture in both pictures that it takes to say that they have nothing in common."""
RELATED = 0.22
"""Share of alike blocks from which two pictures show one scene: unrelated ones reach 0.16, edited ones start at 0.3."""
MOSTLY = 0.45
"""Share of alike blocks from which matches alone say how a picture lies, though points do not follow it."""


def shows_same(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> bool:
    """Say whether two grey pictures look alike once *after* is laid over *before*; flat ones get the benefit.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.
    matrix : array (3, 3)
        Maps *before* to *after*.

    Returns
    -------
    bool
        True, too, where fewer than `ENOUGH` blocks hold something to compare.
    """
    found = block_agreement(*_laid(before, after, matrix))
    return found.blocks < ENOUGH or _related(found)


def mostly_same(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> bool:
    """Say whether two grey pictures show the same in most places once *after* is laid over *before*.

    Parameters
    ----------
    before, after, matrix
        As in `shows_same`.

    Returns
    -------
    bool
        False where fewer than `ENOUGH` blocks hold something to compare.
    """
    found = block_agreement(*_laid(before, after, matrix))
    return found.blocks >= ENOUGH and found.alike >= MOSTLY * found.blocks


def rows_agree(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> bool:
    """Say whether two grey pictures, laid over each other, are alike at every height.

    Parameters
    ----------
    before, after, matrix
        As in `shows_same`.

    Returns
    -------
    bool
        False where, in a row of blocks, three or more hold something and fewer than two in five of them are alike.
    """
    a, b = _laid(before, after, matrix)
    for top in range(0, a.shape[0] - BLOCK + 1, BLOCK):
        found = block_agreement(a[top : top + BLOCK], b[top : top + BLOCK])
        if found.textured >= 3 and found.alike < 0.4 * found.textured:
            return False
    return True


def is_unrelated(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether two pictures that do not align show nothing in common, though both show much.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes: compared frame on frame, and at their best shift by up to 6 % of the side.

    Returns
    -------
    bool
    """
    a, b = small_greys(before, after)
    found = block_agreement(*best_shift(a, b)[:2])
    return found.blocks >= ENOUGH and not _related(found) and not _related(block_agreement(a, b))


def _related(found: BlockAgreement) -> bool:
    """Weigh the blocks; the correlation of the whole also tells a negative."""
    return found.alike >= RELATED * found.blocks or found.equal >= 0.04 * found.blocks or abs(found.correlation) > 0.35


def _laid(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> tuple[FloatArray, FloatArray]:
    """Make both small and lay *after* over *before* by a matrix; what *after* does not show is flat in both."""
    scale = min(1.0, SMALL / max(before.shape))
    zoom = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    a, grow_a = _reduced(before, scale)
    b, grow_b = _reduced(after, min(1.0, scale / max(zoom, 1e-6)))
    small = np.linalg.inv(grow_b) @ matrix @ grow_a
    seen, size = shown_in(b.shape, small, a.shape), (a.shape[1], a.shape[0])
    first, second = (high_pass(brought_to(image, size)) for image in (a, laid_over(b, small, a.shape)))
    first[seen < 255] = second[seen < 255] = 0
    return first, second


def _reduced(grey: UInt8Array, scale: float) -> tuple[UInt8Array, FloatMatrix]:
    """Reduce a picture; give it and the matrix back to its full size."""
    small = cv2.resize(grey, scaled_size(grey.shape, scale), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), frame_matrix(small.shape, grey.shape)


def residual(before: UInt8Array, after: UInt8Array, matrix: FloatMatrix) -> float:
    """Give what remains of the high-passed greys when *after* is laid over *before*.

    Both are smoothed a little, or resampling would gain merely by smoothing noise.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.
    matrix : array (3, 3)
        Maps *before* to *after*.

    Returns
    -------
    float
        Mean absolute difference in levels, each capped at 20, away from the border.
    """
    height, width = before.shape
    apart = before.astype(np.float32) - laid_over(after, matrix, before.shape)
    apart = cv2.GaussianBlur(apart, (0, 0), 1.2) - cv2.boxFilter(apart, -1, (31, 31))
    margin = 1 + min(height, width) // 16
    inner = np.abs(apart[margin : height - margin, margin : width - margin])
    return float(np.minimum(inner, 20).mean()) if inner.size else 0.0


def likely_orientation(before: UInt8Array, after: UInt8Array) -> FloatMatrix | None:
    """Guess from small pictures whether *after* is *before* mirrored or turned by quarters; None when it is neither.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    array (3, 3) or None
        Maps pixels of *before* to those of *after*.
    """
    base = block_agreement(*best_shift(*small_greys(before, after))[:2])
    if _share(base) >= 0.5:
        return None
    best_share, best = max(_share(base) + 0.25, 0.5), None
    for oriented in orientations(after.shape):
        turned = turned_back(after, oriented)
        ratio = (before.shape[1] / before.shape[0]) / (turned.shape[1] / turned.shape[0])
        if not 0.8 < ratio < 1.25:
            continue
        found = block_agreement(*best_shift(*small_greys(before, turned))[:2])
        if found.textured >= 4 and _share(found) > best_share:
            best_share, best = _share(found), oriented @ frame_matrix(before.shape, turned.shape)
    return best


def _share(found: BlockAgreement) -> float:
    return found.alike / max(1, found.textured)
