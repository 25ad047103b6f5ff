"""Tone: what exposure, white balance and uneven light did is undone; what really changed is left alone."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from app.analysis import evaluate
from app.analysis.model import Options, Tone, UInt8Array
from app.analysis.tone.afar import with_afar
from app.analysis.tone.even import _give_way, even_tone
from app.analysis.tone.samples import Samples, sample
from app.analysis.tone.telling import rarity, telling_of
from tests.analysis.pictures import quantised

BEFORE: UInt8Array = np.asarray(cv2.resize(data.coffee(), (450, 300), interpolation=cv2.INTER_AREA), np.uint8)
VALID = np.full(BEFORE.shape[:2], 255, np.uint8)


def evened(after: UInt8Array, before: UInt8Array = BEFORE, **options: str) -> tuple[Tone, UInt8Array]:
    return even_tone(before, after.copy(), VALID, Options(**options))  # type: ignore[arg-type]


def error(pixels: UInt8Array, after: UInt8Array) -> float:
    """95th percentile of the levels that stay, where *after* is not clipped."""
    clear = (after.max(axis=2) < 250) & (after.min(axis=2) > 8)
    return float(np.percentile(cv2.absdiff(BEFORE, pixels).max(axis=2)[clear], 95))


def slope(left: float, right: float) -> npt.NDArray[np.float64]:
    return np.linspace(left, right, BEFORE.shape[1])[None, :, None]


def vignette(depth: float) -> npt.NDArray[np.float64]:
    y, x = np.mgrid[-1 : 1 : BEFORE.shape[0] * 1j, -1 : 1 : BEFORE.shape[1] * 1j]
    return (1 - depth * (x**2 + y**2) / 2)[..., None]


CHANGES = {
    "darker": quantised(BEFORE * 0.8),
    "brighter": quantised(BEFORE * 1.15),
    "gamma below one": quantised(255 * (BEFORE / 255) ** 0.85),
    "gamma above one": quantised(255 * (BEFORE / 255) ** 1.2),
    "white balance": quantised(BEFORE * np.array([1.1, 1.0, 0.88])),
    "light from one side": quantised(BEFORE * slope(0.8, 1.05)),
    "vignette": quantised(BEFORE * vignette(0.35)),
    "gamma and light from one side": quantised(255 * (BEFORE / 255) ** 0.8 * slope(0.8, 1.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_exposure_gamma_white_balance_and_uneven_light_are_undone_to_within_a_few_levels(name: str) -> None:
    after = CHANGES[name]
    tone, pixels = evened(after)
    assert tone.applied
    assert error(after, after) > 8
    assert error(pixels, after) <= 4


def test_the_gain_tells_what_was_done_to_each_channel() -> None:
    tone, _ = evened(quantised(BEFORE * np.array([0.9, 0.8, 0.7])))
    assert tone.gain == pytest.approx((1 / 0.9, 1 / 0.8, 1 / 0.7), rel=0.03)
    assert tone.reason == "exposure evened out"


def test_uneven_light_is_told_from_other_exposure() -> None:
    assert evened(CHANGES["light from one side"])[0].reason == "light evened out"
    assert evened(CHANGES["darker"])[0].reason == "exposure evened out"


def test_noise_does_not_hide_the_exposure() -> None:
    noise = np.random.default_rng(1).normal(0, 5, BEFORE.shape)
    tone, pixels = evened(quantised(BEFORE * 0.85 + noise))
    assert tone.gain == pytest.approx((1 / 0.85,) * 3, rel=0.03)
    middle = cv2.absdiff(cv2.blur(BEFORE, (9, 9)), cv2.blur(pixels, (9, 9)))
    assert np.percentile(middle, 95) <= 4


def test_a_real_change_does_not_pull_the_exposure_and_stays_in_the_picture() -> None:
    changed = BEFORE.copy()
    changed[60:180, 100:240] = (30, 160, 60)
    tone, pixels = evened(quantised(changed * 0.85))
    untouched = np.ones(VALID.shape, np.bool_)
    untouched[60:180, 100:240] = False
    assert tone.applied
    assert np.percentile(cv2.absdiff(BEFORE, pixels).max(axis=2)[untouched], 95) <= 4
    assert np.abs(pixels[60:180, 100:240].astype(int) - (30, 160, 60)).max() <= 8


def test_a_real_change_alone_is_no_exposure() -> None:
    after = BEFORE.copy()
    after[60:180, 100:240] = after[60:180, 100:240] // 2
    tone, pixels = evened(after)
    assert not tone.applied
    assert np.array_equal(pixels, after)


def test_equal_pictures_stay_as_they_are() -> None:
    tone, pixels = evened(BEFORE)
    assert not tone.applied
    assert tone.gain == (1.0, 1.0, 1.0)
    assert np.array_equal(pixels, BEFORE)


def test_noise_alone_is_no_exposure() -> None:
    after = quantised(BEFORE + np.random.default_rng(2).normal(0, 5, BEFORE.shape))
    tone, pixels = evened(after)
    assert np.array_equal(pixels, after) or max(abs(gain - 1) for gain in tone.gain) < 0.01


def test_nothing_is_done_when_it_is_switched_off() -> None:
    tone, pixels = evened(CHANGES["darker"], tone="off")
    assert tone == Tone(reason="switched off")
    assert np.array_equal(pixels, CHANGES["darker"])


def test_too_few_pixels_are_not_judged() -> None:
    small = BEFORE[:4, :4].copy()
    tone, pixels = even_tone(small, small // 2, VALID[:4, :4], Options())
    assert not tone.applied
    assert np.array_equal(pixels, small // 2)


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


def page(light: npt.NDArray[np.float64] | float = 1.0, blur: float = 0.0, noise: float = 0.0) -> UInt8Array:
    """Print small words on white paper, photographed as said."""
    sheet = np.full((600, 800, 3), 255, np.uint8)
    for row in range(14):
        cv2.putText(sheet, "water 12.50 chapter seven", (40, 60 + 38 * row), 0, 0.8, (30, 30, 40), 2, cv2.LINE_AA)
    lit = cv2.GaussianBlur(sheet, (0, 0), blur) if blur else sheet
    return quantised(lit * light + np.random.default_rng(5).normal(0, noise, sheet.shape) * (noise > 0))


LAMP = np.linspace(0.98, 0.6, 800)[None, :, None] * np.linspace(1, 0.9, 600)[:, None, None] * (1.0, 0.97, 0.9)


@pytest.mark.parametrize("blur", [0.0, 1.2])
def test_ink_stays_dark_when_paper_darkens_towards_a_corner(blur: float) -> None:
    """A curve that flattens makes paper white, too, and washes the ink out: the shipped invoice was judged so."""
    before, after = page(blur=blur), page(LAMP, blur, noise=3)
    tone, pixels = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    assert tone.reason == "light evened out"
    ink = before.max(axis=2) < 100
    assert np.percentile(np.abs(pixels[ink].astype(int) - before[ink]), 90) < 20
    paper = before.min(axis=2) == 255
    assert np.percentile(255 - pixels[paper], 90) < 10


def poster() -> UInt8Array:
    """Draw a red disc with a black rim and green leaves on white paper: no tone is in one colour and all over."""
    sheet = np.full((600, 560, 3), 255, np.uint8)
    cv2.circle(sheet, (280, 330), 250, (215, 0, 0), -1, cv2.LINE_AA)
    cv2.circle(sheet, (280, 330), 250, (0, 0, 0), 14, cv2.LINE_AA)
    cv2.ellipse(sheet, (280, 110), (180, 70), 0, 0, 360, (5, 120, 10), -1, cv2.LINE_AA)
    for seed in range(40):
        place = (120 + seed * 53 % 320, 200 + seed * 97 % 300)
        cv2.ellipse(sheet, place, (5, 12), 10, 0, 360, (230, 70, 20), -1, cv2.LINE_AA)
    return sheet


def waves(height: int, width: int) -> npt.NDArray[np.float64]:
    coarse = np.array([[0.85, 1.1, 0.95], [1.15, 0.9, 1.18], [1.0, 1.15, 0.82]])
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]


def test_light_that_falls_on_one_colour_is_no_colour_cast() -> None:
    """A curve alone took the shade on red things for a cast, light was fitted on top of that, and paper was tinted."""
    before = poster()
    after = quantised(before * waves(600, 560))
    tone, pixels = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    assert tone.reason == "light evened out"
    assert max(tone.gain) - min(tone.gain) < 0.01
    assert np.percentile(cv2.absdiff(before, pixels), 99) <= 4


def test_lines_on_white_paper_keep_their_contrast() -> None:
    """White to the limit says "at least white": taken at its word, any light would do, and the paper outshines ink."""
    before = page()
    before[560:, :] = 255
    after = quantised(before * LAMP)
    _, pixels = even_tone(before, after, np.full(before.shape[:2], 255, np.uint8), Options())
    middle = (before.max(axis=2) > 120) & (before.max(axis=2) < 220)
    assert abs(float(np.median(pixels[middle].astype(int) - before[middle]))) <= 6


def test_ink_tells_the_exposure_of_a_page_that_is_nearly_all_clipped() -> None:
    """The noise of clipped paper outweighed the ink, and every letter of a card photographed brighter was changed."""
    card = np.full((600, 800, 3), 252, np.uint8)
    for row in range(14):
        cv2.putText(card, "water 12.50 chapter seven", (40, 60 + 38 * row), 0, 0.8, (20, 20, 25), 2, cv2.LINE_AA)
    noise = np.random.default_rng(5).normal(0, 5, card.shape)
    brighter = quantised(np.minimum(255 * (card / 255) ** 0.9 * 1.08, 255) + noise)
    tone, pixels = even_tone(card, brighter, np.full(card.shape[:2], 255, np.uint8), Options())
    assert tone.applied
    grey = (card.max(axis=2) > 60) & (card.max(axis=2) < 160)
    assert abs(float(np.mean(brighter[grey].astype(int) - card[grey]))) > 12
    assert abs(float(np.mean(pixels[grey].astype(int) - card[grey]))) < 6


def test_ink_beside_clipped_paper_is_seen_without_the_paper() -> None:
    """Paper that would be brighter than white holds the mean of a patch down, and with it the tone of its ink."""
    sheet = np.full((600, 800, 3), 250, np.uint8)
    for row in range(28):
        cv2.line(sheet, (20, 20 + 20 * row), (780, 24 + 20 * row), (110, 110, 110), 1, cv2.LINE_AA)
    seen = sample(sheet, quantised(sheet * 1.25), np.full(sheet.shape[:2], 255, np.uint8))
    assert seen is not None
    ink = seen.target.mean(axis=1) < 0.7
    assert ink.sum() > 50
    assert np.median(np.abs(seen.source - 1.25 * seen.target)[ink]) < 0.01
    assert seen.flatness[ink].max() < 0.5  # the ink of a thin stroke is never pure


def test_patches_that_noise_took_off_the_limit_are_not_rare() -> None:
    """Only what noise takes off the limit of clipped paper tells anything; counted alone, it seemed rare ink."""
    count = 4000
    positions = np.random.default_rng(1).random((count, 2))
    target, source = np.ones((count, 3)), np.ones((count, 3))
    source[:120], target[120:520], source[120:520] = 0.955, 0.4, 0.43
    seen = Samples(target, source, positions, np.ones(count), (252 / 255, 252 / 255))
    telling = telling_of(seen)
    assert telling[:520].all() and not telling[520:].any()
    weight = rarity(seen, telling)
    assert weight[:120].max() < weight[120:520].min() / 2


def test_white_that_hardly_ever_is_full_white_is_not_clipped() -> None:
    clipped, close = np.full((200, 200, 3), 255, np.uint8), np.full((200, 200, 3), 253, np.uint8)
    close[:3, :40] = 255
    seen = sample(clipped, close, np.full((200, 200), 255, np.uint8))
    assert seen is not None
    assert seen.bright[0] < 1 < seen.bright[1]


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_picture_may_be_clipped_in_one_colour_alone(channel: int) -> None:
    """Every nth byte of a large picture was looked at, which may be the same colour each time."""
    large = np.full((2000, 3000, 3), 100, np.uint8)
    large[::2, :, channel] = 255
    seen = sample(large, large, np.full((2000, 3000), 255, np.uint8))
    assert seen is not None
    assert seen.bright[0] < 1


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
    tone, pixels = even_tone(before, after.copy(), np.full(before.shape[:2], 255, np.uint8), Options())
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
    tone, _ = even_tone(before, after.copy(), np.full(before.shape[:2], 255, np.uint8), Options())
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
    assert len(with_afar(seen, telling_of(seen), snow, after, whole).target) == len(seen.target)
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
        more = with_afar(seen, telling_of(seen), sheet, sheet, whole)
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
