"""What the workers of the tests do; functions of a module, which they can import."""

import os
import signal
import time
from pathlib import Path

from app.errors import InvalidOption


def note(folder: Path, sign: Path) -> str:
    """Leave a file in the folder, and a sign where the test looks."""
    sign.write_text("done")
    (folder / "made").mkdir()
    (folder / "made/note").write_bytes((folder / "before").read_bytes() * 2)
    return "result"


def stay(folder: Path, sign: Path, seconds: float) -> int:
    """Say that it works, then take its time."""
    with sign.open("a") as file:
        file.write(f"{os.getppid()}\n")
    time.sleep(seconds)
    return os.getpid()


def crash(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(folder: Path) -> None:
    raise InvalidOption("hue is not an option.", field="color")


def fail_first(folder: Path, sign: Path) -> str:
    """Fail as a disk does, once."""
    if sign.exists():
        return "second time"
    sign.write_text("failed")
    raise OSError("the disk is not there")


def stay_for_a_moment(sign: Path) -> str:
    """Say that it works; the first takes longer than a scheduler needs to start."""
    if not sign.exists():
        sign.write_text("begun")
        time.sleep(30)
    return "done"


def stay_the_first_time(folder: Path, sign: Path) -> int:
    """Take very long, unless it is the second attempt."""
    if not sign.exists():
        sign.write_text("begun")
        time.sleep(55)
    return os.getpid()
