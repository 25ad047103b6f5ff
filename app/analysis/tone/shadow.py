"""Even out a shadow with a soft edge, which no slow light over the whole picture holds.

A shadow takes light from a part of the picture and fades over a good stretch of it. What is painted has edges, and what
exposure and a black level leave differs all over the picture.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import FloatArray, UInt8Array
from app.analysis.resize import reduce_to_size, scaled_size
from app.analysis.threads import in_threads

CELLS = 128
"""Cells along the longer side; in each, light is one."""
DARKEST = 40
"""Grey level of a cell below which a black level tells more of it than light does."""
FEWEST = 0.3
"""Share of the cells that has to tell something."""
WINDOW = 25
"""Cells of a square whose median is its light: a change that fills less than half of it does not count."""
UNIT, NONE = 0.0025, 128
"""Step of the logarithm of light that one level of a median stands for, and the level that is no shadow at all."""
SMOOTH = 3.0
"""Sigma, in cells, of what smooths the medians."""
FAINTEST = 0.025
"""Logarithm of the deepest shadow below which there is none: six levels of white."""
UNLIT = 0.2
"""Share of its depth by which light may differ the other way: outside of a shadow it is what it was."""
LEFT = 0.25
"""Share of what differs in a shadow that it may leave there."""
STRETCH, RISE = 13, 0.02
"""Cells of a square in which light may not change at once, if it changes by this logarithm at all ..."""
STEEPEST, NEARLY_ALL = 0.25, 0.95
"""... and the share of that change from a cell to the next that nearly all such squares stay below."""
ROWS = 128


def shadow_between(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> FloatArray | None:
    """Find a shadow with a soft edge that lies over one of two pictures.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame, exposure evened.
    valid : array (H, W), uint8
        255 where something can be judged.

    Returns
    -------
    array (h, w), float32, or None
        The gain over the picture, seen smaller, that brings *after* to the light of *before*. None where there is no
        shadow, or what there is has an edge, lies all over or leaves much of what differs.
    """
    logs = _log_gains(before, after, valid)
    if logs is None:
        return None
    medians: Any = cv2.medianBlur(np.clip(np.rint(logs / UNIT) + NONE, 0, 255).astype(np.uint8), WINDOW)
    light = cv2.GaussianBlur((medians.astype(np.float32) - NONE) * np.float32(UNIT), (0, 0), SMOOTH)
    ends = sorted((abs(float(light.min())), abs(float(light.max()))))
    if ends[1] < FAINTEST or ends[0] > UNLIT * ends[1] or _steepness(medians) > STEEPEST:
        return None
    inside = np.abs(light) > ends[1] / 2
    seen = cv2.GaussianBlur(logs, (0, 0), 1)
    left, apart = (float(np.abs(differing[inside]).mean()) for differing in (seen - light, seen))
    return np.exp(light) if left <= LEFT * apart else None


def lit_by(gain: FloatArray, pixels: UInt8Array) -> UInt8Array:
    """Multiply a picture by a gain over it.

    Parameters
    ----------
    gain : array (h, w), float32
        Of any size.
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    array (H, W, 3), uint8
        A new one, rounded and cut to 0 to 255.
    """
    full = cv2.resize(gain, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    out = np.empty_like(pixels)

    def light(top: int) -> None:
        rows = slice(top, top + ROWS)
        cv2.multiply(pixels[rows], cv2.merge([full[rows]] * 3), dst=out[rows], dtype=cv2.CV_8U)

    in_threads(light, range(0, len(pixels), ROWS))
    return out


def _log_gains(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> FloatArray | None:
    """Give the logarithm of the gain of each cell; dark ones and those without evidence have that of their vicinity."""
    size = scaled_size(valid.shape, min(1.0, CELLS / max(valid.shape)))
    first, second = (
        cv2.cvtColor(np.asarray(reduce_to_size(image, size)), cv2.COLOR_RGB2GRAY).astype(np.float32)
        for image in (before, after)
    )
    tells = (np.asarray(reduce_to_size(valid, size)) == 255) & (np.minimum(first, second) > DARKEST)
    if tells.mean() < FEWEST:
        return None
    logs = np.where(tells, np.log(np.maximum(first, 1) / np.maximum(second, 1)), 0).astype(np.float32)
    share = cv2.blur(tells.astype(np.float32), (WINDOW, WINDOW))
    return np.where(tells, logs, cv2.blur(logs, (WINDOW, WINDOW)) / np.maximum(share, 1e-3))


def _steepness(light: npt.NDArray[np.uint8]) -> float:
    """Give how much of its change around light changes from a cell to the next, where it is steepest."""
    around = np.ones((STRETCH, STRETCH), np.uint8)
    change = cv2.subtract(cv2.dilate(light, around), cv2.erode(light, around)).astype(np.float32)
    step = cv2.morphologyEx(light, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) / 2
    changes = change * UNIT > RISE
    return float(np.quantile(step[changes] / change[changes], NEARLY_ALL)) if changes.any() else 0.0
