"""Use the cores there are, and no more threads than that.

More threads than cores are worse than useless here: most steps are many short calls into NumPy and OpenCV, and
each has to wait for the interpreter lock afterwards; three threads on two cores take longer than two.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore
from typing import ParamSpec, TypeVar

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_THREADS = min(4, _CORES)
_idle = Semaphore(_THREADS - 1)  # cores that no thread of ours works on
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def in_threads(work: Callable[[int], _Result], items: Iterable[int]) -> list[_Result]:
    """Map `work` over `items` on the cores that are idle, also on those that become idle meanwhile.

    Parameters
    ----------
    work : callable
        Takes an item; several may run at once.
    items : iterable of int

    Returns
    -------
    list
        What ``work`` gave, in the order of the items.

    Raises
    ------
    Exception
        What ``work`` raised for one of them; others may have been done all the same.
    """
    items = list(items)
    results: dict[int, _Result] = {}
    left = iter(range(len(items)))  # whoever is free takes the next; taking it is one step of the interpreter

    def share() -> None:
        try:
            for index in left:
                results[index] = work(items[index])
        finally:
            _idle.release()

    with ThreadPoolExecutor(_THREADS) as pool:
        others: list[Future[None]] = []
        for index in left:
            while index + len(others) + 1 < len(items) and _idle.acquire(blocking=False):
                others.append(pool.submit(share))
            results[index] = work(items[index])
        for other in others:
            other.result()
    return [results[index] for index in range(len(items))]


def on_a_core(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let work that gets a thread of its own count as one that keeps a core busy.

    Parameters
    ----------
    work : callable

    Returns
    -------
    callable
        Takes and gives the same.
    """

    def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        taken = _idle.acquire(blocking=False)
        try:
            return work(*args, **kwargs)
        finally:
            if taken:
                _idle.release()

    return run


def await_result(future: "Future[_Result]") -> _Result:
    """Wait for another thread and leave it the core that the caller does not use meanwhile.

    Parameters
    ----------
    future : Future
        Of work that is done in a thread of its own, as `on_a_core` wraps it.

    Returns
    -------
    Whatever it gives.

    Raises
    ------
    Exception
        What the other thread raised.
    """
    _idle.release()
    try:
        return future.result()
    finally:
        _idle.acquire()
