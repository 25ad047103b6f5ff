"""Pictures of an evaluation: drawn when first asked for, then kept with it."""

import base64
import json
import tempfile
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from app.analysis.render import NAMES
from app.errors import NotFound
from app.jobs import draw_picture
from app.web.evaluations import admitted, public
from app.web.services import services

MEDIA_TYPES = {".png": "image/png", ".gif": "image/gif", ".webp": "image/webp"}
IN_REPORT = ("preview-before.webp", "preview-after.webp", "preview-aligned.webp", "heatmap.png")
_drawing = tuple(threading.Lock() for _ in range(64))


def picture(evaluation_id: str, name: str) -> Path:
    """Give the file of a picture, drawing it unless it is there."""
    if name not in NAMES:
        raise NotFound("There is no picture of that name.")
    path = services().store.entry("evaluations", evaluation_id) / "pictures" / name
    if path.exists():
        return path
    with _drawing[hash((evaluation_id, name)) % len(_drawing)]:  # who asks meanwhile gets the same drawing
        return path if path.exists() else _draw(evaluation_id, name)


def _draw(evaluation_id: str, name: str) -> Path:
    here = services()
    seconds = here.settings.deadline
    record = here.store.record("evaluations", evaluation_id)
    entry = here.store.entry("evaluations", evaluation_id)
    with here.store.staging() as folder:
        with admitted(here.picture_gate, "pictures"):
            here.call(draw_picture, entry, record, name, folder / name, here.settings.limits, seconds=seconds)
        return here.store.add_file("evaluations", evaluation_id, f"pictures/{name}", folder / name)


def archive(evaluation_id: str) -> IO[bytes]:
    """Pack all pictures and the JSON into a nameless file; the pictures are compressed already."""
    store = services().store
    record = store.record("evaluations", evaluation_id)
    file = tempfile.TemporaryFile(dir=store.work)  # noqa: SIM115  # closed by the response
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        pack.writestr("evaluation.json", json.dumps(public(record), indent=2, ensure_ascii=False))
        for name in NAMES:
            if not name.startswith("preview-"):
                pack.write(picture(evaluation_id, name), name)
    file.seek(0)
    return file


def report_context(evaluation_id: str) -> dict[str, Any]:
    """Give what the self-contained report shows: the JSON, and pictures small enough to travel in it."""
    record = services().store.record("evaluations", evaluation_id)
    pictures = {name.rpartition(".")[0]: _data_url(picture(evaluation_id, name)) for name in IN_REPORT}
    return {"evaluation": public(record), "pictures": pictures, "generated": datetime.now(UTC)}


def _data_url(path: Path) -> str:
    return f"data:{MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
