"""Every number of Metrics equals an independent value, and counts are never rounded."""

import json
import math
from dataclasses import asdict, replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from scipy.stats import entropy, pearsonr
from skimage import data
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from app.analysis.changed import TILE, find_changed
from app.analysis.measures.metrics import edge_agreement, encoded_size, measure
from app.analysis.measures.ssim import to_grey
from app.analysis.model import Box
from tests.analysis.pictures import encoded


def photos() -> tuple[Any, Any]:
    """A real photo, and the same with noise, a patch and a brighter corner."""
    before = np.ascontiguousarray(data.astronaut()[:300, :410])
    after = cv2.add(before, np.random.default_rng(0).integers(0, 4, before.shape, np.uint8))
    after[100:130, 200:260] = (10, 200, 90)
    return before, after


BEFORE, AFTER = photos()
METRICS = measure(BEFORE, AFTER)


# --- each number against another program or formula -----------------------------------------------------------


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


def counts(image: Any, channel: int) -> Any:
    return np.bincount(image[..., channel].ravel(), minlength=256)


def test_histogram_correlation_is_pearsons_over_256_bins() -> None:
    expected = np.mean([pearsonr(counts(BEFORE, c), counts(AFTER, c)).statistic for c in range(3)])
    assert METRICS.histogram_correlation == pytest.approx(expected, abs=1e-9)


def test_histogram_divergence_is_scipys_entropy_with_one_count_more_per_bin() -> None:
    expected = np.mean([entropy(counts(BEFORE, c) + 1, counts(AFTER, c) + 1) for c in range(3)])
    assert METRICS.histogram_kl == pytest.approx(expected, abs=1e-9)


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


# --- meaning --------------------------------------------------------------------------------------------------


def test_equal_images_have_no_difference_and_no_psnr() -> None:
    metrics = measure(BEFORE, BEFORE.copy())
    assert (metrics.pixel_match_rate, metrics.ssim, metrics.histogram_correlation) == (1, 1, 1)
    assert (metrics.zero_norm, metrics.manhattan, metrics.rmse, metrics.histogram_kl) == (0, 0, 0, 0)
    assert (metrics.edge_agreement, metrics.encoded_size_ratio, metrics.changed_box) == (1, 1, None)
    assert metrics.psnr is None
    assert metrics.reasons == {"psnr": "The images are equal."}


def test_opposite_images_are_as_far_apart_as_can_be() -> None:
    metrics = measure(np.zeros((20, 30, 3), np.uint8), np.full((20, 30, 3), 255, np.uint8))
    assert (metrics.difference_ratio, metrics.pixel_match_rate, metrics.rmse, metrics.psnr) == (1, 0, 255, 0)
    assert metrics.manhattan == 20 * 30 * 3 * 255


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


def test_a_16_bit_difference_below_one_level_counts() -> None:
    deep = np.full((30, 40, 3), 10_000, np.uint16)
    other = deep.copy()
    other[3, 4, 1] += 100
    pixels = np.full((30, 40, 3), 39, np.uint8)
    metrics = measure(pixels, pixels, deep=(deep, other))
    assert metrics.zero_norm == 1
    assert metrics.manhattan == pytest.approx(100 / 257)
    assert metrics.rmse == pytest.approx(100 / 257 / math.sqrt(30 * 40 * 3))
    assert metrics.changed_box == Box(4, 3, 1, 1)
    assert metrics.psnr is not None


def test_a_16_bit_image_is_compared_with_an_8_bit_one_at_16_bits() -> None:
    pixels = np.full((30, 40, 3), 39, np.uint8)
    deep = pixels.astype(np.uint16) * 257
    assert measure(pixels, pixels, deep=(deep, None)).zero_norm == 0
    deep[0, 0, 0] += 1
    assert measure(pixels, pixels, deep=(None, deep)).zero_norm == 1


def test_a_pixel_that_differs_only_in_alpha_is_unequal() -> None:
    white = np.full((30, 40, 3), 255, np.uint8)
    alpha = np.full((30, 40), 255, np.uint8)
    alpha[5, 6] = 0
    for planes in ((None, alpha), (alpha, None)):
        metrics = measure(white, white, alpha=planes)
        assert (metrics.zero_norm, metrics.changed_box) == (1, Box(6, 5, 1, 1))
        assert metrics.manhattan == 0
    assert measure(white, white, alpha=(alpha, alpha.copy())).zero_norm == 0


