"""Regions: pieces are joined by what they belong to, boxes hug what changed, the most important comes first."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.model import Alignment, Box, Region, UInt8Array
from app.analysis.regions.grouping import Strength, find_regions
from app.analysis.regions.joining import merge_near
from tests.analysis.pictures import compare

SHAPE = (300, 400)
BOXES = st.builds(Box, st.integers(5, 100), st.integers(5, 70), st.integers(3, 24), st.integers(3, 24))


def blank() -> UInt8Array:
    return np.zeros(SHAPE, np.uint8)


def marked(*boxes: tuple[int, int, int, int]) -> UInt8Array:
    """A mask with solid rectangles (x, y, width, height)."""
    mask = blank()
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = 255
    return mask


def find(
    mask: UInt8Array,
    scores: Any = None,
    alignment: Alignment | None = None,
    min_area: int | None = None,
    places: Any = None,
    **strength: Any,
) -> tuple[tuple[Region, ...], UInt8Array]:
    before = np.full((*mask.shape, 3), 200, np.uint8)
    after = before.copy()
    after[mask > 0] = 40
    scores = np.where(mask > 0, np.float32(5), np.float32(0)) if scores is None else scores
    sure = Strength(scores, **strength)
    return find_regions(before, after, mask, sure, alignment or Alignment(), mask.shape, min_area, places)


def boxes(mask: UInt8Array, **options: Any) -> list[Box]:
    return sorted((region.before for region in find(mask, **options)[0]), key=lambda box: (box.y, box.x))


def test_letters_of_one_word_are_one_region_though_one_between_them_stayed() -> None:
    """An x is half as high as a d, and where the word before had the same letter in the same place nothing changed."""
    assert boxes(marked((100, 100, 6, 10), (107, 104, 5, 6), (120, 100, 6, 10))) == [Box(100, 100, 26, 10)]


def test_first_and_last_letter_of_a_word_are_one_region_though_three_between_them_stayed() -> None:
    """Ground became Island: two regions, neither of which was the word."""
    assert boxes(marked((100, 100, 9, 9), (123, 100, 9, 10))) == [Box(100, 100, 32, 10)]
    assert len(boxes(marked((100, 100, 9, 9), (126, 100, 9, 10)))) == 2


def test_words_of_two_lines_or_two_columns_stay_apart() -> None:
    words = [(100, 100, 40, 10), (100, 126, 38, 10), (152, 100, 30, 10)]
    assert len(boxes(marked(*words))) == 3


def test_an_empty_mask_has_no_region() -> None:
    regions, kept = find(blank())
    assert regions == ()
    assert not kept.any()


def test_a_box_hugs_what_changed_and_a_region_counts_its_pixels() -> None:
    mask = marked((50, 60, 30, 20))
    ((region,), kept) = find(mask)
    assert region.before == Box(50, 60, 30, 20)
    assert region.after == region.before
    assert (region.id, region.area) == (1, 600)
    assert region.share == pytest.approx(600 / mask.size)
    assert np.array_equal(kept, mask)


def test_two_solid_changes_stay_two_though_close() -> None:
    assert boxes(marked((50, 60, 40, 40), (96, 80, 40, 40))) == [Box(50, 60, 40, 40), Box(96, 80, 40, 40)]


def test_pieces_that_all_but_touch_are_one() -> None:
    assert boxes(marked((50, 60, 40, 40), (91, 60, 40, 40))) == [Box(50, 60, 81, 40)]


def test_two_parts_of_one_thing_cut_by_a_bar_are_one() -> None:
    assert boxes(marked((50, 60, 40, 40), (100, 60, 40, 40))) == [Box(50, 60, 90, 40)]


def test_the_letters_of_a_word_are_one_change() -> None:
    mask = blank()
    cv2.putText(mask, "WORD", (60, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 2)
    pieces = cv2.connectedComponents(mask)[0] - 1
    assert pieces >= 4
    assert boxes(mask) == [Box(*cv2.boundingRect(mask))]


def test_ragged_pieces_are_joined_over_gaps_that_keep_solid_ones_apart() -> None:
    ragged = blank()
    for left, top in ((60, 60), (100, 85)):
        cv2.rectangle(ragged, (left, top), (left + 29, top + 29), 255, 1)
    solid = marked((60, 60, 30, 30), (100, 85, 30, 30))
    assert len(boxes(ragged)) == 1
    assert len(boxes(solid)) == 2


def test_scraps_beside_a_change_belong_to_it() -> None:
    """A letter that became another one was three regions: what both have in common parts what they have not."""
    letter, scraps = (160, 128, 28, 19), [(160, 115, 9, 7), (181, 115, 7, 5)]
    mask = marked(letter, *scraps)
    assert boxes(mask) == [Box(160, 115, 28, 32)]
    places = merge_near([Box(*letter), *(Box(*scrap) for scrap in scraps)], mask.shape)
    assert places == [Box(160, 115, 28, 32)]
    assert boxes(marked(letter, (160, 90, 9, 7))) == [Box(160, 90, 9, 7), Box(*letter)]


def test_far_pieces_stay_apart_however_ragged() -> None:
    mask = blank()
    for left in (40, 300):
        cv2.circle(mask, (left, 150), 20, 255, 1)
    assert len(boxes(mask)) == 2


def test_more_and_larger_and_stronger_comes_first() -> None:
    mask = marked((20, 20, 10, 10), (200, 200, 60, 60), (320, 40, 30, 30))
    strength = np.where(mask > 0, np.float32(3), np.float32(0))
    regions, _ = find(mask, strength)
    assert [region.before.x for region in regions] == [200, 320, 20]
    assert [region.id for region in regions] == [1, 2, 3]
    strength[40:70, 320:350] = 20
    stronger, _ = find(mask, strength)
    assert [region.before.x for region in stronger] == [320, 200, 20]
    assert stronger[0].strength > stronger[1].strength == stronger[2].strength


def test_what_is_smaller_than_the_least_is_no_region_and_leaves_the_mask() -> None:
    mask = marked((50, 60, 30, 20), (300, 200, 3, 3))
    _, kept = find(mask, smallest=10)
    assert np.array_equal(kept, marked((50, 60, 30, 20)))
    assert len(boxes(mask, smallest=9)) == 2
    assert len(boxes(mask, smallest=10)) == 1


def test_what_is_proven_may_be_as_small_as_it_is() -> None:
    mask = marked((100, 100, 3, 3))
    assert not boxes(mask, smallest=60)
    assert boxes(mask, smallest=60, proven=mask) == [Box(100, 100, 3, 3)]
    assert not boxes(mask, min_area=60, proven=mask)


@pytest.mark.parametrize(("firmness", "found"), [(0.0, False), (1.8, False), (3.7, True)])
def test_what_two_scales_show_may_be_smaller(firmness: float, found: bool) -> None:
    """Not where the caller says what the least is."""
    mask = marked((20, 30, 6, 5))
    at_two = np.full((25, 30), firmness, np.float32)
    assert bool(boxes(mask, smallest=60, firmness=at_two)) == found
    assert not boxes(mask, min_area=60, firmness=at_two)


def test_the_caller_may_ask_for_smaller_and_for_larger_regions() -> None:
    mask = marked((50, 60, 30, 20), (300, 200, 3, 3))
    assert len(boxes(mask, smallest=10, min_area=1)) == 2
    assert len(boxes(mask, smallest=10, min_area=600)) == 1
    assert boxes(mask, smallest=10, min_area=601) == []


def test_the_box_in_after_lies_where_the_alignment_puts_it() -> None:
    shifted = Alignment("shift", ((1, 0, 12), (0, 1, -7), (0, 0, 1)))
    ((region,), _) = find(marked((50, 60, 30, 20)), alignment=shifted)
    assert region.after == Box(62, 53, 30, 20)


def test_contours_run_along_the_edge_of_each_piece() -> None:
    mask = marked((50, 60, 30, 20), (81, 100, 30, 20), (50, 81, 30, 18))
    ((region,), _) = find(mask)
    drawn = blank()
    for outline in region.contours:
        cv2.fillPoly(drawn, [np.array(outline, np.int32)], 255)
    assert np.array_equal(drawn, mask)


def test_the_contour_of_a_disc_is_as_round_as_the_disc() -> None:
    mask = blank()
    cv2.circle(mask, (200, 150), 40, 255, -1)
    ((region,), _) = find(mask)
    (outline,) = region.contours
    assert cv2.contourArea(np.array(outline)) == pytest.approx(np.pi * 40**2, rel=0.06)


def test_strength_may_be_given_smaller_than_the_mask() -> None:
    mask = marked((50, 60, 30, 20), (300, 200, 30, 20))
    strength = np.zeros((75, 100), np.float32)
    strength[15:20, 12:20] = 4
    strength[50:55, 75:83] = 12
    regions, _ = find(mask, strength)
    assert [region.before.x for region in regions] == [300, 50]


def test_grains_beyond_counting_end_in_few_regions() -> None:
    mask = blank()
    mask[::4, ::4] = 255
    assert len(boxes(mask)) == 1


def test_looking_only_where_something_is_finds_the_same() -> None:
    mask = marked((20, 20, 10, 10), (33, 20, 10, 10), (200, 200, 60, 60))
    places = merge_near([Box(20, 20, 10, 10), Box(33, 20, 10, 10), Box(200, 200, 60, 60)], mask.shape)
    assert sorted(places, key=lambda box: box.x) == [Box(20, 20, 23, 10), Box(200, 200, 60, 60)]
    assert boxes(mask, places=places) == boxes(mask) == [Box(20, 20, 23, 10), Box(200, 200, 60, 60)]


@settings(max_examples=40, deadline=None)
@given(st.lists(BOXES, min_size=1, max_size=8))
def test_looking_only_where_something_is_marked_finds_the_same_regions(boxes: list[Box]) -> None:
    mask = np.zeros((110, 140), np.uint8)
    for box in boxes:
        mask[box.slices] = 255
    blank = np.zeros((110, 140, 3), np.uint8)
    alignment = compare(blank, blank).alignment
    strength = mask.astype(np.float32)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    places = merge_near([Box(*row) for row in stats[1:, :4].tolist()], mask.shape)
    whole, kept = find_regions(blank, blank, mask, Strength(strength), alignment, (110, 140))
    parts, kept_parts = find_regions(blank, blank, mask, Strength(strength), alignment, (110, 140), places=places)
    assert {region.before for region in whole} == {region.before for region in parts}
    assert np.array_equal(kept, kept_parts)


def test_two_large_things_apart_stay_two_however_ragged() -> None:
    """Cards and dice on a poster became one region: the larger the pieces, the larger the gaps they bridged."""
    mask = np.zeros((1000, 1000), np.uint8)
    for left, top in ((40, 60), (60, 420)):
        cv2.polylines(mask, [np.add([[0, 0], [300, 0], [20, 290]], (left, top))], True, 255, 9)
    assert len(boxes(mask)) == 2
