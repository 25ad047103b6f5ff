"""Strength of colours: cameras and programs make them stronger or paler, and that is no change."""

from typing import Any

import numpy as np
import pytest
from skimage import data

from app.analysis.encoding import encode_png
from app.analysis.evaluate import evaluate
from app.analysis.sampling import GREY
from app.analysis.tone.tone_map import EVEN_BALANCE, NO_LIGHT, ToneMap, curve_terms
from tests.analysis.pictures import encoded, quantised

PHOTOS = {"astronaut": data.astronaut, "coffee": data.coffee, "cat": data.chelsea}
IDENTITY = np.tile(np.eye(6)[1][:, None], 3)


def photo(name: str) -> Any:
    return np.ascontiguousarray(PHOTOS[name]())


def in_strength(picture: Any, factor: float) -> Any:
    """Scale the distance of each pixel from its grey."""
    grey = (picture @ GREY)[..., None]
    return quantised(grey + factor * (picture - grey))


@pytest.mark.parametrize("factor", [0.75, 0.85, 1.15, 1.25])
@pytest.mark.parametrize("name", PHOTOS)
def test_stronger_or_paler_colours_are_no_change(name: str, factor: float) -> None:
    """Neither exposure nor light explains them, so every coloured thing was called another colour."""
    before = photo(name)
    result = evaluate(encode_png(before), encoded(in_strength(before, factor), 88))
    assert (result.verdict, result.regions) == ("equivalent", ())


def test_it_says_so() -> None:
    before = photo("coffee")
    tone = evaluate(encode_png(before), encoded(in_strength(before, 0.75), 88)).tone
    assert tone.reason is not None
    assert tone.reason.endswith("and strength of colours evened out")


@pytest.mark.parametrize("factor", [0.75, 1.25])
def test_what_changed_beside_is_found(factor: float) -> None:
    before = photo("coffee")
    after = before.copy()
    after[150:190, 420:480] = before[40:80, 40:100][::-1]
    (region,) = evaluate(encode_png(before), encoded(in_strength(after, factor), 88)).regions
    assert abs(region.before.x - 420) <= 6 and abs(region.before.y - 150) <= 6
    assert abs(region.before.width - 60) <= 10 and abs(region.before.height - 40) <= 10


def test_a_part_that_lost_its_colours_is_a_change() -> None:
    before = photo("astronaut")
    after = before.copy()
    after[100:300, 150:330] = in_strength(before[100:300, 150:330], 0.0)
    result = evaluate(encode_png(before), encoded(after, 88))
    assert not result.tone.applied
    assert result.verdict == "different"


@pytest.mark.parametrize("balance", [EVEN_BALANCE, np.array([1.1, 1.0, 0.85])])
@pytest.mark.parametrize("light", [NO_LIGHT, np.full((1, 3), 0.06)])
def test_strength_is_applied_about_grey(balance: Any, light: Any) -> None:
    """Against the formula in floating point: curve, light and distance from grey of balanced levels."""
    pixels = np.random.default_rng(2).integers(20, 200, (40, 50, 3), np.uint8)
    toned = ToneMap(IDENTITY, light, balance, 0.3).apply(pixels)
    level = pixels / 255 * balance
    slope = np.linspace(-1, 1, 2 * 40 + 1)[1::2, None, None] if len(light) else 0.0  # the first light: down the picture
    curve = np.stack([curve_terms(level[..., i]) @ IDENTITY[:, i] for i in range(3)], axis=-1)
    expected = 255 * (curve + 0.3 * (level - (level @ GREY)[..., None]) + 0.06 * slope * level)
    assert np.abs(np.clip(expected, 0, 255) - toned).max() < 1.0
