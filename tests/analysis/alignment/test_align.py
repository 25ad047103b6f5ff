"""Alignment: the simplest transform that fits, nothing where nothing is needed, and an honest word about the rest."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from app.analysis import Deadline
from app.analysis.alignment.align import align
from app.analysis.alignment.warping import warp_to_before
from app.analysis.evaluate import evaluate
from app.analysis.model import IDENTITY, Alignment, Box, Options
from tests.analysis.pictures import encoded, picture
from tests.analysis.screens import page

Pixels = npt.NDArray[np.uint8]
SCENE = np.asarray(cv2.resize(data.astronaut(), (640, 640), interpolation=cv2.INTER_AREA), np.uint8)
BEFORE = SCENE[60:540, 60:580]


def aligned(before: Pixels, after: Pixels, **options: str) -> Alignment:
    return align(picture(before), picture(after), Options(**options), Deadline())  # type: ignore[arg-type]


def seen(matrix: npt.ArrayLike) -> Pixels:
    """Look at the scene so that ``matrix`` maps pixels of BEFORE to those of the result."""
    to_scene = np.array([[1, 0, 60], [0, 1, 60], [0, 0, 1]], np.float64)
    back = to_scene @ np.linalg.inv(np.array(matrix, np.float64))
    return np.asarray(cv2.warpPerspective(SCENE, back, (520, 480), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP))


def largest_error(found: Alignment, true: npt.ArrayLike) -> float:
    corners = np.array([[[0, 0], [519, 0], [519, 479], [0, 479]]], np.float64)
    said, meant = (cv2.perspectiveTransform(corners, np.array(m, np.float64)) for m in (found.matrix, true))
    return float(np.linalg.norm(said - meant, axis=2).max())


def turn(degrees: float, scale: float) -> npt.NDArray[np.float64]:
    return np.vstack([cv2.getRotationMatrix2D((260, 240), degrees, scale), [0, 0, 1]])


def test_a_shift_by_whole_pixels_is_exact_and_leaves_nothing_to_resample() -> None:
    found = aligned(BEFORE, SCENE[53:533, 71:591])
    assert (found.model, found.matrix) == ("shift", ((1, 0, -11), (0, 1, 7), (0, 0, 1)))
    pixels, valid = warp_to_before(np.ascontiguousarray(SCENE[53:533, 71:591]), found, (480, 520))
    assert np.array_equal(pixels[valid > 0], BEFORE[valid > 0])


@pytest.mark.parametrize(
    ("matrix", "models"),
    [
        ([[1, 0, 4.4], [0, 1, -2.7], [0, 0, 1]], {"shift"}),
        (turn(2.5, 1.02), {"similarity"}),
        ([[1.02, 0.015, 3], [-0.01, 0.98, 5], [0, 0, 1]], {"affine"}),
        ([[1.01, 0.02, -3], [0.01, 0.99, 4], [4e-5, -3e-5, 1]], {"homography"}),
    ],
)
def test_the_simplest_model_that_fits_is_found_to_a_fifth_of_a_pixel(matrix: npt.ArrayLike, models: set[str]) -> None:
    found = aligned(BEFORE, seen(matrix))
    assert found.model in models
    assert largest_error(found, matrix) < 0.2


def test_large_turns_and_zooms_are_found_too() -> None:
    matrix = turn(33, 0.7)
    found = aligned(BEFORE, seen(matrix))
    assert largest_error(found, matrix) < 0.5
    assert found.reason == "turned 33° counterclockwise"


def test_what_lies_in_place_is_left_there_even_with_noise_and_edits() -> None:
    after = np.clip(BEFORE + np.random.default_rng(3).normal(0, 5, BEFORE.shape), 0, 255).astype(np.uint8)
    after[100:220, 100:260] = 90
    found = aligned(BEFORE, after)
    assert (found.model, found.matrix, found.reason) == ("none", IDENTITY, "already in place")


def test_switched_off_means_compared_as_given() -> None:
    found = aligned(BEFORE, SCENE[53:533, 71:591], align="off")
    assert (found.matrix, found.reason) == (IDENTITY, "switched off")


def test_a_resized_copy_is_brought_to_the_same_size() -> None:
    half = np.asarray(cv2.resize(BEFORE, (260, 240), interpolation=cv2.INTER_AREA))
    found = aligned(BEFORE, half)
    assert found.model == "similarity"
    assert largest_error(found, [[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]]) < 0.2


@pytest.mark.parametrize("scale", [0.52, 0.67, 1.23])
def test_a_resized_page_is_laid_as_resizing_does_it(scale: float) -> None:
    """Points of thin strokes were off by a seventh of a pixel, so that lines at its edge came out changed."""
    width, height = round(640 * scale), round(480 * scale)
    resized = cv2.resize(page(), (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    across, down = width / 640, height / 480
    expected = [[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]]
    assert largest_error(aligned(page(), np.asarray(resized, np.uint8)), expected) < 0.01


def test_a_crop_that_was_resized_is_not_taken_for_the_whole() -> None:
    crop = np.asarray(cv2.resize(SCENE[60:540, 60:580], (364, 336), interpolation=cv2.INTER_AREA), np.uint8)
    found = aligned(SCENE[58:542, 58:582], crop)
    true = np.array([[0.7, 0, 0.7 / 2 - 0.5 - 0.7 * 2], [0, 0.7, 0.7 / 2 - 0.5 - 0.7 * 2], [0, 0, 1]])
    assert largest_error(found, true) < 0.2


def test_a_crop_is_found_where_it_was_cut_out() -> None:
    found = aligned(BEFORE, BEFORE[100:400, 150:450])
    assert found.matrix == ((1, 0, -150), (0, 1, -100), (0, 0, 1))
    assert evaluate(encoded(BEFORE), encoded(BEFORE[100:400, 150:450])).verdict == "equivalent"


def test_a_page_that_grew_to_the_right_and_below_has_two_added_regions() -> None:
    after = np.full((560, 600, 3), 255, np.uint8)
    after[:480, :520] = BEFORE
    right, below = evaluate(encoded(BEFORE), encoded(after)).regions
    assert (right.kind, right.before, right.after) == ("added", Box(519, 0, 1, 480), Box(520, 0, 80, 560))
    assert (below.kind, below.before, below.after) == ("added", Box(0, 479, 520, 1), Box(0, 480, 600, 80))


@pytest.mark.parametrize("blank", [True, False])
def test_flat_pictures_of_another_shape_are_compared_from_the_top_left_corner(blank: bool) -> None:
    """A side that stayed says that the page grew; what is on it, that stretching would not bring it in place."""
    before, after = (np.full((40, width, 3), 200, np.uint8) for width in (40, 60))
    if not blank:
        before[10:14, 10:14] = after[10:14, 10:14] = 0
    found = evaluate(encoded(before), encoded(after))
    assert found.alignment.reason == "compared from the top left corner"
    (region,) = found.regions
    assert (region.kind, region.after) == ("added", Box(40, 0, 20, 40))


def test_a_binarised_board_with_few_corners_is_shifted_into_place() -> None:
    board = np.full((400, 400, 3), 0, np.uint8)
    for x in (60, 150, 260, 330):
        cv2.line(board, (x, 0), (x, 180), (255, 255, 255), 14)
        cv2.line(board, (x, 180), (x - 40, 399), (255, 255, 255), 14)
    after = np.roll(board, (3, -2), axis=(0, 1))
    noisy = np.clip(after + np.random.default_rng(0).normal(0, 6, after.shape), 0, 255).astype(np.uint8)
    found = aligned(board, noisy)
    assert largest_error(found, [[1, 0, -2], [0, 1, 3], [0, 0, 1]]) < 0.5


@pytest.mark.parametrize("across", [20, 30, 36])
def test_tiles_are_not_taken_for_their_neighbours(across: int) -> None:
    """Moved by more than half a tile, the wrong neighbour is nearer, and most points agree on it."""
    tile = np.full((48, 48, 3), 200, np.uint8)
    cv2.circle(tile, (24, 24), 15, (60, 90, 150), -1, cv2.LINE_AA)
    cv2.rectangle(tile, (0, 0), (47, 47), (90, 80, 70), 3)
    tints = np.random.default_rng(1).uniform(-25, 25, (14, 18, 3)).repeat(48, axis=0).repeat(48, axis=1)
    before = np.clip(np.tile(tile, (14, 18, 1)) + tints, 0, 255).astype(np.uint8)
    matrix = np.array([[1.02, -0.01, -across], [0.005, 1.0, -4.0], [1e-5, 0.0, 1.0]])
    after = cv2.warpPerspective(
        before, matrix, before.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    found = align(picture(before), picture(np.asarray(after, np.uint8)), Options(), Deadline())
    assert found.matrix[0][2] == pytest.approx(-across, abs=0.5)


@pytest.mark.parametrize("size", [(39, 18), (80, 31), (12, 90)])
def test_one_colour_is_the_same_at_any_size(size: tuple[int, int]) -> None:
    """A red square made narrow was compared corner on corner, and what hung over called a difference."""
    before, after = (encoded(np.full((*shape, 3), (255, 0, 0), np.uint8)) for shape in ((36, 36), size))
    result = evaluate(before, after)
    assert result.verdict == "equivalent"
    assert result.alignment.reason == "brought to the same size"


def test_another_colour_of_another_size_is_a_difference() -> None:
    before = encoded(np.full((36, 36, 3), (255, 0, 0), np.uint8))
    after = encoded(np.full((39, 18, 3), (255, 90, 0), np.uint8))
    assert evaluate(before, after).verdict == "different"
