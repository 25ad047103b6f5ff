"""Tiles are marked exactly where two pictures differ, however the arrays lie in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.changed import TILE, find_changed

PIXELS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(max_examples=60, deadline=None)
@given(PIXELS, st.integers(1, 200), st.integers(1, 200), st.integers(0, 5))
def test_tiles_are_true_exactly_where_a_pixel_differs(
    rng: np.random.Generator, height: int, width: int, edits: int
) -> None:
    before = rng.integers(0, 256, (height, width, 3), np.uint8)
    after = before.copy()
    for _ in range(edits):
        after[rng.integers(0, height), rng.integers(0, width), rng.integers(0, 3)] ^= 64
    unequal = (before != after).any(axis=2)
    changed = find_changed(before, after)
    assert changed.tiles.shape == (-(-height // TILE), -(-width // TILE))
    for row in range(changed.tiles.shape[0]):
        for column in range(changed.tiles.shape[1]):
            tile = unequal[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            assert changed.tiles[row, column] == tile.any()


def test_arrays_that_are_not_contiguous_are_compared_too() -> None:
    wide = np.random.default_rng(0).integers(0, 256, (70, 200, 3), np.uint8)
    assert find_changed(wide[:, :100], wide[:, :100].copy()).unequal == 0
    assert find_changed(wide[:, :100], wide[:, 100:]).unequal > 6900


def test_two_shapes_or_depths_are_refused() -> None:
    small, deep = np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5, 3), np.uint16)
    for other in (np.zeros((5, 6, 3), np.uint8), deep):
        with pytest.raises(ValueError, match="shapes and dtypes differ"):
            find_changed(small, other)
