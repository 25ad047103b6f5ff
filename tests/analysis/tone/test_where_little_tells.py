"""Uneven light where little tells of it: text on black, and drawings on paper that is clipped nearly everywhere."""

from typing import Any

import cv2
import numpy as np
import pytest

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, UInt8Array
from app.analysis.tone.information import information_in
from app.analysis.tone.samples import Samples
from tests.analysis.pictures import compare, encoded, overlap, quantised
from tests.analysis.screens import LETTER, page

WHITE = 252 / 255


def light_over(shape: tuple[int, ...], gain: Any) -> Any:
    """Give a gain for each pixel, of x and y from 0 to 1."""
    y, x = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    return gain(x, y)[..., None]


def lit(pixels: Any, gain: Any) -> UInt8Array:
    return quantised(pixels * light_over(pixels.shape, gain))


def dark(digit: str = "8", text: float = 0.8) -> UInt8Array:
    """Draw some lines of the page in light letters on black, and a large heading."""
    lines = page(digit, button="white").copy()
    lines[40:160] = lines[260:] = 255
    cv2.putText(lines, "Night", (120, 440), cv2.FONT_HERSHEY_SIMPLEX, 4.0, (40, 40, 40), 10, cv2.LINE_AA)
    return np.asarray((255 - lines) * text, np.uint8)


def wavy(x: Any, y: Any) -> Any:
    return 1 + 0.15 * np.sin(5 * x + 1) * np.cos(4 * y)


def sloping(x: Any, y: Any) -> Any:
    return 0.88 + 0.25 * x * y


@pytest.mark.parametrize("gain", [wavy, sloping])
@pytest.mark.parametrize("text", [0.8, 1.0])
def test_text_on_black_in_uneven_light_is_no_change(gain: Any, text: float) -> None:
    """Black is black in any light; only thin letters tell, and they were taken for letters drawn again."""
    assert compare(dark(text=text), lit(dark(text=text), gain)).verdict == "equivalent"


@pytest.mark.parametrize("gain", [wavy, sloping])
def test_another_letter_on_black_in_uneven_light_is_found(gain: Any) -> None:
    found = compare(dark("8"), lit(dark("3"), gain)).regions
    assert len(found) == 1
    assert overlap(found[0].before, LETTER) > 0.1


def test_words_that_became_fainter_on_black_are_no_light() -> None:
    """The other letters stayed as they were, which no light leaves them."""
    before = dark(text=1.0)
    after = before.copy()
    words = [Box(20, 22, 150, 17), Box(300, 22, 85, 17), Box(160, 212, 120, 20)]
    for word in words:
        after[word.slices] = (after[word.slices] * 0.6).astype(np.uint8)
    found = compare(before, after)
    assert found.verdict == "different"
    for word in words:
        assert any(overlap(region.before, word) > 0.3 for region in found.regions)


