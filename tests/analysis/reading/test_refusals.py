"""What is no picture, or too large a one: refused in clear words, and at the cost of little memory."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from app.analysis.reading.decode import decode
from app.errors import ImageDiffError, MissingFile, SideTooLong, TooManyPixels, UnsupportedFormat
from tests import picture_factory as make
from tests.analysis.reading.files import ALL_KINDS, near, outcome, read


def test_no_bytes_is_a_missing_file() -> None:
    with pytest.raises(MissingFile, match=r"^after is empty"):
        read(b"")


@pytest.mark.parametrize("kind", make.foreign_files())
def test_other_formats_are_unsupported_whatever_they_are_called(kind: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"^after is not an image that can be read; send PNG, JPEG") as caught:
        decode(make.foreign_files()[kind], name="after")
    assert caught.value.status == 415


def test_camera_raw_is_refused_instead_of_its_thumbnail() -> None:
    data = make.with_tiff_tag(make.save(Image.fromarray(make.photo()), "TIFF"), 50706, 1)
    with pytest.raises(UnsupportedFormat, match="after is a camera raw file"):
        read(data)


@pytest.mark.parametrize("kind", make.polyglots())
def test_pictures_with_something_attached_are_read_as_pictures(kind: str) -> None:
    assert near(read(make.polyglots()[kind]).pixels, make.photo(), 8)


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
from tests.analysis.reading.test_refusals import BOMBS
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
