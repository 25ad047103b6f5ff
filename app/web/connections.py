"""gunicorn's threads, kept from clients that are slow or never close: those would hold up everybody else.

Tried with gunicorn 27.0.1: one client that sends "Connection: close" and then keeps its end open makes every other
request wait two seconds, as the loop that accepts connections waits for it; one that connects and says nothing holds a
thread for five seconds, and one that stops or drips in the middle of a header, a body or an answer holds it for good.
"""

import os
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from app.settings import Settings
from app.web.clients import PIECE_BYTES, READERS, ClientSocket, cut_slow, cut_slowest

HEADER_SECONDS = 20  # for the headers to arrive
HEADER_BYTES = 65_536  # read before a thread looks at them
STOPPING_SECONDS = 2  # for headers that are under way when the process is told to end
SPARE_CONNECTIONS = 50  # kept free by closing those that have not sent a request for the longest time
LINGER_SECONDS = 20  # to read what a client still sends of a body that was refused
LINGER_BYTES = 100_000_000
SILENT_SECONDS = 2  # of a client that may have more to send
MOMENT_SECONDS = 0.05  # for the rest of a body where no more threads may linger
LINGERING = READERS  # threads that may do so at once

_lingering = threading.BoundedSemaphore(LINGERING)


class ThreadsWithLimits(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gives a thread to whoever has sent the headers of a request, for a limited time; closes without waiting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ends: dict[Any, float] = {}
        self._request_seconds = Settings.from_environment().request_seconds  # for the body, the work and the answer
        self._in_threads = 0  # connections that have a thread or wait for one

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection a thread once the headers of its request are here; gunicorn's loop calls this."""
        if conn.parser is None:
            conn.sock = ClientSocket(conn.sock.detach())
            conn.init()
        conn.sock.setblocking(False)
        if _headers_are_here(conn):
            self._in_threads += 1
            super().enqueue_req(conn)
            return
        conn.timeout = time.monotonic() + HEADER_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Take in more of the headers, without a thread."""
        if _headers_are_here(conn):
            super().on_pending_socket_readable(conn, client)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Close the connection or wait for its next request."""
        self._in_threads -= 1
        super().finish_request(conn, fs)

    def handle(self, conn: Any) -> Any:
        """Read and answer one request; runs in a thread."""
        conn.sock.begin()
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
        self._ends[conn] = time.monotonic() + self._request_seconds
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Say whether the connection is good for another request: if it is kept, and this one was read to its end."""
        return _read_rest(conn) and keepalive

    def murder_pending(self) -> None:
        """Cut off whose time is up; gunicorn's loop calls this at least once a second."""
        self._hurry()
        super().murder_pending()
        now = time.monotonic()
        for conn, end in list(self._ends.items()):
            if now > end:
                _shut(conn, socket.SHUT_RDWR)
        cut_slow()
        for _ in range(self._in_threads - self.cfg.threads):  # as many as wait for a thread
            cut_slowest()

    def _hurry(self) -> None:
        """Take the time from connections without a request where there are too many, or when the process ends."""
        crowd = max(0, self.nr_conns + SPARE_CONNECTIONS - self.worker_connections)
        for conn in islice(chain(self.pending_conns, self.keepalived_conns), crowd):
            conn.timeout = 0
        if not self.alive:
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, time.monotonic() + STOPPING_SECONDS)


def _headers_are_here(conn: Any) -> bool:
    """Take in what has arrived and say whether a thread can go on: it has all headers, too much, or the end."""
    buffer = conn.parser.unreader.buf
    buffer.seek(0, os.SEEK_END)
    try:
        received = conn.sock.recv(HEADER_BYTES)
    except BlockingIOError:
        received = None
    except OSError:
        received = b""
    buffer.write(received or b"")
    return received == b"" or buffer.tell() >= HEADER_BYTES or b"\r\n\r\n" in buffer.getvalue()


def _read_rest(conn: Any) -> bool:
    """Read the rest of a body that nobody wanted, as some clients look for an answer only then; say whether it ended.

    gunicorn does it in steps of 1 kB, for each of which it copies all that has arrived.
    """
    may_linger = _lingering.acquire(blocking=False)
    end = time.monotonic() + (LINGER_SECONDS if may_linger else MOMENT_SECONDS)
    left = LINGER_BYTES
    try:
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            conn.sock.settimeout(min(seconds, SILENT_SECONDS))
            piece = conn.parser.mesg.body.read(PIECE_BYTES)
            if not piece:
                return True
            left -= len(piece)
        # A client that goes on sending would wait a minute for room, unless it is told that there will be none.
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (OSError, ParseException):
        pass
    finally:
        if may_linger:
            _lingering.release()
    return False


def _finish(conn: Any) -> None:
    _shut(conn, socket.SHUT_WR)
    _shut(conn, socket.SHUT_RD)  # gunicorn, which now waits for the client to close, finds that it did


def _shut(conn: Any, how: int) -> None:
    with suppress(OSError):
        conn.sock.shutdown(how)
