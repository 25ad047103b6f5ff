"""Another exposure told by its levels: one curve that all of a picture follows, even where hardly anything tells."""

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis import evaluate
from app.analysis.changed import find_changed
from app.analysis.encoding import encode_png
from app.analysis.model import UInt8Array
from app.analysis.noise_free.likeness import Likeness, likeness_of
from app.analysis.tone.curve import followed_curves
from app.analysis.tone.fit import _follow, fit_tone
from tests.analysis.pictures import quantised
from tests.analysis.tone.coffee import BEFORE
from tests.analysis.tone.test_fitted_curves import CURVES


@pytest.mark.parametrize("name", CURVES)
def test_the_levels_and_what_they_became_are_given(name: str) -> None:
    after = quantised(CURVES[name])
    found = followed_curves(BEFORE, after)
    assert found is not None
    for channel, (was, became) in enumerate(found):
        for level, other in list(zip(was, became, strict=True))[:: len(was) // 8]:
            assert abs(int(np.median(after[..., channel][BEFORE[..., channel] == level])) - other) <= 1


def test_an_edit_does_not_hide_the_curve_and_is_none() -> None:
    darker = quantised(BEFORE * 0.85)
    darker[40:100, 60:140] = (250, 40, 90)
    assert followed_curves(BEFORE, darker) is not None
    edited = BEFORE.copy()
    edited[40:200, 60:300] = quantised(edited[40:200, 60:300] * 0.7)
    assert followed_curves(BEFORE, edited) is None


def test_equal_noisy_blurred_shifted_and_unevenly_lit_pictures_follow_none() -> None:
    others = [
        BEFORE,
        quantised(BEFORE * 0.85 + np.random.default_rng(1).normal(0, 2, BEFORE.shape)),
        cv2.GaussianBlur(BEFORE, (0, 0), 1.5),
        np.roll(BEFORE, 3, axis=1),
        quantised(BEFORE * np.linspace(0.8, 1.1, BEFORE.shape[1])[None, :, None]),
    ]
    for after in others:
        assert followed_curves(BEFORE, np.asarray(after, np.uint8)) is None


def test_a_sky_painted_darker_is_an_edit_though_only_the_sky_is_that_bright() -> None:
    before = np.concatenate([np.linspace(240, 200, 60), np.linspace(150, 10, 140)]).astype(np.uint8)
    before = np.repeat(np.repeat(before[:, None], 300, axis=1)[..., None], 3, axis=2)
    after = before.copy()
    after[:60] -= 30
    assert followed_curves(before, after) is None


def test_levels_that_no_exposure_makes_are_no_curve_to_undo() -> None:
    was = np.arange(10, 240)
    assert _follow([(was, (0.8 * was).astype(np.intp))] * 3) is not None
    split = np.where(was > 110, was + 12, was - 8)
    assert _follow([(was, split)] * 3) is None


def test_a_curve_known_at_a_few_neighbouring_levels_is_not_drawn_on_to_all_others() -> None:
    """Of a bright dialog saved as JPEG three dark levels were known, and what was bright came out ten levels off."""
    was = np.arange(83, 100)
    assert _follow([(was, (1.1 * was).astype(np.intp))] * 3) is None
    far = np.array([20, 90, 160])
    assert _follow([(far, (1.1 * far).astype(np.intp))] * 3) is not None


def test_a_picture_of_few_levels_follows_none() -> None:
    chess: UInt8Array = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((20, 20)))[..., None].repeat(3, 2) * 90 + 60
    assert followed_curves(chess.astype(np.uint8), quantised(chess * 0.8)) is None


def test_a_tiny_picture_whose_levels_have_a_few_pixels_each_tells_too_little() -> None:
    """The levels of a third of its pixels were known, and the others left to a curve that went on as it liked."""
    levels = np.random.default_rng(3).normal(128, 45, 900).reshape(30, 30, 1)
    before = quantised(levels.repeat(3, axis=2))
    assert followed_curves(before, quantised(before * 0.8)) is None
    assert followed_curves(before.repeat(4, axis=0), quantised(before.repeat(4, axis=0) * 0.8)) is not None


def test_an_inverted_picture_is_another_one() -> None:
    """Each level became another all over, too, but light never turns white into black."""
    inverted = np.asarray(255 - BEFORE, np.uint8)
    followed = followed_curves(BEFORE, inverted)
    assert followed is not None
    assert _follow(followed) is None
    assert evaluate(encode_png(BEFORE), encode_png(inverted)).verdict == "different"


