"""Changes that fill much of the picture: what differs in most places is not the pair's noise, nor its exposure."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.encoding import encode_png
from app.analysis.evaluate import evaluate
from app.analysis.evidence.hysteresis import find_mask
from app.analysis.evidence.weighing import find_evidence
from app.analysis.model import Box, Evaluation
from tests.analysis.pictures import encoded, overlap, quantised

PHOTO: Any = np.ascontiguousarray(data.astronaut()[:480, :480])
OTHER: Any = cv2.resize(data.coffee(), (480, 480), interpolation=cv2.INTER_AREA)
WIDE = Box(60, 70, 400, 390)
"""68 % of the photo."""


def tinted(part: Any) -> Any:
    return np.clip(part + np.array([0, 30, -25]), 0, 255).astype(np.uint8)


def reddened(part: Any) -> Any:
    """Another colour of the same brightness."""
    return np.clip(part + np.array([30, -10, -20]), 0, 255).astype(np.uint8)


def painted(part: Any) -> Any:
    return np.full_like(part, (72, 160, 30))


def darkened(part: Any) -> Any:
    return (part * 0.6).astype(np.uint8)


def greyed(part: Any) -> Any:
    return cv2.cvtColor(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def pasted(part: Any) -> Any:
    return OTHER[: part.shape[0], : part.shape[1]]


def with_change(picture: Any, box: Box, change: Callable[[Any], Any]) -> Any:
    changed = picture.copy()
    inside = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
    changed[inside] = change(picture[inside])
    return changed


def jpeg(picture: Any, quality: int = 85) -> bytes:
    return encoded(picture, quality)


def noisy(picture: Any) -> bytes:
    noise = np.random.default_rng(3).normal(0, 5, picture.shape)
    return encode_png(quantised(picture + noise))


def shifted(picture: Any) -> bytes:
    return jpeg(np.ascontiguousarray(np.roll(picture, (4, 6), (0, 1))))


def best(result: Evaluation, box: Box) -> float:
    return max((overlap(region.before, box) for region in result.regions), default=0.0)


@pytest.mark.parametrize("capture", [encode_png, jpeg, noisy, shifted])
@pytest.mark.parametrize("change", [tinted, painted, darkened, greyed, pasted])
def test_a_change_of_two_thirds_of_the_picture_is_found(
    change: Callable[[Any], Any], capture: Callable[[Any], bytes]
) -> None:
    """Where it was in most places it was taken for noise, and the pair for equivalent."""
    result = evaluate(encode_png(PHOTO), capture(with_change(PHOTO, WIDE, change)))
    assert result.verdict == "different"
    assert best(result, WIDE) > 0.8


def test_the_noise_beside_it_is_no_change() -> None:
    """It is learned from what is left: the rest of the picture is not marked with it."""
    before = cv2.GaussianBlur(PHOTO, (0, 0), 4)
    noise = np.random.default_rng(0).normal(0, 8, before.shape)
    after = quantised(with_change(before, WIDE, tinted) + noise)
    valid = np.full(before.shape[:2], 255, np.uint8)
    mask = find_mask(find_evidence(before, after, valid), before.shape[:2], 8) > 0
    inside = np.zeros_like(mask)
    inside[WIDE.slices] = True
    assert mask[inside].mean() > 0.95
    near = cv2.dilate(inside.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    assert mask[~near].mean() < 0.02


def desktop() -> Any:
    """Icons, each with fine lines, on a dithered ground."""
    picture = np.full((600, 600, 3), (210, 170, 140), np.uint8)
    picture[::2, ::2] -= 10
    for index in range(49):
        x, y = 40 + 80 * (index % 7), 40 + 80 * (index // 7)
        colour = [int(value) for value in np.random.default_rng(index).integers(0, 256, 3)]
        cv2.circle(picture, (x, y), 18, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, str(index * 37), (x - 18, y + 5), 0, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def test_a_desktop_half_of_which_is_tinted_is_not_one_drawn_again() -> None:
    """Red over half of it made nearly every icon another, so it passed for anti-aliasing and "equivalent"."""
    before, box = desktop(), Box(80, 130, 420, 420)
    result = evaluate(encode_png(before), encode_png(with_change(before, box, reddened)))
    assert result.verdict == "different"
    assert best(result, box) > 0.9


def page() -> Any:
    """Black on white, as a scan of text is."""
    picture = np.full((380, 780, 3), 255, np.uint8)
    for row in range(4):
        cv2.putText(picture, f"u{row} = {row * 13}.3 L (Y / Yn) - {row}6", (20, 50 + 90 * row), 0, 1, 0, 2, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("quality", [85, 95])
def test_a_box_painted_over_a_page_is_no_exposure(quality: int) -> None:
    """White and black say nothing of exposure, so the box was all there was to fit it to."""
    before, box = page(), Box(150, 90, 400, 190)
    result = evaluate(encode_png(before), jpeg(with_change(before, box, painted), quality))
    assert not result.tone.applied
    assert len(result.regions) == 1
    assert best(result, box) > 0.9


def test_another_exposure_of_a_page_with_a_box_on_it_is_still_evened() -> None:
    before = with_change(page(), Box(150, 90, 400, 190), painted)
    darker = quantised(before * 0.88)
    result = evaluate(encode_png(before), jpeg(darker))
    assert (result.verdict, result.tone.applied) == ("equivalent", True)


def test_a_sheet_laid_over_a_dark_board_is_no_exposure() -> None:
    """Blocks of strokes and black under it, looked at from afar, taught an exposure that made them black again."""
    random = np.random.default_rng(2)
    before: Any = np.zeros((792, 792, 3), np.uint8)
    for x, y in (random.integers(1, 21, (140, 2)) * 36).tolist():
        right, down = (random.integers(-1, 2, 2) * int(random.integers(2, 6)) * 36).tolist()
        cv2.line(before, (x, y), (x + right, y + down), (255, 255, 255), 11)
        cv2.circle(before, (x, y), 18, (255, 255, 255), -1)
        cv2.circle(before, (x, y), 6, (0, 0, 0), -1)
    after, sheet = before.copy(), Box(165, 470, 310, 278)
    after[sheet.slices] = after[sheet.slices] * 0.467 + np.array([92, 82, 61])
    found = evaluate(encode_png(before), encode_png(np.asarray(cv2.GaussianBlur(after, (0, 0), 0.9))))
    assert not found.tone.applied
    assert len(found.regions) == 1
