"""Screenshots drawn for the tests of noise-free pairs: text, a button and lines, in several ways of anti-aliasing."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.analysis.model import Box, UInt8Array

SIZE = (480, 640)
LETTER = Box(60, 200, 14, 26)
"""Where the digit of `page` is."""
LINES = (
    "The quick brown fox jumps over the lazy dog",
    "Pack my box with five dozen liquor jugs, please",
    "Sphinx of black quartz, judge my vow: 42 times",
    "How vexingly quick daft zebras jump at noon",
)


@lru_cache(maxsize=8)
def page(digit: str = "8", button: str = "#fafafa", scale: int = 1) -> UInt8Array:
    """Draw a page, RGB; ``scale`` draws everything that many times as large."""
    image = Image.new("RGB", (SIZE[1] * scale, SIZE[0] * scale), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=18 * scale)
    for row, line in enumerate(LINES * 3):
        if row != 4:
            pen.text((20 * scale, (20 + 38 * row) * scale), line, font=font, fill="#222222")
    pen.text((20 * scale, LETTER.y * scale), f"Total {digit} items", font=font, fill="#222222")
    pen.rectangle(tuple(v * scale for v in (460, 300, 600, 340)), fill=button, outline="#888888", width=scale)
    pixels = np.asarray(image)
    pixels.setflags(write=False)
    return pixels


@lru_cache(maxsize=8)
def sampled(right: int = 0, down: int = 0, digit: str = "8") -> UInt8Array:
    """Draw a page three times as large and average it, moved by thirds of a pixel."""
    large = np.roll(page(digit, scale=3), (down, right), axis=(0, 1))
    return np.asarray(cv2.resize(large, SIZE[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def fringed(digit: str = "8") -> UInt8Array:
    """Draw a page for a screen whose red, green and blue lie side by side."""
    channels = [sampled(1, 0, digit)[..., 0], sampled(0, 0, digit)[..., 1], sampled(-1, 0, digit)[..., 2]]
    return np.ascontiguousarray(np.dstack(channels))


def edited(image: UInt8Array, box: Box, colour: Any) -> UInt8Array:
    """Paint a box of a picture in one colour."""
    out = image.copy()
    out[box.y : box.y + box.height, box.x : box.x + box.width] = colour
    return out


def unequal_box(before: UInt8Array, after: UInt8Array) -> Box:
    """Give the box of all pixels that differ."""
    return Box(*cv2.boundingRect((before != after).any(axis=2).astype(np.uint8)))
