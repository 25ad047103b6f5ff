"""Work runs in children that are killed when time is up, and whose death harms nobody else."""

import errno
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask

from app import jobs
from app.errors import Busy, InvalidOption, TimedOut, TooManyPixels
from app.web.services import Services
from app.worker import Child, ChildCrashed, Workers
from tests import picture_factory
from tests.web import children
from tests.web.conftest import MakeApp, assert_error, files_under, pair

BLACK = np.zeros((1, 1, 3), np.uint8)


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(1, initializer=children.prepare, initargs=("ready",))
    yield made
    made.close()


def test_a_call_runs_in_another_process_and_gives_its_result(workers: Workers) -> None:
    assert workers.call(children.add, 1, 2, seconds=20) == 3
    assert workers.call(os.getpid, seconds=20) != os.getpid()
    assert workers.call(children.prepared_with, seconds=20) == "ready"


def test_a_child_has_the_analysis_loaded_when_it_starts() -> None:
    """Whatever folder a test that ran before had gone to: see ``tests/conftest.py``."""
    workers = Workers(1, initializer=time.sleep, initargs=(0,))
    assert workers.call(eval, "'app.jobs' in __import__('sys').modules", seconds=60)
    workers.close()


def test_a_child_is_used_again(workers: Workers) -> None:
    assert workers.call(os.getpid, seconds=20) == workers.call(os.getpid, seconds=20)


def test_an_expected_error_arrives_as_it_was_raised(workers: Workers) -> None:
    with pytest.raises(InvalidOption, match="not an option") as caught:
        workers.call(children.refuse, seconds=20)
    assert caught.value.field == "color"
    with pytest.raises(OSError, match="No space") as full:
        workers.call(children.fill_the_disk, seconds=20)
    assert full.value.errno == errno.ENOSPC


def test_an_unexpected_error_arrives_with_its_traceback(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match=r"in stumble\n.*\nKeyError: 'no such key'"):
        workers.call(children.stumble, seconds=20)


@pytest.mark.parametrize("stuck", [children.sleep, children.spin, children.hang_in_native_code])
def test_a_stuck_call_is_killed_when_time_is_up_and_the_next_works(workers: Workers, stuck: Any) -> None:
    with pytest.raises(TimedOut, match="longer than this server allows"):
        workers.call(stuck, seconds=-0.5)  # plus one second of grace
    assert workers.call(children.add, 1, 2, seconds=20) == 3


def test_a_crash_harms_only_its_own_call(workers: Workers) -> None:
    with pytest.raises(ChildCrashed, match=str(-signal.SIGSEGV)):
        workers.call(children.crash, signal.SIGSEGV, seconds=20)
    with pytest.raises(Busy, match="memory"):
        workers.call(children.crash, signal.SIGKILL, seconds=20)
    assert workers.call(children.add, 1, 2, seconds=20) == 3


