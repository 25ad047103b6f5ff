"""What the numbers mean at their ends, at 16 bits, without evidence, and where there is too little for them."""

import math

import cv2
import numpy as np
import pytest

from app.analysis.measures.edges import edge_agreement
from app.analysis.measures.metrics import encoded_size, measure
from app.analysis.model import Box
from tests.analysis.measures.photos import AFTER, BEFORE


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
