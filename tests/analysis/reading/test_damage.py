"""Files that are cut or damaged: refused, or read with a word about it, never compared as if they were whole."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.errors import CorruptImage, ImageDiffError, TooManyPixels, UnsupportedFormat
from tests import picture_factory as make
from tests.analysis.reading.files import ALL_KINDS, GREY, MODES, PALETTE, outcome, read


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


def _without_last_pixels(data: bytes) -> bytes:
    """Cut the pixels short inside a chunk that is whole and has the right checksum, and leave out the end."""
    at = data.index(b"IDAT")
    body = data[at : at + 4 + int.from_bytes(data[at - 4 : at], "big") // 2]
    return data[: at - 4] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


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


ENCODED = {kind: make.encode(make.photo(24, 32), kind) for kind in ALL_KINDS}


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
