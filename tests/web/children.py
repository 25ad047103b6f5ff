"""What the children of the tests do; functions of a module, so that they can be called in another process."""

import errno
import os
import re
import signal
import time
from multiprocessing.connection import Connection

from app.errors import InvalidOption
from app.worker import Workers

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


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def own_pid() -> int:
    time.sleep(0.2)
    return os.getpid()


def be_a_parent(pipe: Connection) -> None:
    """Start a child, tell its id and wait to be killed."""
    workers = Workers(1, initializer=prepare, initargs=("",))
    pipe.send(workers.call(os.getpid, seconds=20))
    time.sleep(60)
