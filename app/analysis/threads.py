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
    if len(items) < 2 or _THREADS == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, items))
