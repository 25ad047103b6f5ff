"""Sensitivity: from only the obvious at 0 to every unequal pixel at 100, and never less for more."""

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Evaluation, Options, UInt8Array
from app.analysis.noise_free.scoring import explained_share, threshold_factor
from tests import picture_factory as make
from tests.analysis import screens
from tests.analysis.pictures import encoded

LEVELS = (0, 20, 35, 50, 65, 80, 95, 100)
EXACT = {"sensitivity": 100.0, "align": "off", "tone": "off"}


def compare(before: bytes, after: bytes, **options: Any) -> Evaluation:
    return evaluate(before, after, Options(**options))


def covered(found: Evaluation, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Mark the boxes of all regions."""
    out = np.zeros(shape[:2], np.bool_)
    for region in found.regions:
        box = region.before
        out[box.slices] = True
    return out


def assert_every_pixel(found: Evaluation, unequal: npt.NDArray[np.bool_]) -> None:
    assert np.array_equal(found.maps.mask > 0, unequal)
    assert sum(region.area for region in found.regions) == unequal.sum()
    assert covered(found, unequal.shape)[unequal].all()
    assert found.verdict == ("different" if unequal.any() else "identical")


def mild_page() -> UInt8Array:
    """A page with changes from strong to hardly there."""
    page = screens.sampled(0, 0, "0").copy()
    for number, levels in enumerate((200, 60, 25, 12, 6, 3, 2, 1)):
        page[430:438, 30 + 40 * number : 38 + 40 * number] -= np.uint8(levels)
        page[460, 30 + 40 * number] -= np.uint8(levels)
    return page


PAIRS = {
    "noise-free": (screens.sampled(), mild_page()),
    "drawn again": (screens.sampled(), screens.fringed("0")),
    "noisy": (
        make.photo(240, 320),
        np.clip(
            cv2.circle(make.photo(240, 320).copy(), (150, 100), 14, (250, 240, 20), -1)
            + np.random.default_rng(5).normal(0, 4, (240, 320, 3)),
            0,
            255,
        ).astype(np.uint8),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_higher_sensitivity_never_marks_less(name: str) -> None:
    before, after = (make.encode(image) for image in PAIRS[name])
    masks = [compare(before, after, sensitivity=float(level)).maps.mask > 0 for level in LEVELS]
    areas = [int(mask.sum()) for mask in masks]
    for lower, higher in pairwise(areas):
        assert higher >= 0.98 * lower, areas
    assert areas[0] < areas[3] < areas[-1]
    if name != "noisy":
        assert all(higher[lower].all() for lower, higher in pairwise(masks))


def test_between_the_ends_it_moves_step_by_step() -> None:
    before, after = (make.encode(image) for image in PAIRS["noise-free"])
    counts = [len(compare(before, after, sensitivity=float(level)).regions) for level in LEVELS]
    assert counts[0] <= 4 < 12 <= counts[-1]
    assert len(set(counts)) >= 5


def test_only_the_obvious_is_found_at_0() -> None:
    grey = np.full((100, 100, 3), 128, np.uint8)
    faint, strong = grey.copy(), grey.copy()
    faint[20:40, 20:40] += 10
    strong[20:40, 20:40] += 60
    assert compare(make.encode(grey), make.encode(faint), sensitivity=0.0).verdict == "equivalent"
    assert compare(make.encode(grey), make.encode(faint)).verdict == "different"
    assert compare(make.encode(grey), make.encode(strong), sensitivity=0.0).verdict == "different"


@given(st.floats(0, 100), st.floats(0, 100))
def test_thresholds_only_fall(one: float, two: float) -> None:
    lower, higher = sorted((one, two))
    assert threshold_factor(lower) >= threshold_factor(higher) >= 0
    assert explained_share(lower) <= explained_share(higher) <= 1


@pytest.mark.parametrize("name", PAIRS)
def test_at_100_with_all_else_off_every_unequal_pixel_is_marked(name: str) -> None:
    before, after = PAIRS[name]
    found = compare(make.encode(before), make.encode(after), **EXACT)
    assert_every_pixel(found, (before != after).any(axis=2))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.floats(0, 1), st.integers(1, 255), st.integers(0, 2**32 - 1))
def test_at_100_it_holds_for_any_two_pictures(height: int, width: int, share: float, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    hit = rng.random((height, width)) < share**3
    after = np.where(hit[..., None], np.clip(before + rng.integers(-most, most + 1, before.shape), 0, 255), before)
    after = after.astype(np.uint8)
    found = compare(make.encode(before), make.encode(after), **EXACT)
    assert_every_pixel(found, (before != after).any(axis=2))


def test_at_100_alpha_counts_as_a_channel() -> None:
    before = np.dstack([np.full((40, 50, 3), 255, np.uint8), np.full((40, 50), 255, np.uint8)])
    after = before.copy()
    after[10, 20, 3] = 254
    after[30:35, 5:9, 3] = 0
    found = compare(make.encode(before), make.encode(after), **EXACT)
    assert_every_pixel(found, (before != after).any(axis=2))


def test_at_100_the_last_of_65536_levels_counts() -> None:
    before = np.random.default_rng(4).integers(0, 65535, (40, 50, 3)).astype(np.uint16)
    after = before.copy()
    after[7, 9, 1] += 1
    after[20:22, 30:34] += 1
    found = evaluate(make.encode_16_bit(before), make.encode_16_bit(after), Options(**EXACT))  # type: ignore[arg-type]
    assert_every_pixel(found, (before != after).any(axis=2))


def test_at_100_what_is_ignored_stays_ignored() -> None:
    before, after = PAIRS["noise-free"]
    found = compare(make.encode(before), make.encode(after), **EXACT, ignore=(Box(0, 0, 640, 250),))
    unequal = (before != after).any(axis=2)
    unequal[:250] = False
    assert_every_pixel(found, unequal)


def test_at_100_a_faint_change_is_as_faint_as_it_is_and_a_strong_one_comes_first() -> None:
    """Every region had the strength 1 and the heat of a red square, so "strongest first" meant nothing."""
    before = np.full((200, 300, 3), 200, np.uint8)
    after = before.copy()
    after[20:60, 20:60] = (255, 0, 0)
    after[100:140, 200:240] -= 1
    strong, faint = compare(encoded(before), encoded(after), **EXACT).regions
    assert (strong.before.x, faint.before.x) == (20, 200)
    assert faint.strength < 0.5 < strong.strength
