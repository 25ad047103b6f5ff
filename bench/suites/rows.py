"""Tall pages where a row came or went and everything below moved: one region, and what moved is not called changed.

An added row is judged where it is, in pixels of *after*; a removed one in pixels of *before*.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import numpy.typing as npt

from bench import drawn
from bench.cases import Case, Maker, given
from bench.drawn import words
from bench.nuisances import encode_at
from bench.photos import seed_of

Pixels = npt.NDArray[np.uint8]
ROW = 48


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give pages with a row added, with a row removed, and the same once more as JPEG."""
    base = {"tune": 10, "report": 210}[which]
    return [partial(given, case) for seed in range(base, base + (2 if quick else 5)) for case in _cases(seed)]


def _strip(rng: np.random.Generator, width: int, kind: int) -> Pixels:
    """Draw one row of a list: text, a card, or a line of values."""
    from PIL import Image, ImageDraw

    height = ROW * (1, 3, 1)[kind]
    image = Image.new("RGB", (width, height), (255, 255, 255) if kind != 1 else (246, 247, 249))
    pen = ImageDraw.Draw(image)
    if kind == 1:
        pen.rounded_rectangle((40, 10, width - 40, height - 10), 10, fill=(255, 255, 255), outline=(205, 208, 214))
        colour = tuple(int(v) for v in rng.integers(40, 220, 3))
        pen.rectangle((60, 30, 60 + height - 60, height - 30), fill=colour)
    pen.ellipse((16, height // 2 - 8, 32, height // 2 + 8), fill=tuple(int(v) for v in rng.integers(60, 230, 3)))
    left = 60 if kind != 1 else height + 30
    pen.text((left, height // 2 - 10), words(rng, 6), font=drawn.font(17), fill=(35, 38, 44))
    pen.text(
        (width - 160, height // 2 - 10), f"{rng.integers(10, 99999) / 100:.2f}", font=drawn.font(17), fill=(35, 38, 44)
    )
    pen.line((0, height - 1, width, height - 1), fill=(222, 225, 230))
    return np.asarray(image)


def _cases(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed_of("rows", seed))
    width = int(rng.choice([900, 1200, 1440]))
    head = np.full((90, width, 3), rng.integers(20, 140, 3), np.uint8)
    strips = [_strip(rng, width, int(rng.choice([0, 0, 1, 2]))) for _ in range(int(rng.integers(18, 40)))]
    at = int(rng.integers(2, len(strips) - 3))
    short = np.vstack([head, *strips[:at], *strips[at + 1 :]])
    long = np.vstack([head, *strips])
    top = 90 + sum(strip.shape[0] for strip in strips[:at])
    box = (0, top, width, strips[at].shape[0])
    # A screen of fixed height: what is pushed out at the bottom is not seen any more.
    window = min(len(short), 1400)
    files = {"": None, " JPEG 85": 85}
    cases = []
    for note, quality in files.items():
        small, large = encode_at(short, quality), encode_at(long, quality)
        added, removed = (("added", ("changed",)),), (("removed", ("changed",)),)
        cases.append(Case(f"rows{seed}-added{note}", f"row added{note}", small, large, (box,), added, frame="after"))
        cases.append(Case(f"rows{seed}-removed{note}", f"row removed{note}", large, small, (box,), removed))
    if top + box[3] < window - 2 * ROW:
        same = encode_at(short[:window], None), encode_at(long[:window], None)
        cases.append(Case(f"rows{seed}-window", "row added, same size", *same, (box,), added, frame="after"))
    return cases
