"""`python -m app serve`: the web service, by gunicorn."""

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]

# glibc reads it when a process starts. With more arenas it holds on to freed pictures; what is smaller than a
# picture it should keep for the next step instead of having the system clear new pages each time.
ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("serve", help="serve the page and the API with gunicorn")
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on")
    parser.add_argument("--port", default=os.environ.get("PORT", "8000"), type=int, help="port to listen on")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> NoReturn:
    """Become gunicorn."""
    if problem := why_not(arguments.host, arguments.port):
        sys.exit(problem)
    address = {"HOST": arguments.host, "PORT": str(arguments.port)}
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", "gunicorn"], {**ENVIRONMENT, **os.environ, **address})


def why_not(host: str, port: int) -> str | None:
    """Say why the address cannot be listened on; gunicorn would try five times and then print a traceback."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        return f"Cannot listen on {host}, port {port}: {error}. Another port: PORT=8001 make run"
    return None
