"""Every number of Metrics equals an independent value, and counts are never rounded."""

import json
import math
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from scipy.stats import entropy, pearsonr
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from app.analysis.measures.metrics import measure
from app.analysis.measures.ssim import to_grey
from app.analysis.model import Box
from tests.analysis.measures.photos import AFTER, BEFORE, counts
from tests.analysis.pictures import encoded

METRICS = measure(BEFORE, AFTER)


def test_pixel_match_rate_and_zero_norm_count_pixels_that_differ_in_any_channel() -> None:
    unequal = int((BEFORE != AFTER).any(axis=2).sum())
    assert METRICS.pixels == BEFORE.shape[0] * BEFORE.shape[1]
    assert METRICS.zero_norm == unequal
    assert METRICS.pixel_match_rate == pytest.approx(1 - unequal / METRICS.pixels, abs=1e-12)
    assert METRICS.zero_norm_per_pixel == pytest.approx(unequal / METRICS.pixels, abs=1e-12)


def test_difference_ratio_is_what_diffimg_prints() -> None:
    """diffimg sums the histogram of ImageChops.difference and divides by the most it could be."""
    difference = ImageChops.difference(Image.fromarray(BEFORE), Image.fromarray(AFTER))
    means = ImageStat.Stat(difference).mean
    assert METRICS.difference_ratio == pytest.approx(sum(means) / (len(means) * 255), abs=1e-12)


def test_manhattan_norm_is_the_sum_of_absolute_differences() -> None:
    expected = float(np.abs(BEFORE.astype(int) - AFTER).sum())
    assert METRICS.manhattan == expected
    assert METRICS.manhattan_per_pixel == pytest.approx(expected / METRICS.pixels, abs=1e-12)


def test_rmse_and_psnr_agree_with_scikit_image() -> None:
    assert METRICS.rmse == pytest.approx(math.sqrt(mean_squared_error(BEFORE, AFTER)), abs=1e-9)
    assert METRICS.psnr == pytest.approx(peak_signal_noise_ratio(BEFORE, AFTER, data_range=255), abs=1e-9)


def test_ssim_agrees_with_scikit_image_on_opencv_grey() -> None:
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (BEFORE, AFTER)]
    assert METRICS.ssim == pytest.approx(structural_similarity(*greys, data_range=255), abs=1e-5)


def test_grey_is_opencvs() -> None:
    assert np.array_equal(to_grey(BEFORE), cv2.cvtColor(BEFORE, cv2.COLOR_RGB2GRAY))


def test_histogram_correlation_is_pearsons_over_256_bins() -> None:
    expected = np.mean([pearsonr(counts(BEFORE, c), counts(AFTER, c)).statistic for c in range(3)])
    assert METRICS.histogram_correlation == pytest.approx(expected, abs=1e-9)


def test_histogram_divergence_is_scipys_entropy_with_one_count_more_per_bin() -> None:
    expected = np.mean([entropy(counts(BEFORE, c) + 1, counts(AFTER, c) + 1) for c in range(3)])
    assert METRICS.histogram_kl == pytest.approx(expected, abs=1e-9)


def test_edge_agreement_is_the_share_of_edges_with_a_neighbour() -> None:
    """Counted here pixel by pixel with distances."""
    edges = [cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 100, 200) > 0 for image in (BEFORE, AFTER)]
    met = 0
    for here, there in (edges, edges[::-1]):
        padded = np.pad(there, 1)
        near = np.zeros_like(here)
        for dy in range(3):
            for dx in range(3):
                near |= padded[dy : dy + here.shape[0], dx : dx + here.shape[1]]
        met += int((here & near).sum())
    assert METRICS.edge_agreement == pytest.approx(met / sum(int(edge.sum()) for edge in edges), abs=1e-12)


def test_encoded_size_ratio_is_that_of_two_jpegs() -> None:
    sizes = [len(encoded(image, 75)) for image in (BEFORE, AFTER)]
    assert METRICS.encoded_size_ratio == pytest.approx(sizes[1] / sizes[0], abs=1e-12)


def test_changed_box_holds_every_unequal_pixel() -> None:
    before = np.zeros((200, 300, 3), np.uint8)
    after = before.copy()
    after[70, 20] = (0, 0, 1)
    after[150, 280] = (1, 0, 0)
    assert measure(before, after).changed_box == Box(20, 70, 261, 81)


PIXELS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(max_examples=60, deadline=None)
@given(PIXELS, st.integers(1, 140), st.integers(1, 140), st.integers(0, 6))
def test_any_two_images_give_finite_json_and_mirror_when_swapped(
    rng: np.random.Generator, height: int, width: int, edits: int
) -> None:
    before = rng.integers(0, 256, (height, width, 3), np.uint8)
    after = before.copy()
    for _ in range(edits):
        after[rng.integers(0, height), rng.integers(0, width)] = rng.integers(0, 256, 3)
    one, other = measure(before, after), measure(after, before)
    json.dumps(asdict(one), allow_nan=False)
    assert one.zero_norm == int((before != after).any(axis=2).sum())
    for name in ("manhattan", "zero_norm", "rmse", "psnr", "changed_box", "histogram_correlation", "edge_agreement"):
        assert getattr(one, name) == getattr(other, name), name
    for name, value in asdict(one).items():
        assert (value is None) == (name in one.reasons or (name == "changed_box" and one.zero_norm == 0)), name
