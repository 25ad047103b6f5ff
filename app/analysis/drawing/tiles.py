"""Cut a large picture into tiles, so that a browser loads only what it shows, as sharp as it shows it."""

from typing import Any

import cv2
import numpy as np

from app.analysis.encoding import encode_webp
from app.errors import NotFound

TILE = 512
LEVELS = 3


def cut_tile(pixels: Any, level: int, column: int, row: int) -> bytes:
    """Encode one tile.

    Parameters
    ----------
    pixels : ndarray
        The whole picture, RGB or RGBA, or a mask (height, width); uint8. A memory map will do: only the tile is read.
    level : int
        0 shows every pixel as it is, 1 and 2 are that many times halved (coarser ones are what previews are for).
    column, row : int
        Place among the tiles of the level; those at the right and bottom may be smaller.

    Returns
    -------
    bytes
        WebP of at most 512 × 512 pixels: lossless at level 0, small at the others. A mask keeps its every spot.

    Raises
    ------
    NotFound
        There is no such level or place.
    """
    if not 0 <= level < LEVELS:
        raise NotFound("There is no such tile.")
    side = TILE << level
    if min(column, row) < 0 or row * side >= pixels.shape[0] or column * side >= pixels.shape[1]:
        raise NotFound("There is no such tile.")
    part = np.asarray(pixels[row * side : (row + 1) * side, column * side : (column + 1) * side])
    if level == 0:
        return encode_webp(part, quality=100)
    factor = 1 << level
    size = -(-part.shape[1] // factor), -(-part.shape[0] // factor)
    reduced = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    if part.ndim == 2:  # of a mask nothing gets lost, were it one pixel
        return encode_webp(cv2.threshold(reduced, 0, 255, cv2.THRESH_BINARY)[1], quality=100)  # type: ignore[arg-type]
    return encode_webp(reduced, quality=85)
