"""What the children of the tests do; functions of a module, so that they can be called in another process."""

import errno
import os
import re
import resource
import shutil
import time
from multiprocessing.connection import Connection
from pathlib import Path

from app.analysis import Limits, Options
from app.errors import InvalidOption
from app.jobs import evaluate_folder
from app.store import LocalStore, Store, open_store
from app.worker import Workers

PUT_SIZE = 60_000

_prepared = ""


def prepare(value: str) -> None:
    global _prepared
    _prepared = value


def prepared_with() -> str:
    return _prepared


def add(a: int, b: int) -> int:
    return a + b


def refuse() -> None:
    raise InvalidOption("hue is not an option.", field="color")


def fill_the_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def stumble() -> None:
    raise KeyError("no such key")


def sleep() -> None:
    time.sleep(60)


def spin() -> None:
    while True:
        pass


def hang_in_native_code() -> None:
    """Hold the interpreter: a match that backtracks for years."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def crash(number: int) -> None:
    os.kill(os.getpid(), number)


def allocate(size: int) -> int:
    return len(bytes(size))


def allow_files_of(size: int) -> None:
    """Let the system refuse longer files, as a full disk does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def own_pid() -> int:
    time.sleep(0.2)
    return os.getpid()


def be_a_parent(pipe: Connection) -> None:
    """Start a child, tell its id and wait to be killed."""
    workers = Workers(1, initializer=prepare, initargs=("",))
    pipe.send(workers.call(os.getpid, seconds=20))
    time.sleep(60)


def put_forever(folder: Path, pipe: Connection) -> None:
    """Keep, draw and delete until killed."""
    store = LocalStore(folder, keep_seconds=10_000, max_bytes=10**9)
    pipe.send("ready")
    while True:
        store.delete("evaluations", _put(store))


def put_objects_forever(place: str, folder: Path, pipe: Connection) -> None:
    """Keep one, keep and delete another, until killed."""
    store = open_store(place, folder, keep_seconds=100, max_bytes=10**9)
    while True:
        _put(store)
        store.delete("evaluations", _put(store))
        pipe.send("once more")


def _put(store: Store) -> str:
    with store.staging() as staged:
        for name in ("before", "after"):
            (staged / name).write_bytes(bytes(PUT_SIZE))
        id = str(store.commit(staged, "evaluations", {"verdict": "different"})["id"])
    with store.staging() as staged:
        (staged / "drawing").write_bytes(bytes(PUT_SIZE))
        store.add_file("evaluations", id, "pictures/mask.png", staged / "drawing")
    return id


def evaluate_often(folder: Path, times: int) -> int:
    """Evaluate the pair of a folder and give the resident memory in bytes."""
    for _ in range(times):
        shutil.rmtree(folder / "pictures", ignore_errors=True)
        evaluate_folder(folder, ("a", "b"), Options(), Limits(), (folder / "no-model", "cpu", 1), 60)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
