"""`python -m app worker` ends when told, whatever it is doing, and says what it lacks."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.__main__ import main
from app.cluster.evaluations import Cluster
from app.cluster.tasks import _workers_for
from bench.local_cluster import ROOT, LocalCluster
from tests.cluster import work
from tests.cluster.test_cluster import until


def test_it_ends_when_told_while_it_looks_for_a_scheduler() -> None:
    command = [sys.executable, "-m", "app", "worker", "tcp://127.0.0.1:9", "--slots", "1", "--host", "127.0.0.1"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while "Waiting to connect" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        process.stderr.read()


def test_it_ends_when_told_while_it_works_and_another_one_does_the_work(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    answers: list[int] = []
    with LocalCluster(workers=1) as machines:
        machines.wait_for(1)
        cluster = Cluster(machines.address)
        call = (work.stay_the_first_time, folder, tmp_path / "sign")
        caller = threading.Thread(target=lambda: answers.append(cluster.call(*call, seconds=60)))
        caller.start()
        until(tmp_path / "sign")
        machines.workers[0].terminate()
        assert machines.workers[0].wait(timeout=30) == 0
        machines.start_worker()
        caller.join()
        cluster.close()
    assert len(answers) == 1


def test_it_says_what_is_to_be_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["worker", "tcp://127.0.0.1:9"]) == 2
    assert "requirements-cluster.txt" in capsys.readouterr().err


def test_a_worker_that_may_start_no_processes_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster.tasks.multiprocessing.current_process", lambda: os)
    monkeypatch.setattr(os, "daemon", True, raising=False)
    with pytest.raises(RuntimeError, match="python -m app worker"):
        _workers_for(97)


@pytest.mark.parametrize(
    "address", ["scheduler", "scheduler:8786", "foo://scheduler:8786", "tcp://scheduler", "tcp://"]
)
def test_what_is_no_address_is_said_before_anything_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    (tmp_path / "x.png").write_bytes(b"")
    for command in (
        ["worker", address],
        ["batch", *[str(tmp_path)] * 2, "--out", str(tmp_path.parent / "report"), "--scheduler", address],
    ):
        assert main([*command]) == 2
        assert f": {address} is no address of a scheduler" in capsys.readouterr().err


def test_a_worker_has_one_slot_at_least(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["worker", "tcp://127.0.0.1:9", "--slots", "0"])
    assert "a number from 1 to 256 is expected" in capsys.readouterr().err
