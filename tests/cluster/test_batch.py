"""A batch on a Dask cluster of real processes answers every pair once, as one process would, whoever is killed."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.batch.config import Rules
from app.batch.dask_executor import DaskExecutor, batch_executor
from app.batch.files import File
from app.batch.pairs import find_pairs
from app.batch.results import Results
from app.batch.run import Plan, run_batch
from app.cluster.connection import Connection
from app.errors import ImageDiffError, NoWorkers, SchedulerAway
from app.settings import Settings
from bench.local_cluster import LocalCluster, kill
from tests.batch.conftest import picture, save
from tests.cluster import work

PAIRS = 60
OWN = ("seconds", "timings_ms")  # what differs from run to run


@pytest.fixture(scope="module")
def machines() -> Iterator[LocalCluster]:
    with LocalCluster(workers=2) as cluster:
        cluster.wait_for(2)
        yield cluster


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make pairs of which every third differs, one is damaged and one is missing."""
    folder = tmp_path_factory.mktemp("pairs")
    before = {f"{number:03}.png": picture(number) for number in range(PAIRS)}
    after = {f"{number:03}.png": picture(number, changed=number % 3 == 0) for number in range(PAIRS)}
    after["007.png"] = after["007.png"][:200]
    del after["011.png"]
    save(folder / "before", before)
    save(folder / "after", after)
    return folder


@pytest.fixture(scope="module")
def expected(folders: Path) -> dict[str, Any]:
    """Compare them here, in one process."""
    main(["batch", str(folders / "before"), str(folders / "after"), "--out", str(folders / "local"), "--jobs", "1"])
    return lines_of(folders / "local")


def lines_of(report: Path) -> dict[str, Any]:
    """Read the results without what differs from run to run; an answer that is there twice is an error."""
    records = [json.loads(line) for line in (report / "results.jsonl").read_text("utf-8").splitlines()]
    lines = {record["name"]: {name: value for name, value in record.items() if name not in OWN} for record in records}
    assert len(lines) == len(records)
    return lines


def run(folders: Path, report: Path, address: str) -> int:
    places = [str(folders / "before"), str(folders / "after")]
    return main(["batch", *places, "--out", str(report), "--scheduler", address])


def test_files_are_read_by_the_workers(
    machines: LocalCluster, folders: Path, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(File, "read", lambda *_: pytest.fail("a file was read here"))
    run(folders, tmp_path, machines.address)
    assert lines_of(tmp_path) == expected


def test_a_scheduler_that_is_started_anew_costs_no_pair(tmp_path: Path) -> None:
    with LocalCluster(workers=1) as machines:
        machines.wait_for(1)
        executor = batch_executor(machines.address, Settings())
        sign = tmp_path / "sign"
        futures = [executor.submit(work.stay_for_a_moment, sign) for _ in range(4)]
        while not sign.exists():
            time.sleep(0.01)
        kill(machines.scheduler)
        machines.start_scheduler()
        assert [future.result(timeout=60) for future in futures] == ["done"] * 4
        executor.close()


def test_the_places_are_as_many_as_there_ever_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler keeps what waits, so a batch need not take back what it submitted to a worker that is lost."""
    connection = Connection("tcp://127.0.0.1:9")
    executor = DaskExecutor(connection, seconds=1)
    monkeypatch.setattr(connection, "slots", lambda: 2)
    assert executor.slots == 2
    for fewer in (lambda: 1, none_left, nobody_answers):
        monkeypatch.setattr(connection, "slots", fewer)
        assert executor.slots == 2
    monkeypatch.setattr(connection, "slots", lambda: 3)
    assert executor.slots == 3


def test_a_batch_that_is_asked_to_stop_does_not_wait_for_a_scheduler_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, {"before/x.png": picture(1), "after/x.png": picture(1)})
    connection = Connection("tcp://127.0.0.1:9")
    monkeypatch.setattr(connection, "slots", lambda: 1)
    asked = threading.Event()

    def nobody_answers(*_: Any, **__: Any) -> None:
        if not asked.is_set():
            asked.set()
            os.kill(os.getpid(), signal.SIGINT)
        raise SchedulerAway("away")

    monkeypatch.setattr(connection, "run", nobody_answers)
    found = find_pairs(str(tmp_path / "before"), str(tmp_path / "after"))
    results = Results(tmp_path / "report", {}, resume=False)
    executor = DaskExecutor(connection, seconds=1)
    assert not run_batch(found.pairs, Plan(Rules((), {}), Settings()), executor, results)
    executor.close()
    results.close()
    assert results.rows == {}  # left for another run


def none_left() -> int:
    raise NoWorkers("none")


def nobody_answers() -> int:
    raise SchedulerAway("away")


def test_an_error_of_a_pair_is_its_own_and_arrives_as_it_was_raised(machines: LocalCluster, tmp_path: Path) -> None:
    executor = batch_executor(machines.address, Settings())
    with pytest.raises(ImageDiffError, match="not an option"):
        executor.submit(work.refuse, tmp_path).result(timeout=30)
    with pytest.raises(RuntimeError, match="exit code -11"):
        executor.submit(work.crash, tmp_path).result(timeout=30)
    executor.close()


def test_a_scheduler_that_is_not_there_or_has_no_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster.connection.CONNECT_SECONDS", 0.5)
    with pytest.raises(SchedulerAway, match=r"answers at tcp://127\.0\.0\.1:9\."):
        batch_executor("tcp://127.0.0.1:9", Settings())
    monkeypatch.setattr("app.batch.dask_executor.WAIT_FOR_WORKERS", 0.1)
    with LocalCluster(workers=0) as machines, pytest.raises(NoWorkers, match=machines.address):
        batch_executor(machines.address, Settings())


def test_the_command_says_in_one_sentence_that_no_scheduler_answers(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cluster.connection.CONNECT_SECONDS", 0.5)
    assert run(folders, tmp_path / "report", "tcp://127.0.0.1:9") == 2
    said = capsys.readouterr().err
    assert "No scheduler answers at tcp://127.0.0.1:9." in said
    assert "Traceback" not in said


def test_a_batch_on_a_cluster_is_that_of_one_process_though_a_worker_is_killed(
    machines: LocalCluster, folders: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    def kill_one() -> None:
        results = tmp_path / "results.jsonl"
        while not results.exists() or results.read_bytes().count(b"\n") < PAIRS // 4:
            if ended.wait(0.005):
                return
        kill(machines.workers.pop())

    ended = threading.Event()
    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        status = run(folders, tmp_path, machines.address)
    finally:
        ended.set()
        killer.join()
    assert len(machines.workers) == 1, "one was killed before the end"
    assert status == 2, "one pair is an error"
    assert len(expected) == PAIRS
    assert lines_of(tmp_path) == expected
    assert pictures_of(tmp_path) == pictures_of(folders / "local")


def pictures_of(report: Path) -> dict[str, bytes]:
    """Read the thumbnails of the pairs."""
    return {str(path.relative_to(report)): path.read_bytes() for path in report.rglob("*.webp")}
