"""SSIM equals scikit-image's, whatever the picture, and looks only where something changed."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.metrics import structural_similarity as skimage_ssim

from app.analysis.changed import find_changed
from app.analysis.measures import ssim
from app.analysis.measures.ssim import mean_structural_similarity, structural_similarity, to_grey
from app.analysis.sampling import rows_by_chance

SIDES = st.sampled_from([7, 8, 9, 13, 63, 64, 65, 66, 67, 68, 127, 130, 200])


def reference(before: Any, after: Any) -> tuple[float, Any]:
    mean, full = skimage_ssim(before, after, data_range=255, full=True)
    return float(mean), full


def pair(kind: str, height: int, width: int, seed: int) -> tuple[Any, Any]:
    """Two grey pictures that are alike in one of several ways."""
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, (height, width), np.uint8)
    if kind == "unrelated":
        return before, rng.integers(0, 256, (height, width), np.uint8)
    if kind == "flat and bright":
        before[:] = 254
    after = before.copy()
    if kind != "equal":
        after[rng.integers(0, height), rng.integers(0, width)] ^= 1
    return before, after


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(["unrelated", "flat and bright", "one pixel", "equal"]),
    height=SIDES,
    width=SIDES,
    seed=st.integers(0, 2**32 - 1),
)
def test_mean_and_map_equal_scikit_image(kind: str, height: int, width: int, seed: int) -> None:
    """In any shape from 7 × 7, with the map, without it, and with equal tiles left out."""
    before, after = pair(kind, height, width, seed)
    mean, full = structural_similarity(before, after)
    expected, expected_map = reference(before, after)
    assert mean == pytest.approx(expected, abs=1e-5)
    assert np.abs(full - expected_map).max() < 1e-4
    assert full.dtype == np.float32
    tiles = find_changed(*(np.dstack([grey] * 3) for grey in (before, after))).tiles
    assert mean_structural_similarity(before, after) == pytest.approx(expected, abs=1e-5)
    assert mean_structural_similarity(before, after, tiles) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(kind=st.sampled_from(["unrelated", "one pixel"]), height=SIDES, width=SIDES, seed=st.integers(0, 99))
def test_it_is_symmetric(kind: str, height: int, width: int, seed: int) -> None:
    before, after = pair(kind, height, width, seed)
    one, other = structural_similarity(before, after), structural_similarity(after, before)
    assert one[0] == pytest.approx(other[0], abs=1e-6)
    assert np.allclose(one[1], other[1], atol=1e-5)


@pytest.mark.parametrize("change", ["blur", "brighter", "noise", "inverted"])
def test_real_photos_agree_with_scikit_image(change: str) -> None:
    before = to_grey(data.astronaut())
    after = {
        "blur": lambda: cv2.GaussianBlur(before, (0, 0), 1.5),
        "brighter": lambda: cv2.convertScaleAbs(before, alpha=1.1, beta=5),
        "noise": lambda: cv2.add(before, np.random.default_rng(0).integers(0, 9, before.shape, np.uint8)),
        "inverted": lambda: 255 - before,
    }[change]()
    mean, full = structural_similarity(before, after)
    expected, expected_map = reference(before, after)
    assert mean == pytest.approx(expected, abs=1e-6)
    assert np.abs(full - expected_map).max() < 1e-4


def test_equal_images_are_exactly_one() -> None:
    grey = to_grey(data.chelsea())
    mean, full = structural_similarity(grey, grey.copy())
    assert mean == pytest.approx(1, abs=1e-9)
    assert np.abs(full - 1).max() < 1e-6
    nothing = np.zeros((-(-grey.shape[0] // 64), -(-grey.shape[1] // 64)), np.bool_)
    assert mean_structural_similarity(grey, grey, nothing) == 1.0


@pytest.mark.parametrize("at", [(0, 0), (63, 63), (64, 64), (64, 0), (66, 61), (127, 127), (129, 300), (129, 511)])
def test_a_change_beside_the_edge_of_a_tile_reaches_into_the_next(at: tuple[int, int]) -> None:
    """Windows of unchanged tiles that hold a changed pixel are counted, 3 pixels around it."""
    before = np.random.default_rng(1).integers(0, 256, (130, 520), np.uint8)
    after = before.copy()
    after[at] ^= 255
    tiles = np.zeros((3, 9), np.bool_)
    tiles[at[0] // 64, at[1] // 64] = True
    assert mean_structural_similarity(before, after, tiles) == pytest.approx(reference(before, after)[0], abs=1e-7)


def test_windows_without_evidence_are_left_out() -> None:
    """The mean is that of the windows that lie in the valid part: here, of the valid part cut out."""
    rng = np.random.default_rng(2)
    before, after = rng.integers(0, 256, (2, 150, 160), np.uint8)
    valid = np.zeros((150, 160), np.uint8)
    valid[20:110, 30:140] = 255
    expected = reference(before[20:110, 30:140], after[20:110, 30:140])[0]
    assert mean_structural_similarity(before, after, None, valid) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(height=SIDES, width=SIDES, step=st.sampled_from([3, 9]), seed=st.integers(0, 99))
def test_large_pictures_count_the_windows_of_some_rows(height: int, width: int, step: int, seed: int) -> None:
    """The mean of those rows of scikit-image's map, with and without equal tiles and parts without evidence."""
    before, after = pair("unrelated", height, width, seed)
    counted = 3 + rows_by_chance(height - 6, step)
    expected = reference(before, after)[1][counted, 3:-3]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssim, "step_for", lambda pixels: step)
        assert_is_mean(mean_structural_similarity(before, after), expected)
        after[:64] = before[:64]
        expected = reference(before, after)[1][counted, 3:-3]
        tiles = find_changed(*(np.dstack([grey] * 3) for grey in (before, after))).tiles
        assert_is_mean(mean_structural_similarity(before, after, tiles), expected)
        valid = np.full((height, width), 255, np.uint8)
        valid[:, width // 2 :] = 0
        inside = expected[:, : max(0, width // 2 - 6)]
        assert_is_mean(mean_structural_similarity(before, after, tiles, valid), inside)


def assert_is_mean(value: float | None, windows: Any) -> None:
    assert value == (pytest.approx(windows.mean(), abs=1e-5) if windows.size else None)


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_a_photo_tells_the_same_by_a_third_of_its_rows(quality: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where JPEG repeats itself every eight rows.

    A quarter of a megapixel is right to five in ten thousand; this way of counting begins at three megapixels.
    """
    before = to_grey(data.astronaut())
    monkeypatch.setattr(ssim, "step_for", lambda pixels: 3)
    after = cv2.imdecode(cv2.imencode(".jpg", before, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
    for other in (after, np.roll(after, 3, axis=0)):
        assert mean_structural_similarity(before, other) == pytest.approx(reference(before, other)[0], abs=5e-4)


@pytest.mark.parametrize("pitch", [9, 27, 36])
def test_lines_of_text_that_repeat_in_any_step_are_all_met(pitch: int) -> None:
    """Every ninth row would always meet the same rows of a list whose lines are 36 pixels high."""
    before = np.full((1000, 64), 255, np.uint8)
    for top in range(0, 1000, pitch):
        before[top : top + pitch // 3] = np.random.default_rng(top).integers(0, 256, (1, 64))
    after = np.roll(before, 1, axis=1)
    expected = reference(before, after)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssim, "step_for", lambda pixels: 9)
        assert mean_structural_similarity(before, after) == pytest.approx(expected, abs=0.04)


def test_few_changes_in_a_large_picture_are_all_counted() -> None:
    """Only what is unequal is looked at, so that a small change in a screen of many megapixels is measured exactly."""
    before = np.full((3000, 1100), 200, np.uint8)
    after = before.copy()
    after[701:705, 130:200] = np.random.default_rng(0).integers(0, 256, (4, 70))
    tiles = find_changed(*(np.dstack([grey] * 3) for grey in (before, after))).tiles
    lost = 1 - reference(before, after)[0]
    assert 1 - mean_structural_similarity(before, after, tiles) == pytest.approx(lost, rel=1e-4)  # type: ignore[operator]


def test_no_window_with_evidence_gives_none() -> None:
    grey = np.zeros((20, 20), np.uint8)
    valid = np.zeros((20, 20), np.uint8)
    valid[5:11, 5:11] = 255
    assert mean_structural_similarity(grey, grey, None, valid) is None


@pytest.mark.parametrize("shape", [(6, 7), (7, 6), (1, 1)])
def test_images_smaller_than_the_window_are_refused(shape: tuple[int, int]) -> None:
    grey = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match="SSIM needs at least 7 × 7 pixels"):
        structural_similarity(grey, grey)


def test_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes differ: \(9, 9\) and \(9, 8\)"):
        structural_similarity(np.zeros((9, 9), np.uint8), np.zeros((9, 8), np.uint8))
