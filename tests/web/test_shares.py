"""Evaluations that run at once share the processors instead of fighting for them, and come after who answers."""

import os
from typing import Any

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from app import jobs
from app.analysis import evaluate
from app.worker import Workers
from tests.web.conftest import AFTER, BEFORE


def look() -> dict[str, Any]:
    """Say what a child may use, after it has loaded and used what it evaluates with."""
    evaluate(BEFORE, AFTER)
    np.linalg.lstsq(np.ones((50, 3)), np.ones(50), rcond=None)
    pools = {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()}
    return {"opencv": cv2.getNumThreads(), "niceness": os.nice(0), **pools}


@pytest.mark.parametrize(("at_once", "processors", "threads"), [(2, 2, 1), (2, 8, 4), (1, 2, 2), (4, 2, 1)])
def test_opencv_gets_the_share_of_one_evaluation(
    monkeypatch: pytest.MonkeyPatch, at_once: int, processors: int, threads: int
) -> None:
    given: list[int] = []
    monkeypatch.setattr(jobs.os, "cpu_count", lambda: processors)
    monkeypatch.setattr(jobs.os, "nice", lambda step: None)
    monkeypatch.setattr(jobs.os, "dup2", lambda *descriptors: None)
    monkeypatch.setattr(jobs.cv2, "setNumThreads", given.append)
    monkeypatch.setattr(jobs.resource, "setrlimit", lambda *limit: None)
    monkeypatch.setattr(jobs.warnings, "simplefilter", lambda action: None)
    jobs.prepare(at_once, 10**9)
    assert given == [threads]


def test_a_child_that_has_a_processor_for_itself_starts_no_threads_and_lets_others_go_first() -> None:
    workers = Workers(1, initializer=jobs.prepare, initargs=(os.cpu_count() or 1, 4 * 10**9))
    found = workers.call(look, seconds=60)
    workers.close()
    assert found["opencv"] == 1
    assert found["blas"] == 1
    assert found["niceness"] == os.nice(0) + jobs.NICENESS


def test_what_libraries_in_c_print_about_a_file_does_not_reach_the_log() -> None:
    workers = Workers(1, initializer=jobs.prepare, initargs=(1, 4 * 10**9))
    assert workers.call(os.readlink, "/proc/self/fd/2", seconds=60) == os.devnull
    workers.close()
