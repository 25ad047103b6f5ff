"""Tone curves other than gain and gamma: brightness, contrast, levels, and what cameras and editors make an S of."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from app.analysis import evaluate
from app.analysis.encoding import encode_jpeg, encode_png
from app.analysis.model import Options, UInt8Array
from app.analysis.tone.even import even_tone
from app.analysis.tone.fit import fit_tone
from app.analysis.tone.information import rarity
from app.analysis.tone.models import fit_curve, flattens, gain_at
from app.analysis.tone.samples import Samples
from app.analysis.tone.solve import FREE_RIDGE, fit
from tests.analysis.pictures import opened, quantised
from tests.analysis.tone.coffee import BEFORE, VALID

DARK: UInt8Array = np.asarray(cv2.resize(data.rocket(), (450, 300), interpolation=cv2.INTER_AREA), np.uint8)


def s_curve(levels: npt.NDArray[np.float64], bend: float) -> npt.NDArray[np.float64]:
    share = levels / 255
    return levels + 255 * bend * share * (1 - share) * (2 * share - 1)


LEVELS = BEFORE.astype(np.float64)
CURVES = {
    "brighter by 20": LEVELS + 20,
    "darker by 20": LEVELS - 20,
    "more contrast": (LEVELS - 128) * 1.15 + 128,
    "less contrast": (LEVELS - 128) * 0.85 + 128,
    "levels spread": (LEVELS - 15) * 255 / 225,
    "an S": s_curve(LEVELS, 0.4),
    "an S the other way": s_curve(LEVELS, -0.4),
    "lifted and bent": s_curve(LEVELS * 0.9 + 12, 0.3),
}


NOISE = np.random.default_rng(8).normal(0, 2, BEFORE.shape)
"""Without it the curve is read off the levels themselves; with it, it is fitted to patches."""


@pytest.mark.parametrize("noise", [0, 1])
@pytest.mark.parametrize("name", CURVES)
def test_a_curve_over_the_whole_picture_is_undone(name: str, noise: int) -> None:
    after = quantised(CURVES[name] + noise * NOISE)
    tone, evened, _ = even_tone(BEFORE, after.copy(), VALID, Options())
    assert tone.applied
    left = cv2.GaussianBlur(evened.astype(np.float64) - BEFORE, (9, 9), 0)
    assert np.percentile(cv2.absdiff(BEFORE, after), 90) > 6
    assert np.percentile(np.abs(left), 98) <= 4


@pytest.mark.parametrize("name", CURVES)
def test_it_is_no_change_and_a_patch_painted_in_is_one(name: str) -> None:
    before, after = encode_png(BEFORE), quantised(CURVES[name])
    assert evaluate(before, encode_png(after)).verdict == "equivalent"
    after[200:230, 60:96] = after[200:230, 60:96] // 2 + 60
    regions = evaluate(before, encode_png(after)).regions
    assert len(regions) == 1
    assert abs(regions[0].before.x - 60) <= 3
    assert abs(regions[0].before.width - 36) <= 6


def test_a_dark_picture_made_darker_by_gamma_is_no_change() -> None:
    """Near black the slope of a gamma is small, as is what it makes of the level: this was taken for a flat curve."""
    after = quantised(255 * (DARK / 255.0) ** 0.72)
    tone, tone_map = fit_tone(DARK, after, VALID)
    assert tone.reason == "exposure evened out"
    assert tone_map is not None and not len(tone_map.light)
    assert evaluate(encode_png(DARK), encode_png(after)).verdict == "equivalent"


def test_a_curve_that_is_flat_among_the_tones_is_told_from_gamma_and_from_lifted_black() -> None:
    levels = np.repeat(np.linspace(0.02, 0.9, 200)[:, None], 3, axis=1)
    information = np.ones(len(levels))

    def curve(**weights: float) -> npt.NDArray[np.float64]:
        names = ("one", "a", "a_log", "a_log_log", "square", "bend")
        return np.repeat(np.array([[weights.get(name, 0.0)] for name in names]), 3, axis=1)

    assert not flattens(curve(a=1.0), levels, information)
    assert not flattens(curve(a=0.9, one=0.08), levels, information)
    assert not flattens(curve(a=1.0, a_log=0.3, a_log_log=0.05), levels, information)
    assert flattens(curve(a=0.2, one=0.7), levels, information)
    assert flattens(curve(a=1.0, bend=-1.6), levels, information)


def test_noise_on_white_paper_does_not_flatten_the_curve() -> None:
    """A free curve made even the noise that only *after* has, and grey panels lighter by a dozen levels with it."""
    before = np.full((700, 520, 3), 250, np.uint8)
    for line in range(22):
        text = f"Item {line * 7919 % 1000} of {line * 104729 % 9973}"
        cv2.putText(before, text, (30, 40 + 30 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2, cv2.LINE_AA)
    for panel in range(6):
        cv2.rectangle(before, (400, 40 + 100 * panel), (480, 100 + 100 * panel), (20 + 30 * panel,) * 3, -1)
    noisy = quantised(before * 0.86 + np.random.default_rng(1).normal(0, 5, before.shape))
    after = opened(encode_jpeg(noisy))
    _, tone_map = fit_tone(before, after, np.full(before.shape[:2], 255, np.uint8))
    levels = np.array([40, 100, 170], np.uint8)
    assert tone_map is not None
    made = tone_map.apply(np.repeat(levels[None, :, None], 3, axis=2))[0, :, 0]
    assert np.abs(made - levels / 0.86).max() <= 4


def test_black_is_lifted_in_all_channels_or_in_none() -> None:
    """A dark picture of one tone got a red curve of its own, far off above that tone: its noise was all there was."""
    source = np.repeat(np.linspace(0.03, 0.9, 400)[:, None], 3, axis=1)
    target = source + np.array([0.04, 0.0, 0.0])
    seen = Samples(target, source, np.zeros((400, 2)), np.ones(400), (2.0, 2.0))
    curves, _ = fit(seen, np.ones(3), np.ones(400), FREE_RIDGE)
    assert np.ptp(curves[0]) < 0.01


def test_a_picture_without_one_flat_place_under_another_contrast_is_evaluated() -> None:
    """It ended in an IndexError: no patch was flat enough to say between which levels the tones lie."""
    before = np.where(np.random.default_rng(2).random((240, 240, 3)) < 0.5, 40, 215).astype(np.uint8)
    after = quantised((before.astype(np.float64) - 128) * 0.87 + 128)
    assert evaluate(encode_png(before), encode_png(after)).verdict in ("equivalent", "different")


def test_strokes_that_blur_made_lighter_do_not_bend_a_gain() -> None:
    """A window with one grey of its own: its thin lines, half as dark once blurred, made the rest of the curve up."""
    rng = np.random.default_rng(0)
    levels = np.repeat([237.0, 46.0, 138.0, 226.0, 212.0, 197.0], [1400, 9, 8, 8, 3, 2]) / 255
    target = levels / 1.043 + np.where((levels > 0.7) & (levels < 0.9), 4.5 / 255, 0)
    source = np.repeat(levels[:, None], 3, axis=1)
    told = np.where(levels < 0.9, 1.0, 0.9)
    places = np.where(levels[:, None] < 0.7, 0.51, rng.random((len(levels), 2)))
    seen = Samples(np.repeat(target[:, None], 3, axis=1), source, places, told, (2.0, 0.99))
    fitted, _ = fit_curve(seen, told, told * rarity(seen, told))
    assert gain_at(fitted.tone_map.curves, np.full(3, 138 / 255)) == pytest.approx(np.full(3, 1 / 1.043), abs=0.01)
