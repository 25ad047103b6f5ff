"""Colour: profiles, CMYK and Lab end in sRGB, and what was done or could not be done is said."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests import picture_factory as make
from tests.analysis.reading.files import LOSSLESS, near, read


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
