"""What every store does alike: entries by unguessable id, a local workplace, budgets and expiry.

An entry is either an upload (``record.json``, ``image``) or an evaluation (``record.json``, ``before``, ``after``,
``mask.png``, ``heat.png``, ``pictures/<name>``). Files are made in the workplace, which is always on this machine:

<workplace>/work/   what is being written or deleted; anything old in here is a leftover
<workplace>/gate/   locks of the places to work, see gate.py
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from app.errors import NotFound, StorageFull
from app.store.trouble import NO_ROOM, disk_errors_in_words

Kind = Literal["uploads", "evaluations"]
# What each kind may take of all there is: uploads never push out results, nor results uploads.
SHARES: dict[Kind, Fraction] = {"uploads": Fraction(1, 4), "evaluations": Fraction(3, 4)}
KINDS: tuple[Kind, ...] = tuple(SHARES)
ID_PATTERN = "[A-Za-z0-9_-]{22}"  # what secrets.token_urlsafe(16) gives: 128 bits
RECORD = "record.json"
LEFTOVER_SECONDS = 900  # longer than any request takes, unless it is told that some take more


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """What expiry needs to know; the oldest sorts first."""

    created: float
    id: str
    size: int = 0


class Store(ABC):
    """Uploads and evaluations that expire by age; of each kind the oldest go when its share is used up."""

    def __init__(
        self,
        workplace: Path,
        *,
        keep_seconds: float,
        max_bytes: int,
        min_free_bytes: int = 0,
        leftover_seconds: float = LEFTOVER_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.workplace = workplace.absolute()
        self.work = self.workplace / "work"
        self.gate = self.workplace / "gate"
        self._keep_seconds = keep_seconds
        self._budgets = {kind: int(max_bytes * share) for kind, share in SHARES.items()}
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._leftover_seconds = leftover_seconds
        self._unswept = 0
        self._swept_sizes: dict[Kind, int] = dict.fromkeys(KINDS, 0)  # what the last sweep left
        self._mutex = threading.Lock()
        self.sweep_is_due = threading.Event()  # for whoever calls ``expire``, which is nobody with a request to answer
        self.make_folders()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty local folder to fill and ``commit``; what is left of it at the end is removed."""
        self.make_folders()
        with disk_errors_in_words():
            if shutil.disk_usage(self.workplace).free < self._min_free_bytes:
                raise StorageFull(NO_ROOM)
            folder = self.work / secrets.token_urlsafe(16)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def make_folders(self) -> None:
        """Make the folders of the workplace anew if someone who cleans up removed them."""
        with disk_errors_in_words():
            for folder in (self.work, self.gate):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def commit(self, staged: Path, kind: Kind, record: dict[str, Any]) -> dict[str, Any]:
        """Keep a staged folder: its id, creation and expiry join the record, with which the entry appears."""
        now = self._clock()
        size = size_of(staged)
        if size > self._budgets[kind]:
            raise StorageFull("This is more than the server may keep.")
        record = {"id": secrets.token_urlsafe(16), "created": now, "expires": now + self._keep_seconds, **record}
        (staged / RECORD).write_text(json.dumps(record, allow_nan=False), encoding="utf-8")
        self._keep(staged, kind, record["id"], now)
        self._count(size, kind)
        return record

    @abstractmethod
    def record(self, kind: Kind, entry_id: str) -> dict[str, Any]:
        """Give the record of an entry; unknown, expired and malformed ids are one NotFound."""

    @abstractmethod
    def files(self, kind: Kind, entry_id: str, *names: str) -> AbstractContextManager[Path]:
        """Give a local folder that has these files of an entry, to read and not to change."""

    @abstractmethod
    def has_file(self, kind: Kind, entry_id: str, name: str) -> bool:
        """Say whether a file is there; whether its entry still counts is for ``files`` to say."""

    @abstractmethod
    def add_file(self, kind: Kind, entry_id: str, name: str, source: Path) -> None:
        """Move a file made in ``work`` into an entry under a name of ours."""

    @abstractmethod
    def delete(self, kind: Kind, entry_id: str) -> None:
        """Make an entry disappear at once and for good."""

    @abstractmethod
    def sizes(self) -> dict[Kind, int]:
        """Count the bytes of everything kept, by kind."""

    def expire(self) -> None:
        """Delete what is too old or too much, and leftovers of processes that died; one process at a time."""
        self.make_folders()
        with disk_errors_in_words(), _only_one(self.work / "sweep.lock") as alone:
            if not alone:
                return
            with self._mutex:
                self._unswept = 0
            now = self._clock()
            for leftover in self._leftovers(now):
                shutil.rmtree(leftover, ignore_errors=True)
            for kind in KINDS:
                self._expire_kind(kind, now)

    def _expire_kind(self, kind: Kind, now: float) -> None:
        entries = sorted(self._entries(kind))
        total = sum(entry.size for entry in entries)
        for entry in entries:
            if now - entry.created < self._keep_seconds and total <= self._budgets[kind]:
                break
            self._remove(kind, entry)
            total -= entry.size
        self._swept_sizes[kind] = total

    @abstractmethod
    def _keep(self, staged: Path, kind: Kind, entry_id: str, now: float) -> None:
        """Make a staged folder, its record included, an entry."""

    @abstractmethod
    def _entries(self, kind: Kind) -> Iterator[Entry]:
        """List what is kept."""

    @abstractmethod
    def _remove(self, kind: Kind, entry: Entry) -> None:
        """Remove an entry; one that is gone already is no error."""

    def _count(self, size: int, kind: Kind) -> None:
        """Ask for a sweep when a twentieth of what may be kept has come in since the last one."""
        with self._mutex:
            self._unswept += size
            if self._unswept > self._budgets[kind] / 20:
                self.sweep_is_due.set()

    def _leftovers(self, now: float) -> Iterator[Path]:
        for folder in self.work.iterdir():
            try:
                if folder.is_dir() and now - folder.stat().st_mtime > self._leftover_seconds:
                    yield folder
            except FileNotFoundError:
                continue


def check_id(entry_id: str) -> None:
    """Refuse what cannot be an id before it becomes part of a path."""
    if not re.fullmatch(ID_PATTERN, entry_id):
        raise NotFound


def size_of(folder: Path) -> int:
    """Add up the bytes of the files under a folder."""
    with os.scandir(folder) as found:
        return sum(size_of(Path(item)) if item.is_dir() else item.stat().st_size for item in found)


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
