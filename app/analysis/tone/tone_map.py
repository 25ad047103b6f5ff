"""A tone map: a curve per channel, a slow gain over the picture and a strength of colours, linear in its weights."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import GREY
from app.analysis.tone.colours import shifted

Float = npt.NDArray[np.float64]

WAVES = 6
"""Highest order of the cosines that describe light."""
STRIP = 128
EVEN_BALANCE, NO_LIGHT = np.ones(3), np.empty((0, 3))
COARSE = 64
"""Light is computed on a grid of this many places a side."""


@dataclass(frozen=True, slots=True)
class ToneMap:
    """A curve per channel times a smooth gain over the picture.

    Attributes:
        curves: shape (6, 3): weights of `curve_terms` for each channel, a = level / 255.
        light: shape (terms, 3): weights of `light_at` over the picture, times a; no terms when light is even.
        balance: shape (3,): factor of each channel before all, so that one light serves all channels.
        strength: what is added of each colour's distance from its grey: cameras make colours stronger or paler.
        shifts: what is added to colours at last, as `colours.colour_shifts` gives it; None is nothing.
        misfit: what all that leaves of places that are not changed, 0 to 1.
    """

    curves: Float
    light: Float
    balance: Float
    strength: float = 0.0
    shifts: Float | None = None
    misfit: float = 0.0

    def apply(self, pixels: UInt8Array) -> UInt8Array:
        """Bring pixels to the tone of *before*.

        Parameters
        ----------
        pixels : array (H, W, 3), uint8
            RGB, of *after* in the frame of *before*.

        Returns
        -------
        array (H, W, 3), uint8
            A new one, rounded and cut to 0 to 255.
        """
        out = self._lit(pixels)
        return out if self.shifts is None else shifted(out, self.shifts)

    def _lit(self, pixels: UInt8Array) -> UInt8Array:
        """Apply curves, light and strength."""
        levels = np.arange(256)[:, None] / 255.0 * self.balance
        table = np.stack([curve_terms(levels[:, i]) @ self.curves[:, i] for i in range(3)], axis=1)
        if not len(self.light) and not self.strength:
            lut = np.clip(np.rint(table * 255), 0, 255).astype(np.uint8)
            return np.asarray(cv2.LUT(pixels, lut[None]), np.uint8)
        out = np.empty_like(pixels)
        base = (table * 255).astype(np.float32)
        from_grey = self.strength * (np.diag(self.balance) - GREY * self.balance)
        for rows, ramp in self._ramps(pixels.shape[0], pixels.shape[1]):
            strip = cv2.LUT(pixels[rows], base[None])
            np.add(strip, ramp * pixels[rows], out=strip)
            if self.strength:
                np.add(strip, cv2.transform(pixels[rows].astype(np.float32), from_grey), out=strip)
            out[rows] = cv2.convertScaleAbs(np.maximum(strip, 0))
        return out

    def _ramps(self, height: int, width: int) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
        """Give the gain over the picture strip by strip: as a whole it would weigh more than the picture."""
        down = min(height, COARSE)
        places = _light_terms(down, min(width, COARSE), len(self.light)) @ self.light * self.balance
        gain = cv2.resize(places.reshape(down, -1, 3).astype(np.float32), (width, down), interpolation=cv2.INTER_LINEAR)
        for top in range(0, height, STRIP):
            y = np.clip((np.arange(top, min(top + STRIP, height)) + 0.5) * down / height - 0.5, 0, down - 1)
            above = np.minimum(y.astype(np.intp), max(0, down - 2))
            below = np.minimum(above + 1, down - 1)
            share = (y - above).astype(np.float32)[:, None, None]
            yield slice(top, top + STRIP), gain[above] * (1 - share) + gain[below] * share


def of_gain(gain: float) -> ToneMap:
    """Give the tone map that multiplies every level alike.

    Parameters
    ----------
    gain : float
        Above 0.

    Returns
    -------
    ToneMap
    """
    curves = np.zeros((6, 3))
    curves[1] = gain
    return ToneMap(curves, NO_LIGHT, EVEN_BALANCE)


def curve_terms(level: Float) -> Float:
    """Give the basis of tone curves: 1, a, a ln a, a ln² a, a², a (1 - a) (2a - 1).

    They hold offset, gain, gamma, as a**gamma = a (1 + (gamma - 1) ln a + ...), and the S of contrast.

    Parameters
    ----------
    level : array (...), 0 and up
        a: a level / 255. Below 1 / 255 its logarithm is that of 1 / 255.

    Returns
    -------
    array (..., 6)
    """
    log, square = np.log(np.maximum(level, 1 / 255)), level * level
    bend = 3 * square - level - 2 * square * level
    return np.stack([np.ones_like(level), level, level * log, level * log * log, square, bend], axis=-1)


def curve_slopes(level: Float) -> Float:
    """Give the derivatives of `curve_terms`.

    Parameters
    ----------
    level : array (...), 1 / 255 and up

    Returns
    -------
    array (..., 6)
    """
    log = np.log(np.maximum(level, 1 / 255))
    bend = 6 * level - 1 - 6 * level * level
    return np.stack([np.zeros_like(level), np.ones_like(level), log + 1, log * (log + 2), 2 * level, bend], axis=-1)


def light_at(positions: Float, terms: int) -> Float:
    """Give slopes and bowls (Legendre polynomials) over the picture, then slow waves (cosines).

    Parameters
    ----------
    positions : array (n, 2), 0 to 1
        x and y over the picture.
    terms : int
        How many of them, from the first.

    Returns
    -------
    array (n, terms)
    """
    across = np.polynomial.legendre.legvander(2 * positions[:, 0] - 1, 2)
    down = np.polynomial.legendre.legvander(2 * positions[:, 1] - 1, 2)
    waves_across = np.cos(np.pi * positions[:, :1] * np.arange(WAVES + 1))
    waves_down = np.cos(np.pi * positions[:, 1:] * np.arange(WAVES + 1))
    slopes = [across[:, i] * down[:, j] for i, j in orders(2)]
    waves = [waves_across[:, i] * waves_down[:, j] for i, j in orders(WAVES)]
    return np.stack((slopes + waves)[:terms], axis=-1) if terms else np.empty((len(positions), 0))


def orders(most: int) -> list[tuple[int, int]]:
    """List the pairs of orders that add up to no more than ``most``, but for 0 and 0.

    Parameters
    ----------
    most : int

    Returns
    -------
    list of (across, down)
        The order of a polynomial or a wave each way.
    """
    return [(i, j) for i in range(most + 1) for j in range(most + 1 - i) if i + j]


def _light_terms(height: int, width: int, terms: int) -> Float:
    y, x = np.mgrid[0:height, 0:width]
    return light_at(np.c_[(x.ravel() + 0.5) / width, (y.ravel() + 0.5) / height], terms)
