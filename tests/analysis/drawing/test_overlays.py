"""Marks frame their regions, follow them into either picture, and leave readable what lies inside."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.analysis.drawing.overlays import Mark, annotate, line_width, opposite, parse_colour
from app.analysis.model import Alignment, Box, Options
from tests.analysis.scenes import PHOTO, scene, shown


def box_of(difference: Any) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(difference)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


@pytest.mark.parametrize("name", ["overlay-before.png", "overlay-after.png"])
def test_boxes_frame_their_region_and_leave_its_inside_alone(name: str) -> None:
    given = scene(color="#00ff00", thickness=3)
    pixels = given.before.pixels if "before" in name else given.after.pixels
    drawn = shown(name, given)
    for found in given.regions:
        box = found.before if "before" in name else found.after
        inside = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
        assert np.array_equal(drawn[inside], pixels[inside])
        middle = box.y + box.height // 2
        line = drawn[middle, box.x - 12 : box.x]
        assert (line == (0, 255, 0)).all(axis=1).sum() == 3
        assert (line == (0, 0, 0)).all(axis=1).sum() == 2


def test_far_from_regions_nothing_is_drawn() -> None:
    drawn = shown("overlay-before.png", scene())
    assert np.array_equal(drawn[250:], PHOTO[250:])


@pytest.mark.parametrize("style", ["contours", "filled"])
def test_outlines_follow_the_region_into_the_frame_of_after(style: str) -> None:
    """A quarter turn: what is drawn on after lies where the matrix puts the outline, not the box."""
    turn = ((0.0, -1.0, 399.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    after = np.ascontiguousarray(np.rot90(PHOTO, -1))
    given = scene(after=after, alignment=Alignment("similarity", turn, 99), style=style, thickness=2)
    given = replace(given, regions=(replace(given.regions[0], id=1, after=Box(270, 60, 50, 90)),))
    marks = annotate(after, [], given.options)
    assert np.array_equal(marks, after)
    changed = (shown("overlay-after.png", given) != after).any(axis=2)
    changed[:60] = changed[150 + 4 :] = False  # the number
    left, top, right, bottom = box_of(changed)
    assert abs(left - 269) <= 4
    assert abs(right - 320) <= 4
    assert abs(top - 60) <= 1
    assert abs(bottom - 150) <= 4


def test_filled_tints_the_inside_and_contours_leave_it() -> None:
    inside = slice(90, 120), slice(70, 140)
    assert np.array_equal(shown("overlay-before.png", scene(style="contours"))[inside], PHOTO[inside])
    tinted = shown("overlay-before.png", scene(style="filled", color="#0000ff"))[inside]
    expected = PHOTO[inside] * 0.55 + np.array((0, 0, 255)) * 0.45
    assert np.abs(tinted - expected).max() <= 1


def test_holes_of_a_filled_region_stay_clear() -> None:
    outer = np.array([[50, 50], [149, 50], [149, 149], [50, 149]], np.float64)
    hole = np.array([[80, 80], [119, 80], [119, 119], [80, 119]], np.float64)
    drawn = annotate(PHOTO, [Mark(1, Box(50, 50, 100, 100), (outer, hole))], Options(style="filled", thickness=1))
    assert np.array_equal(drawn[85:115, 85:115], PHOTO[85:115, 85:115])
    assert not np.array_equal(drawn[60:75, 60:140], PHOTO[60:75, 60:140])


def test_a_region_without_outlines_gets_its_box_in_every_style() -> None:
    marks = [Mark(1, Box(100, 100, 20, 20))]
    boxes = annotate(PHOTO, marks, Options(style="boxes"))
    assert np.array_equal(annotate(PHOTO, marks, Options(style="contours")), boxes)
    assert np.array_equal(annotate(PHOTO, marks, Options(style="filled")), boxes)


@pytest.mark.parametrize("corner", [(0, 0), (492, 0), (0, 392), (492, 392)])
def test_boxes_at_the_edge_are_still_closed(corner: tuple[int, int]) -> None:
    drawn = annotate(PHOTO, [Mark(1, Box(*corner, 8, 8))], Options(color="#00ff00", thickness=2))
    around = drawn[max(0, corner[1] - 3) : corner[1] + 11, max(0, corner[0] - 3) : corner[0] + 11]
    green = (around == (0, 255, 0)).all(axis=2)
    assert green.any(axis=0).all() or green.any(axis=1).all()
    rows, columns = green.sum(axis=1), green.sum(axis=0)
    assert (rows >= 8).sum() >= 4
    assert (columns >= 8).sum() >= 4


def test_numbers_do_not_cover_other_regions() -> None:
    """Nine small regions in a tight grid keep every pixel."""
    boxes = [Box(200 + 26 * x, 150 + 26 * y, 10, 10) for y in range(3) for x in range(3)]
    drawn = annotate(PHOTO, [Mark(index + 1, box) for index, box in enumerate(boxes)], Options())
    kept = [np.array_equal(drawn[b.y : b.y + 10, b.x : b.x + 10], PHOTO[b.y : b.y + 10, b.x : b.x + 10]) for b in boxes]
    assert sum(kept) >= 8


def test_every_region_has_its_number_beside_it() -> None:
    """With the number another digit, only pixels near the box change."""
    one, two = (annotate(PHOTO, [Mark(number, Box(200, 200, 30, 30))], Options()) for number in (1, 8))
    left, top, right, bottom = box_of((one != two).any(axis=2))
    assert 170 <= left < right <= 260
    assert 170 <= top < bottom <= 260


def test_pictures_too_small_for_numbers_get_none() -> None:
    small = np.zeros((60, 60, 3), np.uint8)
    one, two = (annotate(small, [Mark(number, Box(20, 20, 9, 9))], Options()) for number in (1, 8))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    "color", ["#ff2d55", "#ffffff", "#000000", "#ffff00", "#00ff00", "#0000ff", "#808080", "#777777"]
)
def test_the_edge_and_the_text_contrast_with_the_colour(color: str) -> None:
    """At least 3 to 1, what WCAG asks of graphics and large text."""

    def luminance(colour: Any) -> float:
        levels = np.array(colour) / 255
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    light, dark = sorted((luminance(parse_colour(color)), luminance(opposite(parse_colour(color)))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_lines_grow_with_the_picture_unless_a_thickness_is_given() -> None:
    widths = [line_width(shape) for shape in ((50, 50), (480, 640), (1080, 1920), (3000, 4000), (7000, 7000))]
    assert widths == [1, 2, 4, 10, 20]


def test_hundreds_of_regions_are_drawn() -> None:
    marks = [Mark(index, Box(index * 7 % 480, index * 13 % 380, 4, 4)) for index in range(1, 1500)]
    assert not np.array_equal(annotate(PHOTO, marks, Options()), PHOTO)
