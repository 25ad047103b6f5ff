"""Runs of one batch in different places: a loop, processes of this machine, a Dask cluster, one that loses a worker."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.analysis import Deadline, Options, evaluate
from app.batch.config import Rules
from app.batch.dask_executor import batch_executor
from app.batch.executor import Executor, LocalProcesses
from app.batch.pairs import Pairs, find_pairs
from app.batch.results import RESULTS, Results
from app.batch.run import Plan, run_batch
from app.batch.work import compare_pair
from app.settings import Settings
from bench.local_cluster import LocalCluster, kill

SAMPLES = Path(__file__).parents[1] / "static/samples"
SETTINGS = Settings(model=Path("no-model"))
PLAN = Plan(Rules((), {}), SETTINGS, pictures="none")
OWN = ("seconds", "timings_ms")  # what differs from run to run
Lines = dict[str, bytes]


@dataclass
class Run:
    """What one run took, and whether it answered as it should."""

    place: str
    pairs: int
    seconds: float
    lines: Lines = field(repr=False, default_factory=dict)
    answers: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        """Pairs per second."""
        return self.pairs / self.seconds


def make_pairs(folder: Path, count: int) -> Pairs:
    """Write pairs of four kinds in turn: a screenshot and a photo that changed, and two where nothing did."""
    photo = cv2.imread(str(SAMPLES / "coffee-before.jpg"))
    assert photo is not None
    screenshot = (SAMPLES / "dashboard-before.png").read_bytes()
    again = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()
    kinds: tuple[tuple[str, bytes, bytes], ...] = (
        ("screenshot.png", screenshot, (SAMPLES / "dashboard-after.png").read_bytes()),
        ("photo.jpg", *((SAMPLES / f"coffee-{side}.jpg").read_bytes() for side in ("before", "after"))),
        ("same.png", screenshot, screenshot),
        ("saved-again.jpg", (SAMPLES / "coffee-before.jpg").read_bytes(), again),
    )
    return _written(folder, ((f"{number:05}-{name}", *sides) for number, (name, *sides) in _turns(kinds, count)))


def make_tiny_pairs(folder: Path, count: int) -> Pairs:
    """Write pairs that cost next to nothing, so that what is left is the way there and back."""
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    return _written(folder, ((f"{number:05}.png", data, data) for number in range(count)))


def _turns(kinds: tuple[Any, ...], count: int) -> Iterator[tuple[int, Any]]:
    return ((number, kinds[number % len(kinds)]) for number in range(count))


def _written(folder: Path, files: Iterator[Any]) -> Pairs:
    for side in ("before", "after"):
        (folder / side).mkdir(parents=True)
    for name, before, after in files:
        (folder / "before" / name).write_bytes(before)
        (folder / "after" / name).write_bytes(after)
    return find_pairs(str(folder / "before"), str(folder / "after"))


def in_a_loop(found: Pairs) -> Run:
    """Read and evaluate one pair after the other, as a script would."""
    options = Options()
    started = time.perf_counter()
    for pair in found.pairs:
        assert pair.before is not None
        assert pair.after is not None
        before, after = (Path(file.path).read_bytes() for file in (pair.before, pair.after))
        evaluate(before, after, options, Deadline(60.0))
    return Run("`evaluate` in a loop", len(found.pairs), time.perf_counter() - started)


def on_processes(found: Pairs, out: Path, count: int) -> Run:
    """Run it on child processes of this one."""
    name = f"{count} local process{'es' if count > 1 else ''}"
    executor = LocalProcesses(count, seconds=60.0, max_memory_bytes=SETTINGS.max_memory_bytes)
    with closing(executor):
        return _timed(name, found, out, executor)


def on_cluster(found: Pairs, out: Path, workers: int, *, lose_one: bool = False) -> Run:
    """Run it on a Dask cluster of processes; a worker may be killed when half of the pairs are answered."""
    with LocalCluster(workers) as cluster:
        cluster.wait_for(workers)
        name = f"{workers} Dask worker{'s' if workers > 1 else ''}"
        with closing(batch_executor(cluster.address, SETTINGS)) as executor:
            if not lose_one:
                return _timed(name, found, out, executor)
            run = _timed(f"{name}, one killed half-way", found, out, executor, lambda: kill(cluster.workers[0]))
            run.note = f"{workers - 1} of {workers} workers at the end"
            return run


def _timed(name: str, found: Pairs, out: Path, executor: Executor, half_way: Callable[[], None] | None = None) -> Run:
    """Warm all workers up, then run the batch and count what it answers."""
    works = [PLAN.work_for(pair) for pair in found.pairs[: 2 * executor.slots]]
    wait([executor.submit(compare_pair, work) for work in works])  # type: ignore[arg-type]  # no pair lacks a file
    shutil.rmtree(out, ignore_errors=True)
    results = Results(out, {}, resume=False)
    answers = 0

    def count() -> None:
        nonlocal answers
        answers += 1
        if half_way and answers == len(found.pairs) // 2:
            half_way()

    started = time.perf_counter()
    run_batch(found.pairs, PLAN, executor, results, count)
    seconds = time.perf_counter() - started
    results.close()
    return Run(name, len(found.pairs), seconds, _lines(out / RESULTS), answers)


def _lines(path: Path) -> Lines:
    """Give each line as bytes, without what differs from run to run; a name that is there twice is an error."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = [record["name"] for record in records]
    if len(set(names)) < len(names):
        raise AssertionError(f"{path}: answered more than once")
    return {
        record["name"]: json.dumps({key: value for key, value in record.items() if key not in OWN}).encode()
        for record in records
    }


@contextmanager
def as_a_child_would() -> Iterator[None]:
    """Compute with as many threads as one local process has."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(cv2.getNumberOfCPUs())
    yield
    cv2.setNumThreads(threads)
