"""Cameras mix their channels and printers their inks: saturated colours come out otherwise, and that is no change.

Found on photographs that nobody had tuned on: exposure and light were told well for most of a picture, and each of its
few strong colours was called changed, as were places where light was told to a few levels only.
"""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from app.analysis import Deadline
from app.analysis.alignment.laying import lay
from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Options, Tone, UInt8Array
from app.analysis.regions.differences import find_differences
from app.analysis.tone.colours import NODES, Votes, colour_shifts, misfit_of, shifted
from app.analysis.tone.even import Evened, even_tone
from tests.analysis.pictures import encoded, overlap, picture, quantised


def form(colour: tuple[int, int, int] = (37, 99, 235), edited: bool = False) -> UInt8Array:
    """Draw a white form with a blue box at the end of most rows, and some grey shades."""
    sheet = np.full((720, 560, 3), 250, np.uint8)
    for row in range(14):
        y = 40 + 46 * row
        cv2.putText(sheet, "harbour permit window", (30, y + 20), 0, 0.6, (30, 30, 30), 1, cv2.LINE_AA)
        cv2.rectangle(sheet, (300, y), (460, y + 26), (120 + 8 * row,) * 3, -1)
        if row % 3:
            cv2.rectangle(sheet, (490, y), (520, y + 26), colour, -1)
    if edited:
        cv2.rectangle(sheet, (490, 86), (520, 112), (37, 180, 90), -1)
    return sheet


def scanned(sheet: UInt8Array, noise: float = 2.0) -> UInt8Array:
    """Print and scan it: ink is never black, paper never white, and its colours are those of inks."""
    seen = 0.06 * 255 + sheet * (np.array([0.93, 0.92, 0.88]) - 0.06)
    away = np.ptp(sheet, axis=2, keepdims=True) / 255
    seen = seen + away * (18, 2, -14)
    blurred = cv2.GaussianBlur(seen, (0, 0), 0.8)
    return quantised(blurred + np.random.default_rng(1).normal(0, noise, seen.shape))


def test_a_colour_that_the_scanner_sees_otherwise_is_no_change() -> None:
    """Each of the blue boxes was a change."""
    assert evaluate(encoded(form()), encoded(scanned(form()), 85)).verdict == "equivalent"


def test_one_box_of_another_colour_is_a_change() -> None:
    regions = evaluate(encoded(form()), encoded(scanned(form(edited=True)), 85)).regions
    assert len(regions) == 1
    assert overlap(regions[0].before, Box(490, 86, 31, 27)) > 0.6


def camera(
    image: npt.NDArray[np.generic], saturation: float, bend: float, vignette: float, noise: float = 2.5
) -> UInt8Array:
    """Take a picture in linear light that falls off, with a tone curve, a taste for colours, and noise."""
    linear = (np.asarray(image, np.float64) / 255) ** 2.2
    y, x = np.mgrid[-1 : 1 : image.shape[0] * 1j, -1 : 1 : image.shape[1] * 1j]
    linear *= (0.95 * (1 - vignette * (x * x + y * y) / 2))[..., None] * (1.04, 1.0, 0.95)
    seen = np.clip(linear, 0, 1) ** (1 / 2.2)
    seen = seen + bend * (seen - seen * seen) * (2 * seen - 1)
    grey = seen.mean(axis=2, keepdims=True)
    seen = 255 * (grey + saturation * (seen - grey))
    return quantised(seen + np.random.default_rng(2).normal(0, noise, seen.shape))


@pytest.mark.parametrize(("saturation", "bend", "vignette"), [(1.14, 0.25, 0.15), (0.9, -0.2, 0.1), (1.1, 0.3, 0.3)])
@pytest.mark.parametrize("photo", ["coffee", "astronaut", "chelsea"])
def test_the_taste_of_a_camera_is_no_change(photo: str, saturation: float, bend: float, vignette: float) -> None:
    image = getattr(data, photo)()
    assert evaluate(encoded(image), encoded(camera(image, saturation, bend, vignette), 85)).verdict == "equivalent"


@pytest.mark.parametrize("photo", ["coffee", "chelsea"])
def test_an_edit_is_found_beside_it(photo: str) -> None:
    image = getattr(data, photo)()
    edited = image.copy()
    edited[120:150, 90:130] = edited[120:150, 90:130] // 2 + (60, 20, 0)
    regions = evaluate(encoded(image), encoded(camera(edited, 1.14, 0.25, 0.15), 85)).regions
    assert [overlap(region.before, Box(90, 120, 40, 30)) > 0.5 for region in regions] == [True]


