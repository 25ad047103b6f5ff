"""A batch on a Dask cluster: bytes are read by the workers, and only results come back."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from app.batch.executor import Result, Task
from app.cluster.connection import REFRESH_SECONDS, Connection, check_address
from app.cluster.tasks import run_function
from app.errors import NoWorkers, SchedulerAway
from app.settings import Settings

WAIT_FOR_WORKERS = 30.0  # seconds, at the start
WAIT_FOR_SCHEDULER = 300.0  # seconds, later: a restart of it costs no pair


class DaskExecutor:
    """Waits for each pair in a thread of its own; a pair that is lost with the scheduler is submitted again."""

    def __init__(self, connection: Connection, *, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._slots = 0
        self._stopping = False
        self._threads = ThreadPoolExecutor(1000, thread_name_prefix="pair")  # started as needed

    @property
    def slots(self) -> int:
        """Give the most threads that the cluster ever had: workers come and go, and the scheduler keeps the queue."""
        try:
            self._slots = max(self._slots, self._connection.slots())
        except (NoWorkers, SchedulerAway):
            if not self._slots:
                raise
        return self._slots

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Run it on whichever worker is free."""
        return self._threads.submit(self._run, function, task)

    def stop(self) -> None:
        """Wait no longer for a scheduler that is away."""
        self._stopping = True

    def close(self) -> None:
        """Wait for what was submitted, unless the scheduler is away."""
        self.stop()
        self._threads.shutdown(cancel_futures=True)
        self._connection.close()

    def _run(self, function: Callable[[Task], Result], task: Task) -> Any:
        give_up = time.monotonic() + WAIT_FOR_SCHEDULER
        while True:
            try:
                return self._connection.run(run_function, function, task, self._seconds)
            except SchedulerAway:
                if self._stopping or time.monotonic() > give_up:
                    raise
                time.sleep(REFRESH_SECONDS)


def batch_executor(address: str, settings: Settings) -> DaskExecutor:
    """Connect to a cluster; a scheduler that does not answer, or has no workers, is an error that says so."""
    check_address(address)
    connection = Connection(address)
    give_up = time.monotonic() + WAIT_FOR_WORKERS
    while True:
        try:
            connection.slots()
            return DaskExecutor(connection, seconds=settings.deadline)
        except NoWorkers:
            if time.monotonic() > give_up:
                connection.close()
                raise NoWorkers(f"The scheduler at {address} has no workers.") from None
            time.sleep(REFRESH_SECONDS)
        except SchedulerAway:
            raise SchedulerAway(f"No scheduler answers at {address}.") from None
