"""What the processes do that ``bench.sizing`` and ``bench.endurance`` measure: the work of the service's children."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from app import jobs
from app.analysis import Limits, Options
from app.analysis.render import NAMES
from app.commands.serve import ENVIRONMENT

MEMORY = 4_000_000_000  # what the service gives to one evaluation unless told otherwise

os.environ.update(ENVIRONMENT)  # what ``serve`` starts the service with; the children are started after this


def _evaluate(folder: Path) -> dict[str, Any]:
    shutil.rmtree(folder / "pictures", ignore_errors=True)
    return jobs.evaluate_folder(folder, ("a", "b"), Options(), Limits(), (folder / "no-model", "cpu", 1), 120)


def peak_bytes(folder: Path, pictures: bool) -> tuple[int, float]:
    """Evaluate the pair of a folder, draw all its pictures if asked; give the peak of this process and the seconds."""
    started = time.perf_counter()
    record = _evaluate(folder)
    if pictures:
        for name in NAMES:
            jobs.draw_picture(folder, record, name, folder / "drawn", Limits())
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) * 1024, time.perf_counter() - started


def resident_bytes(folder: Path, times: int) -> int:
    """Evaluate the pair of a folder so many times; give the memory this process then holds."""
    for _ in range(times):
        _evaluate(folder)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
