"""The store keeps whole entries or nothing, lets them expire, and deletes for good."""

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound, StorageFull, StorageUnavailable
from app.store import LEFTOVER_SECONDS, Store
from tests.web.conftest import files_under

UNKNOWN = "A" * 22


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


MakeStore = Callable[..., Store]


@pytest.fixture
def make_store(tmp_path: Path, clock: Clock) -> MakeStore:
    def make(**settings: Any) -> Store:
        return Store(tmp_path / "store", **{"keep_seconds": 100, "max_bytes": 100_000, "clock": clock, **settings})

    return make


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()


def put(store: Store, size: int = 1000, **record: Any) -> str:
    with store.staging() as folder:
        (folder / "before").write_bytes(b"x" * size)
        return str(store.commit(folder, "evaluations", record)["id"])


def ids(store: Store) -> set[str]:
    return {path.name for path in (store.folder / "evaluations").iterdir()}


def test_what_was_put_is_found_by_its_id(store: Store, clock: Clock) -> None:
    id = put(store, verdict="different")
    record = store.record("evaluations", id)
    assert record == {"id": id, "created": clock.now, "expires": clock.now + 100, "verdict": "different"}
    assert (store.entry("evaluations", id) / "before").read_bytes() == b"x" * 1000
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", id)


@pytest.mark.parametrize("id", [UNKNOWN, "", ".", "..", "../evaluations", "a/b", "A" * 21 + "\n", "A" * 23, "\0" * 22])
def test_unknown_and_malformed_ids_are_not_found(store: Store, id: str) -> None:
    put(store)
    for act in (store.record, store.entry, store.delete):
        with pytest.raises(NotFound, match="nothing here"):
            act("evaluations", id)


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
    assert files_under(store.folder) == set()


def test_an_entry_appears_in_one_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is in the folder before the one rename that makes it visible."""
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        assert ids(store) == set()
        assert {file.name for file in path.iterdir()} == {"before", "record.json"}
        assert json.loads((path / "record.json").read_text())["id"] == target.name
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    assert {put(store)} == ids(store)


def test_an_entry_disappears_in_one_step_and_for_good(store: Store) -> None:
    id = put(store)
    store.delete("evaluations", id)
    assert files_under(store.folder) == set()
    with pytest.raises(NotFound):
        store.delete("evaluations", id)


def test_a_file_added_later_belongs_to_the_entry(store: Store) -> None:
    id = put(store)
    with store.staging() as folder:
        (folder / "drawing").write_bytes(b"picture")
        path = store.add_file("evaluations", id, "pictures/mask.png", folder / "drawing")
    assert path.read_bytes() == b"picture"
    store.delete("evaluations", id)
    assert files_under(store.folder) == set()


def test_a_file_added_to_a_deleted_entry_goes_nowhere(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id = put(store)
    entry = store.entry("evaluations", id)
    store.delete("evaluations", id)
    monkeypatch.setattr(store, "entry", lambda *_: entry)  # deleted between the look and the move

    def add() -> None:
        with store.staging() as folder:
            (folder / "drawing").write_bytes(b"picture")
            store.add_file("evaluations", id, "pictures/mask.png", folder / "drawing")

    with pytest.raises(NotFound):
        add()
    assert files_under(store.folder) == set()


def test_an_entry_expires_by_age_before_it_is_swept(store: Store, clock: Clock) -> None:
    id = put(store)
    clock.now += 99
    assert store.record("evaluations", id)
    clock.now += 1
    for act in (store.record, store.entry, store.delete):
        with pytest.raises(NotFound):
            act("evaluations", id)
    assert ids(store) == {id}
    store.expire()
    assert files_under(store.folder) == set()


def test_adding_a_picture_does_not_prolong_the_life_of_an_entry(store: Store, clock: Clock) -> None:
    id = put(store)
    clock.now += 60
    with store.staging() as folder:
        (folder / "drawing").write_bytes(b"picture")
        store.add_file("evaluations", id, "pictures/mask.png", folder / "drawing")
    clock.now += 40
    store.expire()
    assert ids(store) == set()


def test_expiry_holds_after_a_restart_and_for_uploads(make_store: MakeStore, clock: Clock) -> None:
    first = make_store()
    put(first)
    with first.staging() as folder:
        (folder / "image").write_bytes(b"x")
        first.commit(folder, "uploads", {})
    clock.now += 100
    make_store().expire()
    assert files_under(first.folder) == set()


def test_the_oldest_go_when_all_together_are_too_large(store: Store, clock: Clock) -> None:
    kept = []
    for _ in range(30):
        kept.append(put(store, 9_500))
        clock.now += 1
    assert store.size() <= 105_000, "a twentieth more at most between two sweeps"
    store.expire()
    assert store.size() <= 100_000
    assert ids(store) == set(kept[-10:])


def test_more_than_may_be_kept_at_all_is_refused(store: Store) -> None:
    with pytest.raises(StorageFull):
        put(store, 100_001)
    assert files_under(store.folder) == set()


def test_nothing_is_taken_when_the_disk_is_nearly_full(make_store: MakeStore) -> None:
    store = make_store(min_free_bytes=2**62)
    with pytest.raises(StorageFull):
        put(store)


def test_leftovers_of_a_killed_process_are_swept_when_old(store: Store, clock: Clock) -> None:
    leftover = store.work / "half-written"
    leftover.mkdir()
    (leftover / "before").write_bytes(b"x")
    os.utime(leftover, (clock.now, clock.now))
    clock.now += LEFTOVER_SECONDS
    store.expire()
    assert leftover.exists()
    clock.now += 1
    store.expire()
    assert not leftover.exists()


def test_one_process_sweeps_at_a_time(store: Store, make_store: MakeStore, clock: Clock, monkeypatch: Any) -> None:
    put(store)
    clock.now += 100
    other = make_store()
    entries = store._entries

    def meanwhile() -> Any:
        other.expire()
        assert len(ids(other)) == 1, "the other leaves it to the first"
        return entries()

    monkeypatch.setattr(store, "_entries", meanwhile)
    store.expire()
    assert ids(store) == set()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageUnavailable),
        (errno.EACCES, StorageUnavailable),
        (errno.EIO, StorageUnavailable),
    ],
)
@pytest.mark.parametrize("where", ["write_text", "rename", "mkdir"])
def test_a_disk_that_refuses_is_a_clear_error_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception], where: str
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(Path, where, refuse)
        with pytest.raises(error):
            put(store)
    assert files_under(store.folder) == set()
    assert {put(store)} == ids(store), "it recovers by itself"


def test_other_errors_of_the_system_are_not_called_a_full_disk(store: Store) -> None:
    def stumble() -> None:
        with store.staging() as folder:
            (folder / "missing").read_bytes()

    with pytest.raises(FileNotFoundError):
        stumble()


def test_a_store_whose_folder_was_removed_recovers(store: Store) -> None:
    put(store)
    os.rename(store.folder, store.folder.with_name("gone"))
    assert {put(store)} == ids(store)


def test_json_never_holds_nan(store: Store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        put(store, psnr=float("nan"))
    assert files_under(store.folder) == set()


def test_folders_are_for_their_owner_only(store: Store) -> None:
    id = put(store)
    for folder in (store.work, store.folder / "evaluations", store.entry("evaluations", id)):
        assert folder.stat().st_mode & 0o077 == 0
