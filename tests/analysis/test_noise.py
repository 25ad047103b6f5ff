"""The noise of a pair is read off what did not change, however much did."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.evidence import find_evidence, find_mask
from app.analysis.model import UInt8Array
from app.analysis.noise import noise_by_contrast

GRASS: UInt8Array = np.asarray(cv2.cvtColor(np.asarray(data.grass()[:400, :400]), cv2.COLOR_GRAY2RGB), np.uint8)
SEEN = np.full((200, 200), 255, np.uint8)


def test_noise_is_told_for_each_bin_of_contrast() -> None:
    bins = np.zeros((200, 200), np.uint8)
    bins[:, 1::2] = 2
    excess = np.where(bins == 0, np.float32(2), np.float32(9))
    assert noise_by_contrast(excess, bins, SEEN, 4).tolist() == [2, 2, 9, 9]


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