def dots(colour: tuple[int, int, int]) -> UInt8Array:
    """Draw rows of small dots on black, as bright as can be."""
    board = np.zeros((640, 800, 3), np.uint8)
    for x in range(20, 790, 26):
        for y in range(20, 630, 52):
            cv2.circle(board, (x, y + x // 26 % 3), 3, colour, -1, cv2.LINE_AA)
    return board


@pytest.mark.parametrize("gain", [wavy, sloping])
@pytest.mark.parametrize("colour", [(255, 255, 255), (255, 210, 180)])
def test_bright_dots_on_black_in_uneven_light_are_no_change(gain: Any, colour: tuple[int, int, int]) -> None:
    """What is as bright as can be told nothing, and there was nothing else: every dot was a change."""
    after = dots(colour)
    after[332:338, 430:490] = 0
    assert compare(dots(colour), lit(dots(colour), gain)).verdict == "equivalent"
    found = compare(dots(colour), lit(after, gain)).regions
    assert 1 <= len(found) <= 3
    assert all(overlap(region.before, Box(425, 325, 70, 20)) > 0 for region in found)


def drawing() -> UInt8Array:
    """Draw a few lines on white paper."""
    paper = np.full((600, 800, 3), 255, np.uint8)
    cv2.polylines(paper, [np.array([(60, 400), (700, 120), (500, 520)])], True, (30, 40, 160), 3, cv2.LINE_AA)
    cv2.putText(paper, "0.25", (60, 560), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    return paper


def shaded(x: Any, y: Any) -> Any:
    """Light that clips paper everywhere but in one corner."""
    return 1.2 - 0.36 * ((1 - x) * (1 - y)) ** 2


def test_paper_shaded_in_one_corner_is_no_change() -> None:
    assert compare(drawing(), lit(drawing(), shaded)).verdict == "equivalent"


def test_things_drawn_on_clipped_paper_do_not_teach_an_exposure_that_hides_them() -> None:
    """They were most of what told; the curve fitted to them made them paper."""
    boxes = [Box(560, 60, 70, 60), Box(620, 420, 80, 70), Box(330, 60, 60, 60), Box(140, 470, 60, 70)]
    after = drawing()
    for box, level in zip(boxes, (160, 150, 170, 165), strict=True):
        after[box.slices] = level
    found = compare(drawing(), lit(after, shaded)).regions
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(overlap(region.before, box) for region in found) > 0.8


def grid(target: float, source: float) -> Samples:
    """Give samples on a grid, all of one level in either picture."""
    places = (np.mgrid[0:64, 0:64].reshape(2, -1).T + 0.5) / 64
    levels = [np.full((len(places), 3), level) for level in (target, source)]
    return Samples(*levels, places, np.ones(len(places)), (WHITE, WHITE))


@pytest.mark.parametrize(("stayed", "left"), [(1.0, 0.7), (0.0, 0.3)])
@pytest.mark.parametrize("side", ["target", "source"])
def test_what_left_the_limit_amid_such_as_stayed_at_it_tells_nothing(stayed: float, left: float, side: str) -> None:
    seen = grid(stayed, stayed)
    inside = (np.abs(seen.positions - 0.5) < 0.05).all(axis=1)
    getattr(seen, side)[inside] = left
    assert not information_in(seen).any()


def test_what_left_the_limit_with_all_around_it_tells() -> None:
    seen = grid(1.0, 1.0)
    shade = seen.positions[:, 0] < 0.3
    seen.source[shade] = 0.8
    assert information_in(seen)[seen.positions[:, 0] < 0.2].all()
    assert not information_in(seen)[~shade].any()


@pytest.mark.parametrize("gain", [0.8, 0.85, 1.15])
@pytest.mark.parametrize("size", [0.75, 1.0])
def test_thin_letters_on_black_that_blur_dims_tell_their_exposure_from_afar(size: float, gain: float) -> None:
    """No patch of them is flat, and blur dims each stroke; blocks of strokes and black keep their mean."""
    letters = cv2.resize(page(button="white", scale=2), None, fx=size / 2, fy=size / 2, interpolation=cv2.INTER_AREA)
    before = np.asarray((255 - letters) * 0.8, np.uint8)
    cv2.putText(before, "Night", (110, 320), cv2.FONT_HERSHEY_DUPLEX, 2 * size, (200, 200, 200), 3, cv2.LINE_AA)
    noise = np.random.default_rng(1).normal(0, 4, before.shape)
    after = cv2.GaussianBlur(before.astype(np.float32), (0, 0), 0.7) * gain + noise
    assert compare(before, quantised(after)).verdict == "equivalent"


@pytest.mark.parametrize("share", [0.6, 0.8, 0.89])
@pytest.mark.parametrize("brightened", [False, True])
def test_a_part_of_the_paper_that_became_darker_or_white_with_an_edge_is_a_change(
    share: float, brightened: bool
) -> None:
    """Paper elsewhere was clipped, which any exposure allows: one was found that made the part alike."""
    white, shady, part = drawing(), drawing(), Box(270, 80, 420, 320)
    shady[part.slices] = (shady[part.slices] * share).astype(np.uint8)
    before, after = (shady, white) if brightened else (white, shady)
    found = evaluate(encoded(before), encoded(after, 85))
    assert not found.tone.applied
    assert overlap(found.regions[0].before, part) > 0.9


def with_tones() -> UInt8Array:
    """Draw the page with eight coloured squares."""
    pixels = page().copy()
    for place, level in enumerate(range(50, 210, 20)):
        pixels[20 + 56 * place : 60 + 56 * place, 540:600] = level, 255 - level, 128
    return pixels


def test_a_small_part_that_became_darker_does_not_hide_the_exposure_of_the_rest() -> None:
    """It has an edge, too, but the exposure of the rest does not explain it."""
    before, part = with_tones(), Box(420, 230, 90, 60)
    after = before.copy()
    after[part.slices] = (after[part.slices] * 0.7).astype(np.uint8)
    after = np.clip(after * 1.15 + np.random.default_rng(3).normal(0, 3, after.shape), 0, 255).astype(np.uint8)
    found = compare(before, after)
    assert found.tone.applied
    assert len(found.regions) == 1
    assert overlap(found.regions[0].before, part) > 0.8


def test_a_grey_panel_that_brightening_clips_is_no_change() -> None:
    """It becomes as white as the paper beside it, from its edge on; all other tones tell why."""
    before = with_tones()
    before[230:440, 300:520] = np.minimum(before[230:440, 300:520], 232)
    noise = np.random.default_rng(3).normal(0, 3, before.shape)
    after = np.clip(before * 1.15 + noise, 0, 255).astype(np.uint8)
    assert compare(before, after).verdict == "equivalent"


def test_white_cards_that_clip_in_the_better_light_hold_it_nowhere_back() -> None:
    """A table of white cards, again in even light: they were held at white, and with them the light of the table."""
    table = np.zeros((450, 800, 3), np.float64)
    table[:] = (20, 95, 55)
    for left in range(40, 780, 150):
        for top in (40, 240):
            table[top : top + 165, left : left + 115] = (252, 252, 250)
            table[top + 60 : top + 100, left + 40 : left + 75] = (190, 20, 30)
    y, x = np.mgrid[-1:1:450j, -1:1:800j]
    light = 1.17 - 0.2 * ((x - 0.2) ** 2 + (y + 0.3) ** 2) / 2
    assert compare(quantised(table * light[..., None]), quantised(table)).verdict == "equivalent"
