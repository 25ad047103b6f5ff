"""Reports of pairs with hostile names: nothing that reads them runs, follows or misreads a name."""

import csv
import io
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from app.batch.reports import junit, markdown, table
from app.batch.reports.facts import Facts, printable
from app.batch.results import Results, Row, stem_of
from app.batch.work import Answer
from tests.batch.conftest import Batch

HOSTILE = [
    "=HYPERLINK(\"http://x\")",
    "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "|calc",
    "<script>alert(1)</script>.png",
    "a|b`c`*d*_e_[f](http://g.example)@h #1.png",
    "www.example.com/x.png",
    "line\nbreak\r.png",
    "bytes-\udcff-\x00-\x1b[31m-\ufffe.png",
    "]]>&amp;\"'.png",
    "\u202egnp.exe",
    "../../etc/passwd",
]  # fmt: skip


def row(name: str, verdict: str = "different", **values: Any) -> Row:
    """A row as a run makes it."""
    given = {
        "passed": None, "regions": 2, "share": 0.25, "summary": f"{name} 2 differences.", "seconds": 0.5, "code": None,
        "files": f"pairs/{stem_of(name)}", "accepted": False, "at": 0, "length": 0,
    }  # fmt: skip
    return Row(name=name, verdict=verdict, **(given | values))


def facts_of(*rows: Row, total: int | None = None, title: str = "before and after") -> Facts:
    made = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    return Facts(title, list(rows), len(rows) if total is None else total, 0, made, 3.25)


ALL = facts_of(
    row("a.png", "identical", regions=0, files=None),
    row("b.png", "different"),
    row("c.png", "different", passed=True),
    row("d.png", "different", accepted=True),
    row("e.png", "missing", regions=0, files=None),
    row("f.png", "extra", regions=0, files=None),
    row("g.png", "error", regions=0, files=None, code="corrupt_image"),
    row("h.png", "equivalent", passed=False, regions=0),
)


def test_what_passes_fails_and_is_an_error_is_counted_alike_everywhere() -> None:
    assert ALL.outcomes == {"pass": 3, "fail": 4, "error": 1}
    assert ALL.status == 2
    assert facts_of(*ALL.rows[:6]).status == 1
    assert facts_of(ALL.rows[0], *ALL.rows[2:4]).status == 0
    suite = ET.fromstring(junit.as_xml(ALL))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("8", "4", "1")
    assert "5 of 8 pairs do not pass" in markdown.as_markdown(ALL).decode()
    outcomes = [line["outcome"] for line in csv.DictReader(io.StringIO(table.as_csv(ALL).decode()))]
    assert outcomes == ["pass", "fail", "pass", "pass", "fail", "fail", "error", "fail"]


def test_the_share_of_a_mirrored_picture_with_an_edit_is_no_more_than_the_whole(tmp_path: Path) -> None:
    regions = [{"area": 1000, "share": 1.0}, {"area": 69, "share": 0.069}]
    record = {"name": "a", "verdict": "different", "passed": None, "summary": "", "seconds": 1, "regions": regions}
    results = Results(tmp_path / "report", {}, resume=False)
    assert results.add(Answer(record, {})).share == 1
    results.close()


def test_junit_is_valid_by_its_schema_whatever_the_names() -> None:
    schema = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
    schema.validate(junit.as_xml(ALL).decode())
    text = junit.as_xml(facts_of(*map(row, HOSTILE), title=HOSTILE[10])).decode()
    schema.validate(text)
    cases = ET.fromstring(text).iter("testcase")
    assert len(list(cases)) == len(HOSTILE)


def test_junit_names_the_problem_and_the_page_of_the_pair() -> None:
    cases = {case.get("name"): case for case in ET.fromstring(junit.as_xml(ALL)).iter("testcase")}
    failure = cases["b.png"].find("failure")
    assert failure is not None and failure.get("message") == "b.png 2 differences."
    assert f"pairs/{stem_of('b.png')}.html" in (failure.text or "")
    error = cases["g.png"].find("error")
    assert error is not None and error.get("type") == "corrupt_image"
    assert len(cases["a.png"]) == len(cases["c.png"]) == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_of_the_table_is_a_formula(name: str) -> None:
    (line,) = csv.DictReader(io.StringIO(table.as_csv(facts_of(row(name))).decode(), newline=""))
    for cell in line.values():
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "|"))
    assert line["name"].removeprefix("'") == printable(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_nothing_but_text_in_markdown(name: str) -> None:
    lines = markdown.as_markdown(facts_of(row(name))).decode().splitlines()
    (line,) = [line for line in lines if line.startswith("| <code>")]
    shown = line.removeprefix("| <code>").partition("</code>")[0]
    assert not set("<>`*_[]|@:!~\\\"'") & set(shown)
    assert "www." not in shown and "\u202e" not in shown
    assert line.count("|") == 4


def test_the_summary_fits_into_a_comment_and_says_how_many_it_leaves_out() -> None:
    rows = [row(f"{index}-{'<>' * 150}.png") for index in range(900)]
    text = markdown.as_markdown(facts_of(*rows)).decode()
    listed = text.count("| <code>")
    assert len(text) < 65_536 and 5 < listed < 900
    assert f"And {900 - listed:,} more" in text


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([], "No pair was compared"),
        (["identical"], "The pair passes"),
        (["missing"], "The pair does not pass"),
        (["identical", "equivalent"], "All 2 pairs pass"),
        (["identical", "error"], "1 of 2 pairs do not pass"),
    ],
)
def test_the_headline_is_a_sentence_for_any_count(verdicts: list[str], headline: str) -> None:
    assert facts_of(*(row(f"{index}.png", verdict) for index, verdict in enumerate(verdicts))).headline == headline


def test_a_report_of_a_stopped_run_says_so() -> None:
    assert "1 of 9 pairs" in markdown.as_markdown(facts_of(row("a.png"), total=9)).decode()


def test_no_two_names_share_their_files_and_none_leads_out_of_the_report() -> None:
    stems = {stem_of(name) for name in [*HOSTILE, "A.png", "a.png", "x" * 5000]}
    assert len(stems) == len(HOSTILE) + 3
    assert all(stem.replace("/", "").isalnum() and len(stem) < 40 for stem in stems)


def test_nothing_is_written_outside_of_the_report(folders: Path, batch: Batch) -> None:
    def others() -> dict[Path, bytes]:
        found = (path for path in folders.rglob("*") if path.is_file() and folders / "report" not in path.parents)
        return {path: path.read_bytes() for path in found}

    kept = others()
    batch("before", "after", "--pictures", "all")
    assert others() == kept
