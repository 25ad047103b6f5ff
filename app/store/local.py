"""A store in a folder of this machine: each entry is one folder, made aside and renamed into place.

<store>/uploads/<id>/   <store>/evaluations/<id>/   and, beside them, the workplace: <store>/work/  <store>/gate/
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.errors import NotFound
from app.store.base import KINDS, RECORD, Entry, Kind, Store, check_id, size_of
from app.store.trouble import disk_errors_in_words


class LocalStore(Store):
    """Entries that are whole or not there, because a rename is one step; also when the process is killed."""

    def record(self, kind: Kind, entry_id: str) -> dict[str, Any]:
        """Read the record of an entry."""
        try:
            text = (self._entry(kind, entry_id) / RECORD).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotFound from None
        record: dict[str, Any] = json.loads(text)
        return record

    @contextmanager
    def files(self, kind: Kind, entry_id: str, *names: str) -> Iterator[Path]:
        """Give the folder of the entry itself."""
        entry = self._entry(kind, entry_id)
        if not all((entry / name).exists() for name in names):
            raise NotFound
        yield entry

    def has_file(self, kind: Kind, entry_id: str, name: str) -> bool:
        """Look into the folder of the entry."""
        check_id(entry_id)
        return (self.workplace / kind / entry_id / name).exists()

    def add_file(self, kind: Kind, entry_id: str, name: str, source: Path) -> None:
        """Rename it into the folder of the entry."""
        target = self._entry(kind, entry_id) / name
        size = source.stat().st_size
        with disk_errors_in_words():
            try:
                target.parent.mkdir(exist_ok=True, mode=0o700)
                source.replace(target)
            except FileNotFoundError:
                raise NotFound from None
        self._count(size, kind)

    def delete(self, kind: Kind, entry_id: str) -> None:
        """Rename the folder away, then remove it."""
        self._remove(kind, Entry(0, self._entry(kind, entry_id).name))

    def sizes(self) -> dict[Kind, int]:
        """Look at every file."""
        self.make_folders()
        return {kind: sum(entry.size for entry in self._entries(kind)) for kind in KINDS}

    def _keep(self, staged: Path, kind: Kind, entry_id: str, now: float) -> None:
        os.utime(staged / RECORD, (now, now))
        staged.rename(self.workplace / kind / entry_id)

    def _entry(self, kind: Kind, entry_id: str) -> Path:
        """Give the folder of an entry that is there and has not expired."""
        check_id(entry_id)
        folder = self.workplace / kind / entry_id
        try:
            age = self._clock() - (folder / RECORD).stat().st_mtime
        except FileNotFoundError:
            raise NotFound from None
        if age >= self._keep_seconds:
            raise NotFound
        return folder

    def _entries(self, kind: Kind) -> Iterator[Entry]:
        for folder in (self.workplace / kind).iterdir():
            try:
                yield Entry((folder / RECORD).stat().st_mtime, folder.name, size_of(folder))
            except (FileNotFoundError, NotADirectoryError):  # deleted meanwhile, or a file that is none of ours
                continue

    def _remove(self, kind: Kind, entry: Entry) -> None:
        trash = self.work / secrets.token_urlsafe(16)
        with disk_errors_in_words():
            try:
                (self.workplace / kind / entry.id).rename(trash)
            except FileNotFoundError:
                return
            shutil.rmtree(trash, ignore_errors=True)

    def make_folders(self) -> None:
        """Make those of each kind too."""
        super().make_folders()
        with disk_errors_in_words():
            for kind in KINDS:
                (self.workplace / kind).mkdir(parents=True, exist_ok=True, mode=0o700)
