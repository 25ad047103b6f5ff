"""Colour that a file keeps at half the size is no change of colour.

Found on other people's chat pictures and scans: blue links and red rules on white, paler than their luma says, were
called changed; white cannot hold the colour that was smeared into it, so it does not come back from afar either.
"""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from app.analysis.evidence.smear import equally_smeared
from app.analysis.model import Box, UInt8Array
from tests.analysis.pictures import compare, overlap


def links(edited: bool = False) -> UInt8Array:
    """Set black text with blue links and red rules."""
    sheet = np.full((720, 640, 3), 255, np.uint8)
    for row in range(20):
        y = 40 + 33 * row
        cv2.putText(sheet, "see the harbour permit", (20, y), 0, 0.5, (20, 20, 20), 1, cv2.LINE_AA)
        cv2.putText(sheet, "wiki.example.org", (250 + 20 * (row % 3), y), 0, 0.5, (0, 0, 238), 1, cv2.LINE_AA)
        if row % 4 == 0:
            cv2.line(sheet, (20, y + 12), (600, y + 12), (220, 30, 30), 1)
    if edited:
        cv2.rectangle(sheet, (470, 285), (560, 300), (0, 150, 0), -1)
    return sheet


def sent(sheet: UInt8Array, share: float = 0.6, quality: int = 70) -> UInt8Array:
    """Make it smaller, as chats do, and save it with colour at half the size."""
    whole = Image.fromarray(sheet)
    small = whole.resize((round(whole.width * share), round(whole.height * share)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.array(Image.open(file).convert("RGB"))


def planes(pixels: UInt8Array) -> list[UInt8Array]:
    return [np.asarray(plane, np.uint8) for plane in cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb))]


def halved(pixels: UInt8Array) -> UInt8Array:
    """Keep colour at a third of the size, with everything else as it is."""
    luma, *chroma = planes(pixels)
    size = pixels.shape[1::-1]
    small = [cv2.resize(plane, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA) for plane in chroma]
    mixed = cv2.merge([luma, *(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in small)])
    return np.asarray(cv2.cvtColor(mixed, cv2.COLOR_YCrCb2RGB), np.uint8)


@pytest.mark.parametrize("share", [0.6, 0.7, 1.0])
def test_coloured_text_that_was_sent_is_no_change(share: float) -> None:
    assert compare(links(), sent(links(), share)).verdict == "equivalent"


def test_a_green_bar_among_links_that_were_sent_is_a_change() -> None:
    (region,) = compare(links(), sent(links(edited=True))).regions
    assert overlap(region.before, Box(470, 285, 91, 16)) > 0.5


@pytest.mark.parametrize("side", [0, 1])
def test_colour_is_smeared_where_the_other_one_has_it_smeared(side: int) -> None:
    sharp, smeared = planes(links()), planes(halved(links()))
    given = [sharp, smeared] if side == 0 else [smeared, sharp]
    valid = np.full((720, 640), 255, np.uint8)
    out = equally_smeared(given[0], given[1], valid)
    assert out[1 - side] is given[1 - side]
    left, was = (np.abs(np.subtract(pair[0][2], pair[1][2], dtype=np.int16)).mean() for pair in (out, given))
    assert left < 0.5 * was


@pytest.mark.parametrize("change", ["nothing", "a bar", "no room", "grey"])
def test_what_was_not_smeared_stays_as_it_is(change: str) -> None:
    before, after = planes(links()), planes(links(edited=change == "a bar"))
    if change == "grey":
        before, after = ([luma, np.full_like(luma, 128), np.full_like(luma, 128)] for luma, *_ in (before, after))
    if change == "no room":
        before, after = ([plane[:40] for plane in side] for side in (before, after))
    out = equally_smeared(before, after, np.full(before[0].shape, 255, np.uint8))
    assert out[0] is before
    assert out[1] is after
