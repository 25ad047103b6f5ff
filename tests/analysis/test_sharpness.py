"""Sharpness: by how much one picture is sharper than the other, and that nothing else is taken for blur."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.model import Box, FloatArray
from app.analysis.sharpness import Blur, blur_apart, blurred, blurred_as_light
from tests.analysis.pictures import compare, overlap, quantised

SHARP: FloatArray = np.asarray(data.camera()[100:400, 60:420], np.float32)
VALID = np.full(SHARP.shape, 255, np.uint8)


def soft(sigma: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(SHARP, (0, 0), sigma), np.float32)


def roughness(a: FloatArray, b: FloatArray) -> float:
    return float(np.sqrt(np.mean((a - b)[8:-8, 8:-8] ** 2)))


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_before_is_as_much_sharper_as_after_was_blurred(sigma: float) -> None:
    assert blur_apart(SHARP, soft(sigma), VALID) == Blur(sigma)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_sharper_after_gives_the_same_with_the_other_sign(sigma: float) -> None:
    assert blur_apart(soft(sigma), SHARP, VALID) == Blur(-sigma)


def test_a_strength_between_those_tried_is_met_nearly() -> None:
    sigma = blur_apart(SHARP, soft(1.1), VALID).sigma
    assert roughness(blurred(SHARP, sigma), soft(1.1)) < 0.25 * roughness(SHARP, soft(1.1))


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("noise", [0, 3])
def test_what_a_lens_blurs_is_told_from_what_a_program_blurs(sigma: float, noise: float) -> None:
    sharp = SHARP.astype(np.uint8)
    seen = blurred_as_light(sharp, sigma) + np.random.default_rng(5).normal(0, noise, SHARP.shape).astype(np.float32)
    assert blur_apart(SHARP, seen, VALID) == Blur(sigma, in_light=True)
    assert blur_apart(seen, SHARP, VALID) == Blur(-sigma, in_light=True)


def test_half_the_light_of_white_is_level_188() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    middle = blurred_as_light(stripes, 3.0)[20:-20, 20:-20]
    assert np.ptp(middle) == 0
    assert middle[0, 0].tolist() == [188, 188, 188]


@pytest.mark.parametrize("level", [0, 1, 7, 128, 254, 255])
def test_what_is_flat_keeps_its_level(level: int) -> None:
    flat = np.full((9, 9), level, np.uint8)
    assert np.array_equal(blurred_as_light(flat, 1.2), flat)


@pytest.mark.parametrize("edited", [False, True], ids=["unchanged", "edited"])
def test_thin_lines_that_a_camera_lightens_are_no_change(edited: bool) -> None:
    """Blurred as levels, windows, tables and maps were darker than in their photographs wherever lines lie close."""
    drawn = np.full((420, 560), 235, np.uint8)
    for row in range(4):
        for column in range(5):
            x, y = 20 + 108 * column, 20 + 100 * row
            drawn[y : y + 70, x : x + 80 : 4 + (row + column) % 4] = 20
            drawn[y : y + 70 : 9, x : x + 80] = 60 + 20 * column
    before = np.stack([drawn] * 3, axis=2)
    after = before.copy()
    if edited:
        after[225:265, 240:300] = 150
    seen = blurred_as_light(after, 0.85) + np.random.default_rng(6).normal(0, 2, after.shape)
    regions = compare(before, quantised(seen)).regions
    assert len(regions) == edited
    assert all(overlap(region.before, Box(240, 225, 60, 40)) > 0.7 for region in regions)


def test_noise_does_not_hide_which_is_sharper() -> None:
    noisy = soft(1.2) + np.random.default_rng(3).normal(0, 4, SHARP.shape).astype(np.float32)
    sigma, in_light = blur_apart(SHARP, noisy, VALID)
    assert not in_light
    assert roughness(blurred(SHARP, sigma), soft(1.2)) < 0.3 * roughness(SHARP, soft(1.2))


@pytest.mark.parametrize("noise", [0, 4])
def test_equally_sharp_pictures_are_no_blur_apart(noise: float) -> None:
    other = SHARP + np.random.default_rng(4).normal(0, noise, SHARP.shape).astype(np.float32)
    assert blur_apart(SHARP, other, VALID).sigma == 0


def test_a_real_change_is_no_blur() -> None:
    other = SHARP.copy()
    other[100:180, 100:180] = 255 - other[100:180, 100:180]
    assert blur_apart(SHARP, other, VALID).sigma == 0


@pytest.mark.parametrize("pixels", [SHARP[:200, :200] * np.float32(0.03) + 80, SHARP[:30, :30]])
def test_without_edges_or_room_nothing_is_judged(pixels: FloatArray) -> None:
    other = blurred(pixels, 1.5)
    assert blur_apart(pixels, other, np.full(pixels.shape, 255, np.uint8)).sigma == 0


def test_places_without_evidence_have_no_say() -> None:
    half = SHARP.copy()
    half[:, :200] = soft(1.5)[:, :200]
    valid = VALID.copy()
    valid[:, :230] = 0
    assert blur_apart(SHARP, half, valid).sigma == 0
