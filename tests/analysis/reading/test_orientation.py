"""Orientation: every picture ends upright, turned once, and damaged EXIF refuses none."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests import picture_factory as make
from tests.analysis.reading.files import near, read


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
    picture = read(make.with_tiff_tag(make.encode_16_bit(values, "tiff"), 274, orientation))
    shallow = make.turned_file(make.photo(), 1, "TIFF")
    expected = read(make.with_tiff_tag(shallow, 274, orientation))
    assert np.array_equal(picture.pixels, expected.pixels)
    assert picture.deep is not None
    assert (picture.width < picture.height) == (orientation >= 5)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"Exif\0\0MM\0*", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\xff" * 50])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_does_not_refuse_the_picture(kind: str, block: bytes) -> None:
    assert near(read(make.encode(make.photo(), kind, exif=block)).pixels, make.photo(), 8)
