"""Make two images equally sharp, so that focus and resampling are not taken for change.

Programs blur levels, lenses blur light: of a black line on white paper that is half a pixel wide a camera sees a light
grey (level 188), where programs make a middle one (128).
"""

from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE

Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.floating[Any]]
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
CAP = 40
"""Levels beyond which an edge is changed rather than blurred."""
LIGHT = 65535
"""Steps of linear light, as `blurred` counts it."""


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
    start = best = _rough(before - after, edges)
    choice = Blur(0.0)
    for sign, sharper, other in ((1, before, after), (-1, after, before)):
        light = _light_of(sharper) if in_light else sharper
        for sigma in SIGMAS:
            soft = blurred(light, sigma)
            rough = _rough((_levels_of(soft) if in_light else soft) - other, edges)
            if rough < best:
                best, choice = rough, Blur(sign * sigma, in_light)
            elif rough > 1.05 * best:
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

    References
    ----------
    IEC 61966-2-1, the transfer function of sRGB.
    """
    to_light, to_levels = _tables()
    return np.asarray(to_levels[blurred(cv2.LUT(image, to_light), sigma)], np.uint8)


@cache
def _tables() -> tuple[npt.NDArray[np.uint16], UInt8Array]:
    """Give the light of each level, and the level of each step of light."""
    to_light = np.rint(LIGHT * _light_of(np.arange(256, dtype=np.float64)))
    to_levels = np.rint(_levels_of(np.arange(LIGHT + 1) / LIGHT))
    return to_light.astype(np.uint16), to_levels.astype(np.uint8)


def _light_of(levels: Levels) -> Levels:
    """Give the light, 0 to 1, of levels 0 to 255."""
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(levels.dtype)


def _levels_of(light: Levels) -> Levels:
    """Give the levels, 0 to 255, of light 0 to 1."""
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return (255 * share).astype(light.dtype)


def spread_tiles(valid: UInt8Array) -> list[tuple[slice, slice]]:
    """Choose tiles of `TILE` pixels each way, spread over a picture, in all of which something can be judged.

    Parameters
    ----------
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    list of (rows, columns)
        None where there is no room for one.
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
    inner = np.zeros((TILE, TILE), np.bool_)
    inner[6:-6, 6:-6] = True
    inside = np.tile(inner, (len(places), 1))
    strong = float(np.quantile(gradient[inside], 0.85))
    return a, b, inside & (gradient >= max(strong, 12.0))


def _rough(difference: FloatArray, where: Mask) -> float:
    return float(np.sqrt(np.mean(np.minimum(np.abs(difference[where]), CAP) ** 2)))
