"""Of many rows or pixels a part is looked at: how many, and which."""

import numpy as np
import pytest

from app.analysis.sampling import rows_by_chance, step_for, stride_for


@pytest.mark.parametrize(
    ("pixels", "step"), [(0, 1), (2_999_999, 1), (3_000_000, 3), (8_999_999, 3), (9_000_000, 9), (50_000_000, 9)]
)
def test_a_million_pixels_are_always_looked_at(pixels: int, step: int) -> None:
    assert step_for(pixels) == step


@pytest.mark.parametrize("step", [1, 3, 9])
@pytest.mark.parametrize("height", [9, 100, 3000])
def test_one_row_of_every_so_many_is_chosen(step: int, height: int) -> None:
    rows = rows_by_chance(height, step)
    assert np.array_equal(rows // step, np.arange(height // step))
    assert np.array_equal(rows, rows_by_chance(height, step))


def test_of_fewer_rows_all_are_chosen() -> None:
    assert rows_by_chance(5, 9).tolist() == [0, 1, 2, 3, 4]


def test_no_place_within_a_pattern_is_preferred() -> None:
    """Lines of text 36 rows high: regular steps of 9 would meet 4 of their rows and no other."""
    met = np.bincount(rows_by_chance(36_000, 9) % 36, minlength=36)
    assert met.min() > 70
    assert met.max() < 160


@pytest.mark.parametrize(
    ("pixels", "enough", "stride"),
    [(0, 100, 1), (399, 100, 1), (400, 100, 2), (899, 100, 2), (12_000_000, 100_000, 10)],
)
def test_a_stride_leaves_enough_pixels(pixels: int, enough: int, stride: int) -> None:
    assert stride_for(pixels, enough) == stride
    assert pixels < enough or pixels / stride**2 >= enough
