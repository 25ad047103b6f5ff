"""A client that is slow or never ends loses its connection, and not the service its threads."""

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from app.errors import Busy
from app.gate import READERS, reading
from app.web import connections
from app.web.connections import ThreadsWithLimits
from tests.web.conftest import MakeApp, assert_error, pair


class Connection(SimpleNamespace):
    """What gunicorn keeps of a connection; it is a key of dictionaries."""

    __hash__ = object.__hash__


@pytest.fixture
def worker() -> Iterator[ThreadsWithLimits]:
    made = ThreadsWithLimits(0, 0, [], None, 0, Config(), SimpleNamespace())
    yield made
    made.tmp.close()


@pytest.fixture
def pipe() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a connection that has both its ends here."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(("overdue", "cut"), [(1, True), (-100, False)])
def test_who_takes_too_long_is_cut_off(worker: ThreadsWithLimits, pipe: Any, overdue: float, cut: bool) -> None:
    ours, theirs = pipe
    worker._ends[Connection(sock=ours)] = time.monotonic() - overdue
    worker.murder_pending()
    theirs.setblocking(False)
    if cut:
        assert theirs.recv(1) == b""
    else:
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_the_answer_is_read_to_its_end_before_the_connection_is_cut(pipe: Any) -> None:
    ours, theirs = pipe
    ours.sendall(b"answer")
    connections._finish(Connection(sock=ours, parser=None))
    assert theirs.recv(100) == b"answer"
    assert theirs.recv(100) == b""
    assert ours.recv(100) == b"", "gunicorn does not wait for the client to close"


def test_a_request_has_less_time_for_its_headers_than_for_the_rest(
    worker: ThreadsWithLimits, pipe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []
    conn = Connection(sock=pipe[0], initialized=True, parser=None)

    def look(*_: Any) -> bool:
        left.append(worker._ends[conn] - time.monotonic())
        return True

    monkeypatch.setattr("gunicorn.workers.gthread.ThreadWorker.handle_request", look)
    monkeypatch.setattr(
        "gunicorn.workers.gthread.ThreadWorker.handle", lambda self, conn: look() and self.handle_request(None, conn)
    )
    assert worker.handle(conn) is True
    assert left[0] <= connections.HEADER_SECONDS < left[1] <= connections.REQUEST_SECONDS
    assert worker._ends == {}


def test_only_so_many_bodies_are_read_at_once(make_app: MakeApp) -> None:
    client = make_app().test_client()
    held = [reading() for _ in range(READERS)]
    for reader in held:
        reader.__enter__()
    with pytest.raises(Busy), reading():
        pass
    for address in ("/api/evaluations", "/evaluations", "/api/uploads"):
        answer = client.post(address, data=pair())
        assert_error(answer, 503, "busy", "too many files")
        assert answer.headers["Retry-After"]
    assert_error(client.post("/api/evaluations", json={"evaluation": "x"}), 503, "busy", "too many files")
    for reader in held:
        reader.__exit__(None, None, None)
    assert client.post("/api/evaluations", data=pair()).status_code == 201
