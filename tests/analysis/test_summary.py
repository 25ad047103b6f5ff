"""Summary: one sentence that says what differs and what was compensated, in numbers that never hide a change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.analysis.measures.metrics import measure
from app.analysis.model import TOP_LEFT, Alignment, Box, Metrics, Options, Region, Tone, Verdict
from app.analysis.summary import changed_share, passed, summarise, verdict_of

PAPER = np.full((20, 50, 3), 200, np.uint8)
EQUAL: Metrics = measure(PAPER, PAPER)


def unequal(count: int, pixels: int = 1000) -> Metrics:
    return replace(EQUAL, zero_norm=count, pixels=pixels)


def region(area: int = 50, of: int = 1000, number: int = 1) -> Region:
    return Region(number, Box(0, 0, 5, 10), Box(0, 0, 5, 10), area, area / of, 0.9, "changed")


def said(
    *regions: Region,
    alignment: Alignment | None = None,
    tone: Tone | None = None,
    metrics: Any = None,
    ignored: bool = False,
) -> str:
    verdict: Verdict = "different" if regions else "equivalent"
    return summarise(verdict, regions, alignment or Alignment(), tone or Tone(), metrics or unequal(50), ignored)


def test_the_verdict_is_identical_only_when_size_and_every_pixel_are_equal() -> None:
    assert verdict_of(EQUAL, True, ()) == "identical"
    assert verdict_of(EQUAL, False, ()) == "equivalent"
    assert verdict_of(unequal(1), True, ()) == "equivalent"
    assert verdict_of(unequal(1), True, (region(),)) == "different"


def test_equal_pictures_are_said_to_be_equal() -> None:
    assert summarise("identical", (), Alignment(), Tone(), EQUAL) == "No difference: every pixel is equal."


def test_equivalent_pictures_are_said_to_have_unequal_pixels() -> None:
    assert said(metrics=unequal(1)) == "No real difference; 1 pixel of 1,000 is not exactly equal."
    assert said(metrics=unequal(12345, 10**6)) == (
        "No real difference; 12,345 pixels of 1,000,000 are not exactly equal."
    )
    assert said(metrics=EQUAL) == "No real difference: only the sizes differ."
    assert said(ignored=True) == (
        "No real difference outside of the ignored areas; 50 pixels of 1,000 are not exactly equal."
    )


def test_differences_are_counted_and_measured() -> None:
    assert said(region(50)) == "1 difference, 5.0 % of the picture (50 pixels)."
    assert said(region(50), region(1, number=2)) == "2 differences, 5.1 % of the picture (51 pixels)."


@pytest.mark.parametrize("pixels", [10**3, 10**4, 10**6, 50 * 10**6])
def test_a_single_pixel_never_rounds_to_nothing(pixels: int) -> None:
    sentence = said(region(1, pixels))
    share = float(sentence.split(", ")[1].split(" %")[0])
    assert share == pytest.approx(100 / pixels, rel=0.05)
    assert sentence.endswith("of the picture (1 pixel).")


def test_regions_that_overlap_never_make_more_than_the_whole_picture() -> None:
    assert changed_share([700, 600], [0.7, 0.6]) == 1
    assert "100.0 % of the picture" in said(region(700), region(600))


def test_different_scenes_are_not_measured() -> None:
    sentence = said(alignment=Alignment(same_scene=False))
    assert sentence == "Not the same scene: the two images have nothing in common."


@pytest.mark.parametrize(
    ("alignment", "words"),
    [
        (Alignment("shift", ((1, 0, 3.25), (0, 1, -7), (0, 0, 1))), "Aligned by a shift of 3.25 × -7 px."),
        (Alignment("shift", ((1, 0, -0.0031), (0, 1, 2.00295), (0, 0, 1))), "Aligned by a shift of 0 × 2 px."),
        (Alignment("similarity"), "Aligned by a similarity."),
        (Alignment("affine"), "Aligned by an affine."),
        (Alignment("homography"), "Aligned by a homography."),
        (Alignment("similarity", reason="turned 90° clockwise"), "Turned 90° clockwise."),
        (Alignment("none", reason=TOP_LEFT), "Compared from the top left corner."),
    ],
)
def test_what_alignment_did_is_said(alignment: Alignment, words: str) -> None:
    assert said(region(), alignment=alignment) == f"1 difference, 5.0 % of the picture (50 pixels). {words}"


def test_what_was_not_compensated_is_not_mentioned() -> None:
    sentence = said(region(), alignment=Alignment(reason="switched off"), tone=Tone(reason="switched off"))
    assert sentence == "1 difference, 5.0 % of the picture (50 pixels)."


def test_tone_and_alignment_share_a_sentence() -> None:
    tone = Tone(True, (1.2, 1.2, 1.2), "exposure evened out")
    assert said(tone=tone).endswith("equal. Exposure evened out.")
    both = said(tone=tone, alignment=Alignment("affine"))
    assert both.endswith("equal. Aligned by an affine; exposure evened out.")


def test_a_mirrored_picture_is_said_first_and_not_counted_as_a_region() -> None:
    mirrored = Alignment("similarity", reason="mirrored left to right")
    assert said(region(1000), alignment=mirrored) == "Mirrored left to right. No other difference."
    assert said(region(1000), region(50, number=2), alignment=mirrored) == (
        "Mirrored left to right. 1 other difference, 5.0 % of the picture (50 pixels)."
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, None),
        ({"max_regions": 2}, True),
        ({"max_regions": 1}, False),
        ({"max_changed": 0.1875}, True),
        ({"max_changed": 0.187}, False),
        ({"max_regions": 2, "max_changed": 0.187}, False),
        ({"max_regions": 1, "max_changed": 0.5}, False),
        ({"max_regions": 2, "max_changed": 0.5}, True),
    ],
)
def test_it_passes_when_every_limit_that_is_set_is_kept(limits: dict[str, Any], expected: bool | None) -> None:
    assert passed(Options(**limits), (region(2, 16), region(1, 16, number=2))) is expected


def test_a_share_that_equals_the_limit_passes_though_its_parts_add_up_to_more() -> None:
    assert 0.1 + 0.05 > 0.15
    assert passed(Options(max_changed=0.15), (region(10, 100), region(5, 100, number=2))) is True
    assert passed(Options(max_changed=0.15), (region(10, 100), region(6, 100, number=2))) is False


def test_no_difference_passes_the_strictest_limits() -> None:
    assert passed(Options(max_regions=0, max_changed=0.0), ()) is True
