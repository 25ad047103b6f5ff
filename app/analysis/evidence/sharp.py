"""Find changes that are small and sharp: one digit for another, which the neighbours of its pixels nearly explain.

Neighbours forgive much: a stroke that went has other strokes of its letter beside it. Here the difference of each pixel
is taken by itself, held against the noise of the pair, and what lies together is added up. The noise of pictures that
lie well over each other leaves little of that anywhere; where they do not, a shift of the place itself explains it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, FloatArray, UInt8Array
from app.analysis.neighbours import gradient

SIZE = 1.5
"""Sigma in pixels of the Gaussian that adds up what lies together, about the width of a stroke."""
CAPPED = 6.0
"""Thresholds that one pixel counts at most."""
SURE = 2.6
"""What proves a change, in thresholds ..."""
USUAL, ABOVE = 0.8, 1.8
"""... unless so many of the blocks of this very pair have more than this part of it somewhere."""
ACROSS = 10
"""Blocks each way."""
PIECE = 0.5
"""Share of what proves a change that its surroundings need to belong to it."""
GROW = 1.1
"""Thresholds from which a pixel by itself does."""
AROUND = 12
"""Pixels around a piece that a shift of its own must explain, too."""
EXPLAINED = 0.5
"""Share of the squared difference that may stay after that shift."""
STROKE, COHERENT = 1.2, 0.02
"""Sigma in pixels of a blur, and the share of the squared difference that it leaves where strokes came or went."""
STEPS, FARTHEST, SETTLED = 12, 2.5, 0.02
"""How often the shift is improved, how many pixels it may be, and what it changes at last."""
STILL, LETTER = 0.6, 0.5
"""Share of the evidence that a letter keeps when it made those after it move on, and of their area that it has."""
LARGEST, MOST_PIECES = 64, 200
"""Pixels a side from which a piece is not small, and how many pieces are no digits."""
_UNIT = 40.0


def find_sharp(plain: FloatArray, before: UInt8Array, after: UInt8Array) -> UInt8Array:
    """Mark small sharp changes.

    Parameters
    ----------
    plain : array (H, W), float32
        The difference of each pixel in units of its threshold, 0 and up, as `weighing.Evidence` holds it.
    before, after : array (H, W), uint8
        Luma of both images, equally sharp.

    Returns
    -------
    array (H, W), uint8
        255 in each such change.
    """
    out = np.zeros(plain.shape, np.uint8)
    dense = _dense(plain)
    if dense.max() <= SURE * _UNIT:
        return out
    limit = max(SURE * _UNIT, ABOVE * float(np.quantile(_highest(dense), USUAL)))
    pieces = [
        piece for piece in _pieces(dense > PIECE * limit) if (dense[piece.box.slices][piece.inside] > limit).any()
    ]
    if len(pieces) > MOST_PIECES:
        return out
    for box, inside in pieces:
        left = _left_in_place(before, after, box)
        if left is None or _holds_a_letter(plain[box.slices], left, inside, limit):
            out[box.slices][inside & (plain[box.slices] > GROW)] = 255
    return out


def _holds_a_letter(plain: FloatArray, left: FloatArray, inside: npt.NDArray[np.bool_], limit: float) -> bool:
    """Say whether a small part of what moved on is left, as a letter is that nudged the rest of its line."""
    still = _dense(plain * left)
    enough = still.max() > max(limit, STILL * _dense(plain).max())
    return bool(enough and (still > PIECE * still.max()).sum() <= LETTER * inside.sum())


def _dense(plain: FloatArray) -> Any:
    """Add up what lies together, in `_UNIT` of a threshold, as integers are blurred faster."""
    return cv2.GaussianBlur(cv2.convertScaleAbs(np.minimum(plain, CAPPED), alpha=_UNIT), (0, 0), SIZE)


class _Piece(NamedTuple):
    """A box, and which of its pixels, shape (height, width), bool, belong to the piece."""

    box: Box
    inside: npt.NDArray[np.bool_]


def _pieces(marked: npt.NDArray[np.bool_]) -> Iterator[_Piece]:
    """Give the small pieces of what is marked; outlines of a few are found faster than all pixels are labelled."""
    outlines, _ = cv2.findContours(marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        box = Box(*cv2.boundingRect(outline))
        if max(box.width, box.height) <= LARGEST:
            filled = np.zeros((box.height, box.width), np.uint8)
            cv2.drawContours(filled, [outline], 0, 255, cv2.FILLED, offset=(-box.x, -box.y))
            yield _Piece(box, filled > 0)


def _highest(dense: Any) -> Any:
    """Give the highest value in each block of the picture."""
    height, width = dense.shape
    rows, columns = (np.arange(min(ACROSS, length)) * length // min(ACROSS, length) for length in (height, width))
    return np.maximum.reduceat(np.maximum.reduceat(dense, rows, axis=0), columns, axis=1)


def _left_in_place(before: UInt8Array, after: UInt8Array, box: Box) -> FloatArray | None:
    """Give the share of the difference of each pixel that is left where a place is only out of place; None where not.

    Either a small shift of it and its surroundings leaves little, or what differs changes sign from pixel to pixel, as
    it does in hatching that was resampled. Of a line whose letters moved on, the letter that made them is left.

    References
    ----------
    Lucas and Kanade 1981, "An iterative image registration technique".
    """
    top, left = max(0, box.y - AROUND), max(0, box.x - AROUND)
    window = slice(top, box.y + box.height + AROUND), slice(left, box.x + box.width + AROUND)
    own = Box(box.x - left, box.y - top, box.width, box.height).slices
    here, there = before[window].astype(np.float32), after[window].astype(np.float32)
    at_first = (there - here)[own]
    if _energy(cv2.GaussianBlur(there - here, (0, 0), STROKE)[own]) < COHERENT * _energy(at_first):
        return np.zeros_like(at_first)
    slopes = np.stack([slope.ravel() for slope in gradient(here)], axis=1)
    normal = slopes.T @ slopes + np.eye(2) * here.size
    shift = np.zeros(2)
    for _ in range(STEPS):
        step = np.linalg.solve(normal, slopes.T @ (_moved(there, shift) - here).ravel())
        shift -= step
        if np.abs(shift).max() > FARTHEST:
            return None
        if np.abs(step).max() < SETTLED:
            break
    # Each half of the way: between pixels both become equally soft, and that is no difference.
    moved = (_moved(there, shift / 2) - _moved(here, -shift / 2))[own]
    if _energy(moved) >= EXPLAINED * _energy(at_first):
        return None
    if window[0].stop > len(before) or window[1].stop > before.shape[1] or 0 in (top, left):
        return np.zeros_like(at_first)  # by the border too little is seen of what moved on
    return np.asarray(np.minimum(np.abs(moved) / np.maximum(np.abs(at_first), 1), 1), np.float32)


def _energy(difference: Any) -> float:
    return float((difference**2).sum())


def _moved(image: FloatArray, shift: Any) -> Any:
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, image.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
