"""More than 8 bits a channel: all of them are kept, and the 8 beside them are rounded, never clipped."""

import io
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from app.errors import UnsupportedFormat
from tests import picture_factory as make
from tests.analysis.reading.files import near, read


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_kept_and_their_8_bits_are_rounded(kind: str, channels: int) -> None:
    values = np.random.default_rng(4).integers(0, 65536, (20, 30, channels), np.uint16)
    if channels == 4:
        values[..., 3] = 65535
    data = make.encode_16_bit(values if channels > 1 else values[..., 0], kind)
    picture = read(data)
    expected = values[..., :3] if channels > 1 else np.repeat(values, 3, axis=2)
    assert picture.deep is not None
    assert np.array_equal(picture.deep, expected)
    assert np.array_equal(picture.pixels, np.rint(expected / 257))


def test_16_bit_alpha_is_flattened_at_16_bits() -> None:
    values = np.random.default_rng(5).integers(0, 65536, (20, 30, 4), np.uint16)
    picture = read(make.encode_16_bit(values))
    weight = values[..., 3:] / 65535
    assert picture.deep is not None
    assert picture.alpha is not None
    assert np.abs(picture.deep - (values[..., :3] * weight + 65535 * (1 - weight))).max() <= 0.5 + 1e-6
    assert np.array_equal(picture.alpha, np.rint(values[..., 3] / 257))


def test_16_bit_grey_has_the_brightness_of_its_8_bit_twin() -> None:
    """Pillow's own conversion clips at 255 and turns a mean of 117 into 254."""
    grey = make.photo()[..., 0]
    deep = read(make.encode_16_bit(grey.astype(np.uint16) * 257))
    assert np.array_equal(deep.pixels, read(make.encode(grey)).pixels)


@pytest.mark.parametrize(
    ("extra", "level", "alpha"), [(None, 49151, 128), (0, 32768, None), (1, 65535, 128), (2, 49151, 128)]
)
def test_the_fourth_channel_of_a_16_bit_tiff_is_what_the_file_says(
    extra: int | None, level: int, alpha: int | None
) -> None:
    """Half-transparent half-grey: unsaid and 2 are alpha, 0 is none, 1 has the colour already multiplied."""
    data = make.encode_16_bit(np.full((4, 4, 4), 32768, np.uint16), "tiff")
    picture = read(data if extra is None else make.with_tiff_tag(data, 338, extra))
    assert picture.deep is not None
    assert np.abs(picture.deep.astype(int) - level).max() <= 1
    assert (None if picture.alpha is None else int(picture.alpha.max())) == alpha


def test_a_transparent_level_in_16_bit_grey_is_transparent() -> None:
    grey = np.array([[0, 1000], [1001, 65535]], np.uint16)
    data = make.insert_chunk(make.encode_16_bit(grey), b"tRNS", (1000).to_bytes(2, "big"))
    alpha = read(data).alpha
    assert alpha is not None
    assert alpha.tolist() == [[255, 0], [255, 255]]


@pytest.mark.parametrize(
    ("mode", "values", "expected"),
    [
        ("I;16", [[0, 257], [65535, 32896]], [[0, 1], [255, 128]]),
        ("I", [[0, 257], [65535, 32896]], [[0, 1], [255, 128]]),
        ("F", [[0.0, 0.25], [1.0, 0.5]], [[0, 64], [255, 128]]),
        ("F", [[0.0, 1.0], [255.0, 128.0]], [[0, 1], [255, 128]]),
    ],
)
def test_numbers_are_scaled_not_clipped(mode: str, values: Any, expected: Any) -> None:
    dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    picture = read(make.save(Image.fromarray(np.array(values, dtype)), "TIFF"))
    assert picture.pixels[..., 1].tolist() == expected
    assert picture.deep is not None


def test_white_is_zero_is_inverted() -> None:
    image = Image.fromarray(np.array([[0, 65535]], np.uint16))
    data = make.save(image, "TIFF", tiffinfo={262: 0})
    assert read(data).pixels[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("value", [-1.0, 70000.0, float("nan"), float("inf")])
def test_numbers_without_a_known_range_are_refused(value: float) -> None:
    data = make.save(Image.fromarray(np.array([[0, value]], np.float32)), "TIFF")
    with pytest.raises(UnsupportedFormat, match="after holds numbers outside 0 to 65535"):
        read(data)


def ramp() -> Any:
    """3072 levels of 16-bit grey, far more than 8 bits can tell."""
    grey = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_more_than_8_bits_is_read_in_full(bits: int) -> None:
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100]
    picture = read(cv2.imencode(".avif", ramp() >> 16 - bits, options)[1].tobytes())
    assert picture.deep is not None
    assert near(picture.deep, ramp(), 100)
    assert len(np.unique(picture.deep)) > 900


def test_heic_of_10_bits_is_read_in_full() -> None:
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 48), ramp().tobytes()).save(buffer, quality=100)
    picture = read(buffer.getvalue())
    assert picture.deep is not None
    assert near(picture.deep, ramp(), 100)
    assert len(np.unique(picture.deep)) > 900
