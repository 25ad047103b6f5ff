"""evaluate: what cameras, encoders and hands do to a picture is no difference; what was pasted into it is one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis import Deadline
from app.analysis.evaluate import evaluate
from app.analysis.model import Box, UInt8Array
from app.errors import CorruptImage, TimedOut
from tests.analysis.edits import EDIT, assert_one_edit, assert_same_picture, crop, pasted, scene
from tests.analysis.pictures import compare, encoded, quantised


def turned(pixels: UInt8Array) -> UInt8Array:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC))


def tilted(pixels: UInt8Array) -> UInt8Array:
    """Move two corners by 3 % of the sides."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to = corners + np.array([[0.03, 0.03], [0, 0], [-0.03, 0], [0, -0.03]], np.float32) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, to.astype(np.float32))
    return np.asarray(cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC))


HARMLESS: dict[str, Callable[[UInt8Array], bytes]] = {
    "JPEG 60": lambda p: encoded(p, 60),
    "noise": lambda p: encoded(quantised(p + np.random.default_rng(1).normal(0, 5, p.shape))),
    "blur": lambda p: encoded(cv2.GaussianBlur(p, (0, 0), 1.2)),
    "darker": lambda p: encoded(quantised(p * 0.85)),
    "brighter": lambda p: encoded(quantised(p * 1.15)),
    "uneven light": lambda p: encoded(quantised(p * np.linspace(0.8, 1.1, p.shape[1])[None, :, None])),
    "light from the side": lambda p: encoded(quantised(p * np.linspace(0.75, 1, p.shape[1])[None, :, None])),
    "shift": lambda p: encoded(p[5:, :-9]),
    "shift by parts of a pixel": lambda p: encoded(
        cv2.warpAffine(p, np.array([[1, 0, 7.4], [0, 1, -4.3]]), p.shape[1::-1])
    ),
    "rotation": lambda p: encoded(turned(p)),
    "perspective": lambda p: encoded(tilted(p)),
    "resize": lambda p: encoded(cv2.resize(p, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)),
}


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_not_matter_is_no_difference_and_does_not_hide_one(change: str, name: str) -> None:
    before = scene(name)
    assert_same_picture(evaluate(encoded(before), HARMLESS[change](before)))
    assert_one_edit(evaluate(encoded(before), HARMLESS[change](pasted(before, EDIT))))


def test_what_is_ignored_is_no_difference() -> None:
    before = crop()
    after = pasted(before, Box(60, 70, 30, 30))
    assert compare(before, after).verdict == "different"
    assert_same_picture(compare(before, after, ignore=(Box(60, 70, 30, 30),)))


@pytest.mark.parametrize("width", [640, 2001])
def test_so_is_it_in_a_noisy_pair_but_not_what_lies_beside_it(width: int) -> None:
    """Also where the search works at a smaller size than the picture's."""
    before = np.asarray(cv2.resize(data.coffee(), (width, width * 2 // 3), interpolation=cv2.INTER_CUBIC), np.uint8)
    noise = np.random.default_rng(2).normal(0, 3, before.shape)
    after = np.clip(before + noise, 0, 255).astype(np.uint8)
    side, beside = width // 16, width // 8
    for left in (side, side + beside):
        after[side : 2 * side, left : left + side] = (30, 160, 220)
    first, both = Box(side, side, side, side), Box(side, side, side + beside, side)
    assert [len(compare(before, after, ignore=boxes).regions) for boxes in ((), (first,), (both,))] == [2, 1, 0]


def test_each_step_is_timed() -> None:
    timings = compare(crop(), pasted(crop(), EDIT)).timings_ms
    assert set(timings) == {"decode", "align", "tone", "measure", "regions", "category", "total"}
    assert all(milliseconds >= 0 for milliseconds in timings.values())
    assert timings["total"] >= timings["decode"] + timings["align"] + timings["regions"]


def test_no_time_at_all_is_said_to_be_up() -> None:
    with pytest.raises(TimedOut):
        evaluate(encoded(crop()), encoded(crop()), deadline=Deadline(0))


def test_a_broken_file_is_refused_whichever_it_is() -> None:
    broken = encoded(crop())[:2000]
    for pair in ((broken, encoded(crop())), (encoded(crop()), broken)):
        with pytest.raises(CorruptImage):
            evaluate(*pair)
