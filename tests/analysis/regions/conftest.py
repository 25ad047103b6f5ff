"""Pictures to find kinds of regions in: textures, pages with words, a photo, and a thing to paste."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage

from app.analysis.model import Box

Pixels = npt.NDArray[np.uint8]
Found = tuple[Box, Pixels]
SPOT = Box(60, 50, 40, 36)
ELSEWHERE = Box(200, 140, 40, 36)


def whole(box: Box) -> Found:
    return box, np.full((box.height, box.width), 255, np.uint8)


def differing(before: Pixels, after: Pixels) -> Found:
    """Give everything that differs clearly as one region."""
    mask = (cv2.absdiff(before, after).max(axis=2) > 10).astype(np.uint8) * np.uint8(255)
    box = Box(*cv2.boundingRect(mask))
    return box, mask[box.slices]


def textured(seed: int, height: int = 240, width: int = 320, contrast: int = 30) -> Pixels:
    """Draw a soft random texture around mid grey."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(128 + contrast * soft / soft.std(), 0, 255).astype(np.uint8)


def page() -> Pixels:
    return np.full((240, 320, 3), 250, np.uint8)


def written(image: Pixels, text: str, colour: tuple[int, int, int] = (20, 20, 20)) -> Pixels:
    return np.asarray(cv2.putText(image.copy(), text, (70, 120), cv2.FONT_HERSHEY_SIMPLEX, 2, colour, 5, cv2.LINE_AA))


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return np.asarray(skimage.data.astronaut(), np.uint8)


@pytest.fixture(scope="module")
def thing() -> Pixels:
    """Give a face to paste: 60 by 60 pixels of another photo."""
    return np.asarray(cv2.resize(skimage.data.chelsea()[60:220, 120:280], (60, 60), interpolation=cv2.INTER_AREA))
