"""What of two pictures tells of the exposure: not what is clipped, nor what noise took off the limit."""

import cv2
import numpy as np
import pytest

from app.analysis.tone.information import information_in, rarity
from app.analysis.tone.samples import Samples, sample
from tests.analysis.pictures import quantised


def test_ink_beside_clipped_paper_is_seen_without_the_paper() -> None:
    """Paper that would be brighter than white holds the mean of a patch down, and with it the tone of its ink."""
    sheet = np.full((600, 800, 3), 250, np.uint8)
    for row in range(28):
        cv2.line(sheet, (20, 20 + 20 * row), (780, 24 + 20 * row), (110, 110, 110), 1, cv2.LINE_AA)
    seen = sample(sheet, quantised(sheet * 1.25), np.full(sheet.shape[:2], 255, np.uint8))
    assert seen is not None
    ink = seen.target.mean(axis=1) < 0.7
    assert ink.sum() > 50
    assert np.median(np.abs(seen.source - 1.25 * seen.target)[ink]) < 0.01
    assert seen.flatness[ink].max() < 0.5  # the ink of a thin stroke is never pure


def test_patches_that_noise_took_off_the_limit_are_not_rare() -> None:
    """Only what noise takes off the limit of clipped paper tells anything; counted alone, it seemed rare ink."""
    count = 4000
    positions = np.random.default_rng(1).random((count, 2))
    target, source = np.ones((count, 3)), np.ones((count, 3))
    source[:120], target[120:520], source[120:520] = 0.955, 0.4, 0.43
    seen = Samples(target, source, positions, np.ones(count), (252 / 255, 252 / 255))
    information = information_in(seen)
    assert information[:520].all() and not information[520:].any()
    weight = rarity(seen, information)
    assert weight[:120].max() < weight[120:520].min() / 2


def test_white_that_hardly_ever_is_full_white_is_not_clipped() -> None:
    clipped, close = np.full((200, 200, 3), 255, np.uint8), np.full((200, 200, 3), 253, np.uint8)
    close[:3, :40] = 255
    seen = sample(clipped, close, np.full((200, 200), 255, np.uint8))
    assert seen is not None
    assert seen.bright[0] < 1 < seen.bright[1]


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_picture_may_be_clipped_in_one_colour_alone(channel: int) -> None:
    """Every nth byte of a large picture was looked at, which may be the same colour each time."""
    large = np.full((2000, 3000, 3), 100, np.uint8)
    large[::2, :, channel] = 255
    seen = sample(large, large, np.full((2000, 3000), 255, np.uint8))
    assert seen is not None
    assert seen.bright[0] < 1
