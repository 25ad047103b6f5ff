"""Pictures of an evaluation: drawn when first asked for, then kept with it."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from app.analysis.render import FOR_REPORTS, NAMES, PREVIEWS
from app.errors import NotFound
from app.jobs import DRAWN_FROM, draw_picture
from app.report import in_report, report_html
from app.web.evaluations import admitted, public
from app.web.services import services
from app.web.turns import turn_for


@contextmanager
def picture(evaluation_id: str, name: str) -> Iterator[Path]:
    """Give the file of a picture, drawing it unless it is there."""
    kept = _draw_unless_kept(evaluation_id, name)
    with services().store.files("evaluations", evaluation_id, kept) as folder:
        yield folder / kept


def _draw_unless_kept(evaluation_id: str, name: str) -> str:
    if name not in NAMES and name not in FOR_REPORTS:
        raise NotFound("There is no picture of that name.")
    store = services().store
    kept = f"pictures/{name}"
    if not store.has_file("evaluations", evaluation_id, kept):
        with turn_for(evaluation_id, name):  # who asks meanwhile gets the same drawing
            if not store.has_file("evaluations", evaluation_id, kept):
                _draw(evaluation_id, name)
    return kept


def _draw(evaluation_id: str, name: str) -> None:
    here = services()
    seconds = here.settings.deadline
    record = here.store.record("evaluations", evaluation_id)
    source = here.store.files("evaluations", evaluation_id, *DRAWN_FROM)
    with here.store.staging() as folder, while_kept(evaluation_id), source as entry:
        with admitted(here.picture_gate, "pictures"):
            here.call(draw_picture, entry, record, name, folder / name, here.settings.limits, seconds=seconds)
        here.store.add_file("evaluations", evaluation_id, f"pictures/{name}", folder / name)


@contextmanager
def while_kept(evaluation_id: str) -> Iterator[None]:
    """Work with the files of an evaluation; NotFound if it is deleted meanwhile."""
    try:
        yield
    except FileNotFoundError:
        services().store.record("evaluations", evaluation_id)
        raise


def archive(evaluation_id: str) -> IO[bytes]:
    """Pack all pictures and the JSON into a file without a name; the pictures are compressed already."""
    here = services()
    record = here.store.record("evaluations", evaluation_id)
    names = [name for name in NAMES if name not in PREVIEWS]
    for name in names:
        _draw_unless_kept(evaluation_id, name)  # each in a place of its own, so that none is waited for from within one
    with ExitStack() as unless_whole, here.store.staging() as folder, admitted(here.picture_gate, "pictures"):
        file = unless_whole.enter_context((folder / "archive").open("w+b"))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
            pack.writestr("evaluation.json", json.dumps(public(record), indent=2, ensure_ascii=False))
            for name in names:
                with picture(evaluation_id, name) as path:
                    pack.write(path, name)
        file.seek(0)
        unless_whole.pop_all()  # the response closes it
    return file


def report(evaluation_id: str) -> bytes:
    """Write the self-contained report: the JSON as a page, and pictures small enough to travel in it."""
    evaluation = public(services().store.record("evaluations", evaluation_id))
    names = in_report(evaluation)
    return report_html(evaluation, {name: _content(evaluation_id, name) for name in names}, datetime.now(UTC))


def _content(evaluation_id: str, name: str) -> bytes:
    with picture(evaluation_id, name) as path:
        return path.read_bytes()
