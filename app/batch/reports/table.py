"""``results.csv``: one row for each pair, for a spreadsheet."""

import csv
import io

from app.batch.reports.facts import Facts, printable

COLUMNS = ("name", "verdict", "outcome", "regions", "changed", "accepted", "error", "seconds", "summary", "report")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def as_csv(facts: Facts) -> bytes:
    """Write the table; ``changed`` is the share of changed pixels, 0 to 1."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in facts.rows:
        report = f"{row.files}.html" if row.files else ""
        numbers = (row.regions, f"{row.share:.6f}", row.accepted, row.code or "", row.seconds)
        writer.writerow((cell(row.name), row.verdict, row.outcome, *numbers, cell(row.summary), report))
    return text.getvalue().encode()


def cell(text: str) -> str:
    """Disarm a text that a spreadsheet would take for a formula: a file can have any name."""
    text = printable(text)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
