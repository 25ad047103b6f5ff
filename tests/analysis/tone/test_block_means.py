"""Thin strokes, looked at from afar, tell of the exposure where nothing flat does; changes do not."""

import cv2
import numpy as np

from app.analysis import evaluate
from app.analysis.model import Options, UInt8Array
from app.analysis.tone.block_means import with_block_means
from app.analysis.tone.even import even_tone
from app.analysis.tone.information import information_in
from app.analysis.tone.samples import sample
from tests.analysis.pictures import quantised


def desk(exposed: bool, noise: float = 0.0) -> UInt8Array:
    """Write thin bright words on a dark desktop; exposed otherwise, the ground stays and what is bright does not."""
    sheet = np.full((720, 1000, 3), 46, np.uint8)
    sheet[:, :500] = 50
    for number in range(60):
        x, y = 40 + 95 * (number % 10), 40 + 115 * (number // 10)
        cv2.putText(sheet, f"item {number}", (x, y + 45), 0, 0.45, (225, 225, 225), 1, cv2.LINE_AA)
        cv2.putText(sheet, "open", (x, y + 20), 0, 0.45, (120 + number, 150, 205 - number), 1, cv2.LINE_AA)
    levels = 255 * (sheet / 255) ** 1.13 * 1.24 if exposed else sheet.astype(np.float64)
    return quantised(cv2.GaussianBlur(levels, (0, 0), 0.6) + np.random.default_rng(9).normal(0, noise, sheet.shape))


def test_what_is_bright_on_a_dark_desktop_tells_of_the_exposure() -> None:
    """Flat patches were dark alone: the curve went on as it liked, or its gain was lost in the noise of the ground."""
    before, after = desk(False), desk(True, noise=4)
    tone, pixels, _ = even_tone(before, after.copy(), np.full(before.shape[:2], 255, np.uint8), Options())
    assert tone.reason == "exposure evened out"
    for low, high in ((100, 150), (150, 200), (200, 256)):
        place = (before.mean(axis=2) >= low) & (before.mean(axis=2) < high)
        assert abs(float(np.mean(after[place].astype(int) - before[place]))) > 8
        assert abs(float(np.mean(pixels[place].astype(int) - before[place]))) < 4
    assert (
        abs(float(np.mean(after[before.mean(axis=2) > 200].astype(int)) - np.mean(before[before.mean(axis=2) > 200])))
        > 9
    )


def test_a_new_badge_on_a_dark_desktop_is_no_exposure() -> None:
    before = desk(False)
    after = quantised(before + np.random.default_rng(9).normal(0, 4, before.shape))
    after[300:340, 700:760] = (200, 60, 60)
    tone, *_ = even_tone(before, after.copy(), np.full(before.shape[:2], 255, np.uint8), Options())
    assert not tone.applied


def test_changes_are_not_what_tells_of_the_exposure_of_a_picture_of_one_tone() -> None:
    """Snow had one tone and the changes in it all others: they were evened out, and three of five were not seen."""
    snow = quantised(22 + np.random.default_rng(3).normal(0, 2, (720, 1000, 3)))
    after = snow.copy()
    for x, y in ((108, 350), (420, 600), (860, 200), (600, 60)):
        after[y : y + 60, x : x + 80] = np.linspace(40, 200, 80).astype(np.uint8)[None, :, None]
    whole = np.full((720, 1000), 255, np.uint8)
    seen = sample(snow, after, whole)
    assert seen is not None
    assert len(with_block_means(seen, information_in(seen), snow, after, whole).target) == len(seen.target)
    assert not even_tone(snow, after.copy(), whole, Options())[0].applied


def test_blocks_with_clipped_pixels_tell_nothing_from_afar() -> None:
    whole = np.full((720, 1000), 255, np.uint8)
    added = []
    for ink in (225, 255):
        sheet = np.full((720, 1000, 3), 46, np.uint8)
        for line in range(20):
            cv2.putText(sheet, "water 12.50 chapter seven", (40, 40 + 34 * line), 0, 0.6, (ink,) * 3, 1)
        seen = sample(sheet, sheet, whole)
        assert seen is not None
        more = with_block_means(seen, information_in(seen), sheet, sheet, whole)
        added.append(len(more.target) - len(seen.target))
    assert added[0] > 500 > 2 * added[1]


def skeleton() -> UInt8Array:
    """White outlines one pixel wide on black, on a white page."""
    page = np.full((600, 800, 3), 255, np.uint8)
    random = np.random.default_rng(0)
    for left in (20, 410):
        cv2.rectangle(page, (left, 60), (left + 370, 560), (0, 0, 0), -1)
        turn = np.linspace(0, 6, 40)
        reach = random.uniform(0.6, 1, (2, 40))
        outline = np.stack([left + 185 + 150 * np.cos(turn) * reach[0], 310 + 200 * np.sin(turn) * reach[1]], axis=1)
        cv2.polylines(page, [outline.astype(np.int32)], True, (255, 255, 255), 1, cv2.LINE_AA)
        cv2.putText(page, "skeleton", (left + 100, 45), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return page


def test_black_that_stays_black_says_nothing_of_thin_strokes_beside_which_it_did_not() -> None:
    """The paper in blurred strokes was taken for lifted black, and undoing that dimmed every thin white line."""
    page = skeleton()
    down, across = np.mgrid[-1:1:600j, -1:1:800j]
    turned = np.array([[1.01, 0.012, -6.3], [-0.011, 0.99, 4.6]])
    moved = cv2.warpAffine(page, turned, (800, 600), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = moved * (0.98 + 0.12 * across - 0.1 * down)[..., None] + np.random.default_rng(1).normal(0, 4, page.shape)
    files = (cv2.imencode(kind, pixels)[1].tobytes() for kind, pixels in ((".png", page), (".jpg", quantised(lit))))
    assert evaluate(*files).verdict == "equivalent"
