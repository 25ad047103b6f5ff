"""The runbook explains every error code and every metric there is, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ImageDiffError
from app.web.errors import SENTENCES
from app.web.metrics import REGISTRY

TEXT = (Path(__file__).parents[1] / "docs/runbook.md").read_text(encoding="utf-8")


def section(title: str) -> list[list[str]]:
    """Give the names in the first column of a section's table, row by row."""
    text = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [re.findall(r"`(\w+)`", row) for row in rows]


def errors(base: type[ImageDiffError] = ImageDiffError) -> Iterator[type[ImageDiffError]]:
    for error in base.__subclasses__():
        yield error
        yield from errors(error)


def test_every_error_code_is_explained_once() -> None:
    explained = [code for codes in section("What each error code means") for code in codes]
    codes = {error.code for error in errors()} | {code for code, _ in SENTENCES.values()}
    assert len(explained) == len(set(explained))
    assert set(explained) == codes


@pytest.mark.parametrize("error", [error for error in errors() if error.status < 500 or error.status in (503, 507)])
def test_the_status_of_an_error_is_the_one_the_runbook_gives(error: type[ImageDiffError]) -> None:
    (row,) = (line for line in TEXT.splitlines() if line.startswith("| ") and f"`{error.code}`" in line.split("|")[1])
    assert str(error.status) in row.split("|")[2]


def test_every_metric_is_explained() -> None:
    assert {name for names in section("What to watch") for name in names[:1]} == {
        metric.name for metric in REGISTRY.collect()
    }
