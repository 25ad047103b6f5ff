"""Outlines hold what is changed, however much there is of it, and no more."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from app.analysis.drawing.overlays import Mark, annotate
from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Options, UInt8Array
from app.analysis.regions.outlines import CORNERS, outlines_of
from tests.analysis.edits import scene
from tests.analysis.pictures import encoded

WIDTH, HEIGHT = 400, 300


def filled(outlines: tuple[tuple[tuple[int, int], ...], ...]) -> UInt8Array:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.array(outline) for outline in outlines], 255)
    return mask


def star() -> UInt8Array:
    angle = np.linspace(0, 2 * np.pi, 600, endpoint=False)
    radius = np.where(np.arange(600) % 2, 90, 140)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.c_[200 + radius * np.cos(angle), 150 + radius * np.sin(angle)]
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 255)
    return mask


def leaves() -> UInt8Array:
    """Hundreds of pieces, some with holes."""
    noise = np.random.default_rng(1).normal(size=(HEIGHT, WIDTH))
    return np.where(cv2.GaussianBlur(noise, (0, 0), 3) > 0.03, 255, 0).astype(np.uint8)


def ring() -> UInt8Array:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(mask, (200, 150), 120, 255, 24)
    return mask


@pytest.mark.parametrize(("draw", "least"), [(star, 0.85), (ring, 0.95), (leaves, 0.9)])
def test_filled_outlines_are_what_is_changed(draw: Callable[[], UInt8Array], least: float) -> None:
    """A star was cut after 200 corners, of leaves the 20 largest were kept, and a ring lost its hole."""
    members = draw()
    outlines = outlines_of(members, Box(0, 0, WIDTH, HEIGHT))
    assert sum(len(outline) for outline in outlines) <= CORNERS
    both, either = filled(outlines) & members, filled(outlines) | members
    assert cv2.countNonZero(both) >= least * cv2.countNonZero(either)


def test_outlines_lie_where_their_box_is_and_never_outside_of_it() -> None:
    members = np.random.default_rng(2).choice(np.array([0, 255], np.uint8), (57, 83))
    corners = np.vstack([np.array(outline) for outline in outlines_of(members, Box(10, 20, 83, 57))])
    assert corners.min(axis=0) == pytest.approx((10, 20), abs=2)
    assert (corners >= (10, 20)).all()
    assert (corners < (93, 77)).all()


def test_a_single_outline_with_too_many_corners_loses_corners_and_is_kept() -> None:
    comb = np.zeros((100, 12_000), np.uint8)
    comb[80:] = 255
    comb[:, ::4] = 255
    outlines = outlines_of(comb, Box(0, 0, 12_000, 100))
    assert 0 < len(outlines[0]) <= CORNERS


def test_the_hole_of_a_changed_ring_stays_clear_in_the_picture() -> None:
    before = scene("coffee")
    after = before.copy()
    cv2.circle(after, (240, 160), 60, (40, 90, 240), 14)
    (region,) = evaluate(encoded(before), encoded(after)).regions
    mark = Mark(1, region.before, tuple(np.array(outline, np.float64) for outline in region.contours))
    picture = annotate(before, [mark], Options(style="filled"))
    assert np.array_equal(picture[140:180, 220:260], before[140:180, 220:260])
    assert not np.array_equal(picture[155:165, 296:304], before[155:165, 296:304])
