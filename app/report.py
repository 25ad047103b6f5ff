"""The report of one pair as one HTML file that needs no network: for the web service, batches and tests alike.

It is the viewer of the result page, made from the same templates, style sheets and scripts.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.bundle import SCRIPTS, bundle

TEMPLATES = Path(__file__).parents[1] / "templates"
STYLES = Path(__file__).parents[1] / "static" / "css"
MEDIA_TYPES = {".png": "image/png", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_ALWAYS = ("preview-before.webp", "preview-aligned.webp", "small-mask.png", "small-heatmap.webp")
_STORED = ("preview-before", "preview-aligned")  # drawn without scripts, too
_SMALL = "small-"


class _Parts(NamedTuple):
    """What stands in every report, each allowed by its hash."""

    style: Markup
    theme: Markup
    script: Markup


@cache
def templates() -> Environment:
    """Give what reads the templates, without a web framework around."""
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


def in_report(evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the pictures that the report of an evaluation (its public JSON) holds: *after* only where it was moved."""
    before, after = evaluation["before"], evaluation["after"]
    same_frame = all(before[side] == after[side] for side in ("width", "height"))
    moved = evaluation["alignment"]["model"] != "none" or evaluation["alignment"]["bands"] or not same_frame
    return (*_ALWAYS, "preview-after.webp") if moved else _ALWAYS


def report_html(
    evaluation: Mapping[str, Any], pictures: Mapping[str, bytes], generated: datetime, *, home: str | None = None
) -> bytes:
    """Write the report of an evaluation (its public JSON) with the pictures named by ``in_report`` inside.

    ``home`` is the address of the list that it belongs to.
    """
    urls = {name.rpartition(".")[0].removeprefix(_SMALL): data_url(name, content) for name, content in pictures.items()}
    loose = {name: url for name, url in urls.items() if name not in _STORED}
    text = (
        templates()
        .get_template("report.html")
        .render(
            evaluation={**evaluation, "images": loose},
            images={name: f"#{name}" for name in urls},
            pictures=urls,
            stored=_STORED,
            options=evaluation["options"],
            generated=generated,
            policy=report_policy(),
            home=home,
            offline=True,
            mode="",
            region=None,
            **_parts()._asdict(),
        )
    )
    return text.encode("utf-8", "backslashreplace")  # a file name need not be text


@cache
def report_policy() -> str:
    """Allow a report nothing but its own style, scripts and pictures; it carries this policy along."""
    style, theme, script = map(_hash_of, _parts())
    return f"default-src 'none'; img-src data:; style-src {style}; script-src {theme} {script}; base-uri 'none'"


@cache
def _parts() -> _Parts:
    style = "".join((STYLES / name).read_text(encoding="utf-8") for name in ("style.css", "result.css", "report.css"))
    theme = (SCRIPTS / "theme.js").read_text(encoding="utf-8")
    return _Parts(Markup(style), Markup(theme), Markup(bundle("report.js")))


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data_url(name: str, content: bytes) -> str:
    """Put a picture into an address."""
    return f"data:{MEDIA_TYPES[Path(name).suffix]};base64,{base64.b64encode(content).decode()}"
