"""Rows that came or went: found as such, and what moved with them is not called changed."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from app.analysis import Deadline
from app.analysis.alignment.align import align
from app.analysis.alignment.framing import framing_regions
from app.analysis.alignment.layout import find_bands
from app.analysis.alignment.warping import warp_to_before
from app.analysis.evaluate import evaluate
from app.analysis.model import Alignment, Band, Box, Options
from app.analysis.render import Scene, render
from tests.analysis.pictures import encoded, opened, picture

Pixels = npt.NDArray[np.uint8]
WIDTH = 600


def strip(seed: int, height: int = 40) -> Pixels:
    """Draw one row of a list: a dot, words, a number and a line below."""
    rng = np.random.default_rng(seed)
    row = np.full((height, WIDTH, 3), 255, np.uint8)
    cv2.circle(row, (22, height // 2), 8, [int(v) for v in rng.integers(40, 200, 3)], -1, cv2.LINE_AA)
    words = " ".join("".join(chr(97 + v) for v in rng.integers(0, 26, n)) for n in rng.integers(3, 9, 4))
    cv2.putText(row, words, (50, height // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 40), 1, cv2.LINE_AA)
    cv2.putText(row, str(rng.integers(100, 9999)), (530, height // 2 + 5), 0, 0.5, (30, 30, 40), 1, cv2.LINE_AA)
    row[-1] = 220
    return row


def page(*seeds: int) -> Pixels:
    return np.vstack([strip(seed) for seed in seeds])


BEFORE = page(*range(16))
INSERTED = page(*range(6), 100, *range(6, 16))


@pytest.mark.parametrize("quality", [None, 85])
def test_an_inserted_row_is_one_region_and_nothing_that_moved_is_another(quality: int | None) -> None:
    found = evaluate(encoded(BEFORE, quality), encoded(INSERTED, quality))
    (region,) = found.regions
    assert region.kind == "added"
    assert region.before == Box(0, 240, WIDTH, 1)
    assert region.after == Box(0, 240, WIDTH, 40)
    assert "40 rows inserted" in found.summary


@pytest.mark.parametrize("quality", [None, 85])
def test_a_removed_row_is_one_region(quality: int | None) -> None:
    (region,) = evaluate(encoded(INSERTED, quality), encoded(BEFORE, quality)).regions
    assert region.kind == "removed"
    assert region.before == Box(0, 240, WIDTH, 40)
    assert region.after == Box(0, 240, WIDTH, 1)


def test_inserted_rows_smaller_than_the_smallest_region_are_none() -> None:
    """They hold 24,000 pixels of *after*, and none of *before*."""
    assert evaluate(encoded(BEFORE), encoded(INSERTED), Options(min_area=24_000)).verdict == "different"
    smaller = evaluate(encoded(BEFORE), encoded(INSERTED), Options(min_area=24_001))
    assert (smaller.verdict, smaller.regions) == ("equivalent", ())


def test_the_smallest_region_is_asked_of_parts_beyond_but_not_of_another_picture() -> None:
    def kinds(alignment: Alignment, after: tuple[int, int]) -> list[str]:
        return [kind for _, _, kind in framing_regions(alignment, (100, 50), after, 1000)]

    assert kinds(Alignment(), (119, 50)) == []
    assert kinds(Alignment(), (120, 50)) == ["added"]
    mirrored = ((-1.0, 0.0, 49.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    assert kinds(Alignment("affine", matrix=mirrored), (100, 50)) == ["moved"]
    assert kinds(Alignment(same_scene=False), (100, 50)) == ["changed"]


def test_in_a_window_of_one_height_what_is_pushed_out_below_is_no_difference() -> None:
    (region,) = evaluate(encoded(BEFORE[:480]), encoded(INSERTED[:480])).regions
    assert (region.kind, region.after) == ("added", Box(0, 240, WIDTH, 40))


def test_two_insertions_and_a_removal_are_three_regions() -> None:
    after = page(0, 1, 2, 101, 3, 4, 5, 6, 7, 102, 8, 9, 10, 12, 13, 14, 15)
    regions = evaluate(encoded(BEFORE), encoded(after)).regions
    found = sorted((region.kind, region.after.y) for region in regions)
    assert found == [("added", 120), ("added", 360), ("removed", 520)]


def test_an_edit_below_an_insertion_is_found_in_its_place_in_both_images() -> None:
    after = INSERTED.copy()
    cv2.rectangle(after, (300, 530), (340, 550), (200, 30, 30), -1)
    framed, edit = evaluate(encoded(BEFORE), encoded(after)).regions
    assert framed.kind == "added"
    assert (edit.before.x, edit.before.y, edit.after.x, edit.after.y) == (300, 490, 300, 530)


def test_the_aligned_image_holds_every_band_in_its_old_place() -> None:
    alignment = align(picture(BEFORE), picture(INSERTED), Options(), Deadline())
    aligned, valid = warp_to_before(INSERTED, alignment, BEFORE.shape[:2])
    assert alignment.bands == (Band(0, 0, 240), Band(240, 280, 400))
    assert np.array_equal(aligned, BEFORE)
    assert valid.min() == 255


def test_a_page_that_was_scrolled_as_a_whole_has_no_inserted_rows() -> None:
    assert find_bands(BEFORE[:500], BEFORE[40:540]) == ()


def test_an_edited_row_of_the_same_height_is_not_called_inserted() -> None:
    assert find_bands(BEFORE, page(*range(6), 100, *range(7, 16))) == ()


def test_pages_with_nothing_in_common_have_no_bands() -> None:
    other = page(*range(50, 66))
    assert find_bands(BEFORE, other) == () == find_bands(BEFORE, other, noisy=True)


def test_pages_of_different_width_have_no_bands() -> None:
    assert find_bands(BEFORE, INSERTED[:, :500]) == ()


def test_appended_rows_are_one_added_region_below() -> None:
    (region,) = evaluate(encoded(BEFORE), encoded(page(*range(17)))).regions
    assert (region.kind, region.after) == ("added", Box(0, 640, WIDTH, 40))


def test_outlines_below_an_insertion_are_drawn_where_the_edit_is_in_after() -> None:
    after = INSERTED.copy()
    cv2.rectangle(after, (300, 530), (340, 550), (200, 30, 30), -1)
    found = evaluate(encoded(BEFORE), encoded(after), Options(style="filled"))
    scene = Scene(picture(BEFORE), picture(after), found.alignment, found.options, found.regions, found.maps)
    drawn = opened(render("overlay-after.png", scene))
    painted = (drawn != after).any(axis=2)
    assert painted[530:551, 300:341].mean() > 0.9
    assert painted[490:511, 300:341].mean() < 0.3