def market() -> UInt8Array:
    """Lay balls in strong colours all over a grey photo: they are a few parts in a hundred of it."""
    stall = cv2.cvtColor(data.camera(), cv2.COLOR_GRAY2RGB)
    colours = [(200, 40, 30), (40, 60, 190), (220, 170, 30), (30, 140, 60), (150, 30, 140)]
    for index in range(15):
        place = (50 + 103 * (index % 5), 60 + 190 * (index // 5))
        cv2.circle(stall, place, 14, colours[(index + index // 5) % 5], -1, cv2.LINE_AA)
    return stall


@pytest.mark.parametrize("saturation", [0.86, 1.15])
def test_a_few_strong_colours_tell_how_strong_a_camera_makes_them(saturation: float) -> None:
    """Most of the picture is grey and tells nothing of that; each ball was a change."""
    seen = camera(market(), saturation, 0.1, 0.1)
    assert evaluate(encoded(market()), encoded(seen, 88)).verdict == "equivalent"


def votes(places: list[tuple[int, int]], left: tuple[float, float, float], others: int = 40) -> Votes:
    """Let blue be left so in some cells, (x, y), and grey be as it was in others."""
    blue = [x + 8 * y for x, y in places]
    cell = np.array(blue + [index % 64 for index in range(others)])
    colour = np.array([7] * len(blue) + [292] * others)
    toned = np.array([(0.1, 0.1, 0.95)] * len(blue) + [(0.6, 0.6, 0.6)] * others)
    lefts = np.array([left] * len(blue) + [(0.0, 0.0, 0.0)] * others)
    return Votes(colour, cell, np.full(len(cell), 5), toned, lefts)


SHIFT = (-0.05, 0.02, 0.03)


def test_a_colour_that_is_another_one_in_several_places_is_shifted_and_others_are_not() -> None:
    shifts = colour_shifts(votes([(0, 0), (4, 1), (7, 7)], SHIFT))
    assert shifts is not None
    assert shifts.shape == (NODES, NODES, NODES, 3)
    pixels = np.array([[(26, 26, 242), (153, 153, 153), (240, 20, 20)]], np.uint8)
    moved = shifted(pixels, shifts).astype(int) - pixels
    assert np.allclose(moved[0, 0], np.multiply(255, SHIFT), atol=3)
    assert np.abs(moved[0, 1:]).max() <= 1


@pytest.mark.parametrize(
    ("places", "left", "others"),
    [
        ([(3, 3), (4, 3), (3, 4), (4, 4)], SHIFT, 40),
        ([(0, 0), (7, 7)], SHIFT, 40),
        ([(0, 0), (4, 1), (7, 7)], (0.004, 0.0, 0.0), 40),
        ([(0, 0), (4, 1), (7, 7)], (0.2, 0.0, 0.0), 40),
        ([(x, y) for x in range(8) for y in range(8)], SHIFT, 40),
    ],
    ids=["one place", "two places", "hardly", "too far", "most of the picture"],
)
def test_what_may_be_a_change_shifts_nothing(
    places: list[tuple[int, int]], left: tuple[float, float, float], others: int
) -> None:
    assert colour_shifts(votes(places, left, others)) is None


@pytest.mark.parametrize(("misfit", "found"), [(0.0, 1), (1.0, 1), (6.0, 0)])
def test_what_light_leaves_of_unchanged_places_is_no_difference(misfit: float, found: int) -> None:
    """Light is told to a few levels only; a patch that is as much brighter may be what was left of it."""
    before = cv2.resize(data.coffee(), (450, 300), interpolation=cv2.INTER_AREA)
    after = before.astype(np.float64) + np.random.default_rng(4).normal(0, 1, before.shape)
    after[100:140, 200:250] += 10
    pictures = picture(before), picture(quantised(after))
    laid = lay(*pictures, Options(), Deadline())
    evened = Evened(Tone(True, reason="light evened out"), laid.after.pixels, misfit / 255)
    assert len(find_differences(laid, evened, Options(), before.shape[:2])[0]) == found


def test_the_misfit_reaches_whoever_judges() -> None:
    seen = camera(data.chelsea(), 1.1, 0.3, 0.3)
    assert 0.5 < 255 * even_tone(data.chelsea(), seen, np.full(seen.shape[:2], 255, np.uint8), Options()).misfit < 6


def test_the_misfit_is_that_of_unchanged_places() -> None:
    nothing = votes([], SHIFT)
    assert misfit_of(nothing) == 0
    assert misfit_of(nothing._replace(left=np.full((40, 3), 0.01))) == pytest.approx(0.01)
    assert misfit_of(nothing._replace(left=np.full((40, 3), 0.3))) == 0
    assert misfit_of(Votes(*(part[:0] for part in nothing))) == 0


def test_a_large_picture_is_shifted_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are looked up in the picture made smaller, which takes a fraction of the time."""
    photo = cv2.resize(data.astronaut(), (600, 600), interpolation=cv2.INTER_CUBIC)
    shifts = np.zeros((NODES, NODES, NODES, 3))
    shifts[..., 0], shifts[8:, :, :, 2] = 0.05, -0.05
    exact = shifted(photo, shifts)
    monkeypatch.setattr("app.analysis.tone.colours.LOOKED_UP", 300 * 300)
    apart = np.abs(shifted(photo, shifts).astype(int) - exact)
    assert apart.mean() < 0.5
    assert np.quantile(apart, 0.99) <= 6
    assert (exact != photo).mean() > 0.3
