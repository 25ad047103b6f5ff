"""Photos with an edit pasted in, and what evaluating them should find."""

from functools import lru_cache

import cv2
import numpy as np
from skimage import data

from app.analysis.model import Box, Evaluation, UInt8Array
from tests.analysis.pictures import overlap

EDIT = Box(144, 176, 38, 38)
"""A pasted edit, 8 % of the width of `scene`."""


@lru_cache(maxsize=4)
def scene(name: str) -> UInt8Array:
    """A real photo, 480 px wide."""
    photo = getattr(data, name)()
    return np.asarray(cv2.resize(photo, (480, 480 * photo.shape[0] // photo.shape[1]), interpolation=cv2.INTER_AREA))


@lru_cache(maxsize=2)
def crop(name: str = "coffee") -> UInt8Array:
    return np.ascontiguousarray(scene(name)[60:284, 100:400])


def pasted(pixels: UInt8Array, box: Box) -> UInt8Array:
    """Replace a box by the negative of another part of the picture."""
    out = pixels.copy()
    out[box.slices] = 255 - pixels[5 : 5 + box.height, -5 - box.width : -5]
    return out


def assert_same_picture(found: Evaluation, verdict: str = "equivalent") -> None:
    assert [region.before for region in found.regions] == []
    assert found.verdict == verdict


def assert_one_edit(found: Evaluation, truth: Box = EDIT) -> None:
    assert found.verdict == "different"
    (region,) = found.regions
    assert overlap(region.before, truth) >= 0.5
