"""A JPEG opened and saved at its own quality: most of it comes back as it was, some blocks a few levels off."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis import evaluate
from app.analysis.changed import find_changed
from app.analysis.noise_free.blocks import saved_again
from tests.analysis.pictures import encoded, opened

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")


@pytest.mark.parametrize("quality", [50, 75, 90])
@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_saved_again_at_its_own_quality_is_equivalent(name: str, quality: int) -> None:
    """One in seven photos, drawings and screenshots had some blocks called another colour."""
    first = encoded(getattr(data, name)(), quality)
    again = encoded(opened(first), quality)
    found = evaluate(first, again)
    assert found.as_given.zero_norm > 0, "nothing to tell"
    assert found.verdict == "equivalent", found.summary


@pytest.mark.parametrize("name", PHOTOS)
def test_so_it_is_when_both_were_made_png_since(name: str) -> None:
    first = opened(encoded(getattr(data, name)(), 75))
    assert evaluate(encoded(first), encoded(opened(encoded(first, 75)))).verdict == "equivalent"


@pytest.mark.parametrize("name", PHOTOS)
def test_what_was_changed_before_it_was_saved_again_is_found(name: str) -> None:
    first = opened(encoded(getattr(data, name)(), 75))
    changed = first.copy()
    cv2.circle(changed, (203, 149), 14, (250, 120, 40), -1, cv2.LINE_AA)
    (region,) = evaluate(encoded(first), encoded(changed, 75)).regions
    box = region.before
    assert max(abs(box.x - 189), abs(box.y - 135), abs(box.width - 29), abs(box.height - 29)) <= 8


def flat_with(places: list[tuple[int, int, int, int]], by: int) -> bool:
    """Compare a flat picture with one in which some rectangles (x, y, width, height) are brighter."""
    before = np.full((100, 150, 3), 90, np.uint8)
    after = before.copy()
    for x, y, width, height in places:
        after[y : y + height, x : x + width] += np.uint8(by)
    return saved_again(before, after, find_changed(before, after))


SCATTERED = [(16, 8, 8, 8), (72, 40, 8, 8), (120, 80, 8, 8)]


def test_faint_blocks_of_the_grid_come_of_saving() -> None:
    assert flat_with(SCATTERED, 3)
    assert flat_with([(64, 48, 8, 8), (72, 56, 8, 8), (144, 96, 6, 4)], 8), "also on either side of a tile's border"


def test_interpolated_colours_reach_one_row_further() -> None:
    assert flat_with([(x - 1, y - 1, 18, 18) for x, y in ((16, 16), (64, 48), (112, 64))], 2)


@pytest.mark.parametrize("aside", [(3, 5), (0, 3), (4, 4), (7, 2)])
def test_blocks_beside_the_grid_were_drawn(aside: tuple[int, int]) -> None:
    assert not flat_with([(x + aside[0], y + aside[1], w, h) for x, y, w, h in SCATTERED], 3)


def test_what_is_changed_by_many_levels_was_drawn_wherever_it_lies() -> None:
    assert not flat_with(SCATTERED, 9)


def test_a_large_faint_change_is_no_block() -> None:
    assert not flat_with([(16, 8, 96, 64)], 5)


@pytest.mark.parametrize("line", [(0, 47, 150, 2), (0, 48, 150, 1), (71, 0, 2, 100)])
def test_a_faint_line_is_no_row_of_blocks_though_it_lies_where_blocks_end(line: tuple[int, int, int, int]) -> None:
    assert not flat_with([line], 5)


@pytest.mark.parametrize("soft", [1, 6])
def test_blocks_around_a_change_changed_with_it(soft: int) -> None:
    """Two exports of one photo, retouched between them: all else is equal to the pixel, and no noise."""
    before = data.astronaut()
    mask = cv2.GaussianBlur(cv2.circle(np.zeros(before.shape[:2], np.float32), (300, 203), 40, 1.0, -1), (0, 0), soft)
    after = np.clip(before + 30 * mask[..., None], 0, 255).astype(np.uint8)
    first, second = (opened(encoded(pixels, 85)) for pixels in (before, after))
    assert not saved_again(first, second, find_changed(first, second))


def test_equal_pictures_show_no_saving() -> None:
    assert not flat_with([], 0)
