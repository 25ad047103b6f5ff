"""The pictures that pairs are made from: photos that libraries ship, and drawn ones; no network.

Two sets share no photo and no drawing seed: "tune" is for looking at while changing the comparison,
"report" is for the published numbers.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
import skimage
import sklearn
from PIL import Image

from bench import drawn

Pixels = npt.NDArray[np.uint8]

FOLDERS = (
    Path(skimage.__file__).parent / "data",
    Path(sklearn.__file__).parent / "datasets" / "images",
    Path(matplotlib.get_data_path()) / "sample_data",
)
PHOTOS = {
    "tune": (
        "astronaut.png", "coffee.png", "china.jpg", "hubble_deep_field.jpg", "motorcycle_left.png",
        "camera.png", "coins.png", "brick.png", "page.png",
    ),
    "report": (
        "chelsea.png", "flower.jpg", "grace_hopper.jpg", "retina.jpg", "rocket.jpg", "ihc.png",
        "grass.png", "gravel.png", "moon.png",
    ),
}  # fmt: skip
DRAWN = {
    "tune": ("document-1", "screenshot-1", "chart-1", "card-1", "board-1", "sky-1", "tiles-1"),
    "report": ("document-2", "screenshot-2", "chart-2", "card-2", "board-2", "sky-2", "tiles-2"),
}
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
FRAME_SHARE = 0.88  # the picture is this part of the scene; the rest is there to come into view when the camera moves


def names(which: str, *, made: bool = True) -> tuple[str, ...]:
    """Give the names of one set, photos first."""
    return PHOTOS[which] + (DRAWN[which] if made else ())


def in_folder(folder: Path) -> tuple[str, ...]:
    """Give the photos of a folder; their names are paths, which `original` reads as they are."""
    return tuple(str(path.absolute()) for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)


def siblings(name: str) -> list[str]:
    """Give the other photos of the set, or of the folder, that a picture belongs to."""
    own = Path(name)
    if own.is_absolute():
        photos = in_folder(own.parent)
    else:
        photos = PHOTOS[next(which for which in PHOTOS if name in PHOTOS[which] + DRAWN[which])]
    return [other for other in photos if other != name]


def seed_of(*parts: object) -> int:
    """Give a number that depends on the parts alone, the same on every machine and run."""
    return zlib.crc32("/".join(str(part) for part in parts).encode())


@lru_cache(maxsize=40)
def original(name: str) -> Pixels:
    """Read a shipped photo as RGB, at the size it ships in."""
    path = next(folder / name for folder in FOLDERS if (folder / name).exists())
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def scene(name: str, seed: int) -> Pixels:
    """Give the whole scene for one pair: the picture at a size chosen by the seed, with some margin around it.

    Photos are enlarged at most twice; then sharpened and given some grain, as a camera of that size would.
    """
    rng = np.random.default_rng(seed_of("scene", name, seed))
    if name in DRAWN["tune"] + DRAWN["report"]:
        kind, number = name.rsplit("-", 1)
        width = int(rng.choice([640, 800, 1024, 1280, 1600, 1920]) / FRAME_SHARE)
        return drawn.draw(kind, width, seed_of(number, seed))
    photo = original(name)
    width = photo.shape[1]
    wanted = float(rng.choice([640, 720, 800, 960, 1200, 1600, 2000])) / FRAME_SHARE
    scale = float(np.clip(wanted / width, min(1.0, 620 / width), 2.0))
    if scale <= 1:
        return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    large = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    large += 0.6 * (large - cv2.GaussianBlur(large, (0, 0), scale))
    large += cv2.GaussianBlur(rng.normal(0, 3, large.shape).astype(np.float32), (0, 0), 0.6)
    return np.clip(large + 0.5, 0, 255).astype(np.uint8)


def frame_of(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Give the part of a scene that *before* shows: x, y, width, height."""
    height, width = shape[:2]
    inner_w, inner_h = round(width * FRAME_SHARE), round(height * FRAME_SHARE)
    return (width - inner_w) // 2, (height - inner_h) // 2, inner_w, inner_h
