"""decode: every allowed file gives upright sRGB pixels, every other one a clear refusal."""

import io
import re
import struct
import subprocess
import sys
import zlib
from typing import Any

import cv2
import kornia_rs
import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from app.analysis.model import Limits, Picture
from app.analysis.reading.decode import decode
from app.errors import CorruptImage, ImageDiffError, MissingFile, SideTooLong, TooManyPixels, UnsupportedFormat
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


# --- the plain cases ------------------------------------------------------------------------------------------


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


def assert_flattened(picture: Picture, rgba: Any) -> None:
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        assert picture.alpha is None
    else:
        assert np.array_equal(picture.alpha, alpha)
        assert "alpha flattened on white" in picture.notes
    weight = alpha[..., None] / 255
    assert np.abs(picture.pixels - (rgba[..., :3] * weight + 255 * (1 - weight))).max() <= 0.5 + 1e-9


def test_colour_hidden_under_full_transparency_is_white() -> None:
    one, other = (np.dstack([make.photo(seed=seed), np.zeros((48, 64), np.uint8)]) for seed in (1, 2))
    pictures = [read(make.encode(pixels)) for pixels in (one, other)]
    assert np.array_equal(pictures[0].pixels, pictures[1].pixels)
    assert pictures[0].pixels.min() == 255


def test_an_alpha_channel_that_is_all_opaque_is_no_alpha() -> None:
    opaque = np.dstack([make.photo(), np.full((48, 64), 255, np.uint8)])
    assert read(make.encode(opaque)).alpha is None


# --- more than 8 bits -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("extra", "level", "alpha"), [(None, 49151, 128), (0, 32768, None), (1, 65535, 128), (2, 49151, 128)]
)
def test_the_fourth_channel_of_a_16_bit_tiff_is_what_the_file_says(
    extra: int | None, level: int, alpha: int | None
) -> None:
    """Half-transparent half-grey: unsaid and 2 are alpha, 0 is none, 1 has the colour already multiplied."""
    data = make.encode_16_bit(np.full((4, 4, 4), 32768, np.uint16), "tiff")
    picture = read(data if extra is None else _with_tiff_tag(data, 338, extra))
    assert picture.deep is not None
    assert np.abs(picture.deep.astype(int) - level).max() <= 1
    assert (None if picture.alpha is None else int(picture.alpha.max())) == alpha


def test_16_bit_grey_has_the_brightness_of_its_8_bit_twin() -> None:
    """Pillow's own conversion clips at 255 and turns a mean of 117 into 254."""
    grey = make.photo()[..., 0]
    deep = read(make.encode_16_bit(grey.astype(np.uint16) * 257))
    assert np.array_equal(deep.pixels, read(make.encode(grey)).pixels)


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


# --- orientation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_orientation_ends_upright_once(kind: str, orientation: int) -> None:
    upright = make.photo()
    picture = read(make.turned_file(upright, orientation, kind))
    assert near(picture.pixels, upright, {"PNG": 0, "WEBP": 0, "TIFF": 0}.get(kind, 6))
    if kind in ("PNG", "JPEG", "WEBP", "AVIF"):
        assert ("EXIF orientation" in " ".join(picture.notes)) == (orientation != 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_holds_for_grey_cmyk_deep_and_late_exif(orientation: int) -> None:
    """The rarer paths turn as Pillow's own exif_transpose does."""
    block = make.exif(orientation)
    photo = Image.fromarray(make.photo())
    for data in (
        make.save(photo.convert("L"), "JPEG", exif=block),
        make.save(photo.convert("CMYK"), "JPEG", exif=block),
        make.save(photo.convert("P"), "PNG", exif=block),
        make.save(photo.convert("LA"), "PNG", exif=block),
    ):
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        assert near(read(data).pixels, np.asarray(expected), 0.5)
    deep = make.encode_16_bit(make.photo().astype(np.uint16) * 257)
    late = make.insert_chunk(deep, b"eXIf", block.removeprefix(b"Exif\0\0"), before=b"IEND")
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(make.encode(make.photo(), exif=block))))
    assert np.array_equal(read(late).pixels, np.asarray(expected))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_a_deep_tiff_is_applied_once(orientation: int) -> None:
    values = make.photo().astype(np.uint16) * 257
    picture = read(_with_tiff_tag(make.encode_16_bit(values, "tiff"), 274, orientation))
    shallow = make.turned_file(make.photo(), 1, "TIFF")
    expected = read(_with_tiff_tag(shallow, 274, orientation))
    assert np.array_equal(picture.pixels, expected.pixels)
    assert picture.deep is not None
    assert (picture.width < picture.height) == (orientation >= 5)


