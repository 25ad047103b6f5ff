"""Tone: what exposure, white balance and uneven light did is undone; what really changed is left alone."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from app.analysis.model import Options, Tone, UInt8Array
from app.analysis.tone.even import even_tone
from tests.analysis.pictures import quantised
from tests.analysis.tone.coffee import BEFORE, VALID, evened


def error(pixels: UInt8Array, after: UInt8Array) -> float:
    """95th percentile of the levels that stay, where *after* is not clipped."""
    clear = (after.max(axis=2) < 250) & (after.min(axis=2) > 8)
    return float(np.percentile(cv2.absdiff(BEFORE, pixels).max(axis=2)[clear], 95))


def slope(left: float, right: float) -> npt.NDArray[np.float64]:
    return np.linspace(left, right, BEFORE.shape[1])[None, :, None]


def vignette(depth: float) -> npt.NDArray[np.float64]:
    y, x = np.mgrid[-1 : 1 : BEFORE.shape[0] * 1j, -1 : 1 : BEFORE.shape[1] * 1j]
    return (1 - depth * (x**2 + y**2) / 2)[..., None]


CHANGES = {
    "darker": quantised(BEFORE * 0.8),
    "brighter": quantised(BEFORE * 1.15),
    "gamma below one": quantised(255 * (BEFORE / 255) ** 0.85),
    "gamma above one": quantised(255 * (BEFORE / 255) ** 1.2),
    "white balance": quantised(BEFORE * np.array([1.1, 1.0, 0.88])),
    "light from one side": quantised(BEFORE * slope(0.8, 1.05)),
    "vignette": quantised(BEFORE * vignette(0.35)),
    "gamma and light from one side": quantised(255 * (BEFORE / 255) ** 0.8 * slope(0.8, 1.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_exposure_gamma_white_balance_and_uneven_light_are_undone_to_within_a_few_levels(name: str) -> None:
    after = CHANGES[name]
    tone, pixels = evened(after)
    assert tone.applied
    assert error(after, after) > 8
    assert error(pixels, after) <= 4


def test_the_gain_tells_what_was_done_to_each_channel() -> None:
    tone, _ = evened(quantised(BEFORE * np.array([0.9, 0.8, 0.7])))
    assert tone.gain == pytest.approx((1 / 0.9, 1 / 0.8, 1 / 0.7), rel=0.03)
    assert tone.reason == "exposure evened out"


def test_uneven_light_is_told_from_other_exposure() -> None:
    assert evened(CHANGES["light from one side"])[0].reason == "light evened out"
    assert evened(CHANGES["darker"])[0].reason == "exposure evened out"


def test_noise_does_not_hide_the_exposure() -> None:
    noise = np.random.default_rng(1).normal(0, 5, BEFORE.shape)
    tone, pixels = evened(quantised(BEFORE * 0.85 + noise))
    assert tone.gain == pytest.approx((1 / 0.85,) * 3, rel=0.03)
    middle = cv2.absdiff(cv2.blur(BEFORE, (9, 9)), cv2.blur(pixels, (9, 9)))
    assert np.percentile(middle, 95) <= 4


def test_a_real_change_does_not_pull_the_exposure_and_stays_in_the_picture() -> None:
    changed = BEFORE.copy()
    changed[60:180, 100:240] = (30, 160, 60)
    tone, pixels = evened(quantised(changed * 0.85))
    untouched = np.ones(VALID.shape, np.bool_)
    untouched[60:180, 100:240] = False
    assert tone.applied
    assert np.percentile(cv2.absdiff(BEFORE, pixels).max(axis=2)[untouched], 95) <= 4
    assert np.abs(pixels[60:180, 100:240].astype(int) - (30, 160, 60)).max() <= 8


def test_a_real_change_alone_is_no_exposure() -> None:
    after = BEFORE.copy()
    after[60:180, 100:240] = after[60:180, 100:240] // 2
    tone, pixels = evened(after)
    assert not tone.applied
    assert np.array_equal(pixels, after)


def test_equal_pictures_stay_as_they_are() -> None:
    tone, pixels = evened(BEFORE)
    assert not tone.applied
    assert tone.gain == (1.0, 1.0, 1.0)
    assert np.array_equal(pixels, BEFORE)


def test_noise_alone_is_no_exposure() -> None:
    after = quantised(BEFORE + np.random.default_rng(2).normal(0, 5, BEFORE.shape))
    tone, pixels = evened(after)
    assert np.array_equal(pixels, after) or max(abs(gain - 1) for gain in tone.gain) < 0.01


def test_nothing_is_done_when_it_is_switched_off() -> None:
    tone, pixels = evened(CHANGES["darker"], tone="off")
    assert tone == Tone(reason="switched off")
    assert np.array_equal(pixels, CHANGES["darker"])


def test_too_few_pixels_are_not_judged() -> None:
    small = BEFORE[:4, :4].copy()
    tone, pixels, _ = even_tone(small, small // 2, VALID[:4, :4], Options())
    assert not tone.applied
    assert np.array_equal(pixels, small // 2)
