"""What many tests do with pictures: round levels, encode and open them, evaluate two, and compare boxes."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.encoding import encode_png
from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Evaluation, Options, Picture, UInt8Array


def quantised(levels: npt.NDArray[np.floating[Any]]) -> UInt8Array:
    """Round levels to what 8 bits hold."""
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def encoded(pixels: npt.NDArray[Any], quality: int | None = None) -> bytes:
    """Encode RGB as JPEG of a quality, and what has no quality as PNG."""
    if quality is None:
        return encode_png(pixels)
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def opened(file: bytes) -> UInt8Array:
    """Give the RGB pixels of a file."""
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])


def resaved(pixels: npt.NDArray[Any], quality: int) -> UInt8Array:
    """Save as JPEG and open again; in the file, red and blue have changed places."""
    file = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)


def picture(pixels: npt.NDArray[Any], alpha: UInt8Array | None = None) -> Picture:
    """Give what reading a file would."""
    return Picture(np.ascontiguousarray(pixels), alpha, None, "x.png", "PNG", "0" * 64, 1)


def compare(before: npt.NDArray[Any], after: npt.NDArray[Any], **options: Any) -> Evaluation:
    """Evaluate two pictures as PNG files."""
    return evaluate(encode_png(before), encode_png(after), Options(**options))


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    across = max(0, min(a.x + a.width, b.x + b.width) - max(a.x, b.x))
    down = max(0, min(a.y + a.height, b.y + b.height) - max(a.y, b.y))
    return across * down / (a.width * a.height + b.width * b.height - across * down)
