"""What the kind of a region says, on drawn things and on a photo, clean and re-compressed."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage

from app.analysis.model import Box
from app.analysis.regions.kinds import LOOKED_AT, kinds_of
from tests.analysis.pictures import resaved

Pixels = npt.NDArray[np.uint8]
Found = tuple[Box, Pixels]
SPOT = Box(60, 50, 40, 36)
ELSEWHERE = Box(200, 140, 40, 36)


def part(image: Pixels, box: Box) -> Pixels:
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def whole(box: Box) -> Found:
    return box, np.full((box.height, box.width), 255, np.uint8)


def differing(before: Pixels, after: Pixels) -> Found:
    """Give everything that differs clearly as one region."""
    mask = (cv2.absdiff(before, after).max(axis=2) > 10).astype(np.uint8) * np.uint8(255)
    box = Box(*cv2.boundingRect(mask))
    return box, part(mask, box)


def textured(seed: int, height: int = 240, width: int = 320, contrast: int = 30) -> Pixels:
    """Draw a soft random texture around mid grey."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(128 + contrast * soft / soft.std(), 0, 255).astype(np.uint8)


def page() -> Pixels:
    return np.full((240, 320, 3), 250, np.uint8)


def written(image: Pixels, text: str, colour: tuple[int, int, int] = (20, 20, 20)) -> Pixels:
    return np.asarray(cv2.putText(image.copy(), text, (70, 120), cv2.FONT_HERSHEY_SIMPLEX, 2, colour, 5, cv2.LINE_AA))


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return np.asarray(skimage.data.astronaut(), np.uint8)


@pytest.fixture(scope="module")
def thing() -> Pixels:
    """Give a face to paste: 60 by 60 pixels of another photo."""
    return np.asarray(cv2.resize(skimage.data.chelsea()[60:220, 120:280], (60, 60), interpolation=cv2.INTER_AREA))


def test_something_pasted_on_a_texture_is_added_and_the_other_way_round_removed() -> None:
    before = textured(1, contrast=6)
    after = before.copy()
    part(after, SPOT)[:] = part(textured(2, contrast=60), SPOT)
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
    part(before, SPOT)[:] = part(textured(1), SPOT)
    part(after, SPOT)[:] = part(textured(2), SPOT)
    assert kinds_of(before, after, [whole(SPOT)]) == ["changed"]


@pytest.mark.parametrize("gain", [0.5, 1.5])
def test_a_texture_that_is_only_brighter_or_darker_is_colour(gain: float) -> None:
    before = textured(1, contrast=12)
    after = before.copy()
    part(after, SPOT)[:] = np.clip(part(before, SPOT) * gain, 0, 255).astype(np.uint8)
    assert kinds_of(before, after, [whole(SPOT)]) == ["colour"]


def test_a_word_in_another_colour_is_colour() -> None:
    before, after = written(page(), "Two"), written(page(), "Two", (200, 30, 20))
    assert kinds_of(before, after, [differing(before, after)]) == ["colour"]


def test_a_plain_button_in_another_colour_is_colour_however_strong() -> None:
    before, after = page(), page()
    part(before, SPOT)[:], part(after, SPOT)[:] = (0, 60, 220), (220, 60, 0)
    assert kinds_of(before, after, [whole(SPOT)]) == ["colour"]


def test_a_faint_stain_on_a_blank_page_is_colour_and_a_strong_one_is_a_thing() -> None:
    faint, strong = page(), page()
    part(faint, SPOT)[:], part(strong, SPOT)[:] = 215, (10, 60, 30)
    assert kinds_of(page(), faint, [whole(SPOT)]) == ["colour"]
    assert kinds_of(page(), strong, [whole(SPOT)]) == ["added"]


@pytest.mark.parametrize("quality", [None, 60])
def test_a_thing_in_another_place_is_moved_at_both(photo: Pixels, thing: Pixels, quality: int | None) -> None:
    old, new = Box(40, 60, 60, 60), Box(380, 300, 60, 60)
    before, after = photo.copy(), photo.copy()
    part(before, old)[:] = thing
    part(after, new)[:] = thing
    after = resaved(after, quality) if quality else after
    assert kinds_of(before, after, [whole(old), whole(new)]) == ["moved", "moved"]


def test_a_plain_shape_in_another_place_is_moved() -> None:
    before, after = page(), page()
    part(before, SPOT)[:] = part(after, ELSEWHERE)[:] = (200, 30, 20)
    assert kinds_of(before, after, [whole(SPOT), whole(ELSEWHERE)]) == ["moved", "moved"]


