"""The report of one pair as one HTML file that needs no network: for the web service, batches and tests alike."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parents[1] / "templates"
MEDIA_TYPES = {".png": "image/png", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
IN_REPORT = ("preview-before.webp", "preview-aligned.webp")


@cache
def templates() -> Environment:
    """Give what reads the templates, without a web framework around."""
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


def report_html(
    evaluation: Mapping[str, Any], pictures: Mapping[str, bytes], generated: datetime, *, home: str | None = None
) -> bytes:
    """Write the report of an evaluation (its public JSON) with the pictures named by ``IN_REPORT`` inside.

    ``home`` is the address of the list that it belongs to.
    """
    urls = {name.rpartition(".")[0]: data_url(name, content) for name, content in pictures.items()}
    page = templates().get_template("report.html")
    text = page.render(evaluation=evaluation, pictures=urls, generated=generated, policy=report_policy(), home=home)
    return text.encode("utf-8", "backslashreplace")  # a file name need not be text


@cache
def report_policy() -> str:
    """Allow a report nothing but its own style, script and pictures; it carries this policy along."""
    style, script = (_hash_of(name) for name in ("report.css", "report.js"))
    return f"default-src 'none'; img-src data:; style-src {style}; script-src {script}; base-uri 'none'"


def _hash_of(name: str) -> str:
    text = templates().get_template(name).render()
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data_url(name: str, content: bytes) -> str:
    """Put a picture into an address."""
    return f"data:{MEDIA_TYPES[Path(name).suffix]};base64,{base64.b64encode(content).decode()}"
