"""What was clipped gives way to what it hides, pixel by pixel, and nothing else does."""

import cv2
import numpy as np

from app.analysis.tone.even import _give_way
from tests.analysis.pictures import quantised
from tests.analysis.tone.coffee import BEFORE, evened


def test_what_clipped_to_white_gives_way_to_what_it_hides() -> None:
    after = quantised(BEFORE * 1.6)
    clipped = cv2.erode((after == 255).all(axis=2).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert clipped.sum() > 500
    tone, pixels = evened(after)
    assert tone.applied
    assert np.percentile(cv2.absdiff(after, BEFORE).max(axis=2)[clipped], 50) > 12
    assert np.percentile(cv2.absdiff(pixels, BEFORE).max(axis=2)[clipped], 95) <= 4


def test_what_is_nearly_clipped_beside_a_line_is_a_share_of_the_line() -> None:
    """Blur spread a grey line over two rows, one of which was taken for noise on clipped paper, and the line paled."""
    before = np.full((40, 60, 3), 244, np.uint8)
    before[20] = 195
    after = np.full((40, 60, 3), 255, np.uint8)
    after[20], after[21] = 243, 248  # the line's 49 levels in halves, lit by an eighth, which clips the paper
    toned = _give_way(before, after, quantised(after * 0.885))
    assert (toned[:19] == 244).all() and (toned[23:] == 244).all()
    assert abs(int((244 - toned[18:24, 0, 0].astype(int)).sum()) - 49) <= 10


def test_noise_on_clipped_paper_gives_way_wherever_no_line_is() -> None:
    before = np.full((40, 60, 3), 244, np.uint8)
    after = np.full((40, 60, 3), 255, np.uint8)
    after[::5, ::7] = 247
    toned = _give_way(before, after, quantised(after * 0.885))
    assert (toned == 244).all()


def test_a_dark_thing_where_the_picture_was_white_does_not_give_way() -> None:
    after = quantised(BEFORE * 1.6)
    after[20:50, 20:70] = (90, 20, 20)
    _, pixels = evened(after)
    assert np.abs(pixels[22:48, 22:68].astype(int) - BEFORE[22:48, 22:68]).max(axis=2).mean() > 20


def test_the_nearer_to_the_limit_the_more_it_gives_way() -> None:
    """Near a line the mean is no longer white; a pixel that noise took off the limit was changed there."""
    rows, noisy = np.full((16, 32, 3), 255, np.uint8), np.full((16, 32, 3), 120, np.uint8)
    levels = (120, 238, 246, 250, 255)
    noisy[8, 3:28:6] = np.array(levels)[:, None]
    toned = quantised(noisy * 0.9)
    given = _give_way(rows, noisy, toned.copy())[8, 3:28:6, 0].astype(int)
    left = 255 - given
    assert given[0] == 108 and given[1] == 214 and given[4] == 255
    assert 30 > left[2] > left[3] > 3


def test_paper_just_short_of_the_limit_gives_way_downwards_too() -> None:
    paper, clipped = np.full((16, 32, 3), 251, np.uint8), np.full((16, 32, 3), 255, np.uint8)
    assert np.array_equal(_give_way(paper, clipped, clipped.copy()), paper)
    grey = np.full((16, 32, 3), 230, np.uint8)
    assert np.array_equal(_give_way(grey, clipped, clipped.copy()), clipped)
