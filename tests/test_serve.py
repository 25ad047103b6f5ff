"""`python -m app serve`, as `make run` and the container start it: gunicorn, its settings and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from app.__main__ import main
from app.commands.serve import ENVIRONMENT
from tests.serving import HOST, ROOT, Service, compare, connect, serving, session


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as started:
        yield started


def test_every_line_it_logs_is_json(service: Service) -> None:
    process, address, _ = service
    session().get(f"{address}/nothing", timeout=30)
    assert process.stdout
    messages = set()
    while "request" not in messages:
        line = process.stdout.readline()
        if not line.startswith("Image Diff: http://127.0.0.1:"):
            messages.add(json.loads(line)["message"].split(" ")[0])
    assert messages >= {"Using", "Booting", "request"}


def test_it_serves_the_page_from_this_machine_only_unless_told_otherwise(
    service: Service,
) -> None:
    _, address, _ = service
    assert address.startswith("http://127.0.0.1:")
    assert "<title>" in session().get(address, timeout=30).text
    assert session().get(f"{address}/health", timeout=30).json() == {"status": "ok"}


def test_two_files_get_an_evaluation_and_the_metrics_know_of_it(
    service: Service,
) -> None:
    _, address, _ = service
    answer = compare(address)
    assert (answer.status_code, answer.json()["verdict"]) == (201, "different")
    metrics = session().get(f"{address}/metrics", timeout=30).text
    assert 'image_diff_evaluations_total{verdict="different"} 1.0' in metrics


def test_freed_pictures_are_given_back_to_the_system(service: Service) -> None:
    """glibc reads this when a process starts."""
    environment = Path(f"/proc/{service[0].pid}/environ").read_bytes().split(b"\0")
    assert b"MALLOC_ARENA_MAX=2" in environment
    assert {f"{name}={value}".encode() for name, value in ENVIRONMENT.items()} <= set(environment)


def test_the_health_check_of_the_container_calls_it_by_its_name(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = service[1].rpartition(":")[2]
    assert main(["health", "--port", port]) == 1
    monkeypatch.setenv("IMAGE_DIFF_TRUSTED_HOSTS", f".{HOST}, other.example")
    assert main(["health", "--port", port]) == 0


def test_a_setting_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    wrong = os.environ | {"IMAGE_DIFF_STORE": str(tmp_path), "IMAGE_DIFF_PROXIES": "many"}
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("IMAGE_DIFF_PROXIES='many': ")
    assert done.stderr.count("\n") == 1


def test_the_health_check_fails_where_nothing_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert main(["health", "--port", str(silent.getsockname()[1])]) == 1
    assert "no answer" in capsys.readouterr().err


@pytest.mark.parametrize(("proxies", "scheme"), [("0", "http"), ("1", "https")])
def test_no_proxy_is_believed_unless_there_is_one(tmp_path: Path, proxies: str, scheme: str) -> None:
    """gunicorn alone believes whoever asks from this machine, as all do behind a proxy on it."""
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": f"www.{HOST}", "SCRIPT_NAME": "/elsewhere"}
    with serving(tmp_path, IMAGE_DIFF_PROXIES=proxies, IMAGE_DIFF_TRUSTED_HOSTS=f".{HOST}") as (_, address, _):
        answer = session().get(address, headers=said, timeout=30)
    assert answer.status_code == 200
    assert ("Strict-Transport-Security" in answer.headers) == (scheme == "https")
    assert f"{scheme}://{'www.' if proxies == '1' else ''}{HOST}/api/evaluations" in answer.text
    assert "/elsewhere" not in answer.text


HEAD = f"POST /api/evaluations HTTP/1.1\r\nHost: {HOST}\r\n".encode()
BODY = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"", f"GET /health HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode(), HEAD + BODY],
    ids=["who say nothing", "who do not close", "who stop within a body"],
)
def test_a_hundred_clients_hold_up_nobody_else(service: Service, sent: bytes) -> None:
    """gunicorn alone waited two seconds for each that did not close, or kept all threads for those who stopped."""
    _, address, _ = service
    clients = [connect(address, sent) for _ in range(100)]
    assert session().get(f"{address}/health", timeout=20).json() == {"status": "ok"}
    assert session().get(f"{address}/static/css/style.css", timeout=20).status_code == 200
    for client in clients:
        client.close()


CHUNKED = b"Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n", 400),
        (HEAD + CHUNKED + b"ff\r\nabc", 400),
        (HEAD + CHUNKED + b"3\r\nabc\r\n0\r\nbad trailer\r\n\r\n", 400),
        (HEAD + CHUNKED.replace(b"multipart/form-data; boundary=x", b"application/json") + b"zz\r\n", 400),
        (HEAD + BODY, 400),
        (HEAD + b"Content-Length: -5\r\n\r\n", 400),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", 415),
        (HEAD + b"Content-Length: 3\r\n" + CHUNKED + b"0\r\n\r\n", 400),
        (HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (HEAD + b"".join(b"X%d: a\r\n" % number for number in range(500)) + b"\r\n", 431),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /%ff%fe%00/../../etc HTTP/1.1\r\nHost: diff.example\r\nConnection: close\r\n\r\n", 404),
        (b"\x16\x03\x01 nonsense\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_broken_http_is_the_mistake_of_who_sent_it(service: Service, sent: bytes, status: int) -> None:
    with connect(service[1], sent) as client:
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100).startswith(b"HTTP/1.1 %d " % status)


def test_who_sends_more_than_is_wanted_still_reads_the_answer(
    service: Service,
) -> None:
    """The connection is closed only when the body has been read: before, the answer would be lost with a reset."""
    _, address, _ = service
    with connect(address, HEAD, b"Connection: close\r\nContent-Length: 10000000\r\n\r\n", bytes(10_000_000)) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 415 ")


def test_a_crowd_whose_bodies_are_refused_is_told_though_it_first_sends_them_whole(service: Service) -> None:
    """Each stops for a moment, too, and would be given up: its answer lost, or a minute spent waiting for room."""
    _, address, _ = service

    def send(_: int) -> bytes:
        with connect(address, HEAD, b"Content-Length: 4000000\r\n\r\n", bytes(1000)) as client:
            time.sleep(0.3)
            client.sendall(bytes(4_000_000 - 1000))
            return client.recv(12)

    with ThreadPoolExecutor(24) as crowd:
        assert set(crowd.map(send, range(48))) == {b"HTTP/1.1 415"}


def test_it_ends_when_told_and_leaves_only_the_store(service: Service) -> None:
    process, _, folder = service
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=40) == 0
    assert [path.name for path in folder.iterdir()] == ["store"]


def test_killed_in_the_middle_of_its_work_it_starts_again_with_whole_results_and_a_free_gate(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, address, _):
        kept = compare(address).json()

        def compare_until_killed() -> None:
            with suppress(requests.RequestException):
                while True:
                    compare(address)

        clients = [threading.Thread(target=compare_until_killed) for _ in range(4)]
        for client in clients:
            client.start()
        while len(list((tmp_path / "store/evaluations").iterdir())) < 4:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        for client in clients:
            client.join()
    with serving(tmp_path) as (_, address, _):
        assert session().get(f"{address}/api{kept['url']}", timeout=30).json()["regions"] == kept["regions"]
        for folder in (tmp_path / "store/evaluations").iterdir():
            found = session().get(f"{address}/api/evaluations/{folder.name}", timeout=30).json()
            assert found["verdict"] == kept["verdict"]
            assert session().get(f"{address}{found['images']['overlay-after']}", timeout=60).status_code == 200
        assert compare(address).status_code == 201


def test_bodies_over_the_limit_are_refused_with_and_without_their_length_told_and_web_processes_are_replaced(
    tmp_path: Path,
) -> None:
    """Every request is answered while the web process is replaced by a fresh one over and over."""
    often = "--max-requests 5 --max-requests-jitter 0"
    with serving(tmp_path, IMAGE_DIFF_MAX_FILE_BYTES="100000", GUNICORN_CMD_ARGS=often) as (process, address, _):
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        start = b'--x\r\nContent-Disposition: form-data; name="before"; filename="a"\r\n\r\n'
        bodies = [start + bytes(3_000_000), (part for part in (start, *[bytes(100_000)] * 30))]
        for body in bodies:
            answer = session().post(f"{address}/api/evaluations", data=body, headers=kind, timeout=60)
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")
        for _ in range(12):
            assert session().get(f"{address}/health", timeout=60).status_code == 200
        process.terminate()
        assert process.communicate()[0].count("Booting worker") >= 3
