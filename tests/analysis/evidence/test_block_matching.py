"""Slipping: places that are a few pixels off are laid anew; what really changed stays."""

import cv2
import numpy as np
from skimage import data

from app.analysis import Options, evaluate
from app.analysis.evidence.block_matching import match_blocks
from app.analysis.model import FloatArray, UInt8Array

PICTURE: FloatArray = np.asarray(data.camera()[100:340, 60:420], np.float32)
SEEN = np.full(PICTURE.shape, 255, np.uint8)


def mask_of(*boxes: tuple[int, int, int, int]) -> UInt8Array:
    mask = np.zeros(PICTURE.shape, np.uint8)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = 255
    return mask


def slipped(by: int) -> FloatArray:
    """Shift what lies in a block of the picture to the right."""
    out = PICTURE.copy()
    out[48:144, 120:216] = PICTURE[48:144, 120 - by : 216 - by]
    return out


def test_a_place_that_is_off_comes_back() -> None:
    after = slipped(3)
    settled = match_blocks([PICTURE], [after], SEEN, mask_of((120, 48, 96, 96)))
    assert settled is not None
    inside = (slice(72, 120), slice(144, 192))
    assert np.abs(settled[0] - PICTURE)[inside].mean() < 0.2 * np.abs(after - PICTURE)[inside].mean()


def test_what_is_farther_off_is_left_for_a_change() -> None:
    assert match_blocks([PICTURE], [slipped(12)], SEEN, mask_of((150, 80, 20, 20))) is None


def test_a_thing_that_was_not_there_is_no_slip() -> None:
    after = PICTURE.copy()
    cv2.circle(after, (170, 96), 14, 255, -1)
    assert match_blocks([PICTURE], [after], SEEN, mask_of((156, 82, 29, 29))) is None


def test_where_nothing_differs_nothing_is_looked_at() -> None:
    assert match_blocks([PICTURE], [slipped(3)], SEEN, mask_of()) is None


def test_tiny_pictures_are_left_alone() -> None:
    tiny = PICTURE[:20, :20]
    assert match_blocks([tiny], [tiny + 9], SEEN[:20, :20], np.full((20, 20), 255, np.uint8)) is None


def print_of(bend: float, stamp: bool = False) -> bytes:
    """Print words and lines on paper that bends by some pixels, and photograph it with some noise."""
    sheet = np.full((480, 640, 3), 246, np.uint8)
    for row in range(11):
        cv2.putText(sheet, "part 40.17 copper, left", (30, 50 + 40 * row), 0, 0.9, (40, 40, 60), 2, cv2.LINE_AA)
        cv2.line(sheet, (430, 40 + 40 * row), (610, 40 + 40 * row), (30, 60, 30), 2, cv2.LINE_AA)
    if stamp:
        cv2.circle(sheet, (500, 215), 16, (160, 30, 40), -1, cv2.LINE_AA)
    y, x = np.mgrid[0:480, 0:640].astype(np.float32)
    bent = cv2.remap(sheet, x, y + bend * np.sin(x / 640 * 4 * np.pi).astype(np.float32), cv2.INTER_CUBIC)
    noisy = bent + np.random.default_rng(int(bend)).normal(0, 2, bent.shape)
    return cv2.imencode(".png", np.clip(noisy, 0, 255).astype(np.uint8))[1].tobytes()


def test_paper_that_bends_is_equivalent() -> None:
    """No single transform lays bent paper flat; the lines at its bends were called changed."""
    assert evaluate(print_of(0), print_of(3), Options()).verdict == "equivalent"


def test_a_stamp_on_paper_that_bends_is_the_only_difference() -> None:
    found = evaluate(print_of(0), print_of(3, stamp=True), Options()).regions
    assert len(found) == 1
    assert abs(found[0].before.x + found[0].before.width / 2 - 500) < 6
