"""Make images smaller by averaging areas, at the cost of reading them once."""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np

from app.analysis.changed import Changed, covered
from app.analysis.model import Box, UInt8Array
from app.analysis.threads import in_threads

REDUCED_PIXELS = 1_000_000
LEFT = 1.3
"""How much must be left to reduce after halving: just over 1 some pixels would stay sharp and others not."""
LITTLE = math.sqrt(2)
"""How much is so little that linear interpolation does."""


class Reduced(NamedTuple):
    """Two images of one size (height, width, 3), uint8, reduced by one whole number.

    ``unequal`` are boxes in their pixels, outside of which they are equal; None when that is not known.
    """

    before: UInt8Array
    after: UInt8Array
    factor: int
    unequal: list[Box] | None = None


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
    For whole factors OpenCV is twice as fast as for others, and for 2 six times: even factors halve first, which
    rounds more than once.
    """
    if factor == 1:
        return image
    height, width = image.shape[0] // factor, image.shape[1] // factor
    if height == 0 or width == 0:
        return np.empty((height, width, *image.shape[2:]), image.dtype)
    image = image[: height * factor, : width * factor]
    while factor % 2 == 0:
        factor //= 2
        image = cv2.resize(image, (width * factor, height * factor), interpolation=cv2.INTER_AREA)
    return image if factor == 1 else cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def reduce_to(image: Any, longest: int, interpolation: int = cv2.INTER_AREA) -> tuple[Any, tuple[float, float]]:
    """Reduce until no side is longer than `longest`: first by a whole factor, then by what is left.

    Parameters
    ----------
    image : ndarray
        Shape (height, width) or (height, width, channels).
    longest : int
        In pixels.
    interpolation : int
        How the rest is reduced, by less than 2.

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
    size = scaled_size(image.shape, min(1.0, longest / max(height, width)))
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=interpolation)
    return image, (width * factor / size[0], height * factor / size[1])


def reduce_to_size(image: Any, size: tuple[int, int]) -> Any:
    """Reduce to (width, height), halving first while that leaves out no pixel: much cheaper than in one go.

    Parameters
    ----------
    image : ndarray, uint8
        Shape (height, width) or (height, width, channels), no side smaller than asked for.
    size : (width, height)

    Returns
    -------
    ndarray
        Nearly the average over areas: halves are rounded, and weighed as a whole at the edges of areas.

    Notes
    -----
    Where little is left to reduce, linear interpolation blurs as much as areas would (a box of `LITTLE` pixels spreads
    light as far as two pixels weighed by distance do on average), in a sixth of the time.
    """
    image = halved(image, size)
    little = image.shape[1] <= LITTLE * size[0] and image.shape[0] <= LITTLE * size[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR if little else cv2.INTER_AREA)


def halved(image: Any, size: tuple[int, int]) -> Any:
    """Halve an image while that leaves out no pixel and enough to reduce.

    Parameters
    ----------
    image : ndarray, uint8
        Shape (height, width) or (height, width, channels).
    size : (width, height)
        What it is to be reduced to afterwards.

    Returns
    -------
    ndarray, uint8
        The very same array when there is too little to reduce, or a side is odd.
    """
    while not (image.shape[0] % 2 or image.shape[1] % 2) and image.shape[1] >= 2 * LEFT * size[0]:
        image = reduce_by(image, 2)
    return image


def scaled_size(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    """Give the size of an image at a scale.

    Parameters
    ----------
    shape : (height, width) of the image; what follows is ignored.
    scale : float
        Above 0.

    Returns
    -------
    (width, height)
        Rounded to whole pixels, at least one each way; in OpenCV's order.
    """
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def scale_by(image: Any, scale: float) -> Any:
    """Scale an image down by any factor, averaging areas.

    Parameters
    ----------
    image : array (H, W) or (H, W, C), uint8, uint16 or float32
    scale : float
        Above 0.

    Returns
    -------
    array like ``image``
        The very same for 1 or more; no side becomes 0.
    """
    if scale >= 1:
        return image
    return cv2.resize(image, scaled_size(image.shape, scale), interpolation=cv2.INTER_AREA)


def factor_for(shape: tuple[int, ...]) -> int:
    """Give the whole number that reduces an image to at most `REDUCED_PIXELS`, or its shorter side to one.

    Parameters
    ----------
    shape : (height, width) of the image; what follows is ignored.

    Returns
    -------
    int
        1 and up, as `reduce_by` takes it.
    """
    height, width = shape[:2]
    return max(1, min(math.ceil(math.sqrt(height * width / REDUCED_PIXELS)), height, width))


def reduce_both(before: UInt8Array, after: UInt8Array, changed: Changed, valid: Any = None) -> Reduced:
    """Reduce both by one whole number to at most `REDUCED_PIXELS`, only once where they are equal.

    Parameters
    ----------
    before, after : ndarray
        One shape (height, width, 3), uint8.
    changed : Changed
        What `changed.find_changed` gave for them.
    valid : ndarray, optional
        Shape (height, width), uint8; where it is 0 nothing is compared, and both results are *before*.

    Returns
    -------
    Reduced
        The same array twice when nothing is unequal.
    """
    height, width = before.shape[:2]
    factor = factor_for(before.shape)
    if changed.box is None:
        whole = reduce_by(before, factor)
        return Reduced(whole, whole, factor, [])
    boxes = changed.boxes((height, width))
    if 2 * covered(boxes) > height * width:
        whole, new = in_threads(lambda index: reduce_by((before, after)[index], factor), range(2))
        if valid is not None:
            new = np.where((reduce_by(valid, factor) == 255)[..., None], new, whole)
        return Reduced(whole, new, factor)
    whole = reduce_by(before, factor)
    new, unequal = whole.copy(), []
    for box in boxes:
        # the box, grown to whole reduced pixels
        rows = slice(box.y // factor, min(-(-(box.y + box.height) // factor), height // factor))
        columns = slice(box.x // factor, min(-(-(box.x + box.width) // factor), width // factor))
        part = tuple(slice(span.start * factor, span.stop * factor) for span in (rows, columns))
        inside = reduce_by(after[part], factor)
        if valid is not None:
            inside = np.where((reduce_by(valid[part], factor) == 255)[..., None], inside, whole[rows, columns])
        new[rows, columns] = inside
        unequal.append(Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))
    return Reduced(whole, new, factor, unequal)
