"""decode: every allowed file gives upright sRGB pixels."""

import io
import re
from typing import Any

import kornia_rs
import numpy as np
import pytest
from PIL import Image

from tests import picture_factory as make
from tests.analysis.reading.files import ALL_KINDS, GREY, LOSSLESS, MODES, assert_flattened, near, pillow_rgba, read


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("shape", [(48, 64), (1, 1), (1, 9), (7, 3)])
def test_lossless_formats_give_their_pixels_back(kind: str, shape: tuple[int, int]) -> None:
    pixels = make.photo(*shape)
    picture = read(make.encode(pixels, kind, **LOSSLESS[kind]))
    assert np.array_equal(picture.pixels, pixels)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert (picture.alpha, picture.deep, picture.notes) == (None, None, ())


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_allowed_format_is_read_and_named(kind: str) -> None:
    pixels = make.photo()
    picture = read(make.encode(pixels, kind))
    assert near(picture.pixels, pixels, 8)
    assert picture.format == {"WEBP": "WebP", "HEIF": "HEIC"}.get(kind, kind)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"keep_rgb": True}]
)
@pytest.mark.parametrize("grey", [False, True])
def test_jpeg_equals_what_pillow_decodes(options: dict[str, Any], grey: bool) -> None:
    pixels = make.photo()
    data = make.encode(pixels[..., 0] if grey else pixels, "JPEG", quality=80, **options)
    assert np.array_equal(read(data).pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_the_facts_about_the_file_are_its_own() -> None:
    data = make.encode(make.photo())
    facts = read(data).describe()
    assert facts["bytes"] == len(data)
    assert (facts["width"], facts["height"]) == (64, 48)
    assert re.fullmatch("[0-9a-f]{64}", facts["sha256"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes_agree_with_pillow(mode: str, kind: str) -> None:
    """The colours over white and the alpha are those that Pillow's RGBA gives."""
    data = make.save(MODES[mode], kind)
    picture, expected = read(data), pillow_rgba(MODES[mode])
    assert_flattened(picture, expected)


@pytest.mark.parametrize(
    ("mode", "transparency"),
    [("P", 3), ("P", bytes(range(0, 256, 16))), ("L", int(np.asarray(GREY)[5, 5])), ("1", 0), ("RGB", (250, 20, 30))],
)
def test_transparency_chunks_make_alpha(mode: str, transparency: Any) -> None:
    """A tRNS chunk is honoured in palette, grey (which OpenCV overlooks), one-bit and RGB PNG."""
    data = make.save(MODES[mode], "PNG", transparency=transparency)
    picture = read(data)
    assert picture.alpha is not None
    assert picture.alpha.min() < 255
    assert_flattened(picture, pillow_rgba(Image.open(io.BytesIO(data))))


def test_colour_hidden_under_full_transparency_is_white() -> None:
    one, other = (np.dstack([make.photo(seed=seed), np.zeros((48, 64), np.uint8)]) for seed in (1, 2))
    pictures = [read(make.encode(pixels)) for pixels in (one, other)]
    assert np.array_equal(pictures[0].pixels, pictures[1].pixels)
    assert pictures[0].pixels.min() == 255


def test_an_alpha_channel_that_is_all_opaque_is_no_alpha() -> None:
    opaque = np.dstack([make.photo(), np.full((48, 64), 255, np.uint8)])
    assert read(make.encode(opaque)).alpha is None


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_many_is_used_and_said(kind: str) -> None:
    first, second = make.photo(seed=1), make.photo(seed=2)
    options = {"lossless": True} if kind == "WEBP" else {}
    frames = [Image.fromarray(second)]
    picture = read(make.save(Image.fromarray(first), kind, save_all=True, append_images=frames, **options))
    assert near(picture.pixels, first, 8 if kind == "GIF" else 0)
    expected = "several pages, first page used" if kind == "TIFF" else "animated, first frame used"
    assert expected in picture.notes


def test_a_png_that_the_fast_decoder_refuses_is_left_to_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Exception("no")

    monkeypatch.setattr(kornia_rs.io, "decode_image_png_u8", refuse)
    for pixels in (make.photo(), make.photo()[..., 0], np.dstack([make.photo(), make.photo(seed=3)[..., 0]])):
        data = make.encode(pixels)
        assert_flattened(read(data), pillow_rgba(Image.open(io.BytesIO(data))))
