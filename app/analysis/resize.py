"""Make images smaller by averaging areas, at the cost of reading them once."""

from typing import Any

import cv2
import numpy as np


def reduce_by(image: Any, factor: int) -> Any:
    """Average blocks of `factor` × `factor` pixels.

    Parameters
    ----------
    image : ndarray
        Shape (height, width) or (height, width, channels).
    factor : int
        1 gives the very same array.

    Returns
    -------
    ndarray
        Shape (height // factor, width // factor, ...): an incomplete block at the right or bottom is left out.

    Notes
    -----
    For whole factors OpenCV is three times as fast as for others.
    """
    if factor == 1:
        return image
    height, width = image.shape[0] // factor, image.shape[1] // factor
    if height == 0 or width == 0:
        return np.empty((height, width, *image.shape[2:]), image.dtype)
    return cv2.resize(image[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)


def reduce_to(image: Any, longest: int) -> tuple[Any, tuple[float, float]]:
    """Reduce until no side is longer than `longest`: first by a whole factor, then by what is left.

    Returns
    -------
    reduced : ndarray
        The very same array when it is small enough already.
    step : tuple of float
        Pixels of the image per pixel of the result, (x, y).
    """
    height, width = image.shape[:2]
    if max(height, width) <= longest:
        return image, (1.0, 1.0)
    factor = max(1, min(max(height, width) // longest, height, width))
    image = reduce_by(image, factor)
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image, (width * factor / size[0], height * factor / size[1])


def scale_by(image: Any, scale: float) -> Any:
    """Scale an image down by any factor; 1 or more gives the very same array, and no side becomes 0."""
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
