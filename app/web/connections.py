"""gunicorn's threads, kept from clients that are slow or never close: those would hold up everybody else.

Tried with gunicorn 27.0.1: one client that sends "Connection: close" and then keeps its end open makes every other
request wait two seconds, as the loop that accepts connections waits for it; one that connects and says nothing holds a
thread for five seconds, and one that stops in the middle of a header or a body holds it for good.
"""

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker

HEADER_SECONDS = 20  # for the headers to arrive
REQUEST_SECONDS = 300  # for the body to arrive, the work and the answer
LINGER_SECONDS = 2  # to read what a client still sends of a body that was refused
LINGER_BYTES = 50_000_000
LINGERING = 16  # threads that may do so at once

_lingering = threading.BoundedSemaphore(LINGERING)


class ThreadsWithLimits(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gives a thread only to who sends, for a limited time, and closes connections without waiting in the loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ends: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Read and answer one request; runs in a thread."""
        if not conn.initialized and not conn.wait_for_data(0):
            return _DEFER
        self._ends[conn] = time.monotonic() + HEADER_SECONDS
        try:
            keep = super().handle(conn)
            if keep is False:
                _finish(conn)
            return keep
        finally:
            del self._ends[conn]

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers have arrived."""
        self._ends[conn] = time.monotonic() + REQUEST_SECONDS
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Say whether the next request of this connection can be read: gunicorn would wait long for what is missing."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + 0.05))

    def murder_pending(self) -> None:
        """Cut off whose time is up; gunicorn's loop calls this once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn, end in list(self._ends.items()):
            if now > end:
                _shut(conn, socket.SHUT_RDWR)


def _finish(conn: Any) -> None:
    """Read the rest of a body that nobody wanted, so that the client sees the answer and no reset; then end it."""
    if conn.parser is not None and _lingering.acquire(blocking=False):
        with suppress(Exception):  # a request that could not even be parsed has no body
            conn.parser.finish_body(deadline=time.monotonic() + LINGER_SECONDS, max_bytes=LINGER_BYTES)
        _lingering.release()
    _shut(conn, socket.SHUT_WR)
    _shut(conn, socket.SHUT_RD)  # gunicorn, which now waits for the client to close, finds that it did


def _shut(conn: Any, how: int) -> None:
    with suppress(OSError):
        conn.sock.shutdown(how)
