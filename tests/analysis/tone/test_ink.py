"""White pages that clip in the better light: only how much ink is left says that there was one.

Found on invoices and tables that nobody had tuned on, photographed a tenth brighter: the tint of a row lay at the
limit afterwards, and as thin strokes tell little, the whole row was called changed.
"""

import cv2
import numpy as np
import pytest

from app.analysis.model import UInt8Array
from app.analysis.tone.ink import gain_by_ink
from tests.analysis.pictures import compare, quantised, resaved

WHITE = (255, 255, 255)
SEEN = np.full((560, 760), 255, np.uint8)


def invoice(tint: tuple[int, int, int] = (231, 231, 231)) -> UInt8Array:
    """Print a table on white paper, the head of which is tinted."""
    sheet = np.full((560, 760, 3), 255, np.uint8)
    cv2.rectangle(sheet, (20, 60), (740, 95), tint, -1)
    for row in range(15):
        cv2.putText(
            sheet, f"{row:02d} copper bridge signal {37 * row}.50", (30, 84 + 32 * row), 0, 0.6, (30, 30, 35), 1, 16
        )
    return sheet


def photographed(page: UInt8Array, gain: float, noise: float = 4.0) -> UInt8Array:
    """Look from a little to the side, in a light that the paper is too bright for, with noise and compression."""
    corners = np.float32([[0, 0], [759, 0], [759, 559], [0, 559]])
    moved = corners + np.float32([[6, 4], [-9, 3], [-4, -8], [5, -3]])
    seen = cv2.warpPerspective(
        page, cv2.getPerspectiveTransform(corners, moved), (760, 560), flags=cv2.INTER_LINEAR, borderValue=WHITE
    )
    lit = np.clip(seen * gain, 0, 255)
    return resaved(quantised(lit + np.random.default_rng(3).normal(0, noise, lit.shape)), 80)


@pytest.mark.parametrize("gain", [1.07, 1.1, 1.14])
def test_a_tint_that_the_light_takes_over_the_limit_is_no_change(gain: float) -> None:
    """The row of the tinted head was one large region."""
    assert compare(invoice(), photographed(invoice(), gain)).verdict == "equivalent"
    assert compare(photographed(invoice(), gain), invoice()).verdict == "equivalent"


def test_a_tint_that_went_in_the_same_light_is_a_change() -> None:
    """Ink says that there was no gain."""
    result = compare(invoice(), photographed(invoice(tint=WHITE), 1.0))
    assert [region.before.y // 10 for region in result.regions] == [6]


@pytest.mark.parametrize("gain", [1.08, 1.15])
def test_the_gain_is_read_off_the_ink(gain: float) -> None:
    page, brighter = invoice(WHITE), quantised(np.clip(invoice(WHITE) * gain, 0, 255))
    found, back = gain_by_ink(page, brighter, SEEN), gain_by_ink(brighter, page, SEEN)
    assert found == pytest.approx(1 / gain, rel=0.01)
    assert back == pytest.approx(gain, rel=0.01)


def test_of_a_large_page_some_strips_tell() -> None:
    page = np.tile(invoice(WHITE), (3, 3, 1))
    found = gain_by_ink(page, quantised(np.clip(page * 1.1, 0, 255)), np.tile(SEEN, (3, 3)))
    assert found == pytest.approx(1 / 1.1, rel=0.01)


def test_a_tint_that_needs_a_little_more_gain_than_ink_tells_has_it() -> None:
    """Ink is summed up to a few parts in a hundred; the tint that went tells the rest."""
    page = invoice((222, 222, 222))
    brighter = quantised(np.clip(invoice(WHITE) * 1.1, 0, 255))
    assert gain_by_ink(page, brighter, SEEN) == pytest.approx(222 / 255, rel=0.005)


@pytest.mark.parametrize(
    "other",
    [
        lambda page: page,
        lambda page: cv2.GaussianBlur(page, (0, 0), 1.1),
        lambda page: resaved(page, 60),
        lambda page: quantised(page + np.random.default_rng(1).normal(0, 5, page.shape)),
        lambda page: photographed(page, 1.0),
    ],
    ids=["equal", "blurred", "compressed", "noisy", "photographed"],
)
def test_what_only_redistributes_ink_is_no_gain(other) -> None:  # type: ignore[no-untyped-def]
    page = invoice()
    assert gain_by_ink(page, other(page), SEEN) is None
    assert gain_by_ink(other(page), page, SEEN) is None


def test_without_strokes_on_clipped_paper_nothing_is_read() -> None:
    """Grey paper, a photo's worth of noise, blank paper, and next to no pixels."""
    page = invoice()
    noise = np.random.default_rng(2).integers(0, 256, page.shape, np.uint8)
    for before, after in ((page // 2, page // 2), (noise, noise), (page * 0 + 255, page * 0 + 255)):
        assert gain_by_ink(np.asarray(before, np.uint8), np.asarray(after, np.uint8), SEEN) is None
    assert gain_by_ink(page[:9, :9], page[:9, :9], SEEN[:9, :9]) is None
    assert gain_by_ink(page, quantised(np.clip(page * 1.1, 0, 255)), np.zeros_like(SEEN)) is None
