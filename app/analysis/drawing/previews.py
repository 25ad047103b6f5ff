"""Bring *after* into the frame of *before*, and make the reduced copies that a browser shows first."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from app.analysis.alignment.warping import warp_to_before
from app.analysis.encoding import encode_webp, with_alpha
from app.analysis.geometry import rows, scaling
from app.analysis.model import Alignment, Picture
from app.analysis.resize import reduce_to

LONGEST_PREVIEW = 1600
Shape = tuple[int, ...]


def aligned_pixels(after: Picture, alignment: Alignment, shape: Shape) -> Any:
    """Give *after* in the frame of *before*.

    Parameters
    ----------
    after : Picture
    alignment : Alignment
    shape : (height, width) of *before*; what follows is ignored.

    Returns
    -------
    array (height, width, 3 or 4), uint8
        RGB, or RGBA where one can see through it.
    """
    pixels, alpha = warp(after, alignment, shape)
    return with_alpha(pixels, None if alpha.min() == 255 else alpha)


def warp(after: Picture, alignment: Alignment, shape: Shape) -> tuple[Any, Any]:
    """Give *after* in the frame of *before*, and how opaque it is.

    Parameters
    ----------
    after, alignment, shape
        As in `aligned_pixels`.

    Returns
    -------
    pixels : array (height, width, 3), uint8
        RGB, flattened on white.
    alpha : array (height, width), uint8
        255 is opaque; 0 where *after* has nothing to show.
    """
    size = shape[0], shape[1]
    pixels, valid = warp_to_before(after.pixels, alignment, size)
    if after.alpha is None:
        return pixels, valid
    alpha, _ = warp_to_before(after.alpha, alignment, size)
    return pixels, cv2.min(valid, alpha)


def preview(picture: Picture) -> bytes:
    """Encode a copy that is small enough to be seen at once on a slow line.

    Parameters
    ----------
    picture : Picture

    Returns
    -------
    bytes
        WebP of at most `LONGEST_PREVIEW` pixels a side, with transparency.
    """
    small = _reduced(picture)
    return encode_webp(with_alpha(small.pixels, small.alpha))


def preview_aligned(after: Picture, alignment: Alignment, shape: Shape) -> bytes:
    """Do so for *after* in the frame of *before*: what is aligned is the copy, which takes a fraction of the time.

    Parameters
    ----------
    after, alignment, shape
        As in `aligned_pixels`.

    Returns
    -------
    bytes
        WebP of at most `LONGEST_PREVIEW` pixels a side, in the proportions of *before*.
    """
    if alignment.bands:  # rows that moved did so by whole pixels
        return encode_webp(reduce_to(aligned_pixels(after, alignment, shape), LONGEST_PREVIEW)[0])
    small = _reduced(after)
    share = min(1.0, LONGEST_PREVIEW / max(shape[:2]))
    height, width = (max(1, round(length * share)) for length in shape[:2])
    shrink = scaling(small.width / after.width, small.height / after.height)
    matrix = shrink @ np.array(alignment.matrix) @ scaling(shape[1] / width, shape[0] / height)
    return encode_webp(aligned_pixels(small, replace(alignment, matrix=rows(matrix)), (height, width)))


def _reduced(picture: Picture) -> Picture:
    alpha = None if picture.alpha is None else reduce_to(picture.alpha, LONGEST_PREVIEW)[0]
    return replace(picture, pixels=reduce_to(picture.pixels, LONGEST_PREVIEW)[0], alpha=alpha)
