"""Numbers of large pictures, of which a part is looked at, are those of every pixel."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.stats import entropy, pearsonr
from skimage import data

from app.analysis.changed import find_changed
from app.analysis.measures.metrics import measure
from app.analysis.model import Box
from tests.analysis.measures.photos import BEFORE, counts


def test_one_pixel_in_fifty_million_is_not_rounded_away() -> None:
    before = np.zeros((5000, 10000, 3), np.uint8)
    after = before.copy()
    after[4999, 9999, 2] = 1
    metrics = measure(before, after)
    assert (metrics.zero_norm, metrics.manhattan, metrics.pixels) == (1, 1, 50_000_000)
    assert metrics.changed_box == Box(9999, 4999, 1, 1)
    assert metrics.pixel_match_rate < 1
    assert metrics.ssim is not None
    assert metrics.ssim <= 1


@pytest.mark.parametrize("repeats", [1, 2, 3, 8])
def test_histograms_of_large_pictures_are_those_of_every_pixel_all_but_exactly(repeats: int) -> None:
    """A third of the rows is counted, which one by chance: rows that repeat in any step are all met."""
    tile = cv2.resize(data.astronaut(), (2100, 2000), interpolation=cv2.INTER_CUBIC)
    before = tile.copy()
    before[::repeats] //= 3
    after = cv2.convertScaleAbs(before, alpha=0.9, beta=12)
    metrics = measure(before, after)
    pairs = [(counts(before, c), counts(after, c)) for c in range(3)]
    correlation = np.mean([pearsonr(*pair).statistic for pair in pairs])
    divergence = np.mean([entropy(a + 1, b + 1) for a, b in pairs])
    assert metrics.histogram_correlation == pytest.approx(correlation, abs=5e-3)
    assert metrics.histogram_kl == pytest.approx(divergence, rel=0.02)


@pytest.mark.parametrize("side", [20, 200])
def test_histograms_of_a_small_change_in_a_large_image_are_those_of_every_pixel(side: int) -> None:
    """Of what is the same some rows are counted, of the change all: no row by chance decides what it weighs."""
    before = cv2.resize(BEFORE, (2050, 1501), interpolation=cv2.INTER_CUBIC)
    after = before.copy()
    after[700 : 700 + side, 333 : 333 + 2 * side] = 255
    metrics = measure(before, after)
    pairs = [(counts(before, c), counts(after, c)) for c in range(3)]
    missing = 1 - np.mean([pearsonr(*pair).statistic for pair in pairs])
    assert 1 - metrics.histogram_correlation == pytest.approx(missing, rel=0.05)
    assert metrics.histogram_kl == pytest.approx(np.mean([entropy(a + 1, b + 1) for a, b in pairs]), rel=0.25)


def find_changed_everywhere(before: Any, after: Any) -> Any:
    changed = find_changed(before, after)
    box = Box(0, 0, before.shape[1], before.shape[0])
    return replace(changed, box=box, tiles=np.ones_like(changed.tiles))


@pytest.mark.parametrize(("name", "within"), [("edge_agreement", 2e-3), ("encoded_size_ratio", 1e-12)])
def test_a_small_change_in_a_large_image_is_measured_as_if_everything_were(name: str, within: float) -> None:
    """What is equal is not looked at twice; the numbers are the same as when it is (faint edges end a bit sooner)."""
    before = cv2.resize(BEFORE, (2050, 1501), interpolation=cv2.INTER_CUBIC)
    after = before.copy()
    after[700:900, 333:777] = 255 - after[700:900, 333:777]
    everything = measure(before, after, changed=find_changed_everywhere(before, after))
    assert getattr(measure(before, after), name) == pytest.approx(getattr(everything, name), abs=within)
