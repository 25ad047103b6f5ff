"""Uploads and evaluations on disk: each is one folder, made aside and renamed into place, so it is whole or not there.

<store>/uploads/<id>/       record.json, image
<store>/evaluations/<id>/   record.json, before, after, mask.png, heat.png, pictures/<name>
<store>/gate/               locks of the places to work, see gate.py
<store>/work/               what is being written or deleted; anything old in here is a leftover
"""

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from app.errors import ImageDiffError, NotFound, StorageFull, StorageUnavailable

Kind = Literal["uploads", "evaluations"]
KINDS: tuple[Kind, ...] = ("uploads", "evaluations")
ID_PATTERN = "[A-Za-z0-9_-]{22}"  # what secrets.token_urlsafe(16) gives: 128 bits
RECORD = "record.json"
LEFTOVER_SECONDS = 900

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNAVAILABLE = {
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ESTALE,
    errno.ENODEV,
}


def storage_error(error: OSError) -> ImageDiffError | None:
    """Translate what the disk says; None when it is not about the disk."""
    if error.errno in _FULL:
        return StorageFull("The server has no room for this at the moment; try again later.")
    if error.errno in _UNAVAILABLE:
        return StorageUnavailable("The server cannot write results at the moment; try again later.")
    return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        public = storage_error(error)
        if public is None:
            raise
        raise public from error


class Store:
    """Entries by unguessable id; they expire by age, and the oldest go when all together are too large."""

    def __init__(
        self,
        folder: Path,
        *,
        keep_seconds: float,
        max_bytes: int,
        min_free_bytes: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder.absolute()
        self.work = self.folder / "work"
        self.gate = self.folder / "gate"
        self._keep_seconds = keep_seconds
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._unswept = 0
        self._mutex = threading.Lock()
        self._make_folders()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder to fill and ``commit``; what is left of it at the end is removed."""
        self._make_folders()
        with _translated():
            if shutil.disk_usage(self.folder).free < self._min_free_bytes:
                raise StorageFull("The server has no room for this at the moment; try again later.")
            folder = self.work / secrets.token_urlsafe(16)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def commit(self, staged: Path, kind: Kind, record: dict[str, Any]) -> dict[str, Any]:
        """Keep a staged folder: its id, creation and expiry join the record, then one rename makes it appear."""
        now = self._clock()
        size = _size(staged)
        if size > self._max_bytes:
            raise StorageFull("This is more than the server may keep.")
        record = {"id": secrets.token_urlsafe(16), "created": now, "expires": now + self._keep_seconds, **record}
        path = staged / RECORD
        path.write_text(json.dumps(record, allow_nan=False), encoding="utf-8")
        os.utime(path, (now, now))
        staged.rename(self.folder / kind / record["id"])
        self._count(size)
        return record

    def record(self, kind: Kind, entry_id: str) -> dict[str, Any]:
        """Give the record of an entry; unknown, expired and malformed ids are one NotFound."""
        try:
            text = (self.entry(kind, entry_id) / RECORD).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise not_found() from None
        record: dict[str, Any] = json.loads(text)
        return record

    def entry(self, kind: Kind, entry_id: str) -> Path:
        """Give the folder of an entry that is there and has not expired."""
        if not re.fullmatch(ID_PATTERN, entry_id):
            raise not_found()
        folder = self.folder / kind / entry_id
        try:
            age = self._clock() - (folder / RECORD).stat().st_mtime
        except FileNotFoundError:
            raise not_found() from None
        if age >= self._keep_seconds:
            raise not_found()
        return folder

    def add_file(self, kind: Kind, entry_id: str, name: str, source: Path) -> Path:
        """Move a file made in ``work`` into an entry under a name of ours."""
        target = self.entry(kind, entry_id) / name
        size = source.stat().st_size
        with _translated():
            try:
                target.parent.mkdir(exist_ok=True, mode=0o700)
                source.replace(target)
            except FileNotFoundError:
                raise not_found() from None
        self._count(size)
        return target

    def size(self) -> int:
        """Count the bytes of everything kept."""
        return sum(size for _, size, _ in self._entries())

    def delete(self, kind: Kind, entry_id: str) -> None:
        """Make an entry disappear at once and for good."""
        self._remove(self.entry(kind, entry_id))

    def expire(self) -> None:
        """Delete what is too old or too much, and leftovers of processes that died; one process at a time."""
        with _translated(), _only_one(self.work / "sweep.lock") as alone:
            if not alone:
                return
            with self._mutex:
                self._unswept = 0
            now = self._clock()
            for leftover in self._leftovers(now):
                shutil.rmtree(leftover, ignore_errors=True)
            entries = sorted(self._entries())
            total = sum(size for _, size, _ in entries)
            for created, size, folder in entries:
                if now - created < self._keep_seconds and total <= self._max_bytes:
                    break
                self._remove(folder)
                total -= size

    def _make_folders(self) -> None:
        with _translated():
            for name in (*KINDS, "work", "gate"):
                (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def _count(self, size: int) -> None:
        """Sweep when a twentieth of what may be kept has come in since the last time."""
        with self._mutex:
            self._unswept += size
            due = self._unswept > self._max_bytes / 20
        if due:
            self.expire()

    def _remove(self, folder: Path) -> None:
        trash = self.work / secrets.token_urlsafe(16)
        with _translated():
            try:
                folder.rename(trash)
            except FileNotFoundError:
                return
            shutil.rmtree(trash, ignore_errors=True)

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for kind in KINDS:
            for folder in (self.folder / kind).iterdir():
                try:
                    yield (folder / RECORD).stat().st_mtime, _size(folder), folder
                except FileNotFoundError:  # deleted meanwhile
                    continue

    def _leftovers(self, now: float) -> Iterator[Path]:
        for folder in self.work.iterdir():
            try:
                if folder.is_dir() and now - folder.stat().st_mtime > LEFTOVER_SECONDS:
                    yield folder
            except FileNotFoundError:
                continue


def not_found() -> NotFound:
    return NotFound("There is nothing here: the address is wrong, or what was here has expired or was deleted.")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def _only_one(path: Path) -> Iterator[bool]:
    """Say whether no other process holds the lock."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
