"""A run that was stopped goes on where it was; one that would mix two kinds of results does not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.batch.results import Results
from tests.batch.conftest import AFTER, BEFORE, VERDICTS, Batch, lines_of, picture, save, verdicts_of

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command on one process, in a folder."""
    command = [sys.executable, "-m", "app", "batch", "before", "after", "--out", "report", "--jobs", "1", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until there are so many lines."""
    for _ in range(PATIENCE_SECONDS * 50):
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    raise AssertionError("nothing happened")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_writes_down_what_is_done_and_resume_does_the_rest_only(tmp_path: Path, number: int) -> None:
    names = [f"{index:03}.png" for index in range(30)]
    for side in ("before", "after"):
        changed = side == "after"
        save(tmp_path / side, {name: picture(index, changed=changed, size=320) for index, name in enumerate(names)})
    running = start(tmp_path)
    wait_for_lines(tmp_path / "report/results.jsonl", 3)
    os.killpg(running.pid, number)  # as a terminal does: the children get it too
    _, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 130
    assert "--resume goes on" in err and "Traceback" not in err
    first = lines_of(tmp_path / "report")
    assert 3 <= len(first) < len(names)
    assert f"{len(first)} of {len(names)}" in (tmp_path / "report/summary.md").read_text("utf-8")
    assert main(["batch", *_folders(tmp_path), "--resume", "--quiet"]) == 2  # other names of the same folders
    again = start(tmp_path, "--resume")
    again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 1
    lines = lines_of(tmp_path / "report")
    assert list(lines) == names
    assert {name: lines[name] for name in first} == first  # times and all: they were not compared again


def _folders(folder: Path) -> Sequence[str]:
    return (str(folder / "before"), str(folder / "after"), "--out", str(folder / "report"))


def test_a_line_that_was_torn_by_a_power_cut_is_compared_again(folders: Path, batch: Batch, memory: Any) -> None:
    for side, files in (("before", BEFORE), ("after", AFTER)):
        memory.pipe({f"/{side}/{name}": content for name, content in files.items()})
    places = ("memory://before", "memory://after")  # in this process, which needs no start
    batch(*places)
    path = folders / "report/results.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for torn in (whole[:-1], whole[:-30], b"".join(lines[:2]) + lines[2][:40], lines[0][:10], b""):
        path.write_bytes(torn)
        assert batch(*places, "--resume") == 2
        assert verdicts_of() == VERDICTS


def test_resume_asks_missing_and_unreadable_files_again(folders: Path, batch: Batch) -> None:
    batch("before", "after")
    save(folders / "after", {"login/gone.png": picture(3), "broken.png": picture(4)})
    (folders / "before/same.png").unlink()
    assert batch("before", "after", "--resume") == 1
    lines = verdicts_of()
    assert (lines["login/gone.png"], lines["broken.png"], lines["same.png"]) == ("identical", "identical", "extra")


def test_a_pair_that_is_gone_is_gone_from_a_resumed_report(folders: Path, batch: Batch) -> None:
    batch("before", "after")
    for side in ("before", "after"):
        (folders / side / "same.png").unlink()
    batch("before", "after", "--resume")
    assert verdicts_of().keys() == VERDICTS.keys() - {"same.png"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--sensitivity", "70"], "an option of the command line"),
        (["--pictures", "all"], "--pictures"),
        (["--ignore", "0,0,5,5"], "an option of the command line"),
        ([], ".imagediff.toml"),
    ],
)
def test_results_of_other_options_are_not_mixed(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str], changed: list[str], named: str
) -> None:
    batch("before", "after")
    kept = Path("report/results.jsonl").read_bytes()
    if not changed:
        save(folders / "before", {".imagediff.toml": b"sensitivity = 70"})
    assert batch("before", "after", "--resume", *changed) == 2
    assert f"--resume: {named} is not what it was" in capsys.readouterr().err
    assert Path("report/results.jsonl").read_bytes() == kept


def test_two_runs_never_write_the_same_report(folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    batch("before", "after")
    description = json.loads(Path("report/run.json").read_text("utf-8"))
    first = Results(Path("report"), {key: description[key] for key in description if key != "made_by"}, resume=True)
    for more in ((), ("--resume",)):
        assert batch("before", "after", *more) == 2
        assert "is being written by another run" in capsys.readouterr().err
    first.close()
    assert batch("before", "after", "--resume") == 2
    assert verdicts_of() == VERDICTS


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"made_by": "somebody else"}'])
def test_a_folder_of_somebody_else_s_run_is_left_alone(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    save(folders / "report", {"run.json": text.encode(), "pairs/precious.png": b"mine", "results.jsonl": b"mine"})
    for more in ((), ("--resume",)):
        assert batch("before", "after", *more) == 2
        assert "run.json is damaged, or not by a batch" in capsys.readouterr().err
    assert (folders / "report/pairs/precious.png").read_bytes() == b"mine"
    assert (folders / "report/results.jsonl").read_bytes() == b"mine"


def test_resume_without_anything_to_resume_is_a_first_run(folders: Path, batch: Batch) -> None:
    assert batch("before", "after", "--resume") == 2
    assert verdicts_of() == VERDICTS
    assert json.loads(Path("report/run.json").read_text("utf-8"))["before"] == "before"
