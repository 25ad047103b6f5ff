"""Clients that are slow: how long each keeps a thread waiting, and who is cut off so that others are served.

A proxy would take in requests and hand out answers at its own pace; this holds where there is none. Nobody is cut off
who moves ``BYTES_PER_SECOND``, on average since the request began.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from flask import request

from app.errors import Busy, TooSlow
from app.web.addresses import client_of

READERS = 32  # bodies of requests that one process takes in at once
READERS_OF_ONE = READERS // 4  # of these, of one client: those who drip, and come again when cut off, leave some free
BYTES_PER_SECOND = 10_000  # less than any phone has
SLACK_SECONDS = 10.0  # that a client may be behind that
HURRIED_SECONDS = 2.0  # the same, where others have no room
ROOM_SECONDS = 6.0  # that a body may wait until it is read
PIECE_BYTES = 65_536

_waited_for: set["ClientSocket"] = set()


class ClientSocket(socket.socket):
    """A connection that knows how long a request of it has made us wait, and for how many bytes."""

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self.begin()

    def begin(self) -> None:
        """Start to count anew, for a request."""
        self.is_cut = False
        self.receives = True
        self._waited = 0.0
        self._moved = 0
        self._since = 0.0

    @property
    def seconds_late(self) -> float:
        """How much longer it made us wait than its bytes should have taken."""
        since = self._since
        now = time.monotonic() - since if since else 0.0
        return self._waited + now - self._moved / BYTES_PER_SECOND

    def cut(self) -> None:
        """End the waiting: who sends can still read that it took too long."""
        self.is_cut = True
        with suppress(OSError):
            self.shutdown(socket.SHUT_RD if self.receives else socket.SHUT_RDWR)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, as every socket does."""
        with self._waiting(receives=True):
            data = super().recv(size, flags)
        self._moved += len(data)
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send in pieces, to see how it goes on."""
        rest = memoryview(data)
        while rest:
            with self._waiting(receives=False):
                sent = self.send(rest[:PIECE_BYTES], flags)
            self._moved += sent
            rest = rest[sent:]

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:  # type: ignore[override]
        """Send a file in pieces, from the system's memory."""
        file.seek(offset)
        done = 0
        while (size := PIECE_BYTES if count is None else min(PIECE_BYTES, count - done)) > 0:
            with self._waiting(receives=False):
                sent = super().sendfile(file, offset + done, size)
            self._moved += sent
            done += sent
            if sent < size:
                break
        return done

    @contextmanager
    def _waiting(self, *, receives: bool) -> Iterator[None]:
        self.receives = receives
        self._since = time.monotonic()
        _waited_for.add(self)
        try:
            yield
        finally:
            _waited_for.discard(self)
            self._waited += time.monotonic() - self._since
            self._since = 0.0


class _Places:
    """As many places as bodies are read at once, of which one client gets a part at most."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    def take(self, client: str, seconds: float = 0.0) -> bool:
        """Take one, perhaps after waiting for it; say whether there was one."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._has_room_for(client), seconds)
            if found:
                self._taken[client] += 1
            return found

    def give_back(self, client: str) -> None:
        """Let somebody else have it."""
        with self._changed:
            self._taken -= Counter([client])  # who has none any more is not kept
            self._changed.notify_all()

    def _has_room_for(self, client: str) -> bool:
        return self._taken.total() < READERS and self._taken[client] < READERS_OF_ONE


_to_read, _to_wait = _Places(), _Places()


@contextmanager
def reading() -> Iterator[None]:
    """Read the body of a request: only so many at once; where there is no room, who drips makes some."""
    client = client_of(request.remote_addr or "")
    if not _to_read.take(client) and not _find_room(client):
        raise Busy("The server is taking in too many files at once; try again in a few seconds.")
    connection = request.environ.get("gunicorn.socket")
    try:
        yield
    except Exception:
        _refuse_if_cut(connection)
        raise
    finally:
        _to_read.give_back(client)
    _refuse_if_cut(connection)


def _find_room(client: str) -> bool:
    """Wait for a place to read, and cut off who holds one for nothing; as many may wait as may read."""
    if not _to_wait.take(client):
        return False
    try:
        give_up = time.monotonic() + ROOM_SECONDS
        while not _to_read.take(client, ROOM_SECONDS / 20):
            cut_slowest(receiving=True)
            if time.monotonic() > give_up:
                return False
        return True
    finally:
        _to_wait.give_back(client)


def _refuse_if_cut(connection: Any) -> None:
    if getattr(connection, "is_cut", False):
        raise TooSlow("The request arrived too slowly; try again.") from None


def cut_slow() -> None:
    """Cut off all who are too late."""
    for client in tuple(_waited_for):
        if client.seconds_late > SLACK_SECONDS:
            client.cut()


def cut_slowest(*, receiving: bool = False) -> None:
    """Cut off who is most late, if anybody is."""
    slow = [client for client in tuple(_waited_for) if client.receives or not receiving]
    slowest = max(
        (client for client in slow if not client.is_cut), key=lambda client: client.seconds_late, default=None
    )
    if slowest is not None and slowest.seconds_late > HURRIED_SECONDS:
        slowest.cut()
