"""Make two images equally sharp, so that focus and resampling are not taken for change.

Programs blur levels, lenses blur light: of a black line on white paper that is half a pixel wide a camera sees a light
grey (level 188), where programs make a middle one (128).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE
from app.analysis.srgb import Levels, levels_of, light_of, light_tables

Mask = npt.NDArray[np.bool_]
Image = TypeVar("Image")
SIGMAS = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 1.9)
CLEAR = 0.93
"""Blurring must bring the edges at least this much closer, or the two were equally sharp."""
LENS = 0.98
"""Share of what a blur of levels leaves that one of light may: where neither is what happened they leave as much."""
EXPLAINED = 0.4
"""Share of the difference of edges that blur leaves at most where it is all that happened to most of them."""
TILE, ACROSS = 48, 12
"""Side of a tile in pixels, and how many are looked at each way."""
FEWEST_EDGES = 200
INNER, STRONG, STRONGEST = 6, 0.85, 12
"""Pixels along the border of a tile that do not count, the quantile of the steps that are edges, and their levels."""
WORSE = 1.05
"""How much more a stronger blur may leave than the best so far before none stronger is tried."""
CAP = 40
"""Levels beyond which an edge is changed rather than blurred."""


class Blur(NamedTuple):
    """A Gaussian blur, of levels or of the light that they stand for.

    Attributes:
        sigma: in pixels; positive where it is *before* that has to be blurred, negative where it is *after*.
        in_light: whether light is blurred.
    """

    sigma: float
    in_light: bool = False


def blur_apart(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> Blur:
    """Say how much sharper one image is than the other, judged at the strongest edges.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey levels in one frame.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    Blur
        The one that makes both equally sharp, its sigma one of `SIGMAS`: positive when *before* is the sharper one,
        negative when *after* is, 0 when neither is.
    """
    tiles = _edge_tiles(before, after, valid)
    blur, left = _best_blur(*tiles)
    if not blur.sigma:
        return blur
    of_light, left_of_light = _best_blur(*tiles, in_light=True)
    # Where one would have it that before is sharper and the other that after is, neither is what happened.
    if of_light.sigma * blur.sigma > 0 and left_of_light < LENS * left:
        blur, left = of_light, left_of_light
    return blur if left <= CLEAR else Blur(0.0)


def blur_explains(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether a blur of one image brings its strongest edges most of the way to the other one.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey levels in one frame.

    Returns
    -------
    bool
        False where too few edges tell.
    """
    _, left = _best_blur(*_edge_tiles(before, after, np.full(before.shape, 255, np.uint8)))
    return left <= EXPLAINED


def _best_blur(before: FloatArray, after: FloatArray, edges: Mask, in_light: bool = False) -> tuple[Blur, float]:
    """Give the blur that makes tiles of both most alike, and the share of their difference that it leaves."""
    if edges.sum() < FEWEST_EDGES:
        return Blur(0.0), 1.0
    soften = _softened_light if in_light else _softened
    sigma, left = best_softening(before, after, soften, partial(_rough, where=edges), SIGMAS)
    return Blur(sigma, in_light and sigma != 0), left


def _softened(levels: FloatArray) -> Callable[[float], FloatArray]:
    return partial(blurred, levels)


def _softened_light(levels: FloatArray) -> Callable[[float], FloatArray]:
    light = light_of(levels)
    return lambda sigma: np.asarray(levels_of(blurred(light, sigma)))


def best_softening(
    before: Image,
    after: Image,
    soften: Callable[[Image], Callable[[float], Image]],
    apart: Callable[[Image, Image], float],
    sigmas: Sequence[float],
) -> tuple[float, float]:
    """Find how strongly one of two images has to be softened to be most like the other one.

    Parameters
    ----------
    before, after
        What both others take.
    soften : callable
        Gives, of an image, what softens it by a sigma in pixels.
    apart : callable
        Gives how far two images are from each other, 0 and up.
    sigmas : sequence of float
        What is tried, rising.

    Returns
    -------
    sigma : float
        Positive where *before* has to be softened, negative where *after* has, 0 where neither.
    left : float
        Share of how far they are from each other that it leaves, 0 to 1.
    """
    start = best = apart(before, after)
    choice = 0.0
    for sign, sharper, other in ((1, before, after), (-1, after, before)):
        softened = soften(sharper)
        for sigma in sigmas:
            left = apart(softened(sigma), other)
            if left < best:
                best, choice = left, sign * sigma
            elif left > WORSE * best:
                break
    return choice, best / max(start, 1e-6)


def blurred(image: Any, sigma: float) -> Any:
    """Blur with a Gaussian.

    Parameters
    ----------
    image : array (H, W) or (H, W, 3), uint8, uint16 or float32
    sigma : float
        In pixels, above 0.

    Returns
    -------
    array like ``image``
    """
    return cv2.GaussianBlur(image, (0, 0), sigma)


def blurred_as_light(image: UInt8Array, sigma: float) -> UInt8Array:
    """Blur the light that levels stand for with a Gaussian.

    Parameters
    ----------
    image : array (H, W) or (H, W, 3), uint8
        sRGB.
    sigma : float
        In pixels, above 0.

    Returns
    -------
    array like ``image``
    """
    to_light, to_levels = light_tables()
    return np.asarray(to_levels[blurred(cv2.LUT(image, to_light), sigma)], np.uint8)


def spread_tiles(valid: UInt8Array) -> list[tuple[slice, slice]]:
    """Choose tiles of `TILE` pixels each way, spread over a picture, in all of which something can be judged.

    Parameters
    ----------
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    list of (rows, columns)
        None at all where there is no room for one.
    """
    height, width = valid.shape
    if min(height, width) < TILE:
        return []
    tops, lefts = (np.unique(np.linspace(0, length - TILE, ACROSS).astype(int)) for length in (height, width))
    places = [(slice(y, y + TILE), slice(x, x + TILE)) for y in tops for x in lefts]
    return [place for place in places if valid[place].min() > 0]


def _edge_tiles(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> tuple[FloatArray, FloatArray, Mask]:
    """Stack the busiest of a spread of tiles and mark their strongest edges; sharpness shows nowhere else."""
    places = spread_tiles(valid)
    if not places:
        empty = np.empty((0, 0), np.float32)
        return empty, empty, np.zeros((0, 0), np.bool_)
    a, b = (np.vstack([image[place] for place in places]).astype(np.float32) for image in (before, after))
    gradient = np.minimum(*(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, SQUARE) for image in (a, b)))
    return a, b, strongest_steps(gradient, STRONGEST, INNER)


def strongest_steps(step: Levels | UInt8Array, least: float, margin: int) -> Mask:
    """Mark the strongest steps in tiles that stand one below the other.

    Parameters
    ----------
    step : array (count * TILE, TILE)
        How much each pixel differs from its neighbours, in levels.
    least : float
        Levels below which none is marked.
    margin : int
        Pixels along the border of each tile that do not count.

    Returns
    -------
    array (count * TILE, TILE), bool
        At most 15 % of what counts, but for equal ones.
    """
    inner = np.zeros((TILE, TILE), np.bool_)
    inner[margin:-margin, margin:-margin] = True
    inside = np.tile(inner, (len(step) // TILE, 1))
    return np.asarray(inside & (step >= max(float(np.quantile(step[inside], STRONG)), least)))


def _rough(before: FloatArray, after: FloatArray, where: Mask) -> float:
    return float(np.sqrt(np.mean(np.minimum(np.abs((before - after)[where]), CAP) ** 2)))