def test_pixels_without_evidence_are_not_counted() -> None:
    """Counts, norms and histograms are those of the valid part cut out."""
    valid = np.zeros(BEFORE.shape[:2], np.uint8)
    valid[20:250, 35:333] = 255
    after = AFTER.copy()
    after[valid == 0] = 77
    metrics, cut = measure(BEFORE, after, valid=valid), measure(BEFORE[20:250, 35:333], AFTER[20:250, 35:333])
    for name in (
        "pixels",
        "zero_norm",
        "manhattan",
        "rmse",
        "psnr",
        "pixel_match_rate",
        "histogram_correlation",
        "histogram_kl",
    ):
        assert getattr(metrics, name) == pytest.approx(getattr(cut, name), abs=1e-9), name
    assert metrics.ssim == pytest.approx(cut.ssim, abs=1e-5)
    assert metrics.changed_box is not None
    assert metrics.changed_box.x >= 35
    assert metrics.changed_box.y >= 20


def test_what_has_no_evidence_changes_neither_edges_nor_encoded_size() -> None:
    valid = np.full(BEFORE.shape[:2], 255, np.uint8)
    valid[:, :100] = 0
    after = BEFORE.copy()
    after[:, :100] = np.random.default_rng(0).integers(0, 256, (300, 100, 3), np.uint8)
    after[200, 300] ^= 1
    metrics = measure(BEFORE, after, valid=valid)
    assert metrics.edge_agreement == 1
    assert metrics.encoded_size_ratio == pytest.approx(1, abs=1e-3)


def test_no_evidence_at_all_says_so() -> None:
    metrics = measure(BEFORE, AFTER, valid=np.zeros(BEFORE.shape[:2], np.uint8))
    assert (metrics.pixels, metrics.zero_norm, metrics.ssim, metrics.psnr) == (0, 0, None, None)
    assert set(metrics.reasons.values()) == {"No pixel of the two images can be compared."}


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (6, 6), (3, 3000)])
def test_small_images_have_a_reason_instead_of_ssim(shape: tuple[int, int]) -> None:
    before = np.zeros((*shape, 3), np.uint8)
    metrics = measure(before, before + np.uint8(9))
    assert metrics.ssim is None
    assert metrics.reasons["ssim"] == "SSIM needs at least 7 × 7 pixels."
    assert metrics.rmse == 9


def test_flat_images_have_a_reason_instead_of_edges() -> None:
    metrics = measure(np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 40, np.uint8))
    assert metrics.edge_agreement is None
    assert metrics.reasons["edge_agreement"] == "Neither image has an edge."


def test_a_uniform_histogram_has_no_correlation_but_a_reason() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    metrics = measure(ramp, np.zeros_like(ramp))
    assert metrics.histogram_correlation is None
    assert "histogram_correlation" in metrics.reasons


def test_edges_one_pixel_apart_agree_and_further_ones_do_not() -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[20:40, 20:40] = 255
    reasons: dict[str, str] = {}
    assert edge_agreement(picture, np.roll(picture, 1, 1), reasons) == 1
    far = edge_agreement(picture, np.roll(picture, 8, 1), reasons)
    assert far is not None
    assert far < 0.8
    assert reasons == {}


def test_noise_makes_the_encoded_image_larger() -> None:
    noisy = cv2.add(BEFORE, np.random.default_rng(0).integers(0, 60, BEFORE.shape, np.uint8))
    assert encoded_size(noisy) > 1.3 * encoded_size(BEFORE)


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


@pytest.mark.parametrize("name", ["edge_agreement", "encoded_size_ratio"])
def test_a_small_change_in_a_large_image_is_measured_as_if_everything_were(name: str) -> None:
    """What is equal is not looked at twice; the numbers are the same as when it is."""
    before = cv2.resize(BEFORE, (2050, 1501), interpolation=cv2.INTER_CUBIC)
    after = before.copy()
    after[700:900, 333:777] = 255 - after[700:900, 333:777]
    everything = measure(before, after, changed=find_changed_everywhere(before, after))
    assert getattr(measure(before, after), name) == pytest.approx(getattr(everything, name), abs=1e-12)


def find_changed_everywhere(before: Any, after: Any) -> Any:
    changed = find_changed(before, after)
    box = Box(0, 0, before.shape[1], before.shape[0])
    return replace(changed, box=box, tiles=np.ones_like(changed.tiles))


# --- tiles ----------------------------------------------------------------------------------------------------


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


def test_grey_is_opencvs() -> None:
    assert np.array_equal(to_grey(BEFORE), cv2.cvtColor(BEFORE, cv2.COLOR_RGB2GRAY))
