"""Where pairs are compared: processes of this machine, or whatever else can take a function and give a future."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from app import jobs
from app.worker import Workers

Task = TypeVar("Task", contravariant=True)
Result = TypeVar("Result")


class Executor(Protocol):
    """The seam between a batch and the machines it runs on.

    ``slots`` is the number of pairs at work at once; a batch keeps a few times as many submitted.
    """

    @property
    def slots(self) -> int:
        """Count the places to work; it may change while machines come and go."""

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Run a function of a module somewhere; its task and its result travel by pickle."""

    def stop(self) -> None:
        """Go on with what runs, but wait for nothing else: the batch was asked to stop."""

    def close(self) -> None:
        """Forget what has not started, wait for what has, and let go of the workers."""


class LocalProcesses:
    """Child processes of this one: a crash or a hang in one of them costs its pair and nothing else."""

    def __init__(self, count: int, *, seconds: float, max_memory_bytes: int) -> None:
        self.slots = count
        self._seconds = seconds
        self._workers = Workers(count, initializer=jobs.prepare, initargs=(count, max_memory_bytes))
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="pair")

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Run it in the next child that is free; it is killed when its time is up."""
        return self._threads.submit(self._workers.call, function, task, seconds=self._seconds)

    def stop(self) -> None:
        """Do nothing: what runs here ends by itself."""

    def close(self) -> None:
        """Wait for the calls that run, then end the children."""
        self._threads.shutdown(cancel_futures=True)
        self._workers.close()


class ThisProcess:
    """One thread of this process, for files that no other process can see (``memory://``)."""

    slots = 1

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1)

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Run it after those submitted before it."""
        return self._threads.submit(function, task)

    def stop(self) -> None:
        """Do nothing: what runs here ends by itself."""

    def close(self) -> None:
        """Wait for the call that runs."""
        self._threads.shutdown(cancel_futures=True)
