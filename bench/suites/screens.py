"""Screenshots of 2 megapixels: a 3×3 dot, one other letter, one changed element; other anti-aliasing is no change.

Pages are HTML rendered by Chromium where there is one, and drawn ones in any case.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from bench import drawn
from bench.cases import Case, Maker, given
from bench.edits import difference
from bench.nuisances import encode_at
from bench.photos import seed_of
from bench.scoring import Box
from bench.suites import html

Pixels = npt.NDArray[np.uint8]
Rng = np.random.Generator

SAME_WIDTH = "bdpq", "hnu"
"""Letters of one width in nearly every font, so that the rest of the line stays where it is; digits have one anyway."""
ELEMENTS = {
    "button colour": ("<button>", '<button style="background:#d97706">'),
    "icon gone": ("<span class=dot>", '<span class=dot style="visibility:hidden">'),
    "bold": ("<td>", "<td style='color:#b91c1c'>"),
    "border": ("<tr class=row>", '<tr class=row style="background:#fef3c7">'),
}


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give the cases of a set; rendering happens here, once."""
    seeds = {"tune": (2, 3, 4), "report": (102, 103, 104, 105)}[which][: 2 if quick else None]
    cases = [case for seed in seeds for case in _drawn(seed)]
    if html.chromium() is None:
        print("no Chromium here: the pages that it would render are left out", file=sys.stderr)
    else:
        cases += _rendered(seeds)
    return [partial(given, case) for case in cases]


def _case(name: str, group: str, before: Pixels, after: Pixels, box: Box | None, least: float = 0.3) -> Case:
    boxes = () if box is None else (box,)
    return Case(name, group, encode_at(before, None), encode_at(after, None), boxes=boxes, least=least)


def _tight(a: Pixels, b: Pixels) -> Box:
    x, y, width, height = cv2.boundingRect((difference(a, b) > 6).astype(np.uint8))
    return (x, y, width, height)


def _dots(name: str, image: Pixels, rng: Rng, count: int = 3) -> list[Case]:
    """Put a 3×3 dot that stands out by at least 60 levels somewhere on the page."""
    cases = []
    for number in range(count):
        x, y = int(rng.integers(20, image.shape[1] - 20)), int(rng.integers(20, image.shape[0] - 20))
        under = image[y : y + 3, x : x + 3].reshape(-1, 3).astype(int)
        colour = (under.mean(axis=0) + rng.choice([-1, 1]) * rng.integers(60, 110)) % 256
        changed = image.copy()
        changed[y : y + 3, x : x + 3] = np.clip(colour, 0, 255).astype(np.uint8)
        if np.abs(colour - under).max(axis=1).min() < 40:
            continue
        cases.append(_case(f"{name}-dot{number}", "3×3 dot", image, changed, (x, y, 3, 3), 0.1))
    return cases


def _other_letter(text: str, rng: Rng) -> str:
    """Replace one letter in a paragraph or one digit in a table by another of the same width."""
    if rng.random() < 0.4:
        spots = [m.start(1) for m in re.finditer(r"<td>\d*(\d)\.\d\d</td>", text)]
        alike = ("0123456789",)
    else:
        inside = [m.span(1) for m in re.finditer(r"<p>([a-z ]+)\.?</p>", text)]
        alike = SAME_WIDTH
        letters = "".join(alike)
        spots = [i for start, end in inside for i in range(start, min(end, start + 160)) if text[i] in letters]
    at = int(rng.choice(spots))
    others = next(letters for letters in alike if text[at] in letters).replace(text[at], "")
    return text[:at] + str(rng.choice(list(others))) + text[at + 1 :]


def _element(text: str, rng: Rng, name: str) -> str | None:
    old, new = ELEMENTS[name]
    spots = [m.start() for m in re.finditer(re.escape(old), text)]
    if not spots:
        return None
    at = spots[int(rng.integers(0, min(4, len(spots))))]
    return text[:at] + new + text[at + len(old) :]


def _rendered(seeds: Iterable[int]) -> list[Case]:
    pages = {}
    for seed in seeds:
        rng = np.random.default_rng(seed_of("screen", seed))
        base = html.page(seed)
        pages[f"page{seed}"] = base
        for number in range(3):
            pages[f"page{seed}-letter{number}"] = _other_letter(base, rng)
        for name in ELEMENTS:
            changed = _element(base, rng, name)
            if changed:
                pages[f"page{seed}-{name}"] = changed
        moved = "p, td, h1, h2, h3, nav div { position: relative; left: 0.34px; top: 0.2px }</style>"
        pages[f"page{seed}-subpixel"] = base.replace("</style>", moved)
    plain = {name: text for name, text in pages.items() if "-" not in name}
    fitted = {f"{name}-fitted": text.replace(*html.FITTED) for name, text in plain.items()}
    shots = html.shoot(pages | fitted)
    others = {
        "lcd": html.shoot({name: text for name, text in pages.items() if "subpixel" not in name}, "lcd"),
        "vertical lcd": html.shoot(plain, "vertical lcd"),
        "unhinted": html.shoot(fitted, "unhinted"),
    }
    return [case for name in plain for case in _of_page(name, shots, others)]


def _of_page(page: str, shots: dict[str, Pixels], others: dict[str, dict[str, Pixels]]) -> list[Case]:
    base = shots[page]
    cases = _dots(page, base, np.random.default_rng(seed_of(page)))
    for name, shot in shots.items():
        if not name.startswith(page + "-") or name.endswith("-fitted") or np.array_equal(base, shot):
            continue
        if "subpixel" in name:
            cases.append(_case(name, "sub-pixel text", base, shot, None))
            continue
        box = _tight(base, shot)
        group = "one letter" if "letter" in name else "element"
        cases.append(_case(name, group, base, shot, box))
        if "letter" in name:
            cases.append(_case(f"{name}-lcd", "one letter + LCD text", base, others["lcd"][name], box))
    cases += [_case(f"{page}-{way}", f"text {way}", base, others[way][page], None) for way in ("lcd", "vertical lcd")]
    fitted = f"{page}-fitted"
    cases.append(_case(f"{page}-unhinted", "text unhinted", shots[fitted], others["unhinted"][fitted], None))
    return cases


def _drawn(seed: int) -> list[Case]:
    """Draw a page three times as large and sample it in several ways."""
    large = drawn.draw("screenshot", 1728 * 3, seed)
    large = large[: large.shape[0] // 3 * 3 - 3]
    name = f"drawn{seed}"

    def sample(dx: int, dy: int = 0) -> Pixels:
        padded = np.roll(large, (dy, dx), axis=(0, 1))
        return np.asarray(cv2.resize(padded, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA), np.uint8)

    base = sample(0)
    fringed = np.dstack([sample(1)[..., 0], base[..., 1], sample(-1)[..., 2]])
    cases = _dots(name, base, np.random.default_rng(seed_of(name)))
    cases.append(_case(f"{name}-subpixel", "sub-pixel text", base, sample(1, 1), None))
    cases.append(_case(f"{name}-lcd", "text lcd", base, np.ascontiguousarray(fringed), None))
    cases.append(_case(f"{name}-aliased", "text aliased", base, np.ascontiguousarray(large[1::3, 1::3]), None))
    return cases
