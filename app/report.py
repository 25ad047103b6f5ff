"""The report of one pair as one HTML file that needs no network: for the web service, batches and tests alike."""

import base64
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


def report_html(evaluation: Mapping[str, Any], pictures: Mapping[str, bytes], generated: datetime) -> bytes:
    """Write the report of an evaluation (its public JSON) with the pictures named by ``IN_REPORT`` inside."""
    urls = {name.rpartition(".")[0]: data_url(name, content) for name, content in pictures.items()}
    text = templates().get_template("report.html").render(evaluation=evaluation, pictures=urls, generated=generated)
    return text.encode("utf-8", "backslashreplace")  # a file name need not be text


def data_url(name: str, content: bytes) -> str:
    """Put a picture into an address."""
    return f"data:{MEDIA_TYPES[Path(name).suffix]};base64,{base64.b64encode(content).decode()}"
