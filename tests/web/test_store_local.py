"""The store in a folder: one rename makes an entry appear or disappear, and a disk that refuses is a clear error."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound, StorageFull, StorageUnavailable
from app.store import KINDS, LEFTOVER_SECONDS, LocalStore
from tests.web.conftest import files_under
from tests.web.stores import Clock, add_picture, ids, put

MakeStore = Callable[..., LocalStore]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_store(tmp_path: Path, clock: Clock) -> MakeStore:
    def make(**settings: Any) -> LocalStore:
        return LocalStore(tmp_path / "store", **{"keep_seconds": 100, "max_bytes": 400_000, "clock": clock, **settings})

    return make


@pytest.fixture
def store(make_store: MakeStore) -> LocalStore:
    return make_store()


def test_an_entry_appears_in_one_step(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is in the folder before the one rename that makes it visible."""
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        assert ids(store) == set()
        assert {file.name for file in path.iterdir()} == {"before", "record.json"}
        assert json.loads((path / "record.json").read_text())["id"] == target.name
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    assert {put(store)} == ids(store)


def test_a_file_added_to_a_deleted_entry_goes_nowhere(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    id = put(store)
    entry = store.workplace / "evaluations" / id
    store.delete("evaluations", id)
    monkeypatch.setattr(store, "_entry", lambda *_: entry)  # deleted between the look and the move
    with pytest.raises(NotFound):
        add_picture(store, id)
    assert files_under(store.workplace) == set()


def test_leftovers_of_a_killed_process_are_swept_when_old(store: LocalStore, clock: Clock) -> None:
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


def test_a_file_of_another_program_among_the_entries_stops_no_sweep(store: LocalStore, clock: Clock) -> None:
    id = put(store)
    for kind in KINDS:
        (store.workplace / kind / ".DS_Store").write_bytes(b"a file manager was here")
    assert store.sizes()["evaluations"] > 1000
    clock.now += 100
    store.expire()
    assert id not in ids(store)
    assert store.sizes() == {"uploads": 0, "evaluations": 0}


def test_one_process_sweeps_at_a_time(store: LocalStore, make_store: MakeStore, clock: Clock, monkeypatch: Any) -> None:
    put(store)
    clock.now += 100
    other = make_store()
    entries = store._entries

    def meanwhile(kind: Any) -> Any:
        other.expire()
        assert len(ids(other)) == 1, "the other leaves it to the first"
        return entries(kind)

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
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception], where: str
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(Path, where, refuse)
        with pytest.raises(error):
            put(store)
    assert files_under(store.workplace) == set()
    assert {put(store)} == ids(store), "it recovers by itself"


def test_other_errors_of_the_system_are_not_called_a_full_disk(store: LocalStore) -> None:
    def stumble() -> None:
        with store.staging() as folder:
            (folder / "missing").read_bytes()

    with pytest.raises(FileNotFoundError):
        stumble()


def test_a_store_whose_folder_was_removed_recovers(store: LocalStore) -> None:
    put(store)
    os.rename(store.workplace, store.workplace.with_name("gone"))
    assert {put(store)} == ids(store)


def test_folders_are_for_their_owner_only(store: LocalStore) -> None:
    id = put(store)
    for folder in (store.work, store.workplace / "evaluations", store.workplace / "evaluations" / id):
        assert folder.stat().st_mode & 0o077 == 0
