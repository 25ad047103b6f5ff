"""``index.html``: all pairs in a list that can be sorted and filtered, from the disk and without a network."""

import json
from typing import Any

from app.batch.progress import VERDICTS
from app.batch.reports.facts import Facts, printable
from app.batch.results import Row
from app.report import TEMPLATES, templates

LISTED = 100_000  # a browser cannot scroll much further; what fails comes first
_ORDER = {"error": 0, "fail": 1, "pass": 2}


def files(facts: Facts) -> dict[str, bytes]:
    """Give the page, its style, its script and the rows, each as a file."""
    page = templates().get_template("batch/index.html").render(facts=facts, listed=LISTED, title=printable(facts.title))
    return {
        "index.html": page.encode(),
        "gallery.css": (TEMPLATES / "batch/gallery.css").read_bytes(),
        "gallery.js": (TEMPLATES / "batch/gallery.js").read_bytes(),
        "data.js": _data(facts),
    }


def _data(facts: Facts) -> bytes:
    """Write the rows as a script: a page opened from the disk may load one, but may not fetch JSON."""
    rows = sorted(facts.rows, key=lambda row: _ORDER[row.outcome])[:LISTED]  # stable: else in the order of the pairs
    value = {"verdicts": VERDICTS, "again": facts.again, "rows": [_values(row) for row in rows]}
    return b"window.batch = " + json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _values(row: Row) -> list[Any]:
    """Give name, verdict, outcome, regions, share, seconds, summary, stem of the files, accepted."""
    verdict = VERDICTS.index(row.verdict)
    share, seconds = round(row.share, 6), round(row.seconds, 2)
    name, summary = printable(row.name), printable(row.summary)
    return [name, verdict, row.outcome, row.regions, share, seconds, summary, row.files, int(row.accepted)]
