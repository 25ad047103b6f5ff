"""The gate lets N in and M wait, over threads and processes, and frees the place of a process that was killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder

import app.gate
from app.errors import Busy
from app.gate import Gate
from app.web.services import Services
from tests.web.conftest import MakeApp, assert_error, open_descriptors, pair

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from app.gate import Gate
with Gate(Path(sys.argv[1]), run=1, wait=1, queue="q", patience=0.1).enter():
    print("in", flush=True)
    sys.stdin.read()
"""


def make_gate(folder: Path, *, run: int = 2, wait: int = 1, patience: float = 30, queue: str = "q") -> Gate:
    return Gate(folder, run=run, wait=wait, queue=queue, patience=patience)


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give another process that holds the one place of a gate."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        yield process
        process.kill()


def test_as_many_as_there_are_places_get_in_at_once(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=2, wait=0)
    with gate.enter(), gate.enter(), pytest.raises(Busy, match="busy"), gate.enter():
        pass
    with gate.enter(), gate.enter():
        pass


def test_who_waits_gets_the_place_that_is_freed_and_the_next_is_refused(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=1, wait=1)
    order: list[str] = []

    def wait() -> None:
        while not order or order[-1] != "waiter":
            with suppress(Busy), gate.enter():  # busy while the seat below is looked at
                order.append("waiter")

    with gate.enter():
        waiter = threading.Thread(target=wait)
        waiter.start()
        hurried = make_gate(tmp_path, run=1, wait=1, patience=0)
        assert until(lambda: is_full(hurried))
        order.append("holder")
    waiter.join()
    assert order == ["holder", "waiter"]


