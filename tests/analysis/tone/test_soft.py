"""Beside ink that a lens blurred paper is darker and ink is lighter, which is no exposure.

Found on pages of text that somebody else had scanned and photographed: the curve that took it for exposure made every
grey of the page lighter by thirty levels, and lines of text, more of them the softer they were, were called changed.
"""

import cv2
import numpy as np
import pytest

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Tone, UInt8Array
from app.analysis.sharpness import blurred_as_light
from app.analysis.tone import soft
from app.analysis.tone.fit import fit_tone
from app.analysis.tone.tone_map import ToneMap, of_gain
from tests.analysis.pictures import encoded, overlap, quantised

WORDS = "signal annual report market winter harbour vienna letter prague supply engine region station policy copper"


def page(edited: bool = False) -> UInt8Array:
    """Set text in lines, some of them dense."""
    words, sheet = WORDS.split(), np.full((900, 720, 3), 252, np.uint8)
    for row in range(38):
        line = " ".join(words[(7 * row + 3 * k) % len(words)] for k in range(11 if row % 3 else 6))
        cv2.putText(
            sheet, line, (30, 40 + 22 * row), 0, 0.42 + 0.05 * (row % 3), (24, 24, 24), 1 + row % 2, cv2.LINE_AA
        )
    if edited:
        sheet[384:404, 200:300] = 252
        cv2.circle(sheet, (420, 640), 24, (150, 60, 60), -1)
    return sheet


def photographed(sheet: UInt8Array, sigma: float, gain: float) -> UInt8Array:
    """Blur light and let less of it in: levels become a share of theirs to the power of 1 / 2.4."""
    seen = gain ** (1 / 2.4) * blurred_as_light(sheet, sigma).astype(np.float64)
    return quantised(seen + np.random.default_rng(3).normal(0, 1.5, sheet.shape))


@pytest.mark.parametrize("sigma", [1.0, 1.4])
@pytest.mark.parametrize("gain", [0.7, 0.85])
def test_soft_text_in_less_light_is_no_change(sigma: float, gain: float) -> None:
    assert evaluate(encoded(page()), encoded(photographed(page(), sigma, gain), 85)).verdict == "equivalent"


def test_a_removed_word_and_a_stamp_on_soft_text_are_changes() -> None:
    regions = evaluate(encoded(page()), encoded(photographed(page(edited=True), 1.2, 0.8), 85)).regions
    assert any(overlap(region.before, Box(396, 616, 49, 49)) > 0.7 for region in regions)
    assert any(overlap(region.before, Box(200, 384, 100, 20)) > 0.4 for region in regions)
    assert len(regions) <= 3


@pytest.mark.parametrize("first", ["right", "bent"])
def test_of_two_fits_the_one_that_brings_soft_pictures_nearer_is_taken(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = page(), photographed(page(), 1.4, 0.8)
    fits = {"right": of_gain(0.8 ** (-1 / 2.4)), "bent": of_gain(1.25)}
    order = [first, "bent" if first == "right" else "right"]
    softness = []

    def fit(given: UInt8Array, _after: UInt8Array, _valid: UInt8Array) -> tuple[Tone, ToneMap]:
        softness.append(cv2.Laplacian(given, cv2.CV_32F).std())
        return Tone(reason=order[len(softness) - 1]), fits[order[len(softness) - 1]]

    monkeypatch.setattr(soft, "fit_tone", fit)
    tone, _ = soft.fit_tone_of_soft(before, after, np.full(before.shape[:2], 255, np.uint8))
    assert tone.reason == "right"
    assert len(softness) == 2
    assert softness[1] < 0.5 * softness[0]


def test_what_is_sharp_is_fitted_once() -> None:
    before = page()
    after = quantised(0.9 * before + np.random.default_rng(4).normal(0, 1.5, before.shape))
    valid = np.full(before.shape[:2], 255, np.uint8)
    one, other = (fitted(before, after, valid)[1] for fitted in (fit_tone, soft.fit_tone_of_soft))
    assert one is not None
    assert other is not None
    assert np.array_equal(one.curves, other.curves)
