"""Sharpness: the sharper of two pictures is blurred until both are alike, never the other one, never both."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.model import FloatArray
from app.analysis.sharpness import match_blur

SHARP: FloatArray = np.asarray(data.camera()[100:400, 60:420], np.float32)
VALID = np.full(SHARP.shape, 255, np.uint8)


def blurred(sigma: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(SHARP, (0, 0), sigma), np.float32)


def roughness(a: FloatArray, b: FloatArray) -> float:
    return float(np.sqrt(np.mean((a - b)[8:-8, 8:-8] ** 2)))


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_before_is_blurred_as_much_as_after(sigma: float) -> None:
    soft = blurred(sigma)
    before, after = match_blur(SHARP, soft, VALID)
    assert np.array_equal(after, soft)
    assert roughness(before, after) < 0.05 * roughness(SHARP, soft)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_after_is_blurred_as_much_as_before(sigma: float) -> None:
    soft = blurred(sigma)
    before, after = match_blur(soft, SHARP, VALID)
    assert np.array_equal(before, soft)
    assert roughness(before, after) < 0.05 * roughness(soft, SHARP)


def test_a_strength_between_those_tried_is_met_nearly() -> None:
    soft = blurred(1.1)
    before, _ = match_blur(SHARP, soft, VALID)
    assert roughness(before, soft) < 0.25 * roughness(SHARP, soft)


def test_noise_does_not_hide_which_is_sharper() -> None:
    soft = blurred(1.2) + np.random.default_rng(3).normal(0, 4, SHARP.shape).astype(np.float32)
    before, after = match_blur(SHARP, soft, VALID)
    assert np.array_equal(after, soft)
    assert roughness(before, blurred(1.2)) < 0.3 * roughness(SHARP, blurred(1.2))


@pytest.mark.parametrize("noise", [0, 4])
def test_equally_sharp_pictures_stay_as_they_are(noise: float) -> None:
    other = SHARP + np.random.default_rng(4).normal(0, noise, SHARP.shape).astype(np.float32)
    before, after = match_blur(SHARP, other, VALID)
    assert np.array_equal(before, SHARP)
    assert np.array_equal(after, other)


def test_a_real_change_is_no_blur() -> None:
    other = SHARP.copy()
    other[100:180, 100:180] = 255 - other[100:180, 100:180]
    before, after = match_blur(SHARP, other, VALID)
    assert np.array_equal(before, SHARP)
    assert np.array_equal(after, other)


@pytest.mark.parametrize("pixels", [SHARP[:200, :200] * np.float32(0.03) + 80, SHARP[:30, :30]])
def test_without_edges_or_room_nothing_is_judged(pixels: FloatArray) -> None:
    other = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.float32)
    before, after = match_blur(pixels, other, np.full(pixels.shape, 255, np.uint8))
    assert np.array_equal(before, pixels)
    assert np.array_equal(after, other)


def test_places_without_evidence_have_no_say() -> None:
    soft = SHARP.copy()
    soft[:, :200] = blurred(1.5)[:, :200]
    valid = VALID.copy()
    valid[:, :230] = 0
    before, after = match_blur(SHARP, soft, valid)
    assert np.array_equal(before, SHARP)
    assert np.array_equal(after, soft)
