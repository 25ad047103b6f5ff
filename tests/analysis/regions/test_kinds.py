"""What the kind of a region says: added, removed, changed, or another colour."""

import cv2
import numpy as np
import pytest
import skimage

from app.analysis.model import Box
from app.analysis.regions.kinds import LOOKED_AT, kinds_of
from tests.analysis.regions.conftest import SPOT, Pixels, differing, page, textured, whole, written


def test_something_pasted_on_a_texture_is_added_and_the_other_way_round_removed() -> None:
    before = textured(1, contrast=6)
    after = before.copy()
    after[SPOT.slices] = textured(2, contrast=60)[SPOT.slices]
    assert kinds_of(before, after, [whole(SPOT)]) == ["added"]
    assert kinds_of(after, before, [whole(SPOT)]) == ["removed"]


def test_a_word_written_on_a_page_is_added_and_the_other_way_round_removed() -> None:
    before, after = page(), written(page(), "Two")
    found = [differing(before, after)]
    assert kinds_of(before, after, found) == ["added"]
    assert kinds_of(after, before, found) == ["removed"]


def test_a_word_written_across_a_busy_photo_is_added(photo: Pixels) -> None:
    after = written(photo, "NEW", (255, 240, 0))
    assert kinds_of(photo, after, [differing(photo, after)]) == ["added"]


def test_a_word_in_another_colour_is_colour() -> None:
    before, after = written(page(), "Two"), written(page(), "Two", (200, 30, 20))
    assert kinds_of(before, after, [differing(before, after)]) == ["colour"]


def test_a_strong_dot_of_three_pixels_on_a_page_is_added() -> None:
    after = page()
    after[100:103, 100:103] = 0
    assert kinds_of(page(), after, [differing(page(), after)]) == ["added"]


def test_one_letter_instead_of_another_is_changed() -> None:
    before, after = written(page(), "K"), written(page(), "S")
    assert kinds_of(before, after, [differing(before, after)]) == ["changed"]


def test_another_texture_of_the_same_contrast_is_changed() -> None:
    before = page()
    after = page()
    before[SPOT.slices] = textured(1)[SPOT.slices]
    after[SPOT.slices] = textured(2)[SPOT.slices]
    assert kinds_of(before, after, [whole(SPOT)]) == ["changed"]


@pytest.mark.parametrize("gain", [0.5, 1.5])
def test_a_texture_that_is_only_brighter_or_darker_is_colour(gain: float) -> None:
    before = textured(1, contrast=12)
    after = before.copy()
    after[SPOT.slices] = np.clip(before[SPOT.slices] * gain, 0, 255).astype(np.uint8)
    assert kinds_of(before, after, [whole(SPOT)]) == ["colour"]


def test_a_plain_button_in_another_colour_is_colour_however_strong() -> None:
    before, after = page(), page()
    before[SPOT.slices], after[SPOT.slices] = (0, 60, 220), (220, 60, 0)
    assert kinds_of(before, after, [whole(SPOT)]) == ["colour"]


def test_a_faint_stain_on_a_blank_page_is_colour_and_a_strong_one_is_a_thing() -> None:
    faint, strong = page(), page()
    faint[SPOT.slices], strong[SPOT.slices] = 215, (10, 60, 30)
    assert kinds_of(page(), faint, [whole(SPOT)]) == ["colour"]
    assert kinds_of(page(), strong, [whole(SPOT)]) == ["added"]


def smoothed_over(image: Pixels, box: Box) -> Pixels:
    """Fill a spot from its surroundings, as retouching does."""
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[box.slices] = 255
    return np.asarray(cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA), np.uint8)


def test_what_was_smoothed_over_is_removed() -> None:
    """No outline shows in either image, but one has the detail of its surroundings, and the other none."""
    spot = Box(260, 60, 44, 60)
    before = np.dstack([skimage.data.moon()[:400, :500]] * 3)
    after = smoothed_over(before, spot)
    assert kinds_of(before, after, [whole(spot)]) == ["removed"]
    assert kinds_of(after, before, [whole(spot)]) == ["added"]


@pytest.mark.parametrize("spot", [Box(60, 50, 40, 36), Box(200, 140, 40, 36), Box(260, 60, 44, 60)])
def test_a_thing_as_rough_as_what_it_lies_on_is_added_for_its_outline(spot: Box) -> None:
    before = np.dstack([skimage.data.grass()[:400, :500]] * 3)
    after = before.copy()
    after[spot.slices] = skimage.data.brick()[150 : 150 + spot.height, 180 : 180 + spot.width, None]
    assert kinds_of(before, after, [whole(spot)]) == ["added"]
    assert kinds_of(after, before, [whole(spot)]) == ["removed"]


def test_every_one_of_many_regions_gets_a_kind() -> None:
    before, after = page(), page()
    boxes = [Box(x, y, 4, 4) for y in range(4, 230, 16) for x in range(4, 310, 16)]
    for box in boxes:
        after[box.slices] = 0
    assert len(boxes) > LOOKED_AT
    assert kinds_of(before, after, [whole(box) for box in boxes]) == ["added"] * len(boxes)


@pytest.mark.parametrize("box", [Box(0, 0, 320, 240), Box(0, 0, 1, 1), Box(0, 239, 320, 1), Box(319, 0, 1, 240)])
def test_a_region_at_the_edge_or_all_over_gets_a_kind_without_a_warning(box: Box) -> None:
    before, after = textured(1), textured(2)
    assert kinds_of(before, after, [whole(box)])[0] in ("added", "removed", "colour", "changed", "moved")


def test_a_single_pixel_in_a_huge_box_is_still_seen() -> None:
    members = np.zeros((240, 320), np.uint8)
    members[0, 0] = members[-1, -1] = 255
    after = page()
    after[0, 0] = after[-1, -1] = 0
    assert kinds_of(page(), after, [(Box(0, 0, 320, 240), members)]) != ["changed"]


def test_nothing_found_has_no_kinds() -> None:
    assert kinds_of(page(), page(), []) == []
