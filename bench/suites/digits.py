"""Pages of figures where single digits became others of the same width, under each nuisance: what people look for most.

All are far below the sizes of the main table; a 3 for an 8 differs in a few pixels that lie beside other strokes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bench import drawn, nuisances, photos
from bench.cases import Case, Maker
from bench.drawn import words
from bench.scoring import Box

Pixels = npt.NDArray[np.uint8]
FACES = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "DejaVuSans-Bold")
SIZES = (13, 32)
"""Font sizes in pixels, smallest and largest: digits are 10 to 24 pixels high."""
CHANGED = 4
"""Digits that are others, each in a line of its own."""
LEAST = 12
"""Levels from which a pixel belongs to the change."""


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give some pages for each nuisance, a third of them unchanged."""
    base = {"tune": 30, "report": 330}[which]
    pages = range(3 if quick else 9)
    return [partial(make, name, base + page, page % 3 > 0) for name in nuisances.NUISANCES for page in pages]


def make(nuisance: str, seed: int, changed: bool) -> Case:
    """Draw a page twice, change some digits of the second, and look at that through the nuisance."""
    rng = np.random.default_rng(photos.seed_of("digits", nuisance, seed))
    lines = _lines(rng)
    was = _draw(lines)
    frame = photos.frame_of(was.shape)
    matrix = nuisances.camera(nuisance, frame, rng)
    now = list(lines)
    if changed:
        for number in rng.permutation(len(lines))[:CHANGED].tolist():
            now[number] = _with_another_digit(lines[number], rng)
    boxes = [
        _box(_draw([line]), _draw([other]), frame) for line, other in zip(lines, now, strict=True) if line != other
    ]
    x, y, width, height = frame
    after = nuisances.photograph(nuisances.look(_draw(now), matrix, frame, nuisance, rng), nuisance, rng)
    return Case(
        f"digits-{seed}-{nuisance}-{len(boxes)}",
        nuisance,
        nuisances.encode_at(was[y : y + height, x : x + width], None),
        nuisances.encode(after, nuisance),
        tuple(boxes),
        tuple(("changed", ("added", "removed", "colour")) for _ in boxes),
    )


Line = tuple[int, int, str, int, str, int, int]
"""Left and top, text, size, face, and width and height of the page."""


def _lines(rng: np.random.Generator) -> list[Line]:
    """Lay out a page: lines of a word or two and a figure, some larger than others."""
    width, face = int(rng.choice([900, 1200, 1600])), str(rng.choice(FACES))
    height, top = int(width * 0.8), 0.12 * width
    lines: list[Line] = []
    while top < 0.66 * width:
        size = int(rng.integers(*SIZES, endpoint=True))
        text = f"{words(rng, 2).title()}  {rng.integers(1_000, 100_000):,}.{rng.integers(10, 100)}"
        lines.append((int(width * rng.uniform(0.12, 0.4)), int(top), text, size, face, width, height))
        top += 2.2 * size
    return lines


def _with_another_digit(line: Line, rng: np.random.Generator) -> Line:
    text = line[2]
    place = int(rng.choice([at for at, letter in enumerate(text) if letter.isdigit()]))
    other = str((int(text[place]) + rng.integers(1, 10)) % 10)
    return (*line[:2], text[:place] + other + text[place + 1 :], *line[3:])


def _draw(lines: list[Line]) -> Pixels:
    width, height = lines[0][5:]
    image = Image.new("RGB", (width, height), (252, 252, 250))
    pen = ImageDraw.Draw(image)
    for left, top, text, size, face, *_ in lines:
        pen.text((left, top), text, font=drawn.font(size, face), fill=(32, 36, 44))
    return np.asarray(image)


def _box(was: Pixels, now: Pixels, frame: nuisances.Frame) -> Box:
    """Box what differs, in pixels of the frame."""
    differs = np.abs(was.astype(np.int16) - now).max(axis=2) > LEAST
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    left, top = int(columns[0]), int(rows[0])
    return left - frame[0], top - frame[1], int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
