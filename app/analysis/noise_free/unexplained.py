"""Say by how much two images without noise differ beyond what anti-aliasing explains."""

from typing import Any

import cv2
import numpy as np

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE, outside, span
from app.analysis.sampling import strongest_channel, strongest_difference

STRONG = 30.0
"""A lone pixel has to differ by this many levels, a dot of 3 × 3 by a third of it."""
FAINTEST = 6
WEAK = 15.0
"""An area of 5 × 5 has to differ by 5 levels, one of 7 × 7 by 3, one of 10 × 10 by 2."""
FAINTEST_AREA = 2
REDRAWN_AREA = 2.5
"""How many times as much an area has to differ where everything is drawn again: bold strokes are areas too."""
DEEP = 200.0
FAINTEST_DEEP = 90
"""In a patch of 16 bits an area of 4 × 4 has to differ by 100 of 65535 levels."""
MARGIN = 6
"""Pixels around a place that its score depends on."""
_AREA = (9, 9)


def score(before: Any, after: Any, strictness: float, keenness: float, pixels: int) -> FloatArray:
    """Judge every pixel by what it and its surroundings show.

    Parameters
    ----------
    before, after : ndarray
        Shape (height, width, channels), uint8: RGB, with alpha as a fourth channel where there is one.
    strictness : float
        Factor on what is too faint to count.
    keenness : float
        0 to 1: how much of a difference counts that anti-aliasing does explain.
    pixels : int
        Size of the whole image: in a tiny one, less area is enough.

    Returns
    -------
    ndarray
        Shape (height, width), float32; 1 is the threshold.

    Notes
    -----
    A pixel is explained when it lies within the range of its 3 × 3 neighbours in the other image, both ways
    round, and is a blend of its own neighbours in one of the two, as only a drawn edge is. The same must hold
    one scale up, where an edge drawn in another way has kept its sum and a stroke that came has not.
    Faint differences count where a whole 3 × 3 neighbourhood has become lighter or darker.
    """
    beyond = _beyond(before, after)
    if keenness > 0:
        beyond = np.maximum(beyond, _share(before, after, keenness))
    beyond[beyond < FAINTEST * strictness] = 0
    energy = _energy(beyond, (3, 3)) / STRONG
    core = _core(before, after)
    core[core < FAINTEST_AREA * strictness] = 0
    enough = min(WEAK, 3.0 * float(np.sqrt(pixels)))
    return np.asarray(np.maximum(energy, _energy(core, _AREA) / enough), np.float32)


def score_redrawn(before: Any, after: Any, strictness: float, keenness: float) -> tuple[FloatArray, FloatArray]:
    """Judge two images of which one may be the other drawn with another anti-aliasing.

    Colour fringes, hinting and shifts below a pixel are gone once both are grey and blurred a little; what then
    still lies outside its neighbours is in other letters.

    Parameters
    ----------
    before, after, strictness, keenness
        As in `score`; colours alone tell of ``edges``.

    Returns
    -------
    edges : array (height, width), float32
        0 and up, in units that only the pair itself gives a threshold (see `scoring.score_redrawn_boxes`).
    areas : array (height, width), float32
        Faint areas, and the share of all differences that ``keenness`` asks for; 1 is the threshold.
    """
    greys = [cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY) for image in (before, after)]
    soft = [cv2.GaussianBlur(grey, (0, 0), 1.0) for grey in greys]
    core = _core(before, after)
    core[core < FAINTEST_AREA * strictness] = 0
    areas = _energy(core, _AREA) / (WEAK * REDRAWN_AREA)
    if keenness > 0:
        areas = np.maximum(areas, _energy(_share(before, after, keenness), (3, 3)) / STRONG)
    edges = _energy(_inner(_outside(soft[0], soft[1])), (3, 3)) / STRONG
    return edges, areas


def score_deep(before: Any, after: Any, strictness: float) -> FloatArray:
    """Judge what two images differ by below one 8-bit level.

    Parameters
    ----------
    before, after : array (height, width, 3), uint16
        RGB.
    strictness : float
        Factor on what is too faint to count.

    Returns
    -------
    array (height, width), float32
        0 and up; 1 is the threshold.
    """
    core = _core(before, after).astype(np.float32)
    core[core < FAINTEST_DEEP * strictness] = 0
    return _energy(core, _AREA) / DEEP


def _share(before: Any, after: Any, keenness: float) -> UInt8Array:
    return np.asarray(strongest_difference(before, after) * keenness, np.float32).astype(np.uint8)


def _beyond(before: Any, after: Any) -> UInt8Array:
    """Give the levels that neither neighbours nor blending explain, here and one scale up."""
    here = _outside(before, after)
    np.maximum(here, _unblended(before, after), out=here)
    coarse = _inner(_outside(cv2.blur(before, (3, 3)), cv2.blur(after, (3, 3))))
    np.maximum(here, cv2.add(coarse, coarse >> 1), out=here)
    return np.asarray(strongest_channel(here), np.uint8)


def _outside(before: Any, after: Any) -> Any:
    """Give how far each pixel is outside the range of its neighbours in the other image, the larger of both ways."""
    return _planes(outside(before, after, span(before), span(after)), before)


def _inner(levels: Any) -> Any:
    """Clear the outermost pixels: what moved in over the border has no neighbours there to explain it."""
    levels[[0, -1]] = 0
    levels[:, [0, -1]] = 0
    return levels


def _unblended(before: Any, after: Any) -> Any:
    """Give the difference where in neither image the pixel lies between its neighbours."""
    apart = cv2.absdiff(before, after)
    blend = cv2.max(_blend(before), _blend(after))
    unexplained = cv2.compare(blend, np.maximum(apart >> 2, 1), cv2.CMP_LT)
    return _planes(cv2.bitwise_and(apart, unexplained), before)


def _blend(image: Any) -> Any:
    """Give how far each pixel is from both the darkest and the lightest of its neighbours."""
    low, high = span(image)
    return cv2.min(cv2.subtract(image, low), cv2.subtract(high, image))


def _core(before: Any, after: Any) -> Any:
    """Give the levels by which all 3 × 3 pixels differ in the same direction."""
    lighter = cv2.erode(cv2.subtract(after, before), SQUARE)
    darker = cv2.erode(cv2.subtract(before, after), SQUARE)
    return strongest_channel(cv2.max(lighter, darker))


def _energy(levels: Any, window: tuple[int, int]) -> FloatArray:
    """Root of the sum of squares over a window around each pixel that has any."""
    values = levels.astype(np.float32)
    total = cv2.sqrBoxFilter(values, -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    root = np.sqrt(np.maximum(total, 0))
    root[values == 0] = 0
    return np.asarray(root, np.float32)


def _planes(result: Any, like: Any) -> Any:
    """OpenCV drops an axis of length one."""
    return result.reshape(like.shape)
