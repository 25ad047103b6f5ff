"""A store on any file system that fsspec knows, such as a bucket: several machines serve each other's results.

<url>/index/<kind>/<created>-<id>   empty; written first, removed last: expiry finds whatever an entry left behind
<url>/<kind>/<id>/<file>            then the files
<url>/<kind>/<id>/record.json       written last, removed first: with it the entry is there or not

Files are fetched for a request and removed with its end, so that what one machine deletes is gone on all.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
import fsspec.asyn

from app.errors import NotFound, StorageFull
from app.store.base import RECORD, Entry, Kind, Store, check_id, size_of
from app.store.trouble import is_missing, remote_errors_in_words

# Our own retries are those of whoever asked: an answer in seconds is worth more than one in minutes.
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        "max_concurrency": 1,  # of the parts of one file; with more, each reading asks for the size first
        "config_kwargs": {
            "connect_timeout": 3,
            "read_timeout": 8,
            "retries": {"mode": "standard", "total_max_attempts": 2},
        },
    }
}


SECONDS = 20.0  # for one step, such as all files of a result at once
LISTING_SECONDS = 600.0  # for what expiry looks at


class ObjectStore(Store):
    """Entries that are there with their last object, as object stores promise: each write whole, and seen by all."""

    def __init__(self, url: str, workplace: Path, **settings: Any) -> None:
        super().__init__(workplace, **settings)
        protocol = url.partition("://")[0]
        kind_of_system = fsspec.get_filesystem_class(protocol)  # an error now, not with the first request
        self._root = str(kind_of_system._strip_protocol(url)).rstrip("/")
        self._connect = partial(
            fsspec.filesystem,
            protocol,
            skip_instance_cache=True,
            use_listings_cache=False,
            **_OPTIONS.get(protocol, {}),
        )
        self._owner = -1

    def record(self, kind: Kind, entry_id: str) -> dict[str, Any]:
        """Fetch the record of an entry."""
        check_id(entry_id)
        with _missing_is_not_found(), remote_errors_in_words():
            record: dict[str, Any] = json.loads(self._call("cat_file", self._path(kind, entry_id, RECORD)))
        if self._clock() - record["created"] >= self._keep_seconds:
            raise NotFound
        return record

    @contextmanager
    def files(self, kind: Kind, entry_id: str, *names: str) -> Iterator[Path]:
        """Fetch the files into a folder that is gone afterwards."""
        self.record(kind, entry_id)
        with self.staging() as folder:
            with _missing_is_not_found(), remote_errors_in_words():
                paths = [self._path(kind, entry_id, name) for name in names]
                self._call("get", paths, [str(folder / name) for name in names])
            yield folder

    def has_file(self, kind: Kind, entry_id: str, name: str) -> bool:
        """Ask for its size and date."""
        check_id(entry_id)
        with remote_errors_in_words():
            return bool(self._call("exists", self._path(kind, entry_id, name)))

    def add_file(self, kind: Kind, entry_id: str, name: str, source: Path) -> None:
        """Put it beside the others; if the entry was deleted meanwhile, take it away again."""
        size = source.stat().st_size
        path = self._path(kind, entry_id, name)
        self.record(kind, entry_id)
        with remote_errors_in_words():
            self._call("put", [str(source)], [path])
            if not self._call("exists", self._path(kind, entry_id, RECORD)):
                self._call("rm", [path])
                raise NotFound
        self._count(size, kind)

    def delete(self, kind: Kind, entry_id: str) -> None:
        """Remove all its objects, the record first."""
        self._remove(kind, Entry(self.record(kind, entry_id)["created"], entry_id))

    def sizes(self) -> dict[Kind, int]:
        """Tell what the last sweep left, a minute ago at most: a listing for each look would be too much."""
        return dict(self._swept_sizes)

    @property
    def _fs(self) -> Any:
        """Give the file system of this process: its connections and threads do not survive a fork."""
        with self._mutex:
            if self._owner != os.getpid():
                self._opened = self._connect()
                self._opened.retries = 1  # of s3fs itself, on top of those of boto
                self._owner = os.getpid()
            return self._opened

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a method of the file system, and cut it short if it can be: not every wait has a limit of its own."""
        system = self._fs
        if not system.async_impl:
            return getattr(system, name)(*args, **options)
        seconds = LISTING_SECONDS if name == "find" else SECONDS
        return fsspec.asyn.sync(system.loop, getattr(system, f"_{name}"), *args, timeout=seconds, **options)

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _index(self, kind: Kind, entry: Entry) -> str:
        return self._path("index", kind, f"{round(entry.created * 1000):013d}-{entry.id}")

    def _keep(self, staged: Path, kind: Kind, entry_id: str, now: float) -> None:
        names = [str(path.relative_to(staged)) for path in staged.rglob("*") if path.is_file()]
        names.remove(RECORD)
        entry = Entry(now, entry_id, size_of(staged))
        try:
            with remote_errors_in_words():
                self._call("pipe_file", self._index(kind, entry), b"")
                paths = [self._path(kind, entry_id, name) for name in names]
                self._call("put", [str(staged / name) for name in names], paths)
                self._call("put", [str(staged / RECORD)], [self._path(kind, entry_id, RECORD)])
        except StorageFull:
            self._remove(kind, entry)
            raise  # after other errors the store would only be waited for again: what is there goes when it is old

    def _entries(self, kind: Kind) -> Iterator[Entry]:
        """List the files and then the index: what is not in there was deleted meanwhile, or half deleted."""
        sizes: dict[str, int] = defaultdict(int)
        prefix = len(self._path(kind, ""))
        with remote_errors_in_words():
            for path, facts in self._find(self._path(kind), detail=True).items():
                sizes[path[prefix:].partition("/")[0]] += facts["size"] or 0
            names = [path.rpartition("/")[2] for path in self._find(self._path("index", kind))]
        created = {name.partition("-")[2]: int(name.partition("-")[0]) / 1000 for name in names}
        for entry_id in sizes.keys() | created.keys():
            yield Entry(created.get(entry_id, 0.0), entry_id, sizes[entry_id])

    def _remove(self, kind: Kind, entry: Entry) -> None:
        with remote_errors_in_words():
            self._rm([self._path(kind, entry.id, RECORD)])
            self._rm(list(self._find(self._path(kind, entry.id))))
            self._rm([self._index(kind, entry)])

    def _find(self, path: str, **options: Any) -> Any:
        try:
            return self._call("find", path, **options)
        except FileNotFoundError as error:
            if not is_missing(error):
                raise
            return {}

    def _rm(self, paths: list[str]) -> None:
        if paths:
            with suppress(FileNotFoundError):  # gone meanwhile
                self._call("rm", paths)


@contextmanager
def _missing_is_not_found() -> Iterator[None]:
    """Take what is missing for an entry that is not there."""
    try:
        yield
    except Exception as error:
        if is_missing(error):
            raise NotFound from None
        raise
