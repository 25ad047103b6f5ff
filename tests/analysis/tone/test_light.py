"""Uneven light, fitted to made samples: clipped ones, changed ones, and a corner that waves hardly reach."""

import numpy as np
import numpy.typing as npt
import pytest

from app.analysis.sampling import GREY, worst_channel
from app.analysis.tone import solve
from app.analysis.tone.fit import _explain, _lights
from app.analysis.tone.models import SLOPED, WAVY, fit_light, stiff
from app.analysis.tone.samples import Samples
from app.analysis.tone.solve import CURVE_RIDGE, fit, one_sided
from app.analysis.tone.tone_map import EVEN_BALANCE, ToneMap, curve_terms, light_at

Float = npt.NDArray[np.float64]
COUNT = 4000
WHITE = 252 / 255


def samples(light: Float, positions: Float, source: Float | None = None) -> Samples:
    """Give grey samples of three tones in a light."""
    levels = np.random.default_rng(4).choice([0.2, 0.5, 0.7], len(light))[:, None] if source is None else source
    grey = np.repeat(levels, 3, axis=1)
    return Samples(grey * light[:, None], grey, positions, np.ones(len(light)), (WHITE, WHITE))


def made(tone_map: ToneMap, seen: Samples) -> Float:
    """Give what a tone map makes of the red of each sample."""
    level = seen.source[:, 0]
    light = light_at(seen.positions, len(tone_map.light)) @ tone_map.light[:, 0]
    return np.asarray(curve_terms(level) @ tone_map.curves[:, 0] + light * level)


def test_light_stays_near_the_limit_where_paper_does() -> None:
    """Paper at 247 in one picture and at 255 in the other told nothing, and the light was anything there."""
    positions = np.random.default_rng(1).random((COUNT, 2))
    paper = positions[:, 0] > 0.65
    seen = samples(1 + 0.15 * np.sin(4 * positions[:, 1]), positions)
    seen.target[paper], seen.source[paper] = 1.0, 247 / 255
    information = np.where(paper, 0.0, 1.0)
    tone_map = fit_light(seen, information, information, stiff(CURVE_RIDGE)).tone_map
    assert np.percentile(made(tone_map, seen)[paper], 1) > 0.91


def test_a_shady_corner_is_not_given_up() -> None:
    """What was off by more than two levels was taken for a change, pulled no more, and was off by more in the end."""
    positions = np.random.default_rng(0).random((COUNT, 2))
    away = np.hypot(*positions.T)
    seen = samples(1 - 0.15 * np.exp(-((away / 0.2) ** 2)), positions)
    _, left = fit(seen, EVEN_BALANCE, np.ones(COUNT), stiff(CURVE_RIDGE), light_terms=WAVY)
    assert np.abs(left[away < 0.2]).max() * 255 < 3.5


def test_light_that_misses_half_of_what_it_was_fitted_to_is_none() -> None:
    """On clipped paper little tells but ink and what was tinted: light fitted to the tints made the ink green."""
    random = np.random.default_rng(2)
    positions = random.random((COUNT, 2))
    light = 0.9 + 0.35 * np.cos(2 * np.pi * positions[:, :1])
    seen = samples(light[:, 0], positions)
    changed = random.random(COUNT) < 0.52
    seen.target[changed] += random.choice([-0.06, 0.06], (changed.sum(), 3))
    every = np.ones(COUNT)
    plain = float(np.minimum(np.abs(one_sided(seen, seen.source)).max(axis=1), 10 / 255).mean())
    assert _explain(seen, every, plain) is None
    seen.target[:] = seen.source * light
    assert _explain(seen, every, plain) is not None


def test_light_with_a_strength_of_colours_that_misses_half_is_none_either() -> None:
    random = np.random.default_rng(5)
    positions = random.random((COUNT, 2))
    light = 0.9 + 0.35 * np.cos(2 * np.pi * positions[:, :1])
    source = random.choice([0.2, 0.4, 0.6], (COUNT, 3))
    grey = (source @ GREY)[:, None]
    seen = Samples((grey + 1.3 * (source - grey)) * light, source, positions, np.ones(COUNT), (WHITE, WHITE))
    every = np.ones(COUNT)
    vivid = _explain(seen, every, 10 / 255)
    assert vivid is not None
    assert vivid.strength > 0.1
    changed = random.random(COUNT) < 0.52
    seen.target[changed] += random.choice([-0.06, 0.06], (changed.sum(), 3))
    assert _explain(seen, every, 10 / 255) is None


def test_a_tint_painted_in_is_not_taken_for_light_of_its_colour() -> None:
    positions = np.random.default_rng(6).random((COUNT, 2))
    seen = samples(1.05 - 0.3 * positions[:, 0], positions)
    tinted = np.hypot(*(positions - 0.3).T) < 0.2
    seen.target[tinted] *= (0.94, 1.0, 0.94)
    tone_map = _explain(seen, np.ones(COUNT), 10 / 255)
    assert tone_map is not None
    assert np.ptp(light_at(positions, len(tone_map.light)) @ tone_map.light, axis=1).max() < 0.005


