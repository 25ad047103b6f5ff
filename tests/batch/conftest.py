"""Small folders of pairs, and the real command on them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from app.__main__ import main
from tests.picture_factory import encode, photo

Batch = Callable[..., int]
Lines = dict[str, dict[str, Any]]


def picture(seed: int, *, changed: bool = False, size: int = 64) -> bytes:
    """A PNG; changed, it has a green square of a quarter of its width at a quarter of it."""
    pixels = photo(size * 3 // 4, size, seed)
    if changed:
        quarter = size // 4
        pixels[quarter : 2 * quarter, quarter : 2 * quarter] = (10, 240, 60)
    return encode(np.ascontiguousarray(pixels))


def save(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


BEFORE = {
    "same.png": picture(1),
    "login/changed.png": picture(2),
    "login/gone.png": picture(3),
    "broken.png": picture(4),
}
AFTER = {
    "same.png": picture(1),
    "login/changed.png": picture(2, changed=True),
    "login/new.png": picture(5),
    "broken.png": picture(4)[:200],
    "notes.txt": b"no picture",
}
VERDICTS = {
    "broken.png": "error",
    "login/changed.png": "different",
    "login/gone.png": "missing",
    "login/new.png": "extra",
    "same.png": "identical",
}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders before and after, relative to the current one: every verdict but equivalent."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "before", BEFORE)
    save(tmp_path / "after", AFTER)
    return tmp_path


@pytest.fixture
def batch() -> Batch:
    """Run the command on two processes; give its exit status."""

    def run(*arguments: object, out: object = "report") -> int:
        return main(["batch", *map(str, arguments), "--out", str(out), "--jobs", "2"])

    return run


@pytest.fixture
def memory() -> Iterator[Any]:
    """The file system memory://, empty again afterwards."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def lines_of(report: Path | str = "report") -> Lines:
    """Read results.jsonl, each line by its name; a name that is there twice is an error."""
    records = [json.loads(line) for line in (Path(report) / "results.jsonl").read_text("utf-8").splitlines()]
    lines = {record["name"]: record for record in records}
    assert len(lines) == len(records)
    return lines


def verdicts_of(report: Path | str = "report") -> dict[str, str]:
    """Give the verdict of each pair."""
    return {name: record["verdict"] for name, record in lines_of(report).items()}
