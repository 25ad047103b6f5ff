"""What tests of reading share: the call, one picture in many modes, and when two pictures are alike."""

from typing import Any

import numpy as np
from PIL import Image

from app.analysis.model import Limits, Picture
from app.analysis.reading.decode import decode
from app.errors import ImageDiffError
from tests import picture_factory as make

LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}
ALL_KINDS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"]


def read(data: bytes, **limits: int) -> Picture:
    return decode(data, name="after", limits=Limits(**limits))


def outcome(data: bytes) -> Picture | ImageDiffError:
    """Give the picture, or the refusal; any other exception is a failure."""
    try:
        return read(data, max_pixels=1_000_000)
    except ImageDiffError as error:
        return error


def near(a: Any, b: Any, most: float) -> bool:
    """Say whether two pictures are as alike as lossy coding allows."""
    return a.shape == b.shape and float(np.abs(a.astype(int) - b).mean()) <= most


def pillow_rgba(image: Image.Image) -> Any:
    return np.asarray(image.convert("RGBA"))


PALETTE = Image.fromarray(make.photo()).quantize(16)
GREY = Image.fromarray(make.photo()).convert("L")
MODES = {
    "1": GREY.convert("1"),
    "L": GREY,
    "LA": Image.fromarray(np.dstack([np.asarray(GREY), make.photo(seed=3)[..., 0]])),
    "P": PALETTE,
    "RGB": Image.fromarray(make.photo()),
    "RGBA": Image.fromarray(np.dstack([make.photo(), make.photo(seed=3)[..., 0]])),
}


def assert_flattened(picture: Picture, rgba: Any) -> None:
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        assert picture.alpha is None
    else:
        assert np.array_equal(picture.alpha, alpha)
        assert "alpha flattened on white" in picture.notes
    weight = alpha[..., None] / 255
    assert np.abs(picture.pixels - (rgba[..., :3] * weight + 255 * (1 - weight))).max() <= 0.5 + 1e-9
