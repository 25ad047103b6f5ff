"""A photo, its shifted copy and two regions: what tests of the pictures of a result draw."""

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from PIL import Image
from skimage import data

from app.analysis.model import Alignment, Box, Maps, Options, Region
from app.analysis.render import Scene, render
from tests.analysis.pictures import picture

PHOTO = np.ascontiguousarray(data.astronaut()[:400, :500])
BOXES = [Box(60, 80, 90, 50), Box(300, 200, 8, 6)]
SHIFT = Alignment("shift", ((1.0, 0.0, 12.0), (0.0, 1.0, 7.0), (0.0, 0.0, 1.0)), 50)


def region(number: int, box: Box, dx: int = 0, dy: int = 0) -> Region:
    right, bottom = box.x + box.width - 1, box.y + box.height - 1
    corners = ((box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom))
    after = replace(box, x=box.x + dx, y=box.y + dy)
    return Region(number, box, after, box.width * box.height, 0.01, 0.5, "changed", (corners,))


def scene(before: Any = PHOTO, after: Any = None, alignment: Alignment = SHIFT, **options: Any) -> Scene:
    """A photo and its copy shifted by 12 × 7, with two regions."""
    height, width = before.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for box in BOXES:
        mask[box.slices] = 255
    return Scene(
        picture(before),
        picture(np.roll(before, (7, 12), (0, 1)) if after is None else after),
        alignment,
        Options(**options),
        tuple(region(index + 1, box, 12, 7) for index, box in enumerate(BOXES)),
        Maps(mask, cv2.GaussianBlur(mask, (0, 0), 3)),
    )


def shown(name: str, of: Scene) -> Any:
    return np.asarray(Image.open(io.BytesIO(render(name, of))))