def test_an_idle_child_that_was_killed_is_replaced(workers: Workers) -> None:
    for _ in range(3):
        pid = workers.call(os.getpid, seconds=20)
        os.kill(pid, signal.SIGKILL)
        while _is_running(pid):
            time.sleep(0.002)
        assert workers.call(children.add, 1, 2, seconds=20) == 3


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_is_replaced_after_many_calls(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.CALLS_PER_CHILD", 3)
    pids = [workers.call(os.getpid, seconds=20) for _ in range(7)]
    assert len(set(pids)) == 3
    assert pids[0] == pids[2] != pids[3]


def test_children_work_side_by_side() -> None:
    workers = Workers(2, initializer=children.prepare, initargs=("",))
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda: pids.append(workers.call(children.own_pid, seconds=20))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2
    workers.close()


def test_a_forked_server_starts_children_of_its_own(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    first = workers.call(os.getpid, seconds=20)
    inherited = workers._own_queue()
    monkeypatch.setattr("app.worker.os.getpid", lambda: 1)
    assert workers.call(children.own_pid, seconds=20) != first
    workers.close()
    monkeypatch.undo()
    workers._owner, workers._free = os.getpid(), inherited


def test_children_end_with_their_parent() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    parent = context.Process(target=children.be_a_parent, args=(theirs,))
    parent.start()
    pid = ours.recv()
    assert _is_running(pid)
    assert parent.pid is not None
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    give_up = time.monotonic() + 20
    while _is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not _is_running(pid)


@pytest.fixture
def real_app(make_app: MakeApp) -> Iterator[Flask]:
    """Give an application that works in children, as it does in service."""
    app = make_app(deadline=20)
    workers = Workers(1, initializer=children.prepare, initargs=("",))
    app.extensions["image_diff"].call = workers.call
    yield app
    workers.close()


def test_the_service_computes_in_children(real_app: Flask) -> None:
    client = real_app.test_client()
    answer = client.post("/api/evaluations", data=pair())
    assert answer.status_code == 201, answer.text
    assert client.get(answer.json["images"]["side-by-side"]).status_code == 200
    assert_error(client.post("/api/evaluations", data=pair(b"no image")), 415, "unsupported_format")


def test_a_stuck_evaluation_is_timed_out_and_the_next_request_works(
    real_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = real_app.test_client()
    services: Services = real_app.extensions["image_diff"]
    call = services.call
    with monkeypatch.context() as stuck:
        stuck.setattr(services, "call", lambda *args, seconds: call(children.hang_in_native_code, seconds=-0.5))
        answer = client.post("/api/evaluations", data=pair())
        assert_error(answer, 503, "timed_out")
        assert answer.headers["Retry-After"]
    assert files_under(services.store.workplace) == set()
    assert client.post("/api/evaluations", data=pair()).status_code == 201


def test_a_disk_that_fills_up_within_an_evaluation_is_said_and_leaves_nothing(real_app: Flask) -> None:
    """The system itself refuses what the child writes; when there is room again, everything works by itself."""
    client = real_app.test_client()
    services: Services = real_app.extensions["image_diff"]
    services.call(children.allow_files_of, 100, seconds=20)
    assert_error(client.post("/api/evaluations", data=pair()), 507, "storage_full")
    assert files_under(services.store.workplace) == set()
    services.call(children.allow_files_of, resource.RLIM_INFINITY, seconds=20)
    links = client.post("/api/evaluations", data=pair()).json["images"]
    services.call(children.allow_files_of, 100, seconds=20)
    assert_error(client.get(links["matches"]), 507, "storage_full")
    services.call(children.allow_files_of, resource.RLIM_INFINITY, seconds=20)
    assert client.get(links["matches"]).status_code == 200


def test_a_crash_is_an_internal_error_without_details(real_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = real_app.test_client()
    services: Services = real_app.extensions["image_diff"]
    call = services.call
    monkeypatch.setattr(services, "call", lambda *args, seconds: call(children.crash, signal.SIGSEGV, seconds=20))
    answer = client.post("/api/evaluations", data=pair())
    assert_error(answer, 500, "internal")
    assert "exit" not in answer.text


def test_images_that_need_too_much_memory_are_refused_by_their_headers(make_app: MakeApp) -> None:
    client = make_app(max_memory_bytes=500_000_000).test_client()
    big = picture_factory.empty_png(2000, 2000)
    assert_error(
        client.post("/api/evaluations", data=pair(big, big)), 422, "too_many_pixels", "limit is 2.5 megapixels"
    )
    assert "2.5 megapixels" in client.get("/").text


def test_a_child_gets_no_more_memory_than_its_share() -> None:
    workers = Workers(1, initializer=jobs.prepare, initargs=(1, 500_000_000))
    assert workers.call(children.allocate, 100_000_000, seconds=20) == 100_000_000
    with pytest.raises(MemoryError):
        workers.call(children.allocate, 600_000_000, seconds=20)
    assert workers.call(children.add, 1, 2, seconds=20) == 3
    workers.close()


@pytest.mark.parametrize("allocate", [lambda: np.zeros(2**60, np.uint8), lambda: cv2.resize(BLACK, (10**7, 10**7))])
def test_an_evaluation_without_memory_is_refused_in_words(allocate: Any) -> None:
    with pytest.raises(TooManyPixels, match="more memory"), jobs.within_memory():
        allocate()


def test_other_errors_of_opencv_are_not_called_a_lack_of_memory() -> None:
    with pytest.raises(cv2.error), jobs.within_memory():
        cv2.resize(BLACK, (0, 0))


def test_a_child_that_ended_meanwhile_may_be_killed_all_the_same() -> None:
    child = Child(children.prepare, ("ready",))
    child.end()
    child.kill()
