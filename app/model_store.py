"""The folder that holds the category model: a description (JSON), the ONNX file and its labels."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from app.analysis.category.classifier import NOT_INSTALLED, Classifier, Unavailable
from app.analysis.category.description import Description
from app.analysis.category.network import Provider
from app.errors import ModelUnusable

SIDECAR = "model.json"
_loading = threading.Lock()


def classifier_for(folder: Path, provider: Provider = "auto", threads: int = 1) -> Classifier | Unavailable:
    """Give the classifier of this process, or what says why there is none; loads anew after a new installation."""
    try:
        found = (folder / SIDECAR).stat()
    except OSError:
        return Unavailable(NOT_INSTALLED)
    with _loading:  # two threads must not load it twice
        return _loaded(folder, (found.st_ino, found.st_mtime_ns), provider, threads)


@lru_cache(maxsize=1)
def _loaded(folder: Path, stamp: tuple[int, int], provider: Provider, threads: int) -> Classifier | Unavailable:
    try:
        return load_classifier(folder, provider, threads)
    except ModelUnusable as error:
        return Unavailable(error.message)


def load_classifier(folder: Path, provider: Provider = "auto", threads: int = 1) -> Classifier:
    """Read the folder and check that its files belong together; ModelUnusable says what is wrong."""
    description = read_description(folder)
    model = _read_checked(folder / description.model, description.model_sha256)
    labels = read_labels(_read_checked(folder / description.labels, description.labels_sha256))
    return Classifier(model, description, labels, provider=provider, threads=threads)


def read_description(folder: Path) -> Description:
    """Read the sidecar."""
    try:
        return Description.from_json((folder / SIDECAR).read_bytes())
    except FileNotFoundError as error:
        raise ModelUnusable(NOT_INSTALLED) from error
    except OSError as error:
        raise ModelUnusable(f"The model's description cannot be read: {error.strerror}.") from error


def read_labels(content: bytes) -> tuple[str, ...]:
    """Read one label per line."""
    try:
        labels = tuple(content.decode("utf-8").removesuffix("\n").split("\n"))
    except UnicodeDecodeError as error:
        raise ModelUnusable("The labels are not text in UTF-8.") from error
    if not all(label.strip() and label.isprintable() for label in labels):
        raise ModelUnusable("The labels hold an empty or unprintable line.")
    return labels


def write_model(folder: Path, description: Description, model: bytes, labels: Sequence[str]) -> None:
    """Put the three files into the folder: a reader sees the old model or the new one, and a failure leaves the old.

    Model and labels lie under names of their content; writing the description is what switches to them.
    """
    before = _files_in_use(folder)
    contents = {description.model: model, description.labels: labels_as_bytes(labels)}
    contents[SIDECAR] = description.model_dump_json(indent=2).encode() + b"\n"
    made = not folder.exists()
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            if name not in before:
                written.append(folder / name)
            _write_whole(folder / name, content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise ModelUnusable(f"The model cannot be written to {folder}: {error.strerror}.") from error
    for name in before - contents.keys():
        (folder / name).unlink(missing_ok=True)


def labels_as_bytes(labels: Sequence[str]) -> bytes:
    """Write one label per line."""
    return ("\n".join(labels) + "\n").encode()


def sha256(content: bytes) -> str:
    """Hash a file's content."""
    return hashlib.sha256(content).hexdigest()


def _files_in_use(folder: Path) -> set[str]:
    try:
        description = read_description(folder)
    except ModelUnusable:
        return set()
    return {SIDECAR, description.model, description.labels}


def _read_checked(path: Path, expected: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"The model's file {path.name} cannot be read: {error.strerror}.") from error
    if sha256(content) != expected:
        raise ModelUnusable(f"The model's file {path.name} is not the one that was installed (SHA-256 differs).")
    return content


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside it, then rename: the name never stands for half a file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
