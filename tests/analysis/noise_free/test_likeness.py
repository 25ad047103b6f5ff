"""Pairs with noise are told from such without, and these from pages that were drawn again."""

import cv2
import numpy as np
import pytest

from app.analysis.changed import find_changed
from app.analysis.model import Box, UInt8Array
from app.analysis.noise_free.likeness import Likeness, likeness_of
from tests.analysis import screens
from tests.analysis.pictures import compare, overlap, resaved

PAGE = screens.page()


def disc(anti_aliased: bool, colour: tuple[int, int, int] = (200, 30, 30)) -> UInt8Array:
    image = np.full((200, 200, 3), 250, np.uint8)
    cv2.circle(image, (100, 100), 80, colour, -1, cv2.LINE_AA if anti_aliased else cv2.LINE_8)
    return image


def test_edges_drawn_in_another_way_are_no_difference() -> None:
    found = compare(disc(True), disc(False))
    assert found.verdict == "equivalent"
    assert found.as_given.zero_norm > 0


@pytest.mark.parametrize("way", ["fringed", "moved by a third of a pixel"])
@pytest.mark.parametrize("levels", [8, 16])
def test_a_faint_area_is_found_on_a_page_drawn_again(way: str, levels: int) -> None:
    """It was proven, but none of its pixels differed as much as a drawn edge may, and so none was marked."""
    after = (screens.fringed() if way == "fringed" else screens.sampled(1, 0)).copy()
    after[300:324, 480:506] = cv2.subtract(after[300:324, 480:506], np.full((24, 26, 3), levels, np.uint8))
    regions = compare(screens.sampled(), after).regions
    assert len(regions) == 1
    assert overlap(regions[0].before, Box(480, 300, 26, 24)) > 0.9


@pytest.mark.parametrize("way", ["fringed", "moved by a third of a pixel"])
def test_a_page_with_other_anti_aliasing_is_equivalent(way: str) -> None:
    other = screens.fringed() if way == "fringed" else screens.sampled(1, 0)
    found = compare(screens.sampled(), other)
    assert found.verdict == "equivalent"
    assert found.as_given.zero_norm > 5000


def test_another_letter_is_found_though_the_whole_page_is_drawn_again() -> None:
    found = compare(screens.sampled(), screens.fringed("0"))
    expected = screens.unequal_box(screens.sampled(), screens.sampled(digit="0"))
    assert len(found.regions) == 1
    assert overlap(found.regions[0].before, expected) > 0.3


def test_noise_and_compression_are_not_taken_for_edits() -> None:
    rng = np.random.default_rng(1)
    noisy = np.clip(PAGE + rng.normal(0, 3, PAGE.shape), 0, 255).astype(np.uint8)
    for other in (noisy, resaved(PAGE, 80)):
        assert likeness_of(PAGE, other, find_changed(PAGE, other)) is Likeness.NOISY
    assert likeness_of(PAGE, screens.page("0"), find_changed(PAGE, screens.page("0"))) is Likeness.EQUAL
    assert likeness_of(screens.sampled(), screens.fringed(), find_changed(screens.sampled(), screens.fringed())) is (
        Likeness.REDRAWN
    )


def test_a_drawing_in_black_and_white_is_noisy_under_uneven_light_and_not_under_edits() -> None:
    """White stays white where light only adds, so most of it is equal; the rest was taken for one large edit."""
    drawing = np.full((480, 640, 3), 255, np.uint8)
    for place in range(20, 620, 40):
        cv2.rectangle(drawing, (place, 30 + place % 97), (place + 18, 400), (0, 0, 0), -1)
    light = 1.15 - 0.35 * np.linspace(0, 1, 640)[None, :, None]
    lit = np.clip(drawing * light + 0.5, 0, 255).astype(np.uint8)
    assert likeness_of(drawing, lit, find_changed(drawing, lit)) is Likeness.NOISY
    shaded = drawing.copy()
    shaded[100:300, 200:420] -= np.minimum(shaded[100:300, 200:420], 40)
    assert likeness_of(drawing, shaded, find_changed(drawing, shaded)) is not Likeness.NOISY
    assert compare(drawing, lit).verdict == "equivalent"
    edited_too = lit.copy()
    cv2.circle(edited_too, (330, 440), 14, (0, 0, 0), -1)
    (region,) = compare(drawing, edited_too).regions
    assert overlap(region.before, Box(316, 426, 29, 29)) > 0.7
