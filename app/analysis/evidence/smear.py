"""Smear the colour of one image as far as the file of the other one did.

Most files keep colour at half the size, and pictures that were made smaller lost it on the way: thin letters and lines
become paler than their luma says, also for good, as white cannot hold the colour that was smeared into it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.sharpness import best_softening, blurred, spread_tiles, strongest_steps

SIGMAS = (0.8, 1.2, 1.7, 2.4, 3.2)
CLEAR = 0.8
"""Smearing must bring the colour of edges at least this much closer, or it is not what happened."""
EDGE = 8
"""Levels of colour within 3 × 3 pixels of both that make an edge."""
INNER, FEWEST = 8, 200
"""Pixels along the border of a tile that do not count, and edge pixels without which nothing is known."""
CAP = 40
"""Levels beyond which colour is changed rather than smeared."""
Planes = Sequence[UInt8Array]


def equally_smeared(before: Planes, after: Planes, valid: UInt8Array) -> tuple[Planes, Planes]:
    """Make the colour of two images equally sharp.

    Parameters
    ----------
    before, after : sequence of three array (H, W), uint8
        Luma and both chroma (YCrCb), in one frame, tone evened, luma equally sharp.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    before, after : sequence of three array (H, W), uint8
        One of them with its colour smeared, if that brings the two clearly closer; else the very same.
    """
    places = spread_tiles(valid)
    if not places:
        return before, after
    tiles: list[Planes] = [
        [np.vstack([plane[place] for place in places]) for plane in planes] for planes in (before, after)
    ]
    edges = _edges(tiles)
    if edges.sum() < FEWEST:
        return before, after
    sigma, left = best_softening(tiles[0], tiles[1], _smearing, partial(_apart, where=edges), SIGMAS)
    if sigma == 0 or left > CLEAR:
        return before, after
    return (_smeared(before, sigma), after) if sigma > 0 else (before, _smeared(after, -sigma))


def _smearing(planes: Planes) -> Callable[[float], Planes]:
    return partial(_smeared, planes)


def _smeared(planes: Planes, sigma: float) -> Planes:
    """Smear the colour of a picture, and hold what comes out as red, green and blue within 0 to 255."""
    luma, *chroma = planes
    mixed = cv2.merge([luma, *(blurred(plane, sigma) for plane in chroma)])
    held: Any = cv2.split(cv2.cvtColor(cv2.cvtColor(mixed, cv2.COLOR_YCrCb2RGB), cv2.COLOR_RGB2YCrCb))
    return held  # type: ignore[no-any-return]


def _edges(tiles: Sequence[Planes]) -> npt.NDArray[np.bool_]:
    """Mark the strongest edges of colour in tiles, one below the other: those that both have, as changes have not."""
    steps = [[cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, SQUARE) for plane in planes[1:]] for planes in tiles]
    return strongest_steps(np.minimum(*(np.maximum(*both) for both in steps)), EDGE, INNER)


def _apart(before: Planes, after: Planes, where: npt.NDArray[np.bool_]) -> float:
    """Give how far colour is from each other, root of the mean square."""
    apart = [cv2.absdiff(a, b)[where] for a, b in zip(before[1:], after[1:], strict=True)]
    return float(np.sqrt(np.mean(np.minimum(apart, CAP).astype(np.float32) ** 2)))