def _with_tiff_tag(data: bytes, tag: int, value: int) -> bytes:
    """Append a copy of a little-endian TIFF's directory with one short tag more."""
    assert data[:4] == b"II*\0"
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries = [entry for entry in entries if int.from_bytes(entry[:2], "little") != tag]
    entries.append(tag.to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little"))
    entries[-1] += value.to_bytes(2, "little") + b"\0\0"
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    padded = data + b"\0" * (len(data) % 2)
    directory = len(entries).to_bytes(2, "little") + b"".join(entries) + bytes(4)
    return padded[:4] + len(padded).to_bytes(4, "little") + padded[8:] + directory


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"Exif\0\0MM\0*", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\xff" * 50])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_does_not_refuse_the_picture(kind: str, block: bytes) -> None:
    assert near(read(make.encode(make.photo(), kind, exif=block)).pixels, make.photo(), 8)


# --- colour ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_profile_is_converted_to_srgb_and_said(kind: str) -> None:
    profile = make.linear_profile()
    data = make.encode(make.photo(), kind, icc_profile=profile, **LOSSLESS.get(kind, {"quality": 95}))
    plain = Image.open(io.BytesIO(data)).convert("RGB")
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(
        plain,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        srgb,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    picture = read(data)
    assert near(picture.pixels, np.asarray(expected), 0)
    assert not near(picture.pixels, np.asarray(plain), 10)
    assert picture.notes == ("colours converted from Linear test light to sRGB",)


def test_linear_light_becomes_the_srgb_curve() -> None:
    """An independent value: half the light is level 188 in sRGB."""
    data = make.encode(np.full((4, 4, 3), 128, np.uint8), icc_profile=make.linear_profile())
    assert np.abs(read(data).pixels.astype(int) - 188).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_grey_profile_is_converted(kind: str) -> None:
    data = make.encode(np.full((16, 16), 128, np.uint8), kind, icc_profile=make.linear_grey_profile())
    picture = read(data)
    assert np.abs(picture.pixels.astype(int) - 188).max() <= 1
    assert picture.notes == ("colours converted from Linear test grey to sRGB",)


def test_a_profile_for_other_channels_is_ignored_and_said() -> None:
    """An RGB profile in a grey picture."""
    picture = read(make.encode(np.full((16, 16), 128, np.uint8), icc_profile=make.linear_profile()))
    assert (picture.pixels == 128).all()
    assert picture.notes == ("colour profile unreadable and ignored",)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(kind: str) -> None:
    """The ink of the test profile is grey of lightness 20, level 48, whatever the formula without profile says."""
    ink = np.zeros((16, 32, 4), np.uint8)
    ink[:, 16:, 1] = 255
    image = Image.frombytes("CMYK", (32, 16), ink.tobytes())
    options = {"quality": 100} if kind == "JPEG" else {}
    picture = read(make.save(image, kind, icc_profile=make.cmyk_profile(), **options))
    paper, inked = picture.pixels[:, :8].astype(int), picture.pixels[:, 24:].astype(int)
    assert paper.min() >= 250
    assert np.abs(inked - 48).max() <= 4
    assert picture.notes == ("colours converted from Test ink (CMYK) to sRGB",)


def test_an_srgb_profile_changes_nothing_and_is_not_mentioned() -> None:
    picture = read(make.encode(make.photo(), icc_profile=make.srgb_profile()))
    assert np.array_equal(picture.pixels, make.photo())
    assert picture.notes == ()


def test_a_profile_keeps_alpha() -> None:
    rgba = np.dstack([make.photo(), np.full((48, 64), 100, np.uint8)])
    picture = read(make.encode(rgba, icc_profile=make.linear_profile()))
    assert picture.alpha is not None
    assert picture.alpha.max() == 100


def test_a_16_bit_picture_with_a_profile_is_converted_at_8_bits_and_says_so() -> None:
    deep = make.encode_16_bit(np.full((4, 4, 3), 128 * 257, np.uint16))
    packed = zlib.compress(make.linear_profile())
    picture = read(make.insert_chunk(deep, b"iCCP", b"linear\0\0" + packed))
    assert picture.deep is None
    assert np.abs(picture.pixels.astype(int) - 188).max() <= 1
    assert picture.notes[0].endswith("at 8 bits")


def test_an_unreadable_profile_is_ignored_and_said() -> None:
    picture = read(make.encode(make.photo(), icc_profile=b"\0" * 200))
    assert np.array_equal(picture.pixels, make.photo())
    assert picture.notes == ("colour profile unreadable and ignored",)


def test_cmyk_without_a_profile_is_converted_and_said() -> None:
    cmyk = Image.fromarray(make.photo()).convert("CMYK")
    picture = read(make.save(cmyk, "TIFF"))
    assert np.array_equal(picture.pixels, np.asarray(cmyk.convert("RGB")))
    assert picture.notes == ("CMYK converted without a profile",)


def test_cmyk_jpeg_is_not_inverted() -> None:
    """Adobe stores CMYK JPEG upside down; white paper must be white."""
    white = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    assert read(make.save(white, "JPEG", quality=95)).pixels.min() >= 250


def test_cmyk_with_an_unusable_profile_says_so() -> None:
    cmyk = Image.fromarray(make.photo()).convert("CMYK")
    picture = read(make.save(cmyk, "JPEG", icc_profile=make.srgb_profile()))
    assert picture.notes == ("CMYK converted without its profile, which is unreadable",)


def test_lab_is_converted() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(make.photo()), srgb, lab, outputMode="LAB")
    assert image is not None
    picture = read(make.save(image, "TIFF"))
    assert near(picture.pixels, make.photo(), 3)


# --- animations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_many_is_used_and_said(kind: str) -> None:
    first, second = make.photo(seed=1), make.photo(seed=2)
    options = {"lossless": True} if kind == "WEBP" else {}
    frames = [Image.fromarray(second)]
    picture = read(make.save(Image.fromarray(first), kind, save_all=True, append_images=frames, **options))
    assert near(picture.pixels, first, 8 if kind == "GIF" else 0)
    expected = "several pages, first page used" if kind == "TIFF" else "animated, first frame used"
    assert expected in picture.notes


# --- refusals -------------------------------------------------------------------------------------------------


def test_no_bytes_is_a_missing_file() -> None:
    with pytest.raises(MissingFile, match=r"^after is empty"):
        read(b"")


@pytest.mark.parametrize("kind", make.foreign_files())
def test_other_formats_are_unsupported_whatever_they_are_called(kind: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"^after is not an image that can be read; send PNG, JPEG") as caught:
        decode(make.foreign_files()[kind], name="after")
    assert caught.value.status == 415


def test_camera_raw_is_refused_instead_of_its_thumbnail() -> None:
    data = _with_tiff_tag(make.save(Image.fromarray(make.photo()), "TIFF"), 50706, 1)
    with pytest.raises(UnsupportedFormat, match="after is a camera raw file"):
        read(data)


@pytest.mark.parametrize("kind", make.polyglots())
def test_pictures_with_something_attached_are_read_as_pictures(kind: str) -> None:
    assert near(read(make.polyglots()[kind]).pixels, make.photo(), 8)


def cuts(data: bytes) -> list[int]:
    """Every 37th length, and each of the last 40."""
    return sorted({*range(1, len(data), 37), *range(max(1, len(data) - 40), len(data))})


CUTTABLE = {
    "PNG": make.encode(make.photo()),
    "PNG, grey with a transparent level": make.save(GREY, "PNG", transparency=7),
    "PNG, 16 bits": make.encode_16_bit(make.photo().astype(np.uint16) * 257),
    "PNG, RGBA": make.save(MODES["RGBA"]),
    "PNG, palette": make.save(PALETTE),
    "JPEG": make.encode(make.photo(), "JPEG"),
    "JPEG, progressive": make.encode(make.photo(), "JPEG", progressive=True),
    "JPEG, restart markers": make.encode(make.photo(), "JPEG", restart_marker_rows=1),
    "JPEG, CMYK": make.save(Image.fromarray(make.photo()).convert("CMYK"), "JPEG"),
    "JPEG, thumbnail inside": make.encode(
        make.photo(), "JPEG", exif=make.exif(1) + make.encode(make.photo(9, 9), "JPEG")
    ),
    "WebP": make.encode(make.photo(), "WEBP"),
    "WebP, lossless": make.encode(make.photo(), "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_cut_file_is_always_refused(name: str) -> None:
    """Wherever PNG, JPEG or WebP is cut, even one byte before its end, nothing is compared as if real.

    (A PNG cut exactly before its empty last chunk holds every pixel; that is the next test.)
    """
    data = CUTTABLE[name]
    read(data)
    for length in cuts(data):
        if name.startswith("PNG") and length == len(data) - 12:
            continue
        with pytest.raises((CorruptImage, UnsupportedFormat)) as caught:
            read(data[:length])
        assert length < 12 or caught.type is CorruptImage, length
        assert str(caught.value).startswith("after is ")


@pytest.mark.parametrize("name", ["PNG", "PNG, grey with a transparent level", "PNG, RGBA", "PNG, palette"])
def test_a_png_that_only_lacks_its_end_mark_is_whole(name: str) -> None:
    """Some writers forget the empty last chunk; every pixel is there."""
    whole, cut = read(CUTTABLE[name]), read(CUTTABLE[name][:-12])
    assert np.array_equal(cut.pixels, whole.pixels)
    assert (cut.alpha is None) == (whole.alpha is None)
    assert cut.alpha is None or np.array_equal(cut.alpha, whole.alpha)


def test_a_png_of_16_bits_without_its_end_mark_is_refused() -> None:
    """Half of its depth would be lost without a word."""
    with pytest.raises(CorruptImage):
        read(CUTTABLE["PNG, 16 bits"][:-12])


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_a_cut_file_of_the_other_formats_is_refused_or_whole(kind: str) -> None:
    """What is cut off may be padding or a directory; then the pixels are exactly those of the whole file."""
    data = make.encode(make.photo(), kind)
    whole, refused = read(data).pixels, 0
    for length in cuts(data):
        try:
            assert np.array_equal(read(data[:length]).pixels, whole), length
        except (CorruptImage, UnsupportedFormat):
            refused += 1
    assert refused >= 0.5 * len(cuts(data))


def test_a_cut_jpeg_never_shows_the_picture_decoded_before_it() -> None:
    """OpenCV 4.10 gave the rows below the cut another user's pixels (opencv/opencv#26488)."""
    victim = make.encode(np.full((400, 400, 3), (255, 0, 0), np.uint8), "JPEG")
    other = make.encode(make.photo(400, 400), "JPEG")
    for share in (0.3, 0.5, 0.9):
        read(victim)
        with pytest.raises(CorruptImage):
            read(other[: int(len(other) * share)])


def _without_last_pixels(data: bytes) -> bytes:
    """Cut the pixels short inside a chunk that is whole and has the right checksum, and leave out the end."""
    at = data.index(b"IDAT")
    body = data[at : at + 4 + int.from_bytes(data[at - 4 : at], "big") // 2]
    return data[: at - 4] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def test_a_jpeg_in_which_the_decoder_meets_damage_is_read_and_says_so() -> None:
    """Bytes flipped in the middle leave a file of full length that shows something else from there on."""
    whole = make.encode(make.photo(120, 160), "JPEG", quality=80)
    data, middle = bytearray(whole), (whole.index(b"\xff\xda") + len(whole)) // 2
    data[middle : middle + 32] = bytes(value ^ 0x5A for value in data[middle : middle + 32])
    damaged = read(bytes(data))
    assert read(whole).notes == ()
    assert not np.array_equal(damaged.pixels, read(whole).pixels)
    assert damaged.notes[0].startswith("may be damaged: ")


@pytest.mark.parametrize("first", [True, False])
def test_a_jpeg_that_tells_two_sizes_is_refused(first: bool) -> None:
    """Whichever of two frame headers a decoder believes, the larger one must not cost its gigabytes."""
    data = make.encode(make.photo(), "JPEG")
    at = data.index(b"\xff\xc0")
    header = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
    huge = header[:5] + (60_000).to_bytes(2, "big") * 2 + header[9:]
    both = huge + header if first else header + huge
    with pytest.raises((CorruptImage, TooManyPixels)):
        read(data[:at] + both + data[at + len(header) :])


def test_a_png_that_the_fast_decoder_refuses_is_left_to_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Exception("no")

    monkeypatch.setattr(kornia_rs.io, "decode_image_png_u8", refuse)
    for pixels in (make.photo(), make.photo()[..., 0], np.dstack([make.photo(), make.photo(seed=3)[..., 0]])):
        data = make.encode(pixels)
        assert_flattened(read(data), pillow_rgba(Image.open(io.BytesIO(data))))


def test_damaged_png_is_refused() -> None:
    """A wrong checksum, a piece of the pixels missing, a missing header chunk."""
    data = make.encode(make.photo())
    at = data.index(b"IDAT") + 10
    damaged = [
        data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :],
        data[:-13],
        _without_last_pixels(data),
        data[:8] + data[33:],
        make.empty_png(64, 48),
    ]
    for broken in damaged:
        with pytest.raises(CorruptImage, match="after is truncated or damaged and cannot be read as PNG"):
            read(broken)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(ALL_KINDS),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0.1, 1.0),
)
def test_any_damage_gives_a_picture_or_one_of_our_errors(kind: str, edits: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(ENCODED[kind])
    for where, value in edits:
        data[int(where * len(data))] = value
    result = outcome(bytes(data[: max(1, int(cut * len(data)))]))
    if isinstance(result, ImageDiffError):
        assert 400 <= result.status < 500
    else:
        assert result.pixels.dtype == np.uint8
        assert result.pixels.shape[2] == 3


ENCODED = {kind: make.encode(make.photo(24, 32), kind) for kind in ALL_KINDS}


# --- limits ---------------------------------------------------------------------------------------------------


def test_too_many_pixels_are_refused_in_the_words_of_the_contract() -> None:
    with pytest.raises(TooManyPixels) as caught:
        read(make.empty_png(12000, 9000))
    assert caught.value.message == "after is 12000 × 9000 pixels; the limit is 50 megapixels."
    assert caught.value.status == 422


def test_a_long_side_is_refused() -> None:
    with pytest.raises(SideTooLong, match=r"^after is 200000 × 1 pixels; the limit is 20000 pixels a side\.$"):
        read(make.bomb_png(200_000, 1))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_limit_itself_is_allowed_and_one_pixel_more_is_not(kind: str) -> None:
    data = make.encode(make.photo(20, 30), kind)
    assert read(data, max_pixels=600, max_side=30).width == 30
    with pytest.raises(TooManyPixels):
        read(data, max_pixels=599)
    with pytest.raises(SideTooLong):
        read(data, max_side=29)


BMP_REST = make.encode(make.photo(), "BMP")[26:]
BOMBS = {
    "34-byte WebP": make.bomb_webp,
    "PNG of 900 MP": lambda: make.empty_png(30_000, 30_000),
    "GIF of 4 GP": lambda: b"GIF89a\xff\xff\xff\xff" + make.encode(make.photo(), "GIF")[10:],
    "BMP of 400 MP": lambda: make.encode(make.photo(), "BMP")[:18] + (20_000).to_bytes(4, "little") * 2 + BMP_REST,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_their_header(name: str) -> None:
    with pytest.raises((TooManyPixels, SideTooLong), match=r"^after is .* pixels; the limit is"):
        read(BOMBS[name]())


CHUNKY = {
    "zTXt of 64 MB": lambda: make.text_bomb_png(b"zTXt"),
    "iTXt of 64 MB": lambda: make.text_bomb_png(b"iTXt"),
    "iCCP of 64 MB": lambda: make.text_bomb_png(b"iCCP"),
    "20,000 chunks": make.many_chunks_png,
}


@pytest.mark.parametrize("name", CHUNKY)
def test_chunk_bombs_are_refused_or_harmless(name: str) -> None:
    result = outcome(CHUNKY[name]())
    if isinstance(result, ImageDiffError):
        assert 400 <= result.status < 500
    else:
        assert np.array_equal(result.pixels, make.photo())


def test_bombs_cost_little_memory() -> None:
    """In a process that may grow by 300 MB, each bomb still gets its clear refusal."""
    script = """
import resource, sys
from app.analysis.reading.decode import decode
from app.errors import ImageDiffError
from tests import picture_factory as make
from tests.analysis.reading.test_decode import BOMBS
files = [bomb() for bomb in BOMBS.values()] + [make.text_bomb_png(kind) for kind in (b"zTXt", b"iCCP")]
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, used + 300_000_000))
for data in files:
    try:
        decode(data, name="after")
    except ImageDiffError:
        pass
print("survived")
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "survived\n", result.stderr


def test_opencv_itself_refuses_a_bomb_behind_the_header_check() -> None:
    """The limit has to be set before OpenCV is first imported; afterwards it has no effect."""
    script = """
import app.jobs, cv2, numpy as np
from tests import picture_factory as make
try:
    cv2.imdecode(np.frombuffer(make.bomb_webp(), np.uint8), cv2.IMREAD_COLOR)
except cv2.error as error:
    print("CV_IO_MAX_IMAGE_PIXELS" in str(error))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "True\n", result.stderr
