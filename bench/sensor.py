"""Photograph a picture as a camera does: in linear light that falls off to the corners, with the taste of its maker."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
ELECTRONS = 1500.0, 6000.0
"""How many the brightest pixel counts: their number varies by its root."""
READ_NOISE = 0.002


def photographed(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Expose, cast, shade and blur in linear light, count electrons, then bend, colour and sharpen what is seen.

    Levels 0 to 255 in and out; exposure 0.75–1.1, each channel ±7 %, corners down to 80 %, an S of up to a quarter,
    colours 0.9–1.15 times as far from grey.
    """
    light = _linear(image / 255)
    height, width = light.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light *= (1 - rng.uniform(0.05, 0.2) * (x * x + y * y) / 2)[..., None] * rng.uniform(0.75, 1.1)
    light *= rng.uniform(0.93, 1.07, 3)
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.4, 0.8))
    electrons = rng.uniform(*ELECTRONS)
    counted = rng.poisson(np.clip(light, 0, 1.2) * electrons) / electrons + rng.normal(0, READ_NOISE, light.shape)
    seen = _encoded(np.clip(counted, 0, 1))
    seen += rng.uniform(-0.25, 0.25) * (seen - seen * seen) * (2 * seen - 1)
    grey = seen.mean(axis=2, keepdims=True)
    seen = grey + rng.uniform(0.9, 1.15) * (seen - grey)
    seen += rng.uniform(0.3, 0.7) * (seen - cv2.GaussianBlur(seen, (0, 0), 1.2))
    return np.asarray(255 * seen, np.float32)


def _linear(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Undo the curve of sRGB (IEC 61966-2-1)."""
    level = np.clip(level, 0, 1).astype(np.float64)
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _encoded(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
