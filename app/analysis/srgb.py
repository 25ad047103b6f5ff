"""Levels of sRGB and the light that they stand for.

References
----------
IEC 61966-2-1, the transfer function of sRGB.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array

Levels = npt.NDArray[np.floating[Any]]
STEPS = 65535
"""Steps of light in `light_tables`."""


def light_of(levels: Levels) -> Levels:
    """Give the light that levels stand for.

    Parameters
    ----------
    levels : array, float
        0 to 255.

    Returns
    -------
    array like ``levels``
        0 to 1.
    """
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(levels.dtype)


def levels_of(light: Levels) -> Levels:
    """Give the levels of some light.

    Parameters
    ----------
    light : array, float
        0 to 1.

    Returns
    -------
    array like ``light``
        0 to 255.
    """
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return (255 * share).astype(light.dtype)


@cache
def light_tables() -> tuple[npt.NDArray[np.uint16], UInt8Array]:
    """Make tables of the light of each level and of the level of each step of light.

    Returns
    -------
    to_light : array (256,), uint16
        0 to 65535.
    to_levels : array (65536,), uint8
        0 to 255, rounded.
    """
    to_light = np.rint(STEPS * light_of(np.arange(256, dtype=np.float64)))
    to_levels = np.rint(levels_of(np.arange(STEPS + 1) / STEPS))
    return to_light.astype(np.uint16), to_levels.astype(np.uint8)
