"""Print in another light: paper becomes white again, ink stays dark, and neither takes on a colour."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from app.analysis.model import Options, UInt8Array
from app.analysis.tone.even import even_tone
from tests.analysis.pictures import quantised


def page(light: npt.NDArray[np.float64] | float = 1.0, blur: float = 0.0, noise: float = 0.0) -> UInt8Array:
    """Print small words on white paper, photographed as said."""
    sheet = np.full((600, 800, 3), 255, np.uint8)
    for row in range(14):
        cv2.putText(sheet, "water 12.50 chapter seven", (40, 60 + 38 * row), 0, 0.8, (30, 30, 40), 2, cv2.LINE_AA)
    lit = cv2.GaussianBlur(sheet, (0, 0), blur) if blur else sheet
    return quantised(lit * light + np.random.default_rng(5).normal(0, noise, sheet.shape) * (noise > 0))


LAMP = np.linspace(0.98, 0.6, 800)[None, :, None] * np.linspace(1, 0.9, 600)[:, None, None] * (1.0, 0.97, 0.9)


@pytest.mark.parametrize("blur", [0.0, 1.2])
def test_ink_stays_dark_when_paper_darkens_towards_a_corner(blur: float) -> None:
    """A curve that flattens makes paper white, too, and washes the ink out: the shipped invoice was judged so."""
    before, after = page(blur=blur), page(LAMP, blur, noise=3)
    tone, pixels, _ = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    assert tone.reason == "light evened out"
    ink = before.max(axis=2) < 100
    assert np.percentile(np.abs(pixels[ink].astype(int) - before[ink]), 90) < 20
    paper = before.min(axis=2) == 255
    assert np.percentile(255 - pixels[paper], 90) < 10


def poster() -> UInt8Array:
    """Draw a red disc with a black rim and green leaves on white paper: no tone is in one colour and all over."""
    sheet = np.full((600, 560, 3), 255, np.uint8)
    cv2.circle(sheet, (280, 330), 250, (215, 0, 0), -1, cv2.LINE_AA)
    cv2.circle(sheet, (280, 330), 250, (0, 0, 0), 14, cv2.LINE_AA)
    cv2.ellipse(sheet, (280, 110), (180, 70), 0, 0, 360, (5, 120, 10), -1, cv2.LINE_AA)
    for seed in range(40):
        place = (120 + seed * 53 % 320, 200 + seed * 97 % 300)
        cv2.ellipse(sheet, place, (5, 12), 10, 0, 360, (230, 70, 20), -1, cv2.LINE_AA)
    return sheet


def waves(height: int, width: int) -> npt.NDArray[np.float64]:
    coarse = np.array([[0.85, 1.1, 0.95], [1.15, 0.9, 1.18], [1.0, 1.15, 0.82]])
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]


def test_light_that_falls_on_one_colour_is_no_colour_cast() -> None:
    """A curve alone took the shade on red things for a cast, light was fitted on top of that, and paper was tinted."""
    before = poster()
    after = quantised(before * waves(600, 560))
    tone, pixels, _ = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    assert tone.reason == "light evened out"
    assert max(tone.gain) - min(tone.gain) < 0.01
    assert np.percentile(cv2.absdiff(before, pixels), 99) <= 4


def test_lines_on_white_paper_keep_their_contrast() -> None:
    """White to the limit says "at least white": taken at its word, any light would do, and the paper outshines ink."""
    before = page()
    before[560:, :] = 255
    after = quantised(before * LAMP)
    _, pixels, _ = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    middle = (before.max(axis=2) > 120) & (before.max(axis=2) < 220)
    assert abs(float(np.median(pixels[middle].astype(int) - before[middle]))) <= 6


def test_ink_tells_the_exposure_of_a_page_that_is_nearly_all_clipped() -> None:
    """The noise of clipped paper outweighed the ink, and every letter of a card photographed brighter was changed."""
    card = np.full((600, 800, 3), 252, np.uint8)
    for row in range(14):
        cv2.putText(card, "water 12.50 chapter seven", (40, 60 + 38 * row), 0, 0.8, (20, 20, 25), 2, cv2.LINE_AA)
    noise = np.random.default_rng(5).normal(0, 5, card.shape)
    brighter = quantised(np.minimum(255 * (card / 255) ** 0.9 * 1.08, 255) + noise)
    tone, pixels, _ = even_tone(card, brighter, np.full(card.shape[:2], 255, np.uint8), Options())
    assert tone.applied
    grey = (card.max(axis=2) > 60) & (card.max(axis=2) < 160)
    assert abs(float(np.mean(brighter[grey].astype(int) - card[grey]))) > 12
    assert abs(float(np.mean(pixels[grey].astype(int) - card[grey]))) < 6
