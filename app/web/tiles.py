"""Tiles of large pictures: their pixels lie uncompressed in the workplace for a while, so that any part is at hand."""

import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from app.analysis.drawing.tiles import cut_tile
from app.errors import NotFound
from app.jobs import UNPACKED, unpack_picture
from app.web.evaluations import admitted
from app.web.pictures import while_kept
from app.web.services import services
from app.web.turns import turn_for

KEPT = 8  # unpacked pictures; the sweep of the workplace removes each after some minutes anyhow
_PREFIX, _FILE = "pixels-", "pixels.npy"
_loading = threading.Lock()  # NumPy parses the file's head as Python; threads that do so at once fail before 3.11.8


def tile(evaluation_id: str, name: str, level: int, column: int, row: int) -> bytes:
    """Cut a tile of a picture as WebP; the first one unpacks the picture, the next take milliseconds."""
    record = services().store.record("evaluations", evaluation_id)
    if name not in UNPACKED:
        raise NotFound("There is no picture of that name.")
    name = "after" if name == "aligned" and _is_in_place(record) else name
    folder = services().store.work / f"{_PREFIX}{evaluation_id}-{name}"
    return cut_tile(_pixels(folder, record, name), level, column, row)


def forget(evaluation_id: str) -> None:
    """Remove what is unpacked of an evaluation that was deleted."""
    for folder in services().store.work.glob(f"{_PREFIX}{evaluation_id}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _is_in_place(record: dict[str, Any]) -> bool:
    sizes = [[record[side][length] for length in ("width", "height")] for side in ("before", "after")]
    return sizes[0] == sizes[1] and record["alignment"]["model"] == "none"


def _pixels(folder: Path, record: dict[str, Any], name: str) -> Any:
    """Map the pixels into memory; the file may be swept away at any time, but not from under who reads it."""
    with suppress(FileNotFoundError):
        return _mapped(folder)
    with turn_for(folder):  # who asks meanwhile finds them there
        with suppress(FileNotFoundError):
            return _mapped(folder)
        return _unpack(folder, record, name)


def _mapped(folder: Path) -> Any:
    """Map the file; see https://github.com/python/cpython/issues/106905."""
    with _loading:
        return np.load(folder / _FILE, mmap_mode="r")


def _unpack(folder: Path, record: dict[str, Any], name: str) -> Any:
    """Unpack a picture and map its pixels; what of it is left in the folder, others may remove at once."""
    here = services()
    seconds = here.settings.deadline
    source = here.store.files("evaluations", record["id"], UNPACKED[name])
    with here.store.staging() as staged, while_kept(record["id"]), source as entry:
        with admitted(here.picture_gate, "pictures"):
            here.call(unpack_picture, entry, record, name, staged / _FILE, here.settings.limits, seconds=seconds)
        pixels = _mapped(staged)
        with suppress(OSError):  # another process was faster
            staged.rename(folder)
    try:
        here.store.record("evaluations", record["id"])
    except NotFound:  # deleted while this was unpacked: whoever did it did not see these pixels
        forget(record["id"])
        raise
    _make_room(here.store.work)
    return pixels


def _make_room(work: Path) -> None:
    """Remove what was unpacked first; others may do so at the same time."""
    changed: dict[Path, float] = {}
    for folder in work.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):
            changed[folder] = folder.stat().st_mtime
    for old in sorted(changed, key=lambda folder: changed[folder], reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
