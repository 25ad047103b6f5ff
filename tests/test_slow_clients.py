"""Clients that drip hold up nobody: not with their headers, not with a body, not by reading an answer slowly."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.serving import HOST, SAMPLES, Service, compare, connect, serving, session

THREADS = 16
CLIENTS = 80  # several times as many as threads, and more than bodies are read at once or wait for it
HEAD = f"Host: {HOST}\r\n".encode()
POST = b"POST /api/evaluations HTTP/1.1\r\n" + HEAD
BODY = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n"
PICTURE = b"GET /static/samples/dashboard-before.png HTTP/1.1\r\n" + HEAD + b"\r\n"


@pytest.fixture(scope="module", params=[THREADS, None], ids=["few threads", "all threads"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    variables = {"IMAGE_DIFF_LOG_LEVEL": "ERROR"}  # nobody reads the log here
    if request.param:
        variables["GUNICORN_CMD_ARGS"] = f"--threads {request.param}"
    with serving(tmp_path_factory.mktemp("service"), **variables) as started:
        yield started


@contextmanager
def dripping(address: str, first: bytes, drop: bytes = b"", count: int = CLIENTS) -> Iterator[list[socket.socket]]:
    """Open connections that send something, and then a drop again and again; who is cut off stays away."""
    ended = threading.Event()
    with ExitStack() as opened:
        sources = (f"127.0.0.{2 + number % 10}" for number in range(count))  # so that they fill all places
        clients = [opened.enter_context(connect(address, first, source=source)) for source in sources]

        def drip() -> None:
            while not ended.wait(0.1):
                for client in clients:
                    with suppress(OSError):
                        client.send(drop)

        dripper = threading.Thread(target=drip)
        dripper.start()
        try:
            yield clients
        finally:
            ended.set()
            dripper.join()


def assert_others_are_served(address: str) -> None:
    """Those who are told that all places are taken come back, as they are told, and then there is one."""
    for _ in range(3):
        assert session().get(f"{address}/health", timeout=60).json() == {"status": "ok"}
        for _ in range(15):
            answer = compare(address)
            if answer.status_code == 201:
                break
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
            time.sleep(int(answer.headers["Retry-After"]))
        assert answer.status_code == 201


@contextmanager
def dripping_again_and_again(address: str, count: int) -> Iterator[None]:
    """Let many clients of one address drip bodies, each of which comes again as soon as it is cut off or refused."""
    ended = threading.Event()

    def drip() -> None:
        while not ended.is_set():
            with suppress(OSError), connect(address, POST + BODY, source="127.0.0.2") as client:
                client.settimeout(0.3)
                while not ended.is_set() and not arrived(client):
                    client.send(b"a")

    drippers = [threading.Thread(target=drip) for _ in range(count)]
    for dripper in drippers:
        dripper.start()
    try:
        yield
    finally:
        ended.set()
        for dripper in drippers:
            dripper.join()


def arrived(client: socket.socket) -> bool:
    """Wait a moment for an answer, or for the end of the connection."""
    try:
        client.recv(4000)
    except TimeoutError:
        return False
    return True


def test_one_address_that_comes_again_and_again_leaves_room_for_others(tmp_path: Path) -> None:
    """Of a hundred comparisons two were made; now nobody has to come back. This takes all threads, not a few."""
    started = serving(tmp_path, IMAGE_DIFF_LOG_LEVEL="ERROR")
    with started as (_, address, _), dripping_again_and_again(address, count=CLIENTS):
        time.sleep(1)
        assert [compare(address).status_code for _ in range(5)] == [201] * 5


@pytest.mark.parametrize("start", [b"", POST, POST + b"X: "], ids=["nothing", "a line", "half a line"])
def test_headers_that_drip_take_no_thread(service: Service, start: bytes) -> None:
    with dripping(service[1], start, drop=b"a"):
        assert_others_are_served(service[1])


def test_bodies_that_drip_make_room_and_are_told(service: Service) -> None:
    _, address, _ = service
    with dripping(address, POST + BODY, drop=b"a") as clients:
        assert_others_are_served(address)
        answers = [whole_answer(client) for client in clients]
    # The others came when all places were taken, or lost the answer as they went on sending to a closed connection.
    told = [answer for answer in answers if answer.startswith(b"HTTP/1.1 408 ") and b'"code":"too_slow"' in answer]
    assert len(told) >= THREADS


def whole_answer(client: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while b"}}" not in answer and (data := client.recv(4000)):
            answer += data
    return answer


def test_answers_that_are_read_slowly_make_room(service: Service) -> None:
    """Each client asks for some megabytes and reads none of them."""
    _, address, _ = service
    with dripping(address, PICTURE * 100):
        assert_others_are_served(address)


def test_a_slow_upload_is_taken_whole_among_those_that_drip(service: Service) -> None:
    """It is ten times as slow as a good connection, and ten times as fast as what is cut off."""
    _, address, _ = service
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n%s\r\n'
        % (side.encode(), (SAMPLES / f"dashboard-{side}.png").read_bytes())
        for side in ("before", "after")
    ]
    parts.append(b'--x\r\nContent-Disposition: form-data; name="nothing"; filename=""\r\n\r\n\r\n--x--\r\n')
    body = b"".join(parts)
    head = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(body)
    drippers = dripping(address, POST + BODY, drop=b"a", count=40)  # no more than are read or wait at once
    with drippers, connect(address, POST + head) as upload:
        for start in range(0, len(body), 20_000):
            upload.sendall(body[start : start + 20_000])
            time.sleep(0.2)
        upload.settimeout(60)
        assert upload.recv(4000).startswith(b"HTTP/1.1 201 ")
