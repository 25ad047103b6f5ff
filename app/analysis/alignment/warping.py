"""Resample *after* into the frame of *before*."""

import math
from typing import Any, TypeVar

import cv2
import numpy as np

from app.analysis.alignment.bend import bent_map
from app.analysis.geometry import FloatMatrix, scaling
from app.analysis.model import IDENTITY, Alignment, Band, Bend, UInt8Array, UInt16Array
from app.analysis.resize import scaled_size
from app.analysis.threads import in_threads

ROWS = 128
Plane = TypeVar("Plane", UInt8Array, UInt16Array)


def warp_to_before(
    pixels: Plane, alignment: Alignment, shape: tuple[int, int], *, interpolation: int = cv2.INTER_LINEAR
) -> tuple[Plane, UInt8Array]:
    """Resample an image of *after* into the frame of *before*.

    Parameters
    ----------
    pixels : array, (H, W) or (H, W, C), uint8 or uint16
        An image in the frame of *after*.
    alignment : Alignment
    shape : (height, width) of *before*.
    interpolation : int
        OpenCV's flag. What becomes more than 1.5 times smaller is reduced by averaging areas first.

    Returns
    -------
    pixels : array of ``shape``, of the type of ``pixels``
        The very same array where nothing moves.
    valid : array (height, width), uint8
        255 where *after* has something to say, 0 where it was not looking.
    """
    if alignment.bands:
        return _stacked(pixels, alignment.bands, shape)
    height, width = shape
    matrix = np.array(alignment.matrix)
    if alignment.matrix == IDENTITY and pixels.shape[:2] == shape and not alignment.bend:
        return pixels, np.full(shape, 255, np.uint8)
    shrink = math.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if shrink > 1.5:
        size = scaled_size(pixels.shape, 1.0 / shrink)
        reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        matrix = scaling(size[0] / pixels.shape[1], size[1] / pixels.shape[0]) @ matrix
        pixels = np.asarray(reduced, pixels.dtype)
    if alignment.bend:
        return _bent(pixels, matrix, alignment.bend, shape, interpolation)
    flags = interpolation | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = np.full(pixels.shape[:2], 255, np.uint8)
    valid = cv2.warpPerspective(inside, matrix, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(warped, pixels.dtype), np.asarray(valid, np.uint8)


def _bent(
    pixels: Plane, matrix: FloatMatrix, bend: Bend, shape: tuple[int, int], interpolation: int
) -> tuple[Plane, UInt8Array]:
    """Resample by a matrix and a bend, some rows at a time: maps of the whole would weigh more than the picture."""
    out = np.empty((*shape, *pixels.shape[2:]), pixels.dtype)
    valid = np.empty(shape, np.uint8)
    height, width = pixels.shape[:2]

    def lay(top: int) -> None:
        end = min(top + ROWS, shape[0])
        x, y = bent_map(matrix, bend, shape, (top, end))
        out[top:end] = cv2.remap(pixels, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
        beside: Any = cv2.inRange(x, -0.5, width - 0.5)
        valid[top:end] = cv2.bitwise_and(beside, cv2.inRange(y, -0.5, height - 0.5))

    in_threads(lay, range(0, shape[0], ROWS))
    return out, valid


def _stacked(pixels: Plane, bands: tuple[Band, ...], shape: tuple[int, int]) -> tuple[Plane, UInt8Array]:
    """Put the bands of *after* where they are in *before*."""
    out = np.full((*shape, *pixels.shape[2:]), np.iinfo(pixels.dtype).max, pixels.dtype)
    valid = np.zeros(shape, np.uint8)
    for band in bands:
        out[band.before : band.before + band.length] = pixels[band.after : band.after + band.length]
        valid[band.before : band.before + band.length] = 255
    return out, valid
