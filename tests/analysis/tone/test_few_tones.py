"""Drawings of few tones, and pictures that are mostly black or clipped: photographed otherwise, they are the same.

Found on pictures nobody had tuned on: forms, boards, charts and night skies, where another exposure was taken for
some twenty changes each, as one tone and what is clipped beside it were held to tell nothing of the light.
"""

import cv2
import numpy as np
import pytest

from app.analysis.model import UInt8Array
from tests.analysis.pictures import compare, quantised

SHAPE = (480, 640, 3)


def exposed(image: UInt8Array, gain: float, gamma: float = 1.0, noise: float = 0.0) -> UInt8Array:
    """Photograph it: what is too bright for the sensor is lost, and its noise comes on top."""
    seen = 255 * np.clip(image * gain / 255, 0, 1) ** gamma
    return quantised(seen + np.random.default_rng(7).normal(0, noise, image.shape) * (noise > 0))


def board() -> UInt8Array:
    """Draw white tracks and pads on black: two tones, each wide enough to be flat."""
    image = np.zeros(SHAPE, np.uint8)
    for index in range(9):
        y = 40 + 48 * index
        cv2.polylines(
            image,
            [np.array([[20, y], [220 + 30 * index, y], [400 + 20 * index, 460], [630, 460]])],
            False,
            (255,) * 3,
            9,
        )
        cv2.circle(image, (560, y), 14, (255,) * 3, -1)
    return image


def form(thickness: int = 2) -> UInt8Array:
    """Print small words, black on white."""
    sheet = np.full(SHAPE, 255, np.uint8)
    for row in range(14):
        cv2.putText(
            sheet, "7 additional evidence 20.50", (20, 40 + 32 * row), 0, 0.8, (0, 0, 0), thickness, cv2.LINE_AA
        )
    return sheet


def chart() -> UInt8Array:
    """Draw bars in colours on white paper, and thin lines beside them."""
    sheet = np.full(SHAPE, 255, np.uint8)
    colours = [(203, 64, 160), (69, 68, 208), (149, 26, 199), (44, 82, 56), (121, 120, 182), (220, 140, 30)]
    for index, colour in enumerate(colours):
        cv2.rectangle(sheet, (350 + 46 * index, 120 + 37 * index), (385 + 46 * index, 440), colour, -1)
        curve = np.array([[x, 60 + 60 * index + int(25 * np.sin(x / (9 + index)))] for x in range(20, 320, 3)])
        cv2.polylines(sheet, [curve], False, colour, 1, cv2.LINE_AA)
    return sheet


def night() -> UInt8Array:
    """Scatter a few hundred small stars over a sky that is nearly black."""
    random = np.random.default_rng(4)
    sky = random.normal(8, 1.5, SHAPE)
    for x, y, size, bright in zip(
        *random.integers([[8], [8], [1], [60]], [[632], [472], [4], [255]], (4, 400)), strict=True
    ):
        cv2.circle(sky, (int(x), int(y)), int(size), (float(bright), bright * 0.95, bright * 0.9), -1, cv2.LINE_AA)
    return quantised(cv2.GaussianBlur(sky, (0, 0), 0.8))


def lines() -> UInt8Array:
    """Draw ellipses in strokes of two pixels on white paper, in three strong colours."""
    sheet = np.full(SHAPE, 255, np.uint8)
    for index in range(12):
        colour = [(64, 72, 204), (160, 220, 60), (40, 60, 200)][index % 3]
        middle, axes = (320 + 20 * (index % 4 - 2), 240 + 12 * (index % 5 - 2)), (60 + 20 * index, 30 + 16 * index)
        cv2.ellipse(sheet, middle, axes, 11.0 * index, 0, 360, colour, 2, cv2.LINE_AA)
    return sheet


PICTURES = {"board": board(), "form": form(), "chart": chart(), "night": night()}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(("gain", "gamma"), [(0.9, 1.0), (1.0, 0.88), (1.1, 1.12), (0.95, 1.1)])
def test_another_exposure_is_no_change(name: str, gain: float, gamma: float) -> None:
    before = PICTURES[name]
    assert compare(before, exposed(before, gain, gamma)).regions == ()


def test_bold_text_that_another_light_made_lighter_all_over_does_not_hide_what_is_drawn_in() -> None:
    """White paper stays white and the page counts as drawn again; every bold stroke was marked as an area then."""
    before = np.maximum(form(thickness=3), 30).astype(np.uint8)
    after = before.copy()
    after[200:240, 500:560] = (205, 225, 250)
    result = compare(before, exposed(after, 1.0, 0.9))
    assert len(result.regions) == 1
    assert abs(result.regions[0].before.x - 500) <= 4 and abs(result.regions[0].before.width - 60) <= 8


@pytest.mark.parametrize("name", ["form", "chart"])
def test_paper_that_clips_under_noise_is_no_change(name: str) -> None:
    """Noise takes clipped paper off the limit here and there; taken at its word, it bent the curve for all tones."""
    before = PICTURES[name]
    result = compare(before, exposed(before, 1.12, 0.95, noise=5))
    assert result.verdict == "equivalent", [region.before for region in result.regions]


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_drawn_in_is_found_under_another_exposure(name: str) -> None:
    before = PICTURES[name]
    after = before.copy()
    cv2.rectangle(after, (250, 200), (300, 240), (130, 130, 210), -1)
    result = compare(before, exposed(after, 0.9))
    assert len(result.regions) == 1
    box = result.regions[0].before
    assert abs(box.x - 250) <= 4 and abs(box.y - 200) <= 4 and abs(box.width - 51) <= 8 and abs(box.height - 41) <= 8


def test_a_night_sky_under_a_lamp_is_no_change() -> None:
    """Most of it rounds to the same level in any light, which was held to prove that the light is the same."""
    before = PICTURES["night"]
    lamp = np.linspace(0.82, 1.18, SHAPE[1])[None, :, None]
    result = compare(before, quantised(before * lamp))
    assert result.tone.reason == "light evened out"
    assert result.verdict == "equivalent"


def test_white_that_never_is_full_white_is_not_clipped() -> None:
    """Whites of 255 that became 253 were held for clipped in both, so that nothing held the curve's bright end."""
    before = np.where(board() > 128, 255, 31).astype(np.uint8)
    after = np.where(board() > 128, 253, 42).astype(np.uint8)
    result = compare(before, after)
    assert result.tone.applied
    assert result.verdict == "equivalent"


@pytest.mark.parametrize("sigma", [0.7, 1.0])
def test_blur_is_not_taken_for_another_exposure(sigma: float) -> None:
    """Blur lightens thin strokes as light would; but from afar nothing has become lighter."""
    before = lines()
    result = compare(before, np.asarray(cv2.GaussianBlur(before, (0, 0), sigma), np.uint8))
    assert not result.tone.applied
    assert result.verdict == "equivalent"


def test_strokes_that_resampling_softened_are_not_taken_for_another_exposure() -> None:
    before = form()
    turned = cv2.getRotationMatrix2D((320, 240), 2, 1.01)
    after = cv2.warpAffine(before, turned, SHAPE[1::-1], flags=cv2.INTER_LINEAR, borderValue=(255,) * 3)
    result = compare(before, np.asarray(after, np.uint8))
    assert not result.tone.applied
    assert result.verdict == "equivalent"


def test_one_tone_alone_may_have_been_painted() -> None:
    before = np.full(SHAPE, 128, np.uint8)
    result = compare(before, np.full(SHAPE, 150, np.uint8))
    assert not result.tone.applied
    assert result.verdict == "different"
