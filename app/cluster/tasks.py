"""What a worker of the cluster runs: each call in a child process of its own, which can be killed and has a limit."""

import multiprocessing
import pickle
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from distributed import get_worker

from app import jobs
from app.errors import Busy
from app.settings import Settings
from app.worker import Workers

Task = TypeVar("Task")
Result = TypeVar("Result")
Files = dict[str, bytes]
# An error that is the same wherever the work runs travels as a value: the cluster tries again what is raised.
Outcome = tuple[bool, Any]


def run(payload: bytes) -> Outcome:
    """Run what ``app.cluster.connection`` packed."""
    task, args = pickle.loads(payload)
    outcome: Outcome = task(*args)
    return outcome


def run_function(function: Callable[[Task], Result], task: Task, seconds: float) -> Outcome:
    """Run a function of a module; the work of ``app.batch``."""
    return _outcome(lambda: _children().call(function, task, seconds=seconds))


def run_folder(function: Callable[..., Result], files: Files, args: tuple[Any, ...], seconds: float) -> Outcome:
    """Run a function that works in a folder with these files; give its result and the files that it made there."""

    def work() -> tuple[Result, Files]:
        with tempfile.TemporaryDirectory(prefix="image-diff-") as name:
            folder = Path(name)
            write_files(folder, files)
            result = _children().call(function, folder, *args, seconds=seconds)
            return result, {name: content for name, content in read_files(folder).items() if name not in files}

    return _outcome(work)


def read_files(folder: Path) -> Files:
    """Read a folder into memory."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    """Write what ``read_files`` read."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def warm_up(slots: int) -> None:
    """Load the analysis before the first task."""
    _workers_for(slots).warm_up()


def abandon(slots: int) -> None:
    """Stop what is under way: the scheduler that asked for it is gone, or this worker is to end."""
    _workers_for(slots).abandon()


def _outcome(work: Callable[[], Any]) -> Outcome:
    try:
        return True, work()
    except (Busy, OSError):  # no memory, no disk: another worker may have it
        raise
    except Exception as error:
        return False, error


def _children() -> Workers:
    """Give the child processes of this worker, one for each of its threads."""
    return _workers_for(get_worker().state.nthreads)


@cache
def _workers_for(slots: int) -> Workers:
    if multiprocessing.current_process().daemon:
        raise RuntimeError(
            "This worker may not start processes: start it with `python -m app worker`, "
            "or set DASK_DISTRIBUTED__WORKER__DAEMON=False for it."
        )
    limits = (slots, Settings.from_environment().max_memory_bytes)
    return Workers(slots, initializer=jobs.prepare, initargs=limits)
