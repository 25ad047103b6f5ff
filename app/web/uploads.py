"""Where the two images of a request come from: files of a form, earlier uploads, a kept evaluation, a sample."""

import hashlib
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from flask import current_app, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from app.analysis import Options
from app.errors import BadRequest, FileTooLarge, MissingFile, NotFound, TooManyFiles
from app.options import from_texts
from app.web.clients import reading
from app.web.errors import too_large
from app.web.services import services

NAME_LENGTH = 80
SIDES = ("before", "after")
SOURCES = ("again", "sample")  # form fields that stand for the files
# Stock Flask-Dropzone numbers the files of one request.
SIDE_OF_FIELD = {"before": "before", "after": "after", "file[0]": "before", "file[1]": "after"}

Files = MultiDict[str, FileStorage]
Form = MultiDict[str, str]


def read_form() -> tuple[Form, Files]:
    """Read the form of the request; a form over a limit is FileTooLarge."""
    try:
        with reading():
            return request.form, request.files
    except RequestEntityTooLarge:
        raise too_large() from None


def from_form() -> tuple[Callable[[Path], tuple[str, str]], Options]:
    """Read a form: where its two images come from, and the options."""
    form, files = read_form()
    for name in form.keys() & {*SIDE_OF_FIELD, "file"}:
        raise MissingFile(f"{name} is text and not a file; with curl it is -F {name}=@FILE.")
    fields = {name or "a part without a name": form.getlist(name) for name in form if name not in SOURCES}
    options = from_texts(fields)
    _refuse_other_pairs([name for name in SOURCES if name in form], files)
    if "again" in form:
        return partial(stage_again, form["again"]), options
    if "sample" in form:
        return partial(stage_sample, form["sample"]), options
    return partial(stage_files, files), options


def _refuse_other_pairs(sources: list[str], files: Files) -> None:
    """Refuse a form with more than one pair: whoever sent it would get a result of another one than they think."""
    if len(sources) > 1:
        raise BadRequest(f"{' and '.join(sources)} each stand for two images; send one of them.")
    if sources and any(not _is_blank(file) for _, file in files.items(multi=True)):
        raise BadRequest(f"{sources[0]} stands for the two images; send either it or files.", field=sources[0])


def clean_name(name: str | None, default: str) -> str:
    """Make a file name fit to be shown: no folders, no control or invisible characters, 80 at most."""
    last = re.split(r"[/\\]", name or "")[-1]
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    return visible.strip()[:NAME_LENGTH] or default


def stage_files(files: Files, folder: Path) -> tuple[str, str]:
    """Save the two files of a form as ``before`` and ``after``; give their names."""
    pair = _pair(files)
    for side in SIDES:
        save(pair[side], folder / side, side)
    return clean_name(pair["before"].filename, "before"), clean_name(pair["after"].filename, "after")


def save(file: FileStorage, path: Path, called: str) -> None:
    """Save one file, unless it is empty or too large."""
    file.save(path)
    size = path.stat().st_size
    limit = services().settings.max_file_bytes
    if size == 0:
        raise MissingFile(f"{called} is empty.")
    if size > limit:
        raise FileTooLarge(f"{called} has {size / 1e6:.1f} MB; the limit is {limit / 1e6:g} MB.")


def _pair(files: Files) -> dict[str, FileStorage]:
    sent = [(field, file) for field, file in files.items(multi=True) if not _is_blank(file)]
    if len(sent) > len(SIDES):
        raise TooManyFiles(f"{len(sent)} files were sent; send exactly two, before and after.")
    pair: dict[str, FileStorage] = {}
    for field, file in sent:
        side = SIDE_OF_FIELD.get(field) or next((side for side in SIDES if side not in pair), None)
        if field != "file" and field not in SIDE_OF_FIELD:
            raise BadRequest(f"{clean_name(field, 'That')} is not a field for a file; use before and after.")
        if side is None or side in pair:
            raise TooManyFiles(f"{side or field} was sent twice; send before and after.")
        pair[side] = file
    missing = [side for side in SIDES if side not in pair]
    if missing:
        raise MissingFile(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing.")
    return pair


def _is_blank(file: FileStorage) -> bool:
    """Tell a file input that was left empty."""
    has_content = bool(file.stream.read(1))
    file.stream.seek(0)
    return not (file.filename or has_content)


def stage_uploads(before_id: str, after_id: str, folder: Path) -> tuple[str, str]:
    """Take two earlier uploads."""
    store = services().store
    names = []
    for side, upload_id in zip(SIDES, (before_id, after_id), strict=True):
        try:
            names.append(str(store.record("uploads", upload_id)["name"]))
            with store.files("uploads", upload_id, "image") as kept:
                _take(kept / "image", folder / side)
        except NotFound:
            raise NotFound(f"{side}: there is no upload of that id, or not any more.", field=side) from None
    return names[0], names[1]


def stage_again(evaluation_id: str, folder: Path) -> tuple[str, str]:
    """Take the two images of a kept evaluation."""
    store = services().store
    record = store.record("evaluations", evaluation_id)
    with store.files("evaluations", evaluation_id, *SIDES) as kept:
        for side in SIDES:
            _take(kept / side, folder / side)
    return str(record["before"]["name"]), str(record["after"]["name"])


def stage_sample(name: str, folder: Path) -> tuple[str, str]:
    """Take a pair that ships with the service."""
    sample = next((sample for sample in samples() if sample["name"] == name), None)
    if sample is None:
        raise NotFound("There is no sample of that name.")
    for side in SIDES:
        shutil.copyfile(_samples_folder() / sample[side], folder / side)
    return str(sample["before"]), str(sample["after"])


def samples() -> tuple[dict[str, Any], ...]:
    """Give the pairs that ship with the service."""
    return _read_samples(_samples_folder())


def is_of_sample(record: dict[str, Any]) -> bool:
    """Say whether an evaluation is that of a pair that ships with the project, by what was compared."""
    return (record["before"]["sha256"], record["after"]["sha256"]) in _sample_hashes(_samples_folder())


@cache
def _sample_hashes(folder: Path) -> frozenset[tuple[str, ...]]:
    hashes = (
        tuple(hashlib.sha256((folder / sample[side]).read_bytes()).hexdigest() for side in SIDES)
        for sample in _read_samples(folder)
    )
    return frozenset(hashes)


def _samples_folder() -> Path:
    return Path(str(current_app.static_folder)) / "samples"


@cache
def _read_samples(folder: Path) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads((folder / "samples.json").read_text(encoding="utf-8")))


def _take(source: Path, target: Path) -> None:
    """Share a kept file by a hard link: it is never changed, and lives as long as one of the two needs it."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise NotFound from None
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
