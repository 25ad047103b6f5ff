"""What lies in another place is moved, and only the very thing that was there before."""

import cv2
import pytest

from app.analysis.model import Box
from app.analysis.regions.kinds import kinds_of
from tests.analysis.pictures import resaved
from tests.analysis.regions.conftest import ELSEWHERE, SPOT, Pixels, differing, page, whole


@pytest.mark.parametrize("quality", [None, 60])
def test_a_thing_in_another_place_is_moved_at_both(photo: Pixels, thing: Pixels, quality: int | None) -> None:
    old, new = Box(40, 60, 60, 60), Box(380, 300, 60, 60)
    before, after = photo.copy(), photo.copy()
    before[old.slices] = thing
    after[new.slices] = thing
    after = resaved(after, quality) if quality else after
    assert kinds_of(before, after, [whole(old), whole(new)]) == ["moved", "moved"]


def test_a_plain_shape_in_another_place_is_moved() -> None:
    before, after = page(), page()
    before[SPOT.slices] = after[ELSEWHERE.slices] = (200, 30, 20)
    assert kinds_of(before, after, [whole(SPOT), whole(ELSEWHERE)]) == ["moved", "moved"]


def test_one_thing_gone_and_another_one_come_is_not_moved(photo: Pixels, thing: Pixels) -> None:
    old, new = Box(40, 60, 60, 60), Box(380, 300, 60, 60)
    before, after = photo.copy(), photo.copy()
    before[old.slices] = thing
    after[new.slices] = cv2.rotate(thing, cv2.ROTATE_90_CLOCKWISE)
    assert "moved" not in kinds_of(before, after, [whole(old), whole(new)])


def test_two_things_added_on_a_page_are_not_moved() -> None:
    after = page()
    after[SPOT.slices] = after[ELSEWHERE.slices] = (200, 30, 20)
    assert kinds_of(page(), after, [whole(SPOT), whole(ELSEWHERE)]) == ["added", "added"]


def test_a_thing_pushed_by_less_than_its_width_is_moved(photo: Pixels, thing: Pixels) -> None:
    before, after = photo.copy(), photo.copy()
    before[Box(40, 60, 60, 60).slices] = thing
    after[Box(75, 70, 60, 60).slices] = thing
    assert kinds_of(before, after, [differing(before, after)]) == ["moved"]
