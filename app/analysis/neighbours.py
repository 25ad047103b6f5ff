"""What the 3 × 3 neighbours of a pixel in one image say about the pixel at that place in another."""

from typing import Any

import cv2
import numpy as np

from app.analysis.model import FloatArray

SQUARE = np.ones((3, 3), np.uint8)
"""A pixel and its eight neighbours."""


def span(image: Any) -> tuple[Any, Any]:
    """Give the least and the largest level among each pixel and its neighbours.

    Parameters
    ----------
    image : array (H, W) or (H, W, C), uint8, uint16 or float32

    Returns
    -------
    low, high : arrays like ``image``
    """
    return cv2.erode(image, SQUARE), cv2.dilate(image, SQUARE)


def outside(before: Any, after: Any, span_before: tuple[Any, Any], span_after: tuple[Any, Any]) -> Any:
    """Give how far each pixel lies outside the span of its neighbours in the other image, the larger of both ways.

    This forgives a pixel of misregistration and another anti-aliasing.

    Parameters
    ----------
    before, after : arrays of one shape and type, (H, W) or (H, W, C)
    span_before, span_after : what `span` gives for each

    Returns
    -------
    array like ``before``, in its levels; 0 and up
    """
    (low, high), (low_after, high_after) = span_before, span_after
    beyond, other = cv2.subtract(after, high), cv2.subtract(low, after)
    for image, limit in ((before, high_after), (low_after, before)):
        beyond = cv2.max(beyond, other, dst=beyond)
        other = cv2.subtract(image, limit, dst=other)
    beyond = cv2.max(beyond, other, dst=beyond)
    return np.maximum(beyond, 0, out=beyond)


def gradient(image: Any) -> tuple[FloatArray, FloatArray]:
    """Give how much an image rises from pixel to pixel, across and down (Sobel).

    Parameters
    ----------
    image : array (H, W) or (H, W, C), uint8 or float32

    Returns
    -------
    across, down : arrays like ``image``, float32
        In its levels per pixel.
    """
    across, down = (cv2.Sobel(image, cv2.CV_32F, x, 1 - x, ksize=3, scale=1 / 8) for x in (1, 0))
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
