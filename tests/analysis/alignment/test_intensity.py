"""Soft pictures, without a corner to track, are laid over each other by their levels."""

import cv2
import numpy as np
import pytest

from app.analysis.alignment.intensity import correlation, intensity_points
from app.analysis.evaluate import evaluate
from app.analysis.model import Evaluation, UInt8Array
from tests.analysis.pictures import encoded

FRAME = (slice(60, 540), slice(80, 720))


def soft(seed: int) -> UInt8Array:
    """Clouds of colour, (600, 800)."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(rng.uniform(20, 235, (6, 8, 3)).astype(np.float32), (800, 600), interpolation=cv2.INTER_CUBIC)
    return np.clip(cv2.GaussianBlur(clouds, (0, 0), 30), 0, 255).astype(np.uint8)


def seen(scene: UInt8Array, turn: float) -> UInt8Array:
    """The middle of a scene, turned by some degrees and a little larger."""
    matrix = cv2.getRotationMatrix2D((400, 300), turn, 1.02)
    return np.asarray(cv2.warpAffine(scene, matrix, (800, 600))[FRAME], np.uint8)


def compared(before: UInt8Array, after: UInt8Array) -> Evaluation:
    return evaluate(encoded(before, 92), encoded(after, 92))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("turn", [-3.0, 2.0])
def test_a_turned_soft_picture_is_equivalent(seed: int, turn: float) -> None:
    """There was nothing to align on, and the picture different all over."""
    found = compared(soft(seed)[FRAME], seen(soft(seed), turn))
    assert found.verdict == "equivalent", found.summary
    assert found.alignment.model in ("similarity", "affine", "homography")


def test_what_is_new_in_it_is_found() -> None:
    scene = soft(1)
    cv2.circle(scene, (380, 280), 30, (240, 240, 90), -1)
    (region,) = compared(soft(1)[FRAME], seen(scene, 2.0)).regions
    assert region.before.width == pytest.approx(61, abs=6)
    assert region.before.x + region.before.width / 2 == pytest.approx(380 - 80, abs=4)


@pytest.mark.parametrize(
    "other",
    [soft(5)[FRAME], soft(8)[FRAME], soft(9)[FRAME], 255 - soft(0)[FRAME], np.full((480, 640, 3), 90, np.uint8)],
)
def test_other_soft_pictures_are_not_forced_over_it(other: UInt8Array) -> None:
    greys = [np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8) for pixels in (soft(0)[FRAME], other)]
    assert intensity_points(greys[0], greys[1]) is None


def test_half_of_the_picture_must_be_seen_in_both() -> None:
    """Any two slopes correlate where they hardly overlap."""
    slope = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (300, 1))
    for aside, correlates in ((0, 1.0), (120, 1.0), (360, 0.0)):
        matrix = np.array([[1, 0, aside], [0, 1, 0], [0, 0, 1]], np.float64)
        assert correlation(slope, slope, matrix) == pytest.approx(correlates, abs=1e-3)


def test_pictures_too_small_for_it_are_left_alone() -> None:
    tiny = np.zeros((20, 300), np.uint8)
    assert intensity_points(tiny, tiny) is None
