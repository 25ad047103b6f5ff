"""White paper of a drawn page is one white, and no clipped photograph: what a scanner makes of it says how bright.

Found on pages that somebody had printed and scanned: as white only said "at least as bright", ink that had become
lighter made paper brighter than white, and pale rules vanished in it.
"""

import cv2
import numpy as np
import pytest

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Options, UInt8Array
from app.analysis.tone.even import even_tone
from app.analysis.tone.samples import NO_LIMIT, sample
from tests.analysis.pictures import encoded, overlap, quantised


def invoice(edited: bool = False) -> UInt8Array:
    """Draw text and pale rules on white."""
    sheet = np.full((800, 620, 3), 255, np.uint8)
    for row in range(15):
        y = 40 + 50 * row
        cv2.line(sheet, (20, y + 34), (600, y + 34), (221, 221, 221), 1)
        for x, word in ((30, "harbour permit"), (330, "1870.25"), (470, "window")):
            cv2.putText(sheet, word, (x, y + 20), 0, 0.55, (34, 34, 34), 1, cv2.LINE_AA)
    if edited:
        sheet[372:376, 20:240] = 255
        cv2.rectangle(sheet, (250, 470), (310, 510), (214, 214, 214), -1)
    return sheet


def scanned(sheet: UInt8Array) -> UInt8Array:
    """Print and scan: yellowish paper below white, ink far above black, a lamp to one side, some blur and noise."""
    seen = 0.25 * 255 * (1 - sheet / 255) + sheet * np.array([0.975, 0.965, 0.935])
    seen *= np.linspace(1, 0.95, sheet.shape[1])[None, :, None]
    noise = np.random.default_rng(2).normal(0, 1.2, sheet.shape)
    return quantised(cv2.GaussianBlur(seen, (0, 0), 1.0) + noise)


def test_pale_rules_on_scanned_paper_are_no_change() -> None:
    assert evaluate(encoded(invoice()), encoded(scanned(invoice()), 88)).verdict == "equivalent"


def test_a_pale_field_on_scanned_paper_is_a_change() -> None:
    regions = evaluate(encoded(invoice()), encoded(scanned(invoice(edited=True)), 88)).regions
    assert any(overlap(region.before, Box(250, 470, 61, 41)) > 0.6 for region in regions)


def test_scanned_paper_becomes_white_and_no_more() -> None:
    """A level just below it is told from it afterwards."""
    sheet, seen = invoice(), scanned(invoice())
    pixels = even_tone(sheet, seen, np.full(sheet.shape[:2], 255, np.uint8), Options()).pixels
    rule, paper = pixels[74::50, 40:580][:13].mean(), pixels[60::50, 240:310][:13].mean()
    assert paper > 252
    assert rule < paper - 4


@pytest.mark.parametrize("varied", [False, True], ids=["one white", "clipped"])
def test_white_is_a_limit_where_after_shows_that_some_of_it_was_brighter(varied: bool) -> None:
    before = invoice()
    after = scanned(before)
    if varied:
        after = quantised(after * (0.9 + 0.1 * (np.indices(before.shape[:2]).sum(axis=0) // 9 % 2))[..., None])
    seen = sample(before, after, np.full(before.shape[:2], 255, np.uint8))
    assert seen is not None
    assert (seen.bright[0] == NO_LIMIT) != varied
