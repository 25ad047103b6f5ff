"""``summary.md``: short enough for a comment on a pull request."""

import re
from collections.abc import Iterable

from app.batch.progress import VERDICTS
from app.batch.reports.facts import Facts, printable
from app.batch.results import Row

LISTED = 50
ROOM = 50_000  # characters; a comment on GitHub takes 65,536
_PLAIN = re.compile(r"[A-Za-z0-9 ,.;()/%×–-]")


def as_markdown(facts: Facts) -> bytes:
    """Say how it went, count, and list what does not pass."""
    failing = [row for row in facts.rows if row.outcome != "pass"]
    lines = [f"## Image Diff: {facts.headline}", "", f"{_code(facts.title)}, {facts.made:%Y-%m-%d %H:%M} UTC"]
    if len(facts.rows) < facts.total:
        lines += ["", f"**Stopped early:** {len(facts.rows):,} of {facts.total:,} pairs; `--resume` goes on."]
    lines += ["", "| verdict | pairs |", "|---|---:|"]
    lines += [f"| {verdict} | {facts.counts[verdict]:,} |" for verdict in VERDICTS if facts.counts[verdict]]
    if accepted := sum(row.accepted for row in facts.rows):
        lines += ["", f"{accepted:,} accepted: the new pictures are the baselines now."]
    if facts.aside:
        lines += ["", f"Left aside as no pictures by their names: {facts.aside:,}."]
    if failing:
        listed = list(_table(failing[:LISTED]))
        lines += ["", "| pair | verdict | |", "|---|---|---|", *listed]
        if more := len(failing) - len(listed):
            lines += ["", f"And {more:,} more: see `index.html`."]
    return ("\n".join(lines) + "\n").encode()


def _table(rows: Iterable[Row]) -> Iterable[str]:
    """Give a line for each row, as long as there is room."""
    written = 0
    for row in rows:
        line = f"| {_code(row.name)} | {row.verdict} | {escape(row.summary)} |"
        written += len(line)
        if written > ROOM:
            return
        yield line


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def escape(text: str) -> str:
    """Write all but the plainest characters as entities, which neither Markdown nor HTML takes for its own.

    A letter of any script is no danger and stays readable; so "@someone" calls nobody and a link is no link.
    """
    short = " ".join(printable(text)[:300].split())
    safe = "".join(char if _PLAIN.match(char) or char.isalnum() else f"&#{ord(char)};" for char in short)
    return safe.replace("www.", "www&#46;")
