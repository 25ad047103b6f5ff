"""The pair of photos that tests of the numbers measure."""

from typing import Any

import cv2
import numpy as np
from skimage import data


def photos() -> tuple[Any, Any]:
    """A real photo, and the same with noise, a patch and a brighter corner."""
    before = np.ascontiguousarray(data.astronaut()[:300, :410])
    after = cv2.add(before, np.random.default_rng(0).integers(0, 4, before.shape, np.uint8))
    after[100:130, 200:260] = (10, 200, 90)
    return before, after


BEFORE, AFTER = photos()


def counts(image: Any, channel: int) -> Any:
    return np.bincount(image[..., channel].ravel(), minlength=256)
