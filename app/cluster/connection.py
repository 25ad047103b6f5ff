"""The way to a Dask scheduler: opened when first needed, told apart from its workers, found again when it was away."""

import os
import pickle
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import dask
from distributed import Client
from distributed.comm.addressing import parse_address, parse_host_port
from distributed.comm.core import CommClosedError
from distributed.comm.registry import get_backend

from app.cluster.tasks import Outcome
from app.errors import BadRequest, NoWorkers, SchedulerAway, TimedOut

CONNECT_SECONDS = 3.0
REFRESH_SECONDS = 1.0  # how long the number of slots, or that nobody answered, is believed
RETRIES = 2  # of what a worker could not do; what is lost with a worker is run again by the scheduler itself

# The two images of a request travel with its task, on purpose: they are still there when a worker is lost.
dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})


def check_address(address: str) -> None:
    """Refuse what cannot be the address of a scheduler, before anything waits for an answer."""
    try:
        scheme, place = parse_address(address, strict=True)
        get_backend(scheme)
        parse_host_port(place)
    except ValueError:
        raise BadRequest(f"{address} is no address of a scheduler; one is written tcp://scheduler:8786.") from None


class Connection:
    """One client for each process, which many threads use."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._mutex = threading.Lock()
        self._owner = -1
        self._client: Any = None
        self._away_until = 0.0
        self._slots = 0
        self._counted = 0.0

    def slots(self) -> int:
        """Count the threads of all workers; none is an error."""
        client = self._connected()
        if time.monotonic() - self._counted > REFRESH_SECONDS:
            try:
                self._slots = sum(client.sync(client.scheduler.ncores, callback_timeout=CONNECT_SECONDS).values())
            except Exception as error:
                raise self._away() from error
            self._counted = time.monotonic()
        if not self._slots:
            raise NoWorkers("No machine is there to compare images at the moment; try again in a few seconds.")
        return self._slots

    def run(self, task: Callable[..., Outcome], *args: Any, seconds: float | None = None) -> Any:
        """Run a task on a worker and give what it returns or raises; in ``seconds`` at most."""
        client = self._connected()
        try:
            future = client.submit(
                # By value: the scheduler, which reads what it passes on, needs nothing of ours.
                lambda payload: __import__("app.cluster.tasks", fromlist=["run"]).run(payload),
                pickle.dumps((task, args)),
                key=f"image-diff-{secrets.token_hex(16)}",
                pure=False,
                retries=RETRIES,
            )
        except Exception as error:
            raise self._away() from error
        try:
            succeeded, value = future.result(timeout=seconds)
        except TimeoutError:
            future.cancel()
            raise TimedOut from None
        except (CancelledError, CommClosedError) as error:  # what was under way is lost with the scheduler
            raise self._away() from error
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """Let go of the scheduler."""
        with self._mutex:
            if self._client is not None and self._owner == os.getpid():
                self._client.close(timeout=CONNECT_SECONDS)
            self._client = None

    def _connected(self) -> Any:
        """Give the client of this process; while nobody answers, say so at once."""
        with self._mutex:
            if self._owner != os.getpid():  # the threads of a parent that forked are not ours
                self._owner, self._client = os.getpid(), None
            if self._client is not None and self._client.status == "running":
                return self._client
            # A client that lost the scheduler looks for it by itself for a while, then closes.
            looks_for_it = self._client is not None and self._client.status not in ("closing", "closed")
            if looks_for_it or time.monotonic() < self._away_until:
                raise self._away()
            try:
                self._client = _open(self.address)
            except Exception as error:
                self._client = None
                self._away_until = time.monotonic() + REFRESH_SECONDS
                raise self._away() from error
            self._counted = 0.0
            return self._client

    @staticmethod
    def _away() -> SchedulerAway:
        return SchedulerAway("The scheduler of the comparisons does not answer; try again in a few seconds.")


def _open(address: str) -> Any:
    options = {"timeout": CONNECT_SECONDS, "set_as_default": False, "name": "image-diff"}
    return Client(address, **options)  # type: ignore[no-untyped-call]
