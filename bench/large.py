"""Pairs for timing: photos of any size with a few edits, aligned or by hand, and long screenshots."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from bench import drawn, photos
from bench.edits import make_edits
from bench.nuisances import encode_at

Pixels = npt.NDArray[np.uint8]

SIZES = {"VGA": (640, 480), "2 MP": (1920, 1080), "12 MP": (4000, 3000), "24 MP": (6000, 4000), "50 MP": (8160, 6120)}
# What a pair can be: the same scene in place, seen from elsewhere, equal pixels in another file.
VARIANTS = ("aligned", "homography", "identical")
SCREENS = {"4 MP": (2000, 2000), "12 MP": (2400, 5000), "24 MP": (3000, 8000), "40 MP": (3200, 12500)}


@lru_cache(maxsize=1)
def photo(size: tuple[int, int]) -> Pixels:
    """Give a sharp photo of a size: four photos side by side, enlarged, with the grain of a sensor."""
    width, height = size
    half = (width - width // 2, height - height // 2)
    names = ("motorcycle_left.png", "coffee.png", "astronaut.png", "china.jpg")
    quarters = [cv2.resize(photos.original(name), half, interpolation=cv2.INTER_CUBIC) for name in names]
    whole = np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])[:height, :width]
    grain = np.random.default_rng(1).normal(0, 2, (512, 512, 3))
    tiled = np.tile(grain, (height // 512 + 1, width // 512 + 1, 1))[:height, :width].astype(np.float32)
    return np.clip(whole + tiled + 0.5, 0, 255).astype(np.uint8)


def photo_pair(size: tuple[int, int], variant: str, jpeg: bool) -> tuple[bytes, bytes]:
    """Make one pair of files with five edits (none when identical)."""
    scene = photo(size)
    quality = 92 if jpeg else None
    first = encode_at(scene, quality)
    if variant == "identical":
        return first, _other_file(scene, first, jpeg)
    allowed = np.zeros(scene.shape[:2], np.uint8)
    edge = size[0] // 12
    allowed[edge:-edge, edge:-edge] = 255
    _, changed, _ = make_edits(scene, photos.original("hubble_deep_field.jpg"), allowed, size[0], 5, "default", 3)
    if variant == "homography":
        width, height = size
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        shifts = np.array([[0.01, -0.012], [-0.02, 0.01], [0.012, 0.015], [-0.01, 0.02]], np.float32)
        matrix = cv2.getPerspectiveTransform(corners, corners + shifts * np.array([width, height], np.float32))
        changed = np.asarray(cv2.warpPerspective(changed, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    return first, encode_at(changed, quality)


def _other_file(scene: Pixels, first: bytes, jpeg: bool) -> bytes:
    """Give the same pixels in other bytes where the format can (PNG at another compression)."""
    if jpeg:
        return first
    bgr = np.ascontiguousarray(scene[..., ::-1])
    return bytes(cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 2])[1])


def screenshot_pair(size: tuple[int, int], changes: int = 5) -> tuple[bytes, bytes]:
    """Make a long page and the same page with a few small places changed, as PNG."""
    width, height = size
    tiles: list[Pixels] = []
    while sum(tile.shape[0] for tile in tiles) < height:
        tiles.append(drawn.draw("screenshot", width, 40 + len(tiles)))
    before = np.ascontiguousarray(np.vstack(tiles)[:height])
    after = before.copy()
    rng = np.random.default_rng(5)
    for _ in range(changes):
        x, y = int(rng.integers(0, width - 120)), int(rng.integers(0, height - 60))
        after[y : y + 40, x : x + 90] = rng.integers(0, 255, 3)
    return _compressed(before), _compressed(after)


def _compressed(image: Pixels) -> bytes:
    """Encode as a browser does: PNG well compressed."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 6])[1])
