"""What a batch leaves behind, each in one file: for people, spreadsheets, CI and pull requests."""

from pathlib import Path

from app.batch.reports import gallery, junit, markdown, table
from app.batch.reports.facts import Facts


def write_reports(folder: Path, facts: Facts) -> None:
    """Write all of them; a reader sees the old file or the new one."""
    files = {
        "results.csv": table.as_csv(facts),
        "junit.xml": junit.as_xml(facts),
        "summary.md": markdown.as_markdown(facts),
        **gallery.files(facts),
    }
    for name, content in files.items():
        part = folder / f".{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)
