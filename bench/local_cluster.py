"""A Dask cluster of real processes on this machine, whose parts can be killed and started again."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from app.cluster.connection import Connection
from app.errors import NoWorkers, SchedulerAway

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for a process to be there


class LocalCluster:
    """A scheduler and workers, each a process of its own that knows the others by their ports only."""

    def __init__(self, workers: int = 1, *, slots: int = 1) -> None:
        self._slots = slots
        self._port = 0
        self.workers: list[subprocess.Popen[str]] = []
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker()

    def __enter__(self) -> "LocalCluster":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in (*self.workers, self.scheduler):
            kill(process)

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        return f"tcp://{HOST}:{self._port}"

    def start_scheduler(self) -> None:
        """Start the scheduler, always on the same port."""
        places = ["--host", HOST, "--port", str(self._port), "--dashboard-address", f"{HOST}:0"]
        self.scheduler, self._port = _start(["-m", "dask", "scheduler", *places], r"Scheduler at: +tcp://[\d.]+:(\d+)")

    def start_worker(self) -> subprocess.Popen[str]:
        """Start one more worker."""
        place = [self.address, "--slots", str(self._slots), "--host", HOST]
        process, _ = _start(["-m", "app", "worker", *place], r"Start worker at: +tcp://[\d.]+:(\d+)")
        self.workers.append(process)
        return process

    def wait_for(self, slots: int) -> None:
        """Wait until the workers have so many threads together."""
        connection = Connection(self.address)
        give_up = time.monotonic() + PATIENCE
        while _count(connection) != slots:
            if time.monotonic() > give_up:
                raise TimeoutError(f"the cluster has not {slots} slots")
            time.sleep(0.1)
        connection.close()


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as a power cut would, and its children with it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr:
        process.stderr.close()


def _count(connection: Connection) -> int:
    try:
        return connection.slots()
    except (NoWorkers, SchedulerAway):
        return 0


def _start(arguments: list[str], ready: str) -> tuple[subprocess.Popen[str], int]:
    """Start Python with these arguments and give the port that its log names."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    log = ""
    while not (found := re.search(ready, log)):
        line = process.stderr.readline()
        if not line:
            raise RuntimeError(f"{' '.join(arguments)} did not start:\n{log}")
        log += line
    threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
    return process, int(found[1])


def _drain(stream: IO[str]) -> None:
    """Read on, so that the process never waits for us."""
    try:
        for _ in stream:
            pass
    except ValueError:  # closed
        pass
