"""The real service on a port of this machine, for the tests that need gunicorn, its threads and its processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
HOST = "diff.example"
HERE = "127.0.0.1"
SAMPLES = ROOT / "static/samples"


Service = tuple[subprocess.Popen[str], str, Path]


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Service]:
    """Start the service on a port that the system chooses, in a folder that is all it may write to."""
    places = {"HOME": "/nonexistent", "TMPDIR": str(folder), "IMAGE_DIFF_STORE": str(folder / "store"), "PORT": "0"}
    places |= {"IMAGE_DIFF_TRUSTED_HOSTS": HOST, **variables}
    with subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("IMAGE_DIFF_")} | places,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        log = ""
        while not (listening := re.search(r"Listening at: (http://[\d.:]+)", log)):
            line = process.stdout.readline()
            assert line, f"it did not start:\n{log}"
            log += line
        try:
            yield process, listening[1], folder
        finally:  # else a test that failed would wait for it for ever
            with suppress(ProcessLookupError):  # it has ended, as it was told
                os.killpg(process.pid, signal.SIGKILL)


def session() -> requests.Session:
    """Ask around any proxy of this machine."""
    asker = requests.Session()
    asker.trust_env = False
    asker.headers["Host"] = HOST
    return asker


def connect(address: str, *sent: bytes, source: str = HERE) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30, source_address=(source, 0))
    for data in sent:
        connection.sendall(data)
    return connection


def compare(address: str) -> requests.Response:
    files = {side: (SAMPLES / f"dashboard-{side}.png").read_bytes() for side in ("before", "after")}
    return session().post(f"{address}/api/evaluations", files=files, timeout=60)
