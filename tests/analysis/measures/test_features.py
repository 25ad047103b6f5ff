"""Keypoints, matches and inliers: known shifts are found, hopeless images have reasons, the picture shows them."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.alignment.bend import EXPONENTS, bent_map
from app.analysis.alignment.framing import places_in_after
from app.analysis.measures.features import Matches, draw_matches, find_matches, summarise, with_inliers
from app.analysis.model import Alignment, Band, Features

PHOTO = data.astronaut()


def shifted(x: int, y: int, photo: Any = PHOTO) -> Any:
    return np.roll(photo, (y, x), (0, 1))


def shift(x: float, y: float) -> Alignment:
    return Alignment("shift", ((1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0)), 100)


def agreeing(before: Any, after: Any, alignment: Alignment | None = None) -> Matches:
    found = find_matches(before, after)
    return with_inliers(found, alignment and places_in_after(found.before, alignment, before.shape))


def match_features(before: Any, after: Any, alignment: Alignment | None = None) -> Features:
    return summarise(agreeing(before, after, alignment))


def test_an_image_matches_itself_entirely() -> None:
    features = match_features(PHOTO, PHOTO.copy(), Alignment())
    assert features.keypoints_before == features.keypoints_after == features.matches == features.inliers
    assert features.match_rate == 1
    assert features.reason is None


def test_counts_are_those_of_plain_opencv() -> None:
    """An independent way: ORB, and every distance in NumPy with cross-check, at the same number of keypoints."""
    other = shifted(7, 4)
    orb = cv2.ORB.create(500)
    keys, descriptors = zip(
        *(orb.detectAndCompute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None) for image in (PHOTO, other)), strict=True
    )
    distances = np.bitwise_count(descriptors[0][:, None] ^ descriptors[1][None]).sum(axis=2)
    nearest, back = distances.argmin(axis=1), distances.argmin(axis=0)
    pairs = np.flatnonzero(back[nearest] == np.arange(len(nearest)))
    features = match_features(PHOTO, other, shift(7, 4))
    assert (features.keypoints_before, features.keypoints_after) == (len(keys[0]), len(keys[1]))
    assert features.matches == len(pairs)
    assert features.match_rate == len(pairs) / min(len(keys[0]), len(keys[1]))


def test_inliers_are_the_matches_that_the_alignment_explains() -> None:
    right = match_features(PHOTO, shifted(40, 25), shift(40, 25))
    wrong = match_features(PHOTO, shifted(40, 25), shift(-40, 25))
    assert right.inliers > 0.8 * right.matches
    assert wrong.inliers < 0.05 * wrong.matches
    assert right.matches == wrong.matches


def test_where_rows_moved_each_match_is_held_against_its_own_band() -> None:
    """A page with 40 rows inserted has no matrix: nearly every line between the pages was drawn red."""
    after = np.insert(PHOTO, 200, np.full((40, *PHOTO.shape[1:]), 255, np.uint8), axis=0)
    bands = Alignment("shift", bands=(Band(0, 0, 200), Band(200, 240, 312)))
    features = match_features(PHOTO, after, bands)
    assert features.inliers > 0.8 * features.matches > 100


def test_where_paper_bends_matches_bend_along() -> None:
    """As the picture is bent by 12 pixels in its middle, the matrix alone explains only what lies near the border."""
    bend = [(0.0, 0.0)] * len(EXPONENTS)
    for (i, j), amount in (((0, 0), 12.0), ((2, 0), -12.0)):
        bend[EXPONENTS.index((i, j))] = (0.0, amount / PHOTO.shape[0])
    bent = Alignment("homography", bend=tuple(bend))
    x, y = bent_map(np.eye(3), tuple((-across, -down) for across, down in bend), PHOTO.shape, (0, PHOTO.shape[0]))
    after = cv2.remap(PHOTO, x, y, cv2.INTER_LINEAR)
    assert match_features(PHOTO, after, bent).inliers > 2 * match_features(PHOTO, after, Alignment()).inliers


def test_without_an_alignment_a_homography_is_fitted() -> None:
    fitted = match_features(PHOTO, shifted(40, 25))
    assert fitted.inliers > 0.8 * fitted.matches


def test_unrelated_images_have_hardly_an_inlier() -> None:
    features = match_features(PHOTO, data.coffee())
    assert features.inliers < 0.1 * features.matches


def test_points_of_large_images_are_in_their_own_pixels() -> None:
    """Keypoints come from a reduced image; 2500 pixels wide, a shift of 50 is still 50."""
    large = cv2.resize(PHOTO, (2500, 2500), interpolation=cv2.INTER_CUBIC)
    found = agreeing(large, shifted(50, 20, large), shift(50, 20))
    moved = (found.after - found.before)[found.inliers]
    assert found.inliers.sum() > 0.8 * len(found.inliers)
    assert np.abs(np.median(moved, axis=0) - (50, 20)).max() < 1
    assert found.before.max() > 2000


def test_images_of_two_sizes_are_matched() -> None:
    half = cv2.resize(PHOTO, (256, 256), interpolation=cv2.INTER_AREA)
    matrix = ((0.5, 0.0, -0.25), (0.0, 0.5, -0.25), (0.0, 0.0, 1.0))
    features = match_features(PHOTO, half, Alignment("similarity", matrix, 50))
    assert features.inliers > 0.25 * features.matches > 10


@pytest.mark.parametrize("shape", [(1, 1), (20, 400), (31, 31), (5, 20_000)])
def test_images_too_small_for_orb_have_a_reason(shape: tuple[int, int]) -> None:
    features = match_features(np.zeros((*shape, 3), np.uint8), PHOTO)
    assert (features.matches, features.inliers, features.match_rate) == (0, 0, None)
    assert features.reason == "before is too small for keypoints: they need 32 pixels a side."


def test_a_long_strip_that_is_too_thin_once_reduced_has_a_reason() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (100, 20_000, 3), np.uint8)
    features = match_features(PHOTO, strip)
    assert features.match_rate is None
    assert features.reason is not None
    assert "after" in features.reason


def test_flat_images_have_a_reason() -> None:
    flat = np.full((200, 200, 3), 90, np.uint8)
    features = match_features(PHOTO, flat)
    assert features.reason == "after has no corners, so no keypoints."
    assert features.keypoints_before > 0


def test_a_few_matches_without_alignment_claim_no_inlier() -> None:
    """Four points always fit a homography."""
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[40:60, 40:60] = 255
    features = match_features(picture, picture.copy())
    assert features.inliers == 0 or features.matches >= 8


def test_inliers_are_drawn_green_and_the_others_red() -> None:
    """On black, so that only the lines have a colour."""
    found = agreeing(PHOTO, shifted(5, 3), shift(5, 3))
    black = np.zeros_like(PHOTO)
    drawn = draw_matches(black, black, found)
    red, green = drawn[..., 0].astype(int), drawn[..., 1].astype(int)
    assert drawn.shape == (512, 1024, 3)
    assert (green > 2 * red + 50).sum() > (red > 2 * green + 50).sum() > 0
    all_agree = replace(found, inliers=np.ones_like(found.inliers))
    assert not (draw_matches(black, black, all_agree)[..., 0] > 50).any()


@pytest.mark.parametrize("shape", [(1, 1), (40, 3000), (3000, 4000)])
def test_drawing_fits_any_two_sizes(shape: tuple[int, int]) -> None:
    image = np.zeros((*shape, 3), np.uint8)
    drawn = draw_matches(image, PHOTO, find_matches(image, PHOTO))
    assert max(drawn.shape[0], drawn.shape[1] // 2) <= 1001