@pytest.mark.parametrize("cast", [(1.0, 1.0, 1.0), (1.12, 1.0, 0.86)])
def test_light_is_told_from_a_colour_cast_that_is_there_and_from_one_that_is_not(cast: tuple[float, ...]) -> None:
    """All that is red lies in the shade: a curve alone takes that for a cast."""
    positions = np.random.default_rng(3).random((COUNT, 2))
    light = 1.05 - 0.3 * positions[:, 0]
    seen = samples(light, positions)
    seen.source[positions[:, 0] > 0.5, 1:] *= 0.2
    seen = seen._replace(target=seen.source * light[:, None] * cast)
    every = np.ones(COUNT)
    tone_map = _explain(seen, every, 10 / 255)
    assert tone_map is not None
    assert len(tone_map.light)
    level = seen.source * tone_map.balance
    gain = light_at(positions, len(tone_map.light)) @ tone_map.light
    evened = np.stack([curve_terms(level[:, i]) @ tone_map.curves[:, i] + gain[:, i] * level[:, i] for i in range(3)])
    assert np.percentile(np.abs(evened.T - seen.target), 98) * 255 < 0.5


@pytest.mark.parametrize("brighter", [0.0, 0.1])
def test_the_noise_of_a_ground_that_stays_hides_no_exposure_and_makes_none(brighter: float) -> None:
    """A dark desktop was as dark as before, and nine in ten of what differed was its noise."""
    random = np.random.default_rng(5)
    positions = random.random((COUNT, 2))
    source = np.where(random.random(COUNT) < 0.94, 0.18, random.uniform(0.3, 0.8, COUNT))[:, None]
    seen = samples(np.ones(COUNT), positions, source)
    target = seen.source * (1 + brighter * (seen.source > 0.25)) + random.normal(0, 0.02, (COUNT, 1))
    seen = seen._replace(target=target)
    every = np.ones(COUNT)
    plain = float(np.minimum(np.abs(one_sided(seen, seen.source)).max(axis=1), 10 / 255).mean())
    assert (_explain(seen, every, plain) is not None) is (brighter > 0)


def test_light_that_slopes_goes_on_where_paper_is_clipped() -> None:
    """Waves fitted as well where paper told, and ended there: lines on clipped paper stayed too bright by a fifth."""
    positions = np.random.default_rng(7).random((COUNT, 2))
    light = 1.0 - 0.3 * positions[:, 0]
    seen = samples(1 / (1.15 * light), positions, np.minimum(WHITE + 1e-9, 0.92 * 1.15 * light)[:, None])
    seen.target[:] = 0.92
    information = np.where(seen.source[:, 0] < WHITE, 1.0, 0.0)
    assert 0.6 < information.mean() < 0.95
    found = next(_lights(seen, information, information, stiff(CURVE_RIDGE), 10 / 255))
    far = np.array([[0.02, 0.5]])
    gain = 1 + (light_at(far, len(found.tone_map.light)) @ found.tone_map.light)[0, 0]
    curve = (curve_terms(np.array([0.8])) @ found.tone_map.curves[:, 0])[0] / 0.8 - 1
    assert abs(gain + curve - 1 / (1.15 * (1 - 0.3 * 0.02))) < 0.02


@pytest.mark.parametrize("noise", [0.001, 0.01])
def test_the_noise_of_paper_does_not_hide_that_its_light_slopes(noise: float) -> None:
    """A flat curve made paper white, and its noise with it; light, which left the noise, seemed to explain less."""
    random = np.random.default_rng(9)
    positions = random.random((COUNT, 2))
    light = 0.75 + 0.15 * positions[:, :1]
    source = np.where(random.random((COUNT, 1)) < 0.995, 1.0, 0.3) * light
    seen = samples(1 / light[:, 0], positions, source)
    seen = seen._replace(source=seen.source + random.normal(0, noise, (COUNT, 1)))
    found = _explain(seen, np.ones(COUNT), 10 / 255)
    assert found is not None
    assert len(found.light)


def test_rounds_that_change_nothing_any_more_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve rounds were fitted whatever was seen; most pairs have settled after seven."""
    random = np.random.default_rng(5)
    positions = random.random((COUNT, 2))
    seen = samples(1 + 0.1 * positions[:, 0], positions)
    seen.target[:400] += 0.2
    weight = np.ones(COUNT)
    rounds = []
    robust = solve._robust
    monkeypatch.setattr(solve, "_robust", lambda *given: rounds.append(given[2]) or robust(*given))
    early, _ = fit(seen, EVEN_BALANCE, weight, stiff(CURVE_RIDGE), light_terms=SLOPED)
    count = len(rounds)
    monkeypatch.setattr(solve, "SETTLED", 0.0)
    late, _ = fit(seen, EVEN_BALANCE, weight, stiff(CURVE_RIDGE), light_terms=SLOPED)
    assert count < len(rounds) - count == solve.ITERATIONS
    assert np.abs(early - late).max() < 1e-3


def test_the_worst_channel_is_the_largest_size() -> None:
    residual = np.random.default_rng(6).normal(0, 1, (50, 3))
    assert (worst_channel(residual) == np.abs(residual).max(axis=1)).all()
