"""Use the cores there are."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_THREADS = min(4, _CORES)
_Result = TypeVar("_Result")


def in_threads(work: Callable[[int], _Result], items: Iterable[int]) -> list[_Result]:
    """Map `work` over `items` on the machine's cores; NumPy and OpenCV release the interpreter lock."""
    items = list(items)
    helpers = min(_THREADS, len(items)) - 1
    if helpers < 1:
        return [work(item) for item in items]
    results: dict[int, _Result] = {}
    left = iter(range(len(items)))  # whoever is free takes the next; taking it is one step of the interpreter

    def share() -> None:
        for index in left:
            results[index] = work(items[index])

    with ThreadPoolExecutor(helpers) as pool:
        others = [pool.submit(share) for _ in range(helpers)]
        share()
        for other in others:
            other.result()
    return [results[index] for index in range(len(items))]
