"""A client that is slow or never ends loses its connection, and not the service its threads."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config

from app.errors import Busy
from app.web import clients, connections
from app.web.clients import READERS, READERS_OF_ONE, ClientSocket, reading
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
    accepted, theirs = socket.socketpair()
    with ClientSocket(accepted.detach()) as ours, theirs:
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
    connections._finish(Connection(sock=ours))
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
    assert left[0] <= connections.HEADER_SECONDS < left[1] <= 300
    assert worker._ends == {}


def test_nothing_cuts_off_or_sweeps_away_a_request_that_waits_and_works_as_long_as_it_may(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_DIFF_DEADLINE", "3600")
    worker = ThreadsWithLimits(0, 0, [], None, 0, Config(), SimpleNamespace())
    worker.tmp.close()
    assert worker._request_seconds == 7440
    store = make_app(deadline=3600).extensions["image_diff"].store
    with store.staging() as folder:
        for seconds, is_there in ((7440, True), (7442, False)):
            store._clock = lambda: folder.stat().st_mtime + seconds  # noqa: B023  # called at once
            store.expire()
            assert folder.exists() == is_there


def test_whoever_moves_enough_bytes_is_never_late(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pipe
    now = [1000.0]
    monkeypatch.setattr(clients.time, "monotonic", lambda: now[0])

    def wait(*_: Any) -> int:
        now[0] += 10
        return 5

    with monkeypatch.context() as slow:
        slow.setattr(ClientSocket, "send", wait)
        ours.sendall(b"0123456789")
    assert ours.seconds_late == pytest.approx(20, abs=0.01)
    theirs.sendall(bytes(100_000))
    for _ in range(10):
        ours.recv(10_000)
    assert ours.seconds_late == pytest.approx(10, abs=0.01)
    ours.begin()
    assert ours.seconds_late == 0


def test_a_file_is_sent_whole_and_in_pieces(pipe: Any, tmp_path: Path) -> None:
    ours, theirs = pipe
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)
    received = bytearray()

    def receive() -> None:
        while data := theirs.recv(50_000):
            received.extend(data)

    reader = threading.Thread(target=receive)
    reader.start()
    with (tmp_path / "file").open("rb") as file:
        assert ours.sendfile(file, 100, 150_000) == 150_000
        assert ours.sendfile(file, 250_000) == 6_000
    ours.shutdown(socket.SHUT_WR)
    reader.join()
    assert bytes(received) == content[100:150_100] + content[250_000:]


def test_only_so_many_bodies_are_read_at_once(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "ROOM_SECONDS", 0)
    app = make_app()
    client = app.test_client()
    held = ExitStack()
    for number in range(READERS):
        held.enter_context(reading_from(app, f"10.0.0.{number}"))
    with pytest.raises(Busy), reading_from(app, "10.0.0.100"):
        pass
    for address in ("/api/evaluations", "/evaluations", "/api/uploads"):
        answer = client.post(address, data=pair())
        assert_error(answer, 503, "busy", "too many files")
        assert answer.headers["Retry-After"]
    assert_error(client.post("/api/evaluations", json={"evaluation": "x"}), 503, "busy", "too many files")
    held.close()
    assert client.post("/api/evaluations", data=pair()).status_code == 201


def test_one_client_leaves_others_room(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who dripped, and came again when cut off, took every place anew before anybody else could."""
    monkeypatch.setattr(clients, "ROOM_SECONDS", 0)
    app = make_app()
    with ExitStack() as held:
        for _ in range(READERS_OF_ONE):
            held.enter_context(reading_from(app, "10.0.0.1"))
        with pytest.raises(Busy), reading_from(app, "10.0.0.1"):
            pass
        with reading_from(app, "10.0.0.2"):
            pass
    with reading_from(app, "10.0.0.1"):
        pass
    assert not clients._to_read._taken


@contextmanager
def reading_from(app: Flask, address: str) -> Iterator[None]:
    """Read the body of a request that a client of this address sends."""
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        body = reading()
        body.__enter__()
    try:
        yield
    finally:
        body.__exit__(None, None, None)
