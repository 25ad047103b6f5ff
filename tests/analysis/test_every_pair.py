"""What holds for every pair: with itself, swapped, shifted alike, edited twice, and looked at more closely."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.analysis.model import Box
from tests.analysis.edits import assert_same_picture, crop, pasted, scene
from tests.analysis.pictures import compare, overlap

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
places = st.builds(Box, st.integers(20, 110), st.integers(20, 170), st.integers(12, 30), st.integers(12, 30))


@few
@given(st.integers(0, 200), st.integers(0, 100), st.integers(1, 250), st.integers(1, 200))
def test_a_picture_is_identical_to_itself(left: int, top: int, width: int, height: int) -> None:
    pixels = scene("coffee")[top : top + height, left : left + width]
    found = compare(pixels, pixels)
    assert_same_picture(found, "identical")
    assert found.summary == "No difference: every pixel is equal."
    assert found.as_given.zero_norm == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (64, 64), (300, 200)])
def test_a_picture_that_is_its_own_mirror_image_is_identical_to_itself(size: tuple[int, int]) -> None:
    grey, white = np.full((*size, 3), 77, np.uint8), np.full((*size, 3), 255, np.uint8)
    for pixels in (grey, white):
        found = compare(pixels, pixels)
        assert_same_picture(found, "identical")
        assert found.alignment.reason == "already in place"


@few
@given(places)
def test_swapping_noise_free_pictures_keeps_boxes_and_swaps_added_with_removed(place: Box) -> None:
    paper = np.full((224, 300, 3), 235, np.uint8)
    paper[5:215:20] = 90
    with_thing = paper.copy()
    with_thing[place.slices] = (200, 40, 40)
    there, back = compare(paper, with_thing), compare(with_thing, paper)
    assert there.regions
    assert [region.before for region in there.regions] == [region.before for region in back.regions]
    swapped = {"added": "removed", "removed": "added"}
    kinds = [region.kind for region in there.regions]
    assert [swapped.get(kind, kind) for kind in kinds] == [region.kind for region in back.regions]


def test_what_appears_on_a_flat_ground_is_added_and_the_other_way_round_removed() -> None:
    paper = np.full((224, 300, 3), 235, np.uint8)
    with_thing = paper.copy()
    with_thing[80:110, 100:140] = (200, 40, 40)
    assert [region.kind for region in compare(paper, with_thing).regions] == ["added"]
    assert [region.kind for region in compare(with_thing, paper).regions] == ["removed"]


@few
@given(places, st.integers(0, 15), st.integers(0, 15))
def test_shifting_both_pictures_alike_shifts_the_boxes(place: Box, right: int, down: int) -> None:
    before = crop()
    after = pasted(before, place)
    still = [region.before for region in compare(before, after).regions]
    window = (slice(down, None), slice(right, None))
    moved = [region.before for region in compare(before[window], after[window]).regions]
    assert still
    assert [Box(box.x + right, box.y + down, box.width, box.height) for box in moved] == still


@few
@given(places, st.integers(12, 30))
def test_an_edit_elsewhere_does_not_hide_another(place: Box, side: int) -> None:
    before = crop()
    after = pasted(before, place)
    alone = [region.before for region in compare(before, after).regions]
    other = Box(240, 100, side, side)
    together = [region.before for region in compare(before, pasted(after, other)).regions]
    assert alone
    for box in alone:
        assert box in together
    assert any(overlap(box, other) > 0.5 for box in together)


@few
@given(places)
def test_more_sensitivity_never_finds_less(place: Box) -> None:
    before = crop()
    after = pasted(before, place)
    areas = [
        sum(region.area for region in compare(before, after, sensitivity=level).regions)
        for level in (20.0, 50.0, 100.0)
    ]
    assert areas == sorted(areas)
    assert areas[-1] == (before != after).any(axis=2).sum()
