"""A list of pairs in a file: CSV with a header, or JSON; what is wrong with it is said with its line."""

import csv
import io
import json
import os
from collections.abc import Iterator
from typing import Any

from app.batch.files import File, Place, find_place
from app.errors import BadRequest
from app.options import OPTION_NAMES

COLUMNS = ("before", "after", "name")
Row = tuple[str, File, File]


def read_manifest(content: bytes, title: str, home: Place) -> list[Row]:
    """Read the pairs; paths are relative to the folder of the manifest, and URLs are taken as they are."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadRequest(f"{title}, line {line}: this is not text in UTF-8.") from None
    read = _read_json if title.lower().endswith(".json") else _read_csv
    rows: dict[str, Row] = {}
    for line, entry in read(text, title):
        name, before, after = _checked(entry, f"{title}, line {line}")
        if name in rows:
            raise BadRequest(f'{title}, line {line}: there are two pairs "{name}"; a column "name" tells them apart.')
        try:
            rows[name] = (name, _locate(before, home), _locate(after, home))
        except BadRequest as error:
            raise BadRequest(f"{title}, line {line}: {error.message}") from error
    if not rows:
        raise BadRequest(f"{title} holds no pairs.")
    return list(rows.values())


def _checked(entry: Any, where: str) -> tuple[str, str, str]:
    """Check one entry: texts for before and after, perhaps a name; what else a list holds is its own affair."""
    if not isinstance(entry, dict):
        raise BadRequest(f'{where}: a pair is written {{"before": "…", "after": "…"}}.')
    if options := [key for key in entry if key in OPTION_NAMES]:
        raise BadRequest(f"{where}: {options[0]} is an option; .imagediff.toml is the place for options.")
    for key in COLUMNS:
        value = entry.get(key, "" if key == "name" else None)
        if not isinstance(value, str) or "\0" in value or (not value.strip() and key != "name"):
            raise BadRequest(f"{where}: {key} is missing or no text.")
    return entry.get("name") or entry["before"], entry["before"], entry["after"]


def _locate(text: str, home: Place) -> File:
    if "://" in text:
        return find_place(text).itself()
    if os.path.isabs(text):
        return File(find_place("/").system, text, text)
    return home.file(text)


def _read_csv(text: str, title: str) -> Iterator[tuple[int, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                line = reader.line_num + 1
                continue
            if header is None:
                header = _header([cell.strip().lower() for cell in cells], f"{title}, line {line}")
            elif len(cells) != len(header):
                raise BadRequest(f"{title}, line {line}: {len(cells)} cells where the header has {len(header)}.")
            else:
                yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadRequest(f"{title}, line {reader.line_num}: {error}.") from None


def _header(names: list[str], where: str) -> list[str]:
    if not {"before", "after"} <= set(names) or len(set(names)) != len(names):
        raise BadRequest(f"{where}: the header names the columns before, after and, if wanted, name.")
    return names


def _read_json(text: str, title: str) -> Iterator[tuple[int, Any]]:
    """Read a list entry by entry, so that each is known by the line it starts on."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise BadRequest(f'{title}, line 1: a list of pairs is expected, [{{"before": "…", "after": "…"}}].')
    at = _skip(text, at + 1)
    line, counted = 1, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            entry, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            line = getattr(error, "lineno", line)
            raise BadRequest(f"{title}, line {line}: this is no JSON: {getattr(error, 'msg', 'too deep')}.") from None
        yield line, entry
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise BadRequest(f'{title}, line {line + text.count(chr(10), counted, at)}: "," or "]" is expected.')
    if (end := _skip(text, at + 1)) < len(text):
        line = text.count("\n", 0, end) + 1
        raise BadRequest(f"{title}, line {line}: {text[end : end + 20]!r} stands after the list.")


def _skip(text: str, at: int) -> int:
    """Go on to what is no white space."""
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at
