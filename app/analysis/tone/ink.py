"""Read a gain off how much ink is left on a page whose paper is at the limit: light that takes it beyond eats strokes.

Where paper is clipped in both images, only ink tells of exposure, and thin strokes tell little pixel by pixel, as
resampling makes them lighter. Their sum it leaves as it is; a gain makes less of it, as it lifts the greys beside
strokes over the limit.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import BRIGHT
from app.analysis.tone.information import ALL_OVER, cells
from app.analysis.tone.samples import RINGING, Float, Index

SIDE = 16
"""Pixels a side of the blocks in which ink is summed up."""
PAPER, INK = 0.2, 110
"""Share of a block that must be paper, and levels under it that its darkest pixel must lie, for it to hold strokes."""
PLAIN = 225
"""Level above which every pixel of a block that is all paper lies, noise and all."""
TINT = 180
"""... and of one that is tinted."""
LEAST_PAPER = 0.1
"""Share of a picture that is clipped paper where ink is looked for."""
MOST_LOOKED_AT, MOST_BLOCKS = 6000, 400
"""Blocks about which are looked at, and those of strokes and of paper in which ink is summed up."""
GAINS = np.arange(1.0, 1.36, 0.01)
LEAST_GAIN = 1.05
"""What blur, noise and compression may do to ink looks like a gain up to here."""
UNSURE = 1.06
"""How much larger a gain may be than ink tells, if that takes over the limit what is at the limit."""


def gain_by_ink(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> float | None:
    """Give the gain that turns *after* into *before*, when paper is clipped in both and ink says that one was brighter.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    float or None
        0.74 to 1.35; None when there are too few strokes on clipped paper, or as much ink in both.
    """
    across = valid.shape[1] // SIDE
    before, after, valid = (_strips(image) for image in (before, after, valid))
    if min(_share_of_paper(image) for image in (before, after)) < LEAST_PAPER:
        return None
    greys: list[Any] = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)]
    was, now = (_blocks(grey) for grey in greys)
    judged = _blocks(valid).min(axis=1) == 255
    strokes = np.flatnonzero(judged & _hold_strokes(was) & _hold_strokes(now))
    paper = np.flatnonzero(judged & _are_paper(was) & _are_paper(now))
    down = len(judged) // max(across, 1)
    if not len(paper) or len(np.unique(_cells(strokes, across, down))) < ALL_OVER:
        return None
    strokes, paper = (np.random.default_rng(0).permutation(found)[:MOST_BLOCKS] for found in (strokes, paper))
    first, second = ((levels[strokes], levels[paper]) for levels in (was, now))
    lighter = bool(np.median(_ink(*second) / np.maximum(_ink(*first), 1)) < 1)
    gain = _gain_between(first, second) if lighter else _gain_between(second, first)
    if not LEAST_GAIN <= gain < GAINS[-1]:
        return None
    gain = max(gain, _gain_of_tints(*((was, now) if lighter else (now, was)), judged, UNSURE * gain))
    return 1 / gain if lighter else gain


def _strips(image: Any) -> Any:
    """Give some strips of blocks one below the other, spread over a large picture."""
    height, width = image.shape[0] // SIDE, image.shape[1]
    step = max(1, height * (width // SIDE) // MOST_LOOKED_AT)
    strips = image[: height * SIDE].reshape(height, SIDE, *image.shape[1:])[::step]
    return np.ascontiguousarray(strips).reshape(-1, *image.shape[1:])


def _share_of_paper(image: UInt8Array) -> float:
    some = image[:: SIDE // 2, :: SIDE // 2]
    return float((some.min(axis=2) >= BRIGHT - RINGING).mean()) if some.size else 0.0


def _gain_of_tints(darker: UInt8Array, brighter: UInt8Array, judged: Any, most: float) -> float:
    """Give the gain, up to ``most``, that takes tints over the limit which are there in the darker image only."""
    gone = judged & (darker.min(axis=1) >= TINT) & _are_paper(brighter)
    needed = brighter[gone].mean(axis=1) / darker[gone].mean(axis=1)
    return float(needed[needed <= most].max(initial=1))


def _blocks(plane: UInt8Array) -> UInt8Array:
    """Cut a plane into rows of a block each, (n, SIDE * SIDE)."""
    height, width = (side // SIDE for side in plane.shape)
    tiles = plane[: height * SIDE, : width * SIDE].reshape(height, SIDE, width, SIDE).swapaxes(1, 2)
    return np.ascontiguousarray(tiles).reshape(height * width, SIDE * SIDE)


def _hold_strokes(blocks: UInt8Array) -> npt.NDArray[np.bool_]:
    dark = blocks.min(axis=1) <= 255 - INK
    dark[dark] &= (blocks[dark] >= BRIGHT - RINGING).mean(axis=1) >= PAPER
    return np.asarray(dark)


def _are_paper(blocks: UInt8Array) -> npt.NDArray[np.bool_]:
    bright = blocks.min(axis=1) >= PLAIN
    bright[bright] &= blocks[bright].mean(axis=1) >= BRIGHT - RINGING / 2
    return np.asarray(bright)


def _cells(blocks: Index, across: int, down: int) -> Index:
    y, x = np.divmod(blocks, max(across, 1))
    return cells(np.stack([(x + 0.5) / max(across, 1), (y + 0.5) / max(down, 1)], axis=1))


def _ink(strokes: Any, paper: Any) -> Float:
    """Give how many levels darker than paper blocks are on average: noise takes clipped paper off the limit."""
    share = (strokes >= BRIGHT - RINGING).mean(axis=1)
    return np.asarray(255 - strokes.mean(axis=1) - share * (255 - paper.mean()), np.float64)


def _gain_between(darker: tuple[UInt8Array, UInt8Array], brighter: tuple[UInt8Array, UInt8Array]) -> float:
    """Give by how much the darker ones must be multiplied, and clipped, to hold as little ink as the brighter ones."""
    left = _ink(*brighter)
    shares = []
    for gain in GAINS:
        table = np.minimum(np.arange(256) * gain, 255).astype(np.uint8)
        shares.append(np.median(left / np.maximum(_ink(*(cv2.LUT(blocks, table) for blocks in darker)), 1)))
    return float(np.interp(1, shares, GAINS))
