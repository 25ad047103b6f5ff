"""The real service on a port of its own, as ``make run`` starts it: gunicorn, with a store that goes when it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


@dataclass(frozen=True)
class Service:
    """Where it listens, its process and the folder of its store and log."""

    port: int
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def address(self) -> str:
        """Give the address that clients ask."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(**settings: object) -> Iterator[Service]:
    """Start the service on a free port of this machine only, and end it."""
    with tempfile.TemporaryDirectory(prefix="image-diff-bench-") as name:
        folder = Path(name)
        given = {f"IMAGE_DIFF_{key.upper()}": str(value) for key, value in settings.items()}
        outside = {key: value for key, value in os.environ.items() if not key.startswith("IMAGE_DIFF_")}
        places = {"HOST": "127.0.0.1", "PORT": "0", "IMAGE_DIFF_STORE": str(folder / "store")}
        with (folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "app", "serve"]
            process = subprocess.Popen(command, cwd=ROOT, env=outside | places | given, stdout=log, stderr=log)
        try:
            yield Service(_port(folder / "log", process), process, folder)
        finally:
            process.terminate()
            process.wait()


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the service says where it listens."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if listening := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(listening[1])
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start:\n{log.read_text()}")


def resident_bytes(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Give the resident memory of the service: of gunicorn, and of the children that compute."""
    total = {"web": 0, "children": 0}
    for pid, command in _family(process.pid):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total["web" if b"gunicorn" in command else "children"] += pages * os.sysconf("SC_PAGE_SIZE")
    return total


def _family(first: int) -> Iterator[tuple[int, bytes]]:
    """Walk over a process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    family = [first]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
        try:
            yield pid, Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            continue
