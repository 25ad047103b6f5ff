"""The seam: whatever happens to a worker costs its pair and nothing else."""

import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from app.__main__ import main
from app.batch.config import read_rules
from app.batch.executor import LocalProcesses
from app.batch.pairs import find_pairs
from app.batch.results import Results
from app.batch.run import Plan, run_batch
from app.batch.work import Answer, Work, compare_pair
from app.settings import Settings
from tests.batch.conftest import lines_of, picture, save


def misbehave(work: Work) -> Answer:
    """Compare, but crash, hang or break where the name says so."""
    if "crash" in work.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "killed" in work.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in work.name:
        time.sleep(600)
    if "bug" in work.name:
        raise ZeroDivisionError("division by zero")
    return compare_pair(work)


class Unlucky(LocalProcesses):
    """Processes that do the above, and note how many pairs were in hand."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.futures: list[Future[Any]] = []
        self.most = 0

    def submit(self, function: Callable[..., Any], task: Any, /) -> Future[Any]:
        self.futures = [future for future in self.futures if not future.done()]
        future = super().submit(misbehave, task)
        self.futures.append(future)
        self.most = max(self.most, len(self.futures))
        return future


def test_a_worker_that_crashes_hangs_or_breaks_costs_its_pair_only(tmp_path: Path) -> None:
    names = ["a.png", "bug.png", "c.png", "crash.png", "e.png", "hang.png", "killed.png", "z.png"]
    names += [f"more-{index}.png" for index in range(6)]
    for side in ("before", "after"):
        save(tmp_path / side, dict.fromkeys(names, picture(1)))
    found = find_pairs(str(tmp_path / "before"), str(tmp_path / "after"))
    plan = Plan(read_rules(found.home, {}), Settings())
    results = Results(tmp_path / "report", {}, resume=False)
    executor = Unlucky(2, seconds=15, max_memory_bytes=4_000_000_000)
    try:
        assert run_batch(found.pairs, plan, executor, results)
    finally:
        executor.close()
        results.close()
    lines = lines_of(tmp_path / "report")
    codes = {name: line["error"]["code"] for name, line in lines.items() if line["verdict"] == "error"}
    assert codes == {"bug.png": "internal", "crash.png": "internal", "hang.png": "timed_out", "killed.png": "busy"}
    assert "ZeroDivisionError" in lines["bug.png"]["summary"]
    assert {line["verdict"] for name, line in lines.items() if name not in codes} == {"identical"}
    assert lines.keys() == set(names)
    assert executor.most <= 4  # a long list is not handed over all at once


def test_a_pair_without_its_partner_needs_no_worker(tmp_path: Path) -> None:
    save(tmp_path / "before", {"x.png": picture(1)})
    save(tmp_path / "after", {"y.png": picture(1)})
    found = find_pairs(str(tmp_path / "before"), str(tmp_path / "after"))
    plan = Plan(read_rules(found.home, {}), Settings())
    answers = [plan.work_for(pair) for pair in found.pairs]
    assert [isinstance(answer, Answer) and answer.record["verdict"] for answer in answers] == ["missing", "extra"]


def test_many_files_without_their_partners_do_not_hide_the_pairs_behind_them(tmp_path: Path) -> None:
    save(tmp_path / "before", {f"a{index}.png": b"" for index in range(50)} | {"z.png": picture(1)})
    save(tmp_path / "after", {"z.png": picture(1)})
    out = tmp_path / "report"
    assert main(["batch", str(tmp_path / "before"), str(tmp_path / "after"), "--out", str(out), "--jobs", "1"]) == 1
    assert len(lines_of(out)) == 51
    assert lines_of(out)["z.png"]["verdict"] == "identical"


def test_what_travels_to_a_worker_and_back_is_small(tmp_path: Path) -> None:
    for side in ("before", "after"):
        save(tmp_path / side, {"x.png": picture(1, changed=side == "after", size=640)})
    found = find_pairs(str(tmp_path / "before"), str(tmp_path / "after"))
    work = Plan(read_rules(found.home, {}), Settings(), "none").work_for(found.pairs[0])
    assert isinstance(work, Work)
    assert len(pickle.dumps(work)) < 2_000
    assert len(pickle.dumps(compare_pair(pickle.loads(pickle.dumps(work))))) < 10_000
