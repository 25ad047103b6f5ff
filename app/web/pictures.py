"""Pictures of an evaluation: drawn when first asked for, then kept with it."""

import base64
import json
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from app.analysis.render import NAMES
from app.errors import NotFound
from app.jobs import DRAWN_FROM, draw_picture
from app.web.evaluations import admitted, public
from app.web.services import services

MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
IN_REPORT = ("preview-before.webp", "preview-after.webp", "preview-aligned.webp", "heatmap.png")
_drawing = tuple(threading.Lock() for _ in range(64))


@contextmanager
def picture(evaluation_id: str, name: str) -> Iterator[Path]:
    """Give the file of a picture, drawing it unless it is there."""
    if name not in NAMES:
        raise NotFound("There is no picture of that name.")
    store = services().store
    kept = f"pictures/{name}"
    if not store.has_file("evaluations", evaluation_id, kept):
        with _drawing[hash((evaluation_id, name)) % len(_drawing)]:  # who asks meanwhile gets the same drawing
            if not store.has_file("evaluations", evaluation_id, kept):
                _draw(evaluation_id, name)
    with store.files("evaluations", evaluation_id, kept) as folder:
        yield folder / kept


def _draw(evaluation_id: str, name: str) -> None:
    here = services()
    seconds = here.settings.deadline
    record = here.store.record("evaluations", evaluation_id)
    with here.store.staging() as folder, here.store.files("evaluations", evaluation_id, *DRAWN_FROM) as entry:
        with admitted(here.picture_gate, "pictures"):
            here.call(draw_picture, entry, record, name, folder / name, here.settings.limits, seconds=seconds)
        here.store.add_file("evaluations", evaluation_id, f"pictures/{name}", folder / name)


def archive(evaluation_id: str) -> IO[bytes]:
    """Pack all pictures and the JSON into a nameless file; the pictures are compressed already."""
    store = services().store
    record = store.record("evaluations", evaluation_id)
    file = tempfile.TemporaryFile(dir=store.work)  # noqa: SIM115  # closed by the response
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        pack.writestr("evaluation.json", json.dumps(public(record), indent=2, ensure_ascii=False))
        for name in NAMES:
            if not name.startswith("preview-"):
                with picture(evaluation_id, name) as path:
                    pack.write(path, name)
    file.seek(0)
    return file


def report_context(evaluation_id: str) -> dict[str, Any]:
    """Give what the self-contained report shows: the JSON, and pictures small enough to travel in it."""
    record = services().store.record("evaluations", evaluation_id)
    pictures = {name.rpartition(".")[0]: _data_url(evaluation_id, name) for name in IN_REPORT}
    return {"evaluation": public(record), "pictures": pictures, "generated": datetime.now(UTC)}


def _data_url(evaluation_id: str, name: str) -> str:
    with picture(evaluation_id, name) as path:
        return f"data:{MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