def test_a_picture_that_became_all_white_is_another_one() -> None:
    """It ended in a LinAlgError: every level followed the curve, and each was clipped."""
    before = np.repeat(np.linspace(100, 200, 400)[None, :, None], 300, axis=0).repeat(3, axis=2).astype(np.uint8)
    white = np.full_like(before, 255)
    assert followed_curves(before, white) is None
    assert evaluate(encode_png(before), encode_png(white)).verdict == "different"


def test_channels_of_other_levels_are_each_followed_by_themselves() -> None:
    """An orange fruit has bright reds and dark blues only: fitted to what they share, the rest was far off."""
    y, x = np.mgrid[0:400, 0:400]
    before = quantised(np.stack([200 + x / 10 + y / 40, 60 + y / 4 + x / 20, 10 + y / 8], axis=-1))
    after = quantised(255 * (before / 255) ** 0.87 * np.array([0.97, 1.0, 1.08]))
    assert evaluate(encode_png(before), encode_png(after)).verdict == "equivalent"
    after[100:140, 200:260] = (90, 60, 60)
    regions = evaluate(encode_png(before), encode_png(after)).regions
    assert [(region.before.x, region.before.y) for region in regions] == [(200, 100)]


def test_a_plot_in_black_and_white_with_one_picture_in_it_may_be_exposed_otherwise() -> None:
    """Black stays black, so most pixels were equal, the pair free of noise, and the picture in it flagged."""
    before = np.zeros((480, 1000, 3), np.uint8)
    for line in range(12):
        cv2.line(before, (20, 40 * line), (340, 400 - 30 * line), (255, 255, 255), 1, cv2.LINE_AA)
    before[80:400, 400:560] = cv2.resize(data.moon(), (160, 320))[..., None]
    after = quantised(255 * (before / 255) ** 0.9 * 1.1)
    changed = find_changed(before, after)
    assert likeness_of(before, after, changed) is Likeness.NOISY
    assert evaluate(encode_png(before), encode_png(after)).verdict == "equivalent"
    after[420:460, 700:760] = (0, 160, 90)
    regions = evaluate(encode_png(before), encode_png(after)).regions
    assert [(region.before.x, region.before.y) for region in regions] == [(700, 420)]


def test_paper_of_the_level_that_a_curve_leaves_alone_hides_nothing() -> None:
    """Most pixels were equal, as the paper was: it counted as of equal exposure, and all print differed."""
    before = np.full((500, 700, 3), 128, np.uint8)
    before[40:240, 60:360] = cv2.resize(data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    for line in range(5):
        cv2.putText(before, "chapter seven", (60, 290 + 44 * line), 0, 1.2, (235, 235, 225), 2, cv2.LINE_AA)
    after = quantised((before.astype(np.float64) - 128) * 1.2 + 128)
    assert evaluate(encode_png(before), encode_png(after)).verdict == "equivalent"


def test_a_page_with_hardly_any_ink_under_another_contrast_shows_what_was_added_alone() -> None:
    before = np.full((674, 960, 3), 255, np.uint8)
    before[:, :190] = 247
    for line in range(5):
        cv2.putText(before, "Report in a new window", (220, 60 + 40 * line), 0, 0.7, (60, 60, 62), 1, cv2.LINE_AA)
    before[300:360, 20:170] = np.linspace(90, 250, 150)[None, :, None]
    after = quantised(255 * (before / 255) ** 1.1 * 1.06)
    after[420:490, 380:455] = (140, 120, 210)
    regions = evaluate(encode_png(before), encode_png(after)).regions
    assert [(region.before.x, region.before.y) for region in regions] == [(380, 420)]


def test_levels_that_few_pixels_show_tell_of_the_curve_too() -> None:
    """A dark desktop tells little but its greys; the icons on it were far off where the curve went on by itself."""
    before = np.full((900, 1400, 3), 40, np.uint8)
    before[:, :700] += np.linspace(0, 18, 700).astype(np.uint8)[None, :, None]
    for icon in range(4):
        x = 800 + 120 * icon
        before[800:840, x : x + 40] = cv2.resize(data.coffee(), (40, 40), interpolation=cv2.INTER_AREA)
    after = quantised((before.astype(np.float64) - 128) * 0.85 + 128)
    followed = followed_curves(before, after)
    assert followed is not None
    assert min(was[-1] for was, _ in followed) > 150
    tone_map = fit_tone(before, after, np.full(before.shape[:2], 255, np.uint8))[1]
    assert tone_map is not None
    assert np.percentile(cv2.absdiff(tone_map.apply(after), before)[800:840], 99.5) <= 3
