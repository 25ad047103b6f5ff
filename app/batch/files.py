"""Where pictures lie: folders, globs and single files on any file system that fsspec knows."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
from fsspec.utils import glob_translate

from app.batch.stamps import stamp_of
from app.errors import BadRequest, FileTooLarge, MissingFile

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")
_MAGIC = re.compile(r"[*?\[]")


def file_system(described: str) -> Any:
    """Give the file system that a JSON text describes, one for each process: opening a zip reads its directory.

    An archive of this machine that was written anew is opened anew: a worker of a cluster outlives many batches.
    """
    archive = _archive_of(described)
    return _file_system(described, stamp_of(fsspec.filesystem("file"), archive) if archive else None)


@lru_cache(maxsize=16)
def _file_system(described: str, _: str | None) -> Any:
    return fsspec.AbstractFileSystem.from_json(described)


@lru_cache(maxsize=256)
def _archive_of(described: str) -> str | None:
    """Give the path of the archive that a file system reads, if it lies on this machine."""
    told = json.loads(described)
    path = told.get("fo")
    return path if isinstance(path, str) and told.get("target_protocol") in (None, "file", "local") else None


@dataclass(frozen=True, slots=True)
class File:
    """One file, wherever it lies; travels to a worker, which reads it there.

    ``system`` is the JSON of its fsspec file system, credentials included; ``label`` is what people call the file.
    """

    system: str
    path: str
    label: str

    def read(self, side: str, limit: int = -1) -> bytes:
        """Read it; what is missing, unreadable or over ``limit`` bytes is an error that names the side."""
        return self.read_stamped(side, limit)[0]

    def read_stamped(self, side: str, limit: int = -1) -> tuple[bytes, str | None]:
        """Read it, and give the stamp that it had before: what is written meanwhile has another one."""
        with self._opened(side) as (file, stamp):
            content: bytes = file.read(limit + 1 if limit >= 0 else -1)
        if 0 <= limit < len(content):
            raise FileTooLarge(f"{side} is larger than {limit / 1e6:g} MB.")
        return content, stamp

    def sha256(self) -> str:
        """Hash its content, piece by piece."""
        with self._opened(self.label) as (file, _):
            return hashlib.file_digest(file, "sha256").hexdigest()

    def stamp(self) -> str | None:
        """Give its stamp without opening it; None when there is none to be had."""
        try:
            return stamp_of(file_system(self.system), self.path)
        except OSError:
            return None

    @contextmanager
    def _opened(self, side: str) -> Iterator[tuple[Any, str | None]]:
        """Open it; give its stamp too."""
        try:
            system = file_system(self.system)
            with system.open(self.path, "rb") as file:
                yield file, stamp_of(system, self.path, file)
        except FileNotFoundError:
            raise MissingFile(f"{side} is not there.") from None
        except Exception as error:  # every file system has its own, and none of them may end the batch
            reason = (isinstance(error, OSError) and error.strerror) or type(error).__name__
            raise MissingFile(f"{side} cannot be read: {reason}.") from error


@dataclass(frozen=True, slots=True)
class Place:
    """A folder on a file system, and which files of it are meant: those that the glob matches."""

    text: str
    system: str
    root: str
    pattern: str | None

    def file(self, name: str, label: str | None = None) -> File:
        """Give the file of a relative name."""
        return File(self.system, f"{self.root.rstrip('/')}/{name}".lstrip("/" if not self.root else ""), label or name)

    def itself(self) -> File:
        """Give it as one file."""
        return File(self.system, self.root, self.text)

    def exists(self) -> bool:
        """Say whether there is anything of that name."""
        with _readable(self.text):
            return bool(file_system(self.system).exists(self.root)) if self.root.strip("/") else True

    def is_file(self) -> bool:
        """Say whether it is one file and no folder."""
        with _readable(self.text):
            return bool(self.root) and bool(file_system(self.system).isfile(self.root))

    def list(self) -> tuple[list[str], int]:
        """Give the relative names of all pictures below, sorted, and how many other files were left aside.

        A name that would lead out of the folder (an archive can hold one) is left aside too.
        """
        prefix = self.root.rstrip("/")
        system = file_system(self.system)
        with _readable(self.text):
            system.invalidate_cache()
            paths = _walk(self.root) if "file" in system.protocol else system.find(self.root)
            found = [str(path)[len(prefix) :].lstrip("/") for path in paths]
        good = [name for name in found if name.lower().endswith(SUFFIXES) and ".." not in name.split("/")]
        return sorted(good), len(found) - len(good)


@contextmanager
def _readable(text: str) -> Iterator[None]:
    """Say in words why a place cannot be looked at; the files of this machine have words of their own."""
    try:
        yield
    except FileNotFoundError:
        raise BadRequest(f"{text} does not exist.") from None
    except Exception as error:  # no such protocol, no package for it, no key, no network: each has its own type
        if isinstance(error, OSError) and "://" not in text:
            raise
        raise BadRequest(f"{text} cannot be opened: {error or type(error).__name__}") from error


def _walk(root: str) -> Iterator[str]:
    """Give all files below a folder of this machine; fsspec would pass over a folder that it may not read."""

    def fail(error: OSError) -> None:
        raise error

    for folder, _, names in os.walk(root, onerror=fail):
        yield from (os.path.join(folder, name) for name in names)


def find_place(text: str) -> Place:
    """Read a folder, file or glob: a path, or a URL that fsspec knows."""
    folder, pattern = _split_glob(text)
    with _readable(text):
        if "://" not in folder:
            system, root = fsspec.filesystem("file"), os.path.abspath(folder)
        else:
            system, root = fsspec.url_to_fs(_with_archive(folder))
    return Place(text, system.to_json(), root, pattern)


def folder_of(text: str) -> Path | None:
    """Give the folder of this machine that a place names, or that its glob looks into; None when it is none."""
    path = Path(_split_glob(text.removeprefix("file://"))[0])
    return path if path.is_dir() else None


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Make what says whether a relative name fits a glob; ``**`` stands for any folders."""
    try:
        expression = re.compile(glob_translate(pattern))
    except ValueError as error:  # re.error is one
        raise BadRequest(f"{pattern} is no glob: {error}.") from None
    return lambda name: expression.match(name) is not None


def only_here(text: str) -> bool:
    """Say whether nothing but this process can see it."""
    return "memory://" in text


def _with_archive(url: str) -> str:
    """Read ``zip://pictures.zip`` as what people mean by it; fsspec writes ``zip://::pictures.zip``."""
    return f"zip://::{url[6:]}" if url.startswith("zip://") and "::" not in url else url


def _split_glob(text: str) -> tuple[str, str | None]:
    """Part "shots/**/*.png" into the folder and the pattern below it; what exists under that very name is no glob."""
    head, chained, rest = text.partition("::")
    if not _MAGIC.search(head) or ("://" not in text and os.path.exists(text)):
        return text, None
    protocol, separator, path = head.rpartition("://")
    parts = path.split("/")
    first = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    folder = "/".join(parts[:first]) or ("/" if path.startswith("/") else "" if separator else ".")
    return f"{protocol}{separator}{folder}{chained}{rest}", "/".join(parts[first:])
