"""What is measured before anything is aligned equals what each measure gives on its own, and equal places cost once."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from app.analysis.changed import TILE, find_changed
from app.analysis.measures.features import find_matches
from app.analysis.measures.given import given_changes, measure_given
from app.analysis.measures.metrics import measure
from app.analysis.resize import factor_for, reduce_both, reduce_by
from app.analysis.sampling import sample_tiles, strongest_channel
from tests.analysis.pictures import picture

PHOTO = data.astronaut()


def large(photo: Any = PHOTO) -> Any:
    return cv2.resize(photo, (2050, 1501), interpolation=cv2.INTER_CUBIC)


def edited(pixels: Any, places: int) -> Any:
    after = pixels.copy()
    for place in range(places):
        y, x = 37 + 301 * place % (len(pixels) - 60), 91 + 467 * place % (pixels.shape[1] - 60)
        after[y : y + 23, x : x + 31] ^= 255
    return after


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("shape", [(25, 31, 3), (24, 24), (7, 90, 3)])
def test_blocks_are_averaged_to_the_level_and_incomplete_ones_left_out(factor: int, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    height, width = shape[0] // factor, shape[1] // factor
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    expected = blocks.mean(axis=(1, 3)).reshape(height, width, *shape[2:])
    assert np.abs(reduce_by(image, factor) - expected).max() <= 1


@pytest.mark.parametrize("places", [0, 1, 3, 40])
def test_both_are_reduced_as_if_nothing_were_skipped(places: int) -> None:
    before = large()
    after = edited(before, places)
    reduced = reduce_both(before, after, find_changed(before, after))
    assert reduced.factor == 2
    assert np.array_equal(reduced.before, reduce_by(before, 2))
    assert np.array_equal(reduced.after, reduce_by(after, 2))
    assert (reduced.before is reduced.after) == (places == 0)


@pytest.mark.parametrize("places", [2, 40])
def test_where_nothing_is_compared_both_are_the_first_one(places: int) -> None:
    before = large()
    after = edited(before, places)
    valid = np.full(before.shape[:2], 255, np.uint8)
    valid[:, 1000:] = 0
    reduced = reduce_both(before, after, find_changed(before, after, valid=valid), valid)
    assert np.array_equal(reduced.after[:, :499], reduce_by(after, 2)[:, :499])
    assert np.array_equal(reduced.after[:, 500:], reduced.before[:, 500:])


@pytest.mark.parametrize(
    ("shape", "factor"), [((1, 1), 1), ((1000, 1000), 1), ((1001, 1000), 2), ((3000, 4000), 4), ((3, 9_000_000), 3)]
)
def test_the_factor_leaves_a_megapixel_and_never_nothing(shape: tuple[int, int], factor: int) -> None:
    assert factor_for(shape) == factor


def test_numbers_are_those_of_measure_and_matches_those_of_find_matches() -> None:
    before, after = picture(PHOTO), picture(edited(PHOTO, 3))
    known = measure_given(before, after, given_changes(before, after))
    assert known.metrics == measure(before.pixels, after.pixels)
    alone = find_matches(before.pixels, after.pixels)
    assert np.array_equal(known.matches.before, alone.before)
    assert np.array_equal(known.matches.after, alone.after)
    assert len(alone.before) > 100


def test_matches_of_large_pictures_are_in_their_own_pixels() -> None:
    before = picture(large())
    after = picture(np.roll(before.pixels, (20, 50), (0, 1)))
    found = measure_given(before, after, given_changes(before, after)).matches
    moved = found.after - found.before
    assert np.abs(np.median(moved, axis=0) - (50, 20)).max() < 1
    assert found.before.max() > 1700


def test_pictures_of_two_sizes_are_measured_each_at_its_own_scale() -> None:
    before, after = picture(PHOTO), picture(large(cv2.flip(PHOTO, 1)))
    assert given_changes(before, after) is None
    known = measure_given(before, after, None)
    assert known.metrics.pixels == PHOTO.shape[0] * PHOTO.shape[1]
    assert known.matches.after.max() > 1500
    assert known.hashes["average"].distance > 5


# --- tiles that are looked at together ------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_sampled_tiles_are_what_each_tile_alone_would_give(height: int, width: int, most: int, seed: int) -> None:
    """A maximum over neighbours in the stack sees nothing of the tiles above and below."""
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, (height, width, 3), np.uint8)
    after = before.copy()
    after[rng.integers(0, height), rng.integers(0, width)] ^= 1
    changed = find_changed(before, after)
    alone = {}
    for row in range(changed.tiles.shape[0]):
        for column in range(changed.tiles.shape[1]):
            tile = before[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            grown = cv2.dilate(strongest_channel(tile), np.ones((5, 5), np.uint8)).reshape(tile.shape[:2])
            alone[grown.tobytes()] = bool(changed.tiles[row, column])
    count = 0
    for tiles in sample_tiles(before, after, changed, most):
        strongest = tiles.cleared(strongest_channel(tiles.before))
        for grown in tiles.inner(cv2.dilate(strongest, np.ones((5, 5), np.uint8))):
            assert alone[np.ascontiguousarray(grown).tobytes()] == tiles.unequal
            count += 1
    assert count == min(most, changed.tiles.size)


def test_the_strongest_channel_is_the_maximum_and_leaves_its_input_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 4), np.uint8)
    kept = pixels.copy()
    assert np.array_equal(strongest_channel(pixels), pixels.max(axis=2))
    assert np.array_equal(pixels, kept)
