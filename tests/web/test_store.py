"""Every store, in a folder or on a file system of fsspec, keeps whole entries or nothing, expires and deletes them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound, StorageFull
from app.store import KINDS, Store
from tests.web.stores import BUCKET, Clock, add_picture, everything, forget_memory, ids, opened, put, read, s3_server

UNKNOWN = "A" * 22


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server():
        yield f"s3://{BUCKET}"


MakeStore = Callable[..., Store]


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> MakeStore:
    """Give a function that opens the same store again and again, as several processes would."""
    places = {"folder": str(tmp_path / "store"), "file": f"file://{tmp_path}/store", "memory": "memory://results"}
    if request.param == "memory":
        forget_memory()
    place = places.get(request.param) or f"{request.getfixturevalue('bucket')}/{tmp_path.name}"
    return lambda **settings: opened(place, tmp_path / "workplace", clock, **settings)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()


def look_for(store: Store, id: str) -> None:
    with store.files("evaluations", id, "before"):
        pass


LOOKS: list[Callable[[Store, str], Any]] = [
    look_for,
    lambda store, id: store.record("evaluations", id),
    lambda store, id: store.delete("evaluations", id),
]


def test_what_was_put_is_found_by_its_id(store: Store, clock: Clock) -> None:
    id = put(store, verdict="different")
    record = store.record("evaluations", id)
    assert record == {"id": id, "created": clock.now, "expires": clock.now + 100, "verdict": "different"}
    assert read(store, id) == b"x" * 1000
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", id)


def test_what_one_process_keeps_another_serves_and_deletes(make_store: MakeStore) -> None:
    first, second = make_store(), make_store()
    id = put(first)
    assert read(second, id) == b"x" * 1000
    add_picture(second, id)
    assert first.has_file("evaluations", id, "pictures/mask.png")
    assert read(first, id, "pictures/mask.png") == b"picture"
    second.delete("evaluations", id)
    with pytest.raises(NotFound):
        first.record("evaluations", id)
    assert everything(first) == set()


@pytest.mark.parametrize("id", [UNKNOWN, "", ".", "..", "../evaluations", "a/b", "A" * 21 + "\n", "A" * 23, "\0" * 22])
def test_unknown_and_malformed_ids_are_not_found(store: Store, id: str) -> None:
    put(store)
    for look in LOOKS:
        with pytest.raises(NotFound, match="nothing here"):
            look(store, id)


def test_a_file_that_an_entry_has_not_is_not_found(store: Store) -> None:
    id = put(store)
    assert not store.has_file("evaluations", id, "after")
    with pytest.raises(NotFound):
        read(store, id, "after")


def test_an_entry_is_of_one_kind(store: Store) -> None:
    id = put(store)
    with pytest.raises(NotFound):
        store.record("uploads", id)


def test_nothing_stays_of_what_was_not_committed(store: Store) -> None:
    def fail() -> None:
        with store.staging() as folder:
            (folder / "before").write_bytes(b"x")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert everything(store) == set()


def test_an_entry_disappears_for_good_with_all_its_pictures(store: Store) -> None:
    id = put(store)
    add_picture(store, id)
    store.delete("evaluations", id)
    assert everything(store) == set()
    with pytest.raises(NotFound):
        store.delete("evaluations", id)


def test_a_picture_of_an_entry_that_is_gone_goes_nowhere(store: Store) -> None:
    id = put(store)
    store.delete("evaluations", id)
    with pytest.raises(NotFound):
        add_picture(store, id)
    assert everything(store) == set()


def test_an_entry_expires_by_age_before_it_is_swept(store: Store, clock: Clock) -> None:
    id = put(store)
    clock.now += 99
    assert store.record("evaluations", id)
    clock.now += 1
    for look in LOOKS:
        with pytest.raises(NotFound):
            look(store, id)
    assert ids(store) == {id}
    store.expire()
    assert everything(store) == set()


def test_adding_a_picture_does_not_prolong_the_life_of_an_entry(store: Store, clock: Clock) -> None:
    id = put(store)
    clock.now += 60
    add_picture(store, id)
    clock.now += 40
    store.expire()
    assert everything(store) == set()


def test_expiry_holds_after_a_restart_and_for_every_kind(make_store: MakeStore, clock: Clock) -> None:
    first = make_store()
    for kind in KINDS:
        put(first, kind=kind)
    clock.now += 100
    make_store().expire()
    assert everything(first) == set()


def test_of_a_kind_the_oldest_go_when_its_share_is_used_up(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    upload = put(store, 90_000, "uploads")
    kept = []
    for _ in range(12):
        clock.now += 1
        kept.append(put(store, 49_000))
    store.expire()
    assert store.sizes()["evaluations"] <= 300_000
    assert ids(store) == set(kept[-6:])
    assert ids(store, "uploads") == {upload}, "results push out no upload"
    for _ in range(5):
        clock.now += 1
        newest = put(store, 60_000, "uploads")
    make_store().expire()
    assert ids(store, "uploads") == {newest}
    assert ids(store) == set(kept[-6:]), "uploads push out no result"


def test_much_at_once_calls_for_a_sweep_and_keeps_nobody_waiting_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket takes its time to be listed, or fails: who put the result that was one too many was told of it."""
    with monkeypatch.context() as within_requests:
        within_requests.setattr(store, "expire", lambda: pytest.fail("a request swept"))
        put(store, 14_000)
        assert not store.sweep_is_due.is_set(), "not a twentieth of what may be kept"
        add_picture(store, put(store, 14_000))
        assert store.sweep_is_due.is_set()
    store.sweep_is_due.clear()
    store.expire()
    put(store, 14_000)
    assert not store.sweep_is_due.is_set(), "it counts from the last sweep on"


@pytest.mark.parametrize(("kind", "most"), [("uploads", 100_000), ("evaluations", 300_000)])
def test_more_than_may_be_kept_at_all_is_refused(store: Store, kind: Any, most: int) -> None:
    assert put(store, most, kind)
    store.expire()
    kept = ids(store, kind)
    with pytest.raises(StorageFull):
        put(store, most + 1, kind)
    assert ids(store, kind) == kept


def test_nothing_is_taken_when_the_disk_is_nearly_full(make_store: MakeStore) -> None:
    store = make_store(min_free_bytes=2**62)
    with pytest.raises(StorageFull):
        put(store)


def test_json_never_holds_nan(store: Store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        put(store, psnr=float("nan"))
    assert everything(store) == set()


def test_the_record_is_json_that_names_its_entry(store: Store) -> None:
    id = put(store, verdict="equivalent")
    assert json.loads(read(store, id, "record.json"))["id"] == id
