"""The load test asks the real service, checks what it gets, and says which promise is broken."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import load, load_report, service
from bench.load_checks import BROKEN, check_kept


def step(clients: int, done: int, **facts: Any) -> load.Step:
    """Make up what so many clients got in ten seconds."""
    well: dict[str, Any] = {"busy": 0, "busy_ms": [], "failures": {}, "wrong": [], "health_ms": [4.0] * 100}
    well |= {"static_ms": [4.0], "load_average": 1.0, "memory": {"web": 1, "children": 1}}
    return load.Step(clients, 10.0, [100.0] * done, **(well | facts))


def test_nothing_is_broken_when_all_held() -> None:
    assert load_report.broken_promises([step(1, 50), step(4, 100), step(64, 91, busy=500)]) == []


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (step(64, 100, failures={"500 internal": 2}), "2 × 500 internal"),
        (step(64, 100, wrong=["abc: its picture mask answers 404"]), "its picture mask answers 404"),
        (step(64, 89), "under 90%"),
        (step(64, 100, health_ms=[4.0] * 90 + [60.0] * 10), "/health"),
        (step(64, 100, health_ms=[4.0] * 90 + [BROKEN] * 10), "/health"),
    ],
)
def test_a_broken_promise_is_named(last: load.Step, said: str) -> None:
    (sentence,) = load_report.broken_promises([step(4, 100), last])
    assert said in sentence
    assert sentence.startswith("64 clients")


def test_clients_get_right_results_from_the_real_service_and_a_wrong_one_would_be_seen(tmp_path: Path) -> None:
    options = argparse.Namespace(seconds=1.0, impatient=False)
    with service.running(evaluations=1, waiting=0) as running:
        pair, expected = load.write_pair(tmp_path, png=False)
        got = load.run_step(running, pair, 4, options, expected)
        assert (got.failures, got.wrong) == ({}, [])
        assert got.busy > 0, "one is served, and none may wait"
        assert BROKEN not in got.health_ms + got.static_ms
        answer = {"id": "A" * 22, "verdict": "different", "regions": [[1, 2, 3, 4]]}
        assert "different with 1 regions" in check_kept(running.address, [answer], expected)[0]
        other = replace(expected, regions=())
        assert "its JSON answers 404" in check_kept(running.address, [answer | {"regions": []}], other)[0]
