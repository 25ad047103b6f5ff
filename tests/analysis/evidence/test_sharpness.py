"""Sharpness: by how much one picture is sharper than the other, and that nothing else is taken for blur."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.evidence.sharpness import blur_apart, blurred
from app.analysis.model import FloatArray

SHARP: FloatArray = np.asarray(data.camera()[100:400, 60:420], np.float32)
VALID = np.full(SHARP.shape, 255, np.uint8)


def soft(sigma: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(SHARP, (0, 0), sigma), np.float32)


def roughness(a: FloatArray, b: FloatArray) -> float:
    return float(np.sqrt(np.mean((a - b)[8:-8, 8:-8] ** 2)))


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_before_is_as_much_sharper_as_after_was_blurred(sigma: float) -> None:
    assert blur_apart(SHARP, soft(sigma), VALID) == sigma


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_after_gives_the_same_with_the_other_sign(sigma: float) -> None:
    assert blur_apart(soft(sigma), SHARP, VALID) == -sigma


def test_a_strength_between_those_tried_is_met_nearly() -> None:
    assert roughness(blurred(SHARP, blur_apart(SHARP, soft(1.1), VALID)), soft(1.1)) < 0.25 * roughness(
        SHARP, soft(1.1)
    )


def test_noise_does_not_hide_which_is_sharper() -> None:
    noisy = soft(1.2) + np.random.default_rng(3).normal(0, 4, SHARP.shape).astype(np.float32)
    sigma = blur_apart(SHARP, noisy, VALID)
    assert roughness(blurred(SHARP, sigma), soft(1.2)) < 0.3 * roughness(SHARP, soft(1.2))


@pytest.mark.parametrize("noise", [0, 4])
def test_equally_sharp_pictures_are_no_blur_apart(noise: float) -> None:
    other = SHARP + np.random.default_rng(4).normal(0, noise, SHARP.shape).astype(np.float32)
    assert blur_apart(SHARP, other, VALID) == 0


def test_a_real_change_is_no_blur() -> None:
    other = SHARP.copy()
    other[100:180, 100:180] = 255 - other[100:180, 100:180]
    assert blur_apart(SHARP, other, VALID) == 0


@pytest.mark.parametrize("pixels", [SHARP[:200, :200] * np.float32(0.03) + 80, SHARP[:30, :30]])
def test_without_edges_or_room_nothing_is_judged(pixels: FloatArray) -> None:
    other = blurred(pixels, 1.5)
    assert blur_apart(pixels, other, np.full(pixels.shape, 255, np.uint8)) == 0


def test_places_without_evidence_have_no_say() -> None:
    half = SHARP.copy()
    half[:, :200] = soft(1.5)[:, :200]
    valid = VALID.copy()
    valid[:, :230] = 0
    assert blur_apart(SHARP, half, valid) == 0
