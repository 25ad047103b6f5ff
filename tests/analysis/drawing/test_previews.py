"""What a browser loads: reduced copies first, tiles of the very pixels where it looks closer."""

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from app.analysis.drawing.previews import LONGEST_PREVIEW, aligned_pixels, preview, preview_aligned
from app.analysis.drawing.tiles import LEVELS, TILE, cut_tile
from app.analysis.geometry import rows, scaling
from app.analysis.model import Alignment, Band
from app.analysis.resize import reduce_to
from app.errors import NotFound
from tests.analysis.pictures import picture

LARGE: Any = cv2.resize(np.ascontiguousarray(data.astronaut()), (2400, 1900), interpolation=cv2.INTER_CUBIC)
TURNED = Alignment("similarity", ((0.98, -0.05, 60.0), (0.05, 0.98, -20.0), (0.0, 0.0, 1.0)), 90)


def opened(encoded: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(encoded)))


def test_a_preview_is_the_picture_made_small() -> None:
    """WebP, 1600 pixels at most, and close to the averaged pixels."""
    small = opened(preview(picture(LARGE)))
    assert small.shape == (1267, LONGEST_PREVIEW, 3)
    assert np.abs(small.astype(int) - reduce_to(LARGE, LONGEST_PREVIEW)[0]).mean() < 3
    assert opened(preview(picture(LARGE[:300, :400]))).shape == (300, 400, 3)


@pytest.mark.parametrize("shape", [(1900, 2400), (950, 1200), (3000, 1500)])
def test_the_aligned_preview_shows_what_the_aligned_picture_shows(shape: tuple[int, int]) -> None:
    """Aligning the reduced copy gives the reduced aligned picture, whatever the two sizes are."""
    to_after = scaling(2400 / shape[1], 1900 / shape[0])
    alignment = replace(TURNED, matrix=rows(np.array(TURNED.matrix) @ to_after))
    small = opened(preview_aligned(picture(LARGE), alignment, shape))
    whole, _ = reduce_to(aligned_pixels(picture(LARGE), alignment, shape), LONGEST_PREVIEW)
    assert small.shape == whole.shape
    seen = cv2.erode(whole[..., 3], np.ones((9, 9), np.uint8)) == 255
    assert seen.mean() > 0.8
    assert np.abs(small[seen][:, :3].astype(int) - whole[seen][:, :3]).mean() < 3.5
    hidden = cv2.dilate(whole[..., 3], np.ones((9, 9), np.uint8)) == 0
    assert (small[hidden][:, 3] == 0).all()


def test_the_aligned_preview_puts_moved_rows_in_place() -> None:
    """Rows that were inserted are not shown, those after them are where they were."""
    inserted = np.vstack([LARGE[:400], np.zeros((300, 2400, 3), np.uint8), LARGE[400:]])
    bands = Alignment("shift", bands=(Band(0, 0, 400), Band(400, 700, 1500)))
    small = opened(preview_aligned(picture(inserted), bands, LARGE.shape[:2]))
    assert np.abs(small.astype(int) - reduce_to(LARGE, LONGEST_PREVIEW)[0]).mean() < 3


def whole_of_tiles(pixels: Any, level: int) -> Any:
    """Put the tiles of a level together."""
    side = TILE << level
    across, down = (-(-length // side) for length in pixels.shape[1::-1])
    return np.vstack([np.hstack([opened(cut_tile(pixels, level, x, y)) for x in range(across)]) for y in range(down)])


@pytest.mark.parametrize("channels", [None, 3, 4])
def test_the_finest_tiles_together_are_every_pixel(channels: int | None) -> None:
    """Lossless, the colour under full transparency included."""
    shape = (700, 1100) if channels is None else (700, 1100, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    together = whole_of_tiles(pixels, 0)
    assert np.array_equal(together[..., 0] if channels is None else together, pixels)


@pytest.mark.parametrize("level", range(1, LEVELS))
def test_coarser_tiles_are_the_picture_halved(level: int) -> None:
    """Each pixel of them the average of a block, up to what compression does."""
    together = whole_of_tiles(LARGE, level)
    factor = 1 << level
    assert together.shape[:2] == tuple(-(-length // factor) for length in LARGE.shape[:2])
    height, width = (length // factor for length in LARGE.shape[:2])
    blocks = LARGE[: height * factor, : width * factor].reshape(height, factor, width, factor, 3).mean((1, 3))
    assert np.abs(together[:height, :width] - blocks).mean() < 3


@pytest.mark.parametrize(
    "place", [(-1, 0, 0), (LEVELS, 0, 0), (0, -1, 0), (0, 0, -1), (0, 5, 0), (0, 0, 4), (99, 0, 0)]
)
def test_there_is_no_tile_beyond_the_picture(place: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound, match="There is no such tile"):
        cut_tile(LARGE, *place)
