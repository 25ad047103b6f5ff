"""A shadow with a soft edge is light; what was painted, or has an edge, is a change."""

import cv2
import numpy as np
import pytest

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, UInt8Array
from app.analysis.tone.shadow import lit_by, shadow_between
from tests.analysis.edits import assert_one_edit, assert_same_picture, pasted, scene
from tests.analysis.pictures import encoded, quantised


def shade(shape: tuple[int, ...], depth: float, edge: float, at: float = 1.0) -> np.ndarray:
    """Light, 0 to 1, that falls to 1 - depth over ``edge`` of the width, along a slanting line."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    along = np.clip((x + 0.4 * y - at * shape[1]) / (edge * shape[1]) + 0.5, 0, 1)
    return 1 - depth * (along * along * (3 - 2 * along))[..., None]


def shadowed(pixels: UInt8Array, depth: float = 0.08, edge: float = 0.15, noise: float = 2.0) -> UInt8Array:
    seen = pixels * shade(pixels.shape, depth, edge)
    return quantised(seen + np.random.default_rng(3).normal(0, noise, pixels.shape))


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut"])
@pytest.mark.parametrize("edge", [0.1, 0.12, 0.15])
def test_a_soft_shadow_is_no_difference(name: str, edge: float) -> None:
    before = scene(name)
    assert_same_picture(evaluate(encoded(before), encoded(shadowed(before, edge=edge), 90)))
    assert_same_picture(evaluate(encoded(shadowed(before, edge=edge)), encoded(before, 90)))


def test_what_changed_in_a_shadow_is_found_and_the_shadow_is_told() -> None:
    before, edit = scene("astronaut"), Box(400, 360, 40, 40)
    found = evaluate(encoded(before), encoded(shadowed(pasted(before, edit)), 90))
    assert_one_edit(found, edit)
    assert "shadow" in found.summary


def test_the_light_of_a_shadow_is_told_to_a_few_hundredths() -> None:
    before = scene("coffee")
    everywhere = np.full(before.shape[:2], 255, np.uint8)
    found = shadow_between(before, shadowed(before, noise=0), everywhere)
    assert found is not None
    gain = cv2.resize(found, before.shape[1::-1])
    assert gain * shade(before.shape, 0.08, 0.15)[..., 0] == pytest.approx(np.ones(gain.shape), abs=0.035)
    assert np.abs(lit_by(found, shadowed(before, noise=0)).astype(int) - before).mean() < 1.5


@pytest.mark.parametrize("width", [100, 200, 300])
def test_a_tint_with_an_edge_stays_a_difference(width: int) -> None:
    before = scene("coffee")
    painted = before.astype(np.float32)
    box = Box(60, 50, width, 200)
    painted[box.slices] *= 0.88
    noisy = quantised(painted + np.random.default_rng(4).normal(0, 2, before.shape))
    assert_one_edit(evaluate(encoded(before), encoded(noisy, 90)), box)


def test_nothing_is_told_of_equal_dark_or_unseen_pictures() -> None:
    before = scene("coffee")
    everywhere, nowhere = np.full(before.shape[:2], 255, np.uint8), np.zeros(before.shape[:2], np.uint8)
    dark = (before * 0.12).astype(np.uint8)
    assert shadow_between(before, before, everywhere) is None
    assert shadow_between(dark, shadowed(dark, noise=0), everywhere) is None
    assert shadow_between(before, shadowed(before), nowhere) is None
    assert shadow_between(before[:1, :1], shadowed(before)[:1, :1], everywhere[:1, :1]) is None


def test_light_that_differs_all_over_is_no_shadow() -> None:
    before = scene("coffee")
    darker = quantised(before * shade(before.shape, 0.16, 0.2, 0.3) * 1.06)
    assert shadow_between(before, darker, np.full(before.shape[:2], 255, np.uint8)) is None


def test_spots_are_no_shadow_though_half_of_the_picture_is_darker_for_them() -> None:
    before, shadow = scene("coffee"), 1 - shade((320, 480), 0.08, 0.15)
    spots = cv2.GaussianBlur(np.random.default_rng(5).normal(size=(320, 480)), (0, 0), 8)
    spotted = quantised(before * (1 - shadow * (1 + 0.8 * spots / spots.std())[..., None]))
    everywhere = np.full(before.shape[:2], 255, np.uint8)
    assert shadow_between(before, spotted, everywhere) is None
    assert shadow_between(before, quantised(before * (1 - shadow)), everywhere) is not None
