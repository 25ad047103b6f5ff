"""The web service hands evaluations to a Dask cluster of real processes; what is lost there is found again or said."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.cluster.evaluations import Cluster
from app.errors import InvalidOption, SchedulerAway, TimedOut
from app.settings import Settings
from app.web.services import Services
from bench.local_cluster import LocalCluster, kill
from tests.cluster import work
from tests.web.conftest import AFTER, BEFORE, BufferedClient, assert_error, pair

OWN = ("id", "url", "images", "created", "expires", "timings_ms")  # what two evaluations of a pair never share


@pytest.fixture(scope="module")
def machines() -> Iterator[LocalCluster]:
    with LocalCluster(workers=2, slots=1) as cluster:
        cluster.wait_for(2)
        yield cluster


@pytest.fixture
def cluster(machines: LocalCluster) -> Iterator[Cluster]:
    """Give the way to two workers of one slot each."""
    for worker in [worker for worker in machines.workers if worker.poll() is not None]:
        machines.workers.remove(worker)
        machines.start_worker()
    machines.wait_for(2)
    made = Cluster(machines.address)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    (made / "before").write_bytes(b"abc")
    return made


def make_app(tmp_path: Path, scheduler: str, **settings: Any) -> Flask:
    places = {"store": tmp_path / "store", "model": tmp_path / "no-model"}
    app = create_app(Settings(**{**places, "scheduler": scheduler, **settings}))
    app.test_client_class = BufferedClient
    return app


@pytest.fixture
def app(cluster: Cluster, machines: LocalCluster, tmp_path: Path) -> Iterator[Flask]:
    made = make_app(tmp_path, machines.address)
    yield made
    services: Services = made.extensions["image_diff"]
    assert services.cluster
    services.cluster.close()


def until(path: Path, lines: int = 1) -> list[str]:
    """Wait for the sign of work."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if path.exists() and len(found := path.read_text().split()) >= lines:
            return found
        time.sleep(0.01)
    raise TimeoutError(path)


def test_a_folder_goes_there_and_comes_back_with_what_was_made(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    assert cluster.call(work.note, folder, tmp_path / "sign", seconds=20) == "result"
    assert (tmp_path / "sign").exists()
    assert (folder / "made/note").read_bytes() == b"abcabc"


def test_an_evaluation_is_the_same_as_here(app: Flask, tmp_path: Path) -> None:
    here, there = make_app(tmp_path / "here", "").test_client(), app.test_client()
    one, two = (client.post("/api/evaluations", data=pair()).json for client in (here, there))
    for name in ("mask", "heatmap", "overlay-after", "preview-after"):
        assert here.get(one["images"][name]).data == there.get(two["images"][name]).data
    assert {name: one[name] for name in one.keys() - OWN} == {name: two[name] for name in two.keys() - OWN}


def test_the_gate_counts_the_threads_of_all_workers(app: Flask) -> None:
    services: Services = app.extensions["image_diff"]
    assert services.cluster
    assert services.cluster.slots() == 2
    app.test_client().post("/api/evaluations", data=pair())
    assert len(services.gate._places()) == 2
    assert len(services.gate._seats()) == 2 + services.settings.waiting
    assert len(services.picture_gate._places()) == services.settings.evaluations


def test_an_expected_error_arrives_as_it_was_raised(cluster: Cluster, folder: Path, app: Flask) -> None:
    with pytest.raises(InvalidOption, match="not an option") as caught:
        cluster.call(work.refuse, folder, seconds=20)
    assert caught.value.field == "color"
    assert_error(app.test_client().post("/api/evaluations", data=pair(BEFORE, AFTER[:900])), 422, "corrupt_image")


def test_the_deadline_holds_and_the_slot_is_free_again(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        started = time.monotonic()
        with pytest.raises(TimedOut):
            cluster.call(work.stay, folder, tmp_path / f"sign-{number}", 60.0, seconds=-0.5)
        assert time.monotonic() - started < 30
    assert cluster.call(work.note, folder, tmp_path / "sign", seconds=20) == "result"


def test_a_crash_costs_its_own_evaluation_only(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError, match="exit code -11"):
            cluster.call(work.crash, folder, seconds=20)
    assert cluster.slots() == 2
    assert cluster.call(work.note, folder, tmp_path / "sign", seconds=20) == "result"


def test_what_a_worker_could_not_do_is_tried_again(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    assert cluster.call(work.fail_first, folder, tmp_path / "sign", seconds=20) == "second time"


def test_a_killed_worker_loses_no_evaluation(
    cluster: Cluster, machines: LocalCluster, folder: Path, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(cluster.call(work.stay, folder, sign, 2.0, seconds=40)))
    caller.start()
    pid = int(until(sign)[0])
    (lost,) = (worker for worker in machines.workers if worker.pid == pid or pid in children_of(worker.pid))
    kill(lost)
    caller.join()
    assert len(answers) == 1
    assert len(until(sign, 2)) == 2, "it was begun twice"


def children_of(pid: int) -> set[int]:
    """Give all processes below one."""
    direct = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return direct.union(*(children_of(child) for child in direct))


def test_a_scheduler_that_was_never_there_stops_nothing_but_comparisons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cluster.connection.CONNECT_SECONDS", 0.5)
    client = make_app(tmp_path, "tcp://127.0.0.1:9").test_client()
    answer = client.post("/api/evaluations", data=pair())
    assert_error(answer, 503, "scheduler_away", "does not answer")
    assert int(answer.headers["Retry-After"]) >= 1
    started = time.monotonic()
    for address in ("/health", "/", "/metrics"):
        assert client.get(address).status_code == 200
    assert time.monotonic() - started < 20
    assert "does not answer" in client.post("/evaluations", data=pair(), headers={"Accept": "text/html"}).text


def test_without_scheduler_or_workers_there_is_a_clear_503_and_recovery_by_itself(tmp_path: Path, folder: Path) -> None:
    with LocalCluster(workers=1) as machines:
        machines.wait_for(1)
        app = make_app(tmp_path, machines.address)
        services: Services = app.extensions["image_diff"]
        assert services.cluster
        client = app.test_client()
        assert refusals_until_it_works(client) == set()

        lost: list[Exception] = []
        caller = threading.Thread(target=lambda: lost.append(error_of(services.cluster, folder, tmp_path / "sign")))
        caller.start()
        until(tmp_path / "sign")
        kill(machines.scheduler)
        caller.join()
        assert isinstance(lost[0], SchedulerAway), "who waited is told at once"
        assert_error(client.post("/api/evaluations", data=pair()), 503, "scheduler_away")
        machines.start_scheduler()
        assert refusals_until_it_works(client) <= {"scheduler_away", "no_workers"}

        kill(machines.workers[0])
        time.sleep(1.1)  # as long as a number of slots is believed
        assert_error(client.post("/api/evaluations", data=pair()), 503, "no_workers")
        machines.start_worker()
        assert refusals_until_it_works(client) <= {"no_workers"}
        services.cluster.close()


def error_of(cluster: Any, folder: Path, sign: Path) -> Exception:
    """Give what a call that is lost raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the test looks at it
        cluster.call(work.stay, folder, sign, 30.0, seconds=40)
    return caught.value


def refusals_until_it_works(client: Any) -> set[str]:
    """Compare again and again until it works; give the codes that were answered meanwhile."""
    codes = set()
    give_up = time.monotonic() + 60
    while (answer := client.post("/api/evaluations", data=pair())).status_code != 201:
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < give_up
        codes.add(answer.json["error"]["code"])
        time.sleep(0.2)
    return codes
