"""What a caller in Python may get wrong is said plainly, and nothing silently means something else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.analysis import Box, Options, encode_png, evaluate
from app.analysis.reading.decode import decode
from app.errors import InvalidOption

GREY = encode_png(np.full((16, 16), 100, np.uint8))


@pytest.mark.parametrize("wrong", ["x.png", Path("x.png"), None, np.zeros((4, 4, 3), np.uint8)])
def test_what_is_no_file_is_a_type_error_that_says_what_to_do(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"after should be the bytes of an image file, not \w+: Path"):
        evaluate(GREY, wrong)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_may_come_in_any_form(kind: Any) -> None:
    assert evaluate(kind(GREY), GREY).verdict == "identical"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"align": "none"}, "align should be 'auto' or 'off', not 'none'"),
        ({"tone": True}, "tone should be"),
        ({"style": "dots"}, "style should be 'boxes' or 'contours' or 'filled'"),
        ({"sensitivity": 500}, "sensitivity should be from 0 to 100, not 500"),
        ({"sensitivity": float("nan")}, "sensitivity should be from 0 to 100"),
        ({"min_area": 0}, "min_area should be at least 1"),
        ({"max_changed": 5}, "max_changed should be from 0 to 1"),
        ({"max_regions": -1}, "max_regions should be at least 0"),
        ({"sensitivity": "50"}, "sensitivity should be from 0 to 100, not '50'"),
        ({"sensitivity": None}, "sensitivity should be from 0 to 100, not None"),
        ({"color": "red"}, "color should be \"#rrggbb\", not 'red'"),
        ({"color": None}, "color should be"),
        ({"ignore": [(0, 0, 4, 4)]}, "ignore should hold Box"),
        ({"ignore": (Box(0, 0, -5, 5),)}, "ignore should hold Box"),
        ({"ignore": None}, "ignore should hold Box"),
    ],
)
def test_an_option_out_of_its_range_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message) as caught:
        evaluate(GREY, GREY, Options(**options))
    assert caught.value.field == next(iter(options))


def test_every_option_at_the_end_of_its_range_is_taken() -> None:
    wide = Options(sensitivity=100, min_area=1, thickness=1, max_regions=0, max_changed=1, ignore=(Box(0, 0, 1, 1),))
    assert evaluate(GREY, GREY, wide).passed


@pytest.mark.parametrize(
    "pixels",
    [
        np.arange(48, dtype=np.uint8).reshape(4, 4, 3),
        np.arange(64, dtype=np.uint8).reshape(4, 8, 2)[:, ::2, 0],  # not in one piece
        np.full((4, 4, 3), 65535, np.uint16),
    ],
)
def test_an_array_comes_out_of_its_file_as_it_went_in(pixels: Any) -> None:
    picture = decode(encode_png(pixels), name="x")
    rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    assert np.array_equal(picture.pixels if picture.deep is None else picture.deep, rgb)


@pytest.mark.parametrize("shape", [(4, 4, 2), (4,), (0, 4, 3)])
def test_an_array_that_is_no_picture_is_a_value_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="pixels should be uint8 or uint16"):
        encode_png(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="not float64"):
        encode_png(np.zeros((4, 4, 3)))  # type: ignore[arg-type]
