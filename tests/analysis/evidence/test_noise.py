"""The noise of a pair is read off what did not change, however much did."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis import Options, evaluate
from app.analysis.evidence.hysteresis import find_mask
from app.analysis.evidence.noise import ACROSS, FEWEST_BLOCKS, WINNER, _votes, noise_by_contrast, noise_in_busy_places
from app.analysis.evidence.weighing import find_evidence
from app.analysis.model import UInt8Array
from tests.analysis.pictures import resaved

GRASS: UInt8Array = np.asarray(cv2.cvtColor(np.asarray(data.grass()[:400, :400]), cv2.COLOR_GRAY2RGB), np.uint8)
SEEN = np.full((200, 200), 255, np.uint8)


def test_noise_is_told_for_each_bin_of_contrast() -> None:
    bins = np.zeros((200, 200), np.uint8)
    bins[:, 1::2] = 2
    excess = np.where(bins == 0, np.float32(2), np.float32(9))
    assert noise_by_contrast(excess, bins, SEEN, 4).tolist() == [2, 2, 9, 9]


def test_bins_vote_as_numpy_s_quantile_says() -> None:
    """Each block votes for one level; of bins with fewer blocks than are needed nothing is told."""
    random = np.random.default_rng(7)
    levels = random.integers(0, 60, (ACROSS, ACROSS))
    kinds = np.where(np.arange(ACROSS * ACROSS) < FEWEST_BLOCKS - 1, 0, random.integers(1, 4, ACROSS * ACROSS))
    excess, bins = (np.repeat(np.repeat(table.reshape(ACROSS, ACROSS), 20, 0), 20, 1) for table in (levels, kinds))
    table, support = _votes(excess.astype(np.float32), bins.astype(np.uint8), SEEN, 4)
    assert support.tolist() == [0, *np.bincount(kinds)[1:]]
    for kind in (1, 2, 3):
        assert table[kind] == pytest.approx(np.quantile(levels.ravel()[kinds == kind], WINNER))


@pytest.mark.parametrize(("busy", "noise"), [(0.0, None), (0.1, None), (0.5, 9.0)])
def test_busy_places_tell_the_noise_where_there_are_enough(busy: float, noise: float | None) -> None:
    bins = np.zeros((200, 200), np.uint8)
    bins[: int(200 * busy), 1::2] = 2
    excess = np.where(bins == 0, np.float32(2), np.float32(9))
    assert noise_in_busy_places(excess, bins, SEEN, 4) == noise


def test_what_few_busy_places_show_counts_though_most_are_quieter() -> None:
    """Colour that is coarse beside a few edges was compressed: caution needs no majority."""
    bins = np.full((200, 200), 3, np.uint8)
    excess = np.full((200, 200), 1, np.float32)
    bins[:20, :120], excess[:20, :120] = 2, 9
    assert noise_in_busy_places(excess, bins, SEEN, 4) == 9
    assert noise_by_contrast(excess, bins, SEEN, 4).tolist() == [0, 0, 1, 1]


def test_what_cannot_be_judged_has_no_vote() -> None:
    excess, bins = np.full((200, 200), 5, np.float32), np.zeros((200, 200), np.uint8)
    assert noise_by_contrast(excess, bins, np.zeros_like(SEEN), 2).tolist() == [0, 0]


def test_a_change_that_has_a_bin_of_contrast_to_itself_is_no_noise() -> None:
    """Once this bin said what is normal for all busier ones, and a picture without flat places hid every change."""
    bins = np.full((200, 200), 3, np.uint8)
    excess = np.full((200, 200), 2, np.float32)
    bins[60:120, 60:120], excess[60:120, 60:120] = 0, 60
    assert noise_by_contrast(excess, bins, SEEN, 5).tolist() == [2, 2, 2, 2, 2]


@pytest.mark.parametrize("flat", ["before", "after"])
def test_a_flat_patch_in_a_picture_that_is_flat_nowhere_hides_nothing(flat: str) -> None:
    shifted = cv2.warpAffine(GRASS, np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32), (400, 400))
    pair = {"before": GRASS.copy(), "after": np.asarray(shifted, np.uint8)}
    pair[flat][60:130, 60:150] = (110, 100, 190)
    cv2.putText(pair["before"], "S", (260, 300), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (190, 130, 240), 3, cv2.LINE_AA)
    cv2.putText(pair["after"], "V", (260, 300), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (190, 130, 240), 3, cv2.LINE_AA)
    valid = np.zeros((400, 400), np.uint8)
    valid[8:-8, 8:-8] = 255
    mask = find_mask(find_evidence(pair["before"], pair["after"], valid), (400, 400), 8) > 0
    assert mask[60:130, 60:150].mean() > 0.6
    assert mask[280:302, 258:280].any()
    mask[52:138, 52:158] = mask[274:308, 252:286] = False
    assert not mask.any()


def test_along_the_border_of_a_noisy_pair_nothing_is_a_difference_of_its_own() -> None:
    """A pair a pixel or two out of place brings in what was beyond the border."""
    noise = np.random.default_rng(1).normal(0, 4, GRASS.shape)
    for left, verdict in ((0, "equivalent"), (40, "different")):
        after = np.clip(GRASS + noise, 0, 255).astype(np.uint8)
        after[150:200, left : left + 4] = (250, 30, 30)
        files = [cv2.imencode(".png", image)[1].tobytes() for image in (GRASS, after)]
        assert evaluate(*files, Options(align="off")).verdict == verdict


def board(first: int, apart: int) -> UInt8Array:
    """Black lines of 12 pixels on white."""
    drawn = np.full((400, 400, 3), 255, np.uint8)
    for place in range(first, 380, apart):
        drawn[20:380, place : place + 12] = 0
    return drawn


def marked(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether anything is marked once *after* was saved as JPEG."""
    valid = np.full((400, 400), 255, np.uint8)
    return bool(find_mask(find_evidence(before, resaved(after, 80), valid), (400, 400), 8).any())


def test_a_line_of_a_binarised_board_may_be_a_pixel_thicker_on_one_side() -> None:
    before = board(20, 30)
    after = before.copy()
    after[60:340, 92:93] = 0
    assert not marked(before, after)


def test_so_may_it_when_the_board_was_laid_over_another_between_two_pixels() -> None:
    """Its edges are grey then, but it is black and white all the same."""
    before = board(21, 32)
    after = before.copy()
    after[60:340, 97:98] = 0
    half = np.array([[1, 0, 0.5], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(after, half, (400, 400), borderValue=(255, 255, 255))
    assert not marked(before, np.asarray(moved, np.uint8))
