"""Kinds of edits of a photo: in the file as it is, re-compressed, and at four times the size."""

import cv2
import numpy as np
import pytest

from app.analysis.model import Box
from app.analysis.regions.kinds import kinds_of
from tests.analysis.pictures import resaved
from tests.analysis.regions.conftest import Pixels, differing, whole


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
        hsv = cv2.cvtColor(after[self.where.slices], cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + 70) % 180
        hsv[..., 1] = np.maximum(hsv[..., 1], 90)
        after[self.where.slices] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        assert self.named(photo, after, quality) == "colour"

    def test_a_tint_is_colour(self, photo: Pixels, quality: int | None) -> None:
        after = photo.copy()
        spot = after[self.where.slices]
        spot[:] = (0.6 * spot + 0.4 * np.array([255, 0, 0])).astype(np.uint8)
        assert self.named(photo, after, quality) == "colour"

    def test_a_face_on_the_background_is_added_and_without_it_removed(
        self, photo: Pixels, thing: Pixels, quality: int | None
    ) -> None:
        after = photo.copy()
        after[Box(10, 20, 60, 60).slices] = thing
        assert self.named(photo, after, quality) == "added"
        assert self.named(after, photo, quality) == "removed"

    def test_the_badge_painted_over_from_its_surroundings_is_removed(self, photo: Pixels, quality: int | None) -> None:
        mask = np.zeros(photo.shape[:2], np.uint8)
        cv2.circle(mask, (306, 361), 34, 255, -1)
        assert self.named(photo, cv2.inpaint(photo, mask, 5, cv2.INPAINT_TELEA), quality) == "removed"


def test_the_same_kinds_come_out_when_everything_is_four_times_as_large(photo: Pixels, thing: Pixels) -> None:
    before = photo[:200, :200].copy()
    after = before.copy()
    after[Box(20, 20, 60, 60).slices] = thing
    found = [whole(Box(20, 20, 60, 60))]
    large = [cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for image in (before, after)]
    assert kinds_of(before, after, found) == ["added"]
    assert kinds_of(np.asarray(large[0]), np.asarray(large[1]), [whole(Box(80, 80, 240, 240))]) == ["added"]