def test_one_thing_gone_and_another_one_come_is_not_moved(photo: Pixels, thing: Pixels) -> None:
    old, new = Box(40, 60, 60, 60), Box(380, 300, 60, 60)
    before, after = photo.copy(), photo.copy()
    part(before, old)[:] = thing
    part(after, new)[:] = cv2.rotate(thing, cv2.ROTATE_90_CLOCKWISE)
    assert "moved" not in kinds_of(before, after, [whole(old), whole(new)])


def test_two_things_added_on_a_page_are_not_moved() -> None:
    after = page()
    part(after, SPOT)[:] = part(after, ELSEWHERE)[:] = (200, 30, 20)
    assert kinds_of(page(), after, [whole(SPOT), whole(ELSEWHERE)]) == ["added", "added"]


def test_a_thing_pushed_by_less_than_its_width_is_moved(photo: Pixels, thing: Pixels) -> None:
    before, after = photo.copy(), photo.copy()
    part(before, Box(40, 60, 60, 60))[:] = thing
    part(after, Box(75, 70, 60, 60))[:] = thing
    assert kinds_of(before, after, [differing(before, after)]) == ["moved"]


@pytest.mark.parametrize("quality", [None, 90, 60])
class TestOnAPhoto:
    """Made edits of a photo, in the file as it is and re-compressed."""

    where = Box(330, 250, 60, 60)

    def named(self, before: Pixels, after: Pixels, quality: int | None) -> str:
        found = differing(before, after)
        after = resaved(after, quality) if quality else after
        return kinds_of(before, after, [found])[0]

    def test_another_hue_is_colour(self, photo: Pixels, quality: int | None) -> None:
        after = photo.copy()
        hsv = cv2.cvtColor(part(after, self.where), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + 70) % 180
        hsv[..., 1] = np.maximum(hsv[..., 1], 90)
        part(after, self.where)[:] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        assert self.named(photo, after, quality) == "colour"

    def test_a_tint_is_colour(self, photo: Pixels, quality: int | None) -> None:
        after = photo.copy()
        spot = part(after, self.where)
        spot[:] = (0.6 * spot + 0.4 * np.array([255, 0, 0])).astype(np.uint8)
        assert self.named(photo, after, quality) == "colour"

    def test_a_face_on_the_background_is_added_and_without_it_removed(
        self, photo: Pixels, thing: Pixels, quality: int | None
    ) -> None:
        after = photo.copy()
        part(after, Box(10, 20, 60, 60))[:] = thing
        assert self.named(photo, after, quality) == "added"
        assert self.named(after, photo, quality) == "removed"

    def test_the_badge_painted_over_from_its_surroundings_is_removed(self, photo: Pixels, quality: int | None) -> None:
        mask = np.zeros(photo.shape[:2], np.uint8)
        cv2.circle(mask, (306, 361), 34, 255, -1)
        assert self.named(photo, cv2.inpaint(photo, mask, 5, cv2.INPAINT_TELEA), quality) == "removed"


def test_the_same_kinds_come_out_when_everything_is_four_times_as_large(photo: Pixels, thing: Pixels) -> None:
    before = photo[:200, :200].copy()
    after = before.copy()
    part(after, Box(20, 20, 60, 60))[:] = thing
    found = [whole(Box(20, 20, 60, 60))]
    large = [cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for image in (before, after)]
    assert kinds_of(before, after, found) == ["added"]
    assert kinds_of(np.asarray(large[0]), np.asarray(large[1]), [whole(Box(80, 80, 240, 240))]) == ["added"]


def test_every_one_of_many_regions_gets_a_kind() -> None:
    before, after = page(), page()
    boxes = [Box(x, y, 4, 4) for y in range(4, 230, 16) for x in range(4, 310, 16)]
    for box in boxes:
        part(after, box)[:] = 0
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


def smoothed_over(image: Pixels, box: Box) -> Pixels:
    """Fill a spot from its surroundings, as retouching does."""
    mask = np.zeros(image.shape[:2], np.uint8)
    part(mask, box)[:] = 255
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
    part(after, spot)[:] = skimage.data.brick()[150 : 150 + spot.height, 180 : 180 + spot.width, None]
    assert kinds_of(before, after, [whole(spot)]) == ["added"]
    assert kinds_of(after, before, [whole(spot)]) == ["removed"]