def until(condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(0.005)
    return False


def is_full(gate: Gate) -> bool:
    """Say whether even the seats are taken."""
    try:
        with gate.enter():
            return False
    except Busy as error:
        return "other comparisons" in error.message


def test_patience_ends(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=1, wait=1, patience=0.02)
    with gate.enter(), pytest.raises(Busy, match="too long"), gate.enter():
        pass
    with gate.enter():
        pass


def test_an_error_inside_frees_the_place(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=1, wait=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.enter():
            1 / 0  # noqa: B018
    with gate.enter():
        pass


def test_two_queues_share_the_places_and_have_seats_of_their_own(tmp_path: Path) -> None:
    first = make_gate(tmp_path, run=1, wait=0, queue="evaluations")
    second = make_gate(tmp_path, run=1, wait=0, queue="pictures", patience=0.02)
    with first.enter(), pytest.raises(Busy, match="too long"), second.enter():
        pass
    with second.enter():
        pass


def test_the_places_of_other_processes_count(tmp_path: Path, other_process: subprocess.Popen[str]) -> None:
    gate = make_gate(tmp_path, run=1, wait=0, patience=0.1)
    with pytest.raises(Busy), gate.enter():
        pass
    other_process.communicate("", timeout=20)
    with gate.enter():
        pass


def test_a_killed_process_leaves_its_place(tmp_path: Path, other_process: subprocess.Popen[str]) -> None:
    os.kill(other_process.pid, signal.SIGKILL)
    other_process.wait()
    with make_gate(tmp_path, run=1, wait=0).enter():
        pass


def test_never_more_than_the_places_run_at_once(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=2, wait=30)
    inside: list[int] = []
    most: list[int] = []
    mutex = threading.Lock()

    def work() -> None:
        with gate.enter():
            with mutex:
                inside.append(1)
                most.append(len(inside))
            time.sleep(0.005)
            with mutex:
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 20
    assert max(most) == 2


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    gate = make_gate(tmp_path, run=1, wait=0)
    before = open_descriptors()
    for _ in range(50):
        with gate.enter(), pytest.raises(Busy), gate.enter():
            pass
    assert open_descriptors() == before


def test_a_full_gate_is_busy_with_a_time_to_come_back_and_the_rest_answers(make_app: MakeApp) -> None:
    app = make_app(evaluations=1, waiting=0)
    client = app.test_client()
    services: Services = app.extensions["image_diff"]
    with services.gate.enter():
        answer = client.post("/api/evaluations", data=pair())
        assert_error(answer, 503, "busy")
        assert int(answer.headers["Retry-After"]) >= 1
        for address in ("/health", "/", "/metrics", "/static/css/style.css"):
            assert client.get(address).status_code == 200
    assert client.post("/api/evaluations", data=pair()).status_code == 201


def test_a_seat_that_is_freed_within_a_moment_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = make_gate(tmp_path, run=1, wait=0)
    slept: list[float] = []
    with gate.enter():
        monkeypatch.setattr("app.gate.time.sleep", slept.append)
        with pytest.raises(Busy):
            gate.refuse_if_full()
        assert slept == [app.gate.REFUSAL_DELAY_SECONDS]
    with ExitStack() as held:
        held.enter_context(gate.enter())
        monkeypatch.setattr("app.gate.time.sleep", lambda _: held.close())
        gate.refuse_if_full()
    gate.refuse_if_full()


def test_only_so_many_refusals_are_delayed_at_once_so_that_threads_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = make_gate(tmp_path, run=1, wait=0)
    monkeypatch.setattr("app.gate.time.sleep", lambda _: pytest.fail("it was delayed"))
    monkeypatch.setattr("app.gate._delayed_refusals", threading.BoundedSemaphore(1))
    with gate.enter(), app.gate._delayed_refusals, pytest.raises(Busy):
        gate.refuse_if_full()


@pytest.mark.parametrize("address", ["/api/evaluations", "/evaluations"])
def test_a_full_gate_takes_in_not_one_byte_of_the_body(make_app: MakeApp, address: str) -> None:
    app = make_app(evaluations=1, waiting=0)
    services: Services = app.extensions["image_diff"]
    environ = EnvironBuilder(method="POST", path=address, data=pair()).get_environ()
    body = environ["wsgi.input"]
    with services.gate.enter():
        assert_error(app.test_client().open(environ), 503, "busy")
        assert body.tell() == 0
    assert app.test_client().open(environ).status_code in (201, 303)
    assert body.tell() == int(environ["CONTENT_LENGTH"])


def test_a_browser_that_finds_the_gate_full_is_told_on_a_page(make_app: MakeApp) -> None:
    app = make_app(evaluations=1, waiting=0)
    services: Services = app.extensions["image_diff"]
    with services.gate.enter():
        answer = app.test_client().post("/evaluations", data=pair(), headers={"Accept": "text/html"})
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert "busy with other comparisons" in answer.text


def test_pictures_have_a_queue_of_their_own(make_app: MakeApp) -> None:
    app = make_app(evaluations=1, waiting=0)
    client = app.test_client()
    services: Services = app.extensions["image_diff"]
    services.picture_gate = make_gate(services.store.gate, run=1, wait=3, patience=0.02, queue="pictures")
    links = client.post("/api/evaluations", data=pair()).json["images"]
    kept = client.get(links["mask"])
    with services.gate.enter():
        assert_error(client.get(links["heatmap"]), 503, "busy", "too long")
        assert client.get(links["mask"]).data == kept.data, "what was drawn needs no place"
    assert client.get(links["heatmap"]).status_code == 200


def test_an_archive_is_packed_in_a_place_of_the_pictures_which_are_drawn_before(make_app: MakeApp) -> None:
    app = make_app(evaluations=1, waiting=0)
    client = app.test_client()
    services: Services = app.extensions["image_diff"]
    services.picture_gate = make_gate(services.store.gate, run=1, wait=3, patience=0.02, queue="pictures")
    archive = f"/api{client.post('/api/evaluations', data=pair()).json['url']}/archive.zip"
    assert client.get(archive).status_code == 200
    with services.gate.enter():
        assert_error(client.get(archive), 503, "busy", "too long")
    assert client.get(archive).status_code == 200
