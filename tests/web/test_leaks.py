"""Nothing is left behind by many requests: no descriptors, no temporary files, no memory, no half of an evaluation."""

import io
import json
import multiprocessing
import random
import tempfile
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.store import LEFTOVER_SECONDS, LocalStore
from app.web.services import Services
from app.worker import Workers
from tests.web import children
from tests.web.conftest import AFTER, BEFORE, files_under, open_descriptors, pair


def one_round(client: FlaskClient, services: Services) -> None:
    """Ask for everything, in good and in bad ways."""
    result = client.post("/api/evaluations", data=pair()).json
    client.post("/api/evaluations", data=pair(b"no image"))
    client.post("/api/evaluations", data=pair(BEFORE, AFTER[:900]))
    client.post("/api/evaluations", data=pair(sensitivity="200"))
    client.post("/api/evaluations", data=pair(ignore=["1,1,1,1"] * 41))
    client.post("/api/uploads", data={"file": (io.BytesIO(BEFORE), "a")})
    for end in ("", "/images/mask.png", "/images/blink.gif", "/archive.zip", "/report.html", "/images/none.png"):
        client.get(f"/api{result['url']}{end}")
    client.delete(f"/api{result['url']}")


def test_many_requests_leave_no_descriptor_and_no_file(
    client: FlaskClient, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    one_round(client, services)
    descriptors = open_descriptors()
    for _ in range(10):
        one_round(client, services)
    assert open_descriptors() <= descriptors + 2
    assert list(temporary.iterdir()) == []
    assert {path.split("/")[0] for path in files_under(services.store.workplace)} == {"uploads"}
    assert list(services.store.work.iterdir()) in ([], [services.store.work / "sweep.lock"])


def test_killing_the_process_at_any_moment_leaves_whole_entries_or_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    chance = random.Random(7)
    store = LocalStore(tmp_path, keep_seconds=10_000, max_bytes=10**9)
    seen_whole = seen_leftover = 0
    for _ in range(200):
        ours, theirs = context.Pipe()
        process = context.Process(target=children.put_forever, args=(tmp_path, theirs))
        process.start()
        ours.recv()
        time.sleep(chance.uniform(0, 0.01))
        process.kill()
        process.join()
        process.close()
        for pipe in (ours, theirs):
            pipe.close()
        for folder in (tmp_path / "evaluations").iterdir():
            seen_whole += 1
            assert_whole(folder)
            store.delete("evaluations", folder.name)
        seen_leftover += sum(1 for path in store.work.iterdir() if path.is_dir())
    assert seen_whole > 20, "the kills came after something was kept"
    assert seen_leftover > 20, "the kills came while something was written"
    later = LocalStore(tmp_path, keep_seconds=10**9, max_bytes=10**9, clock=lambda: time.time() + LEFTOVER_SECONDS + 1)
    later.expire()
    assert files_under(tmp_path) == set()


def assert_whole(folder: Path) -> None:
    record = json.loads((folder / "record.json").read_text())
    assert record["id"] == folder.name
    for name in ("before", "after"):
        assert (folder / name).stat().st_size == children.PUT_SIZE
    for drawing in (folder / "pictures").glob("*"):
        assert drawing.stat().st_size == children.PUT_SIZE


def test_a_hundred_evaluations_in_a_child_do_not_make_it_grow(tmp_path: Path) -> None:
    workers = Workers(1, initializer=children.prepare, initargs=("",))
    (tmp_path / "before").write_bytes(BEFORE)
    (tmp_path / "after").write_bytes(AFTER)
    try:
        settled = workers.call(children.evaluate_often, tmp_path, 60, seconds=120)
        grown = workers.call(children.evaluate_often, tmp_path, 100, seconds=120)
    finally:
        workers.close()
    assert grown <= settled * 1.05
