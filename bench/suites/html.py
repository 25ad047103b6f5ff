"""HTML pages and their screenshots: a dashboard and an article, written by a seed, rendered by Chromium."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.drawn import words
from bench.methods import read

Pixels = npt.NDArray[np.uint8]

STYLE = """
* { box-sizing: border-box; text-rendering: geometricPrecision; }
body { margin: 0; font: 15px/1.5 'Liberation Sans', Arial, sans-serif; color: #222; background: #f5f6f8; }
header { background: ACCENT; color: #fff; padding: 14px 28px; font-size: 22px; font-weight: bold; }
nav { float: left; width: 210px; background: #262b33; color: #cfd4dc; padding: 18px 24px; height: 3000px; }
nav div { padding: 6px 0; } main { margin-left: 210px; padding: 24px 30px; }
.cards { display: grid; grid-template-columns: repeat(3, 1fr); gap: 18px; }
.card { background: #fff; border: 1px solid #d9dce2; border-radius: 8px; padding: 16px 18px; }
.card h3 { margin: 0 0 8px; } .muted { color: #6b7280; font-size: 13px; }
button { background: ACCENT; color: #fff; border: 0; border-radius: 5px; padding: 8px 16px; font: inherit; }
table { border-collapse: collapse; width: 100%; background: #fff; margin: 18px 0; }
td, th { border: 1px solid #e0e3e8; padding: 7px 12px; text-align: left; }
pre { background: #1e2430; color: #d5dcec; padding: 14px; font: 14px/1.5 'DejaVu Sans Mono', monospace; }
article { padding: 30px; max-width: 1000px; font: 17px/1.6 'Liberation Serif', serif; background: #fff; }
.dot { display: inline-block; width: 14px; height: 14px; border-radius: 7px; background: #3aa76d; }
"""
ACCENTS = ("#2f5fb3", "#8a3ffc", "#b3472f", "#0f766e", "#b8326a")
FONTCONFIG = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="font">EDIT</match><match target="pattern">EDIT</match></fontconfig>"""
# The ways one page's text is drawn without any letter moving: grey edges, colour fringes for a screen whose
# colours lie side by side or one above the other, outlines not fitted to the pixel grid.
RENDERINGS = {
    "grey": "",
    "lcd": '<edit name="rgba" mode="assign"><const>rgb</const></edit>',
    "vertical lcd": '<edit name="rgba" mode="assign"><const>vrgb</const></edit>',
    "unhinted": '<edit name="hinting" mode="assign"><bool>false</bool></edit>',
}
FITTED = ("text-rendering: geometricPrecision;", "")  # replace the one by the other: letters fitted to the pixel grid


def page(seed: int, rows: int = 6) -> str:
    """Write a page; even seeds give a dashboard, odd ones an article."""
    rng = np.random.default_rng(seed)
    style = STYLE.replace("ACCENT", str(rng.choice(ACCENTS)))
    body = _dashboard(rng, rows) if seed % 2 == 0 else _article(rng, rows)
    return f"<!doctype html><html lang=en><meta charset=utf-8><style>{style}</style><body>{body}</body></html>"


def _table(rng: np.random.Generator, rows: int) -> str:
    lines = [
        f"<tr class=row><td><span class=dot></span> {words(rng, 2)}</td><td>{words(rng, 3)}</td>"
        f"<td>{rng.integers(100, 99999) / 100:.2f}</td><td>{rng.integers(1, 28)} May</td></tr>"
        for _ in range(rows)
    ]
    return "<table><tr><th>Name</th><th>Note</th><th>Amount</th><th>Date</th></tr>" + "".join(lines) + "</table>"


def _dashboard(rng: np.random.Generator, rows: int) -> str:
    links = "".join(f"<div>{words(rng, 1).title()}</div>" for _ in range(18))
    cards = "".join(
        f"<div class=card><h3>{words(rng, 2).title()}</h3><p>{words(rng, 24)}</p>"
        f"<p class=muted>{words(rng, 9)}</p><button>{words(rng, 1).title()}</button></div>"
        for _ in range(6)
    )
    return (
        f"<header>{words(rng, 3).title()}</header><nav>{links}</nav>"
        f"<main><div class=cards>{cards}</div>{_table(rng, rows)}</main>"
    )


def _article(rng: np.random.Generator, rows: int) -> str:
    parts = [f"<h1>{words(rng, 4).title()}</h1>"]
    for _ in range(3):
        parts.append(f"<h2>{words(rng, 3).title()}</h2><p>{words(rng, 70)}.</p><p>{words(rng, 50)}.</p>")
    code = "\n".join(f"{words(rng, 1)} = {words(rng, 1)}({rng.integers(1, 999)})" for _ in range(4))
    parts += [f"<pre>{code}</pre>", _table(rng, rows)]
    return f"<header>{words(rng, 2).title()}</header><article>{''.join(parts)}</article>"


def chromium() -> str | None:
    """Find an installed Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def _environment(rendering: str) -> Iterator[dict[str, str | float | bool]]:
    """Give an environment in which fonts are drawn in one of the ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fonts.conf"
        path.write_text(FONTCONFIG.replace("EDIT", RENDERINGS[rendering]))
        yield {**os.environ, "FONTCONFIG_FILE": str(path)}


def shoot(
    pages: Mapping[str, str], rendering: str = "grey", size: tuple[int, int] = (1920, 1080), *, full: bool = False
) -> dict[str, Pixels]:
    """Take screenshots of pages as RGB; ``full`` takes the whole page and not only the window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, _environment(rendering) as environment:
        browser = playwright.chromium.launch(executable_path=chromium(), env=environment)
        try:
            tab = browser.new_page(viewport={"width": size[0], "height": size[1]})
            shots = {}
            for name, text in pages.items():
                tab.set_content(text)
                shots[name] = read(tab.screenshot(full_page=full))
        finally:
            browser.close()
    return shots
