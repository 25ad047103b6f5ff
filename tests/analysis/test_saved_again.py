"""A slide in strong colours, saved again as JPEG: colour is halved, rounded and rings there, and nothing changed."""

import cv2
import numpy as np
import pytest

from app.analysis import evaluate
from app.analysis.model import UInt8Array
from tests.analysis.pictures import encoded

COLOURS = ((255, 192, 0), (192, 0, 0), (0, 32, 96), (0, 176, 80), (112, 48, 160), (255, 0, 0), (0, 0, 255))


def slide(seed: int, recoloured: bool = False) -> UInt8Array:
    """Labels and frames in two of seven colours each; one label may have another ground."""
    rng = np.random.default_rng(seed)
    page = np.full((480, 800, 3), 245, np.uint8)
    page[:60] = (43, 87, 154)
    for number in range(7):
        x, y = int(rng.integers(20, 600)), int(rng.integers(80, 420))
        ground, ink = (COLOURS[index] for index in rng.permutation(7)[:2])
        if number % 2:
            cv2.rectangle(page, (x, y), (x + 170, y + 34), ground, -1)
            cv2.putText(page, "Radio Button", (x + 6, y + 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, ink, 2, cv2.LINE_AA)
        else:
            cv2.rectangle(page, (x, y), (x + 150, y + 50), ground, 1)
            cv2.putText(page, "#include <x>", (x + 6, y + 28), cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    if recoloured:
        cv2.rectangle(page, (620, 12), (760, 46), (43, 130, 154), -1)
    return page


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("quality", [90, 75, 60])
def test_a_slide_saved_again_is_equivalent(seed: int, quality: int) -> None:
    """At JPEG 60 eight of ten had coloured specks along letters and frames."""
    found = evaluate(encoded(slide(seed)), encoded(slide(seed), quality))
    assert found.verdict == "equivalent", found.summary


@pytest.mark.parametrize("seed", range(5))
def test_another_colour_is_found_all_the_same(seed: int) -> None:
    """A box on the title bar, nearly as bright as the bar."""
    found = evaluate(encoded(slide(seed)), encoded(slide(seed, recoloured=True), 60))
    (region,) = found.regions
    box = region.before
    assert abs(box.x - 620) <= 4
    assert abs(box.y - 12) <= 4
    assert abs(box.width - 141) <= 8
    assert abs(box.height - 35) <= 8


def stars(seed: int, recoloured: bool = False) -> UInt8Array:
    """Dots of three pixels in four warm and cold colours around lines of text; one larger dot may be of another."""
    rng = np.random.default_rng(seed)
    page = np.full((500, 640, 3), 255, np.uint8)
    for line in range(8):
        cv2.putText(page, "chapter seven of nine", (30, 60 + 50 * line), 0, 0.7, (40, 40, 40), 1, cv2.LINE_AA)
    for number in range(60):
        colour = ((255, 185, 0), (250, 200, 40), (230, 120, 60), (90, 160, 250))[number % 4]
        cv2.circle(page, (int(rng.integers(20, 620)), int(rng.integers(20, 480))), 1, colour, -1, cv2.LINE_AA)
    cv2.circle(page, (500, 250), 4, (90, 160, 210) if recoloured else (215, 150, 20), -1, cv2.LINE_AA)
    return page


def photographed(pixels: UInt8Array, seed: int) -> UInt8Array:
    """A little noisy, a pixel aside and a hair turned."""
    noisy = pixels + np.random.default_rng(seed).normal(0, 2, pixels.shape)
    matrix = np.array([[1, 0.004, 1.37], [-0.004, 1, 0.61]])
    levels = np.clip(noisy, 0, 255).astype(np.uint8)
    return np.asarray(cv2.warpAffine(levels, matrix, pixels.shape[1::-1], borderValue=(255,) * 3), np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_coloured_dots_that_compression_washes_out_are_no_change(seed: int) -> None:
    """At that size rounding leaves next to nothing of their colour; up to three of sixty were flagged."""
    after = encoded(photographed(stars(seed), seed), 40)
    assert evaluate(encoded(stars(seed)), after).verdict == "equivalent"
    other = encoded(photographed(stars(seed, recoloured=True), seed), 40)
    regions = evaluate(encoded(stars(seed)), other).regions
    assert len(regions) == 1
    assert abs(regions[0].before.x - 498) <= 3
