"""``results.jsonl``: one line for each pair, written as it is done, so that a run that was stopped can go on."""

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from app.analysis.summary import changed_share
from app.batch.work import REPORT, THUMBNAIL, Answer
from app.errors import BadRequest

RESULTS, RUN, PAIRS = "results.jsonl", "run.json", "pairs"
MADE_BY = "Image Diff batch"
AGAIN = ("error", "missing", "extra")  # what a resumed run looks at again
NAMED = {  # what a description holds, in the words of who gave it
    "before": "BEFORE",
    "after": "AFTER",
    "pictures": "--pictures",
    "given": "an option of the command line",
    "rules": ".imagediff.toml",
    "limits": "a limit on pixels (IMAGE_DIFF_MAX_…)",
    "max_file_bytes": "IMAGE_DIFF_MAX_FILE_BYTES",
}
SUFFIXES = {REPORT: ".html", THUMBNAIL: ".webp"}


@dataclass(frozen=True, slots=True)
class Row:
    """What reports show of a pair; ``files`` is the stem of its report and thumbnail, None without pictures."""

    name: str
    verdict: str
    passed: bool | None
    regions: int
    share: float
    summary: str
    seconds: float
    code: str | None
    files: str | None
    accepted: bool
    at: int
    length: int

    @property
    def outcome(self) -> str:
        """Say "pass", "fail" or "error", as the exit status does."""
        if self.verdict == "error":
            return "error"
        if self.accepted or self.passed or (self.passed is None and self.verdict in ("identical", "equivalent")):
            return "pass"
        return "fail"


class Results:
    """The folder of a report: its lines on disk, a short row of each in memory."""

    def __init__(self, folder: Path, description: Mapping[str, Any], *, resume: bool) -> None:
        self.folder = folder
        self.rows: dict[str, Row] = {}
        self.counts: Counter[str] = Counter()  # pairs by verdict
        self._lock = _open_folder(folder, description, resume=resume)
        self._file = (folder / RESULTS).open("a+b")
        if resume:
            self._take_over()

    def add(self, answer: Answer) -> Row:
        """Write the files of a pair, then its line: a line stands for a pair that is done."""
        record = dict(answer.record)
        if answer.files:
            stem = stem_of(record["name"])
            for name, content in answer.files.items():
                path = self.folder / PAIRS / f"{stem}{SUFFIXES[name]}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            record["report"], record["thumbnail"] = (f"{PAIRS}/{stem}{SUFFIXES[name]}" for name in (REPORT, THUMBNAIL))
        line = json.dumps(record, allow_nan=False).encode() + b"\n"  # ASCII: a file name need not be text
        at = self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        row = _row(record, at, len(line))
        if (earlier := self.rows.get(row.name)) is not None:
            self.counts[earlier.verdict] -= 1
            if earlier.files != row.files:
                self._remove_pictures(earlier)
        self.counts[row.verdict] += 1
        self.rows[row.name] = row
        return row

    def record(self, name: str) -> dict[str, Any]:
        """Read the line of a pair again."""
        return dict(json.loads(self._line(self.rows[name])))

    def _line(self, row: Row) -> bytes:
        self._file.seek(row.at)
        return self._file.read(row.length)

    def forget(self, names: Iterable[str]) -> None:
        """Drop the rows and the pictures of these pairs; their lines go when the file is next written anew."""
        for name in names:
            row = self.rows.pop(name)
            self.counts[row.verdict] -= 1
            self._remove_pictures(row)

    def _remove_pictures(self, row: Row) -> None:
        for suffix in SUFFIXES.values() if row.files else ():
            (self.folder / f"{row.files}{suffix}").unlink(missing_ok=True)

    def finish(self, names: Iterable[str]) -> list[Row]:
        """Bring the lines into the order of the pairs, one for each; give the rows in that order."""
        names = [name for name in names if name in self.rows]
        self.forget(self.rows.keys() - set(names))  # of pairs that are gone
        self._rewrite(names)
        return [self.rows[name] for name in names]

    def close(self) -> None:
        """Close the file and let go of the folder."""
        self._file.close()
        self._lock.close()

    def _take_over(self) -> None:
        """Read the lines that are whole; the one that was being written when the power went is compared again."""
        self._file.seek(0)
        at = 0
        for line in self._file:
            if (record := _whole(line)) is not None:
                self.rows[record["name"]] = _row(record, at, len(line))
            at += len(line)
        self._rewrite([name for name, row in self.rows.items() if row.verdict not in AGAIN])

    def _rewrite(self, names: list[str]) -> None:
        """Write the lines of these names, and no others, in this order, in one step."""
        part = self.folder / f".{RESULTS}.part"
        rows: dict[str, Row] = {}
        with part.open("wb") as file:
            for name in names:
                row = self.rows[name]
                rows[name] = replace(row, at=file.tell())
                file.write(self._line(row))
        self._file.close()
        part.replace(self.folder / RESULTS)
        self._file = (self.folder / RESULTS).open("a+b")
        self.rows = rows
        self.counts = Counter(row.verdict for row in rows.values())


def stem_of(name: str) -> str:
    """Name the files of a pair: whatever its own name holds, this is short, safe and one of its own."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{digest[:2]}/{digest}"


def _open_folder(folder: Path, description: Mapping[str, Any], *, resume: bool) -> IO[str]:
    """Make the folder, or take one that holds a report of ours; nothing else in it is ever touched.

    Gives the file that is locked as long as this run writes there.
    """
    if folder.exists() and not folder.is_dir():
        raise BadRequest(f"{folder} is a file; --out is a folder.")
    known = folder / RUN
    earlier = _read_run(known)
    if resume and earlier is not None:
        _check_same(earlier, json.loads(json.dumps(description)))
        return _locked(known)
    if folder.exists() and any(folder.iterdir()) and earlier is None:
        raise BadRequest(f"{folder} is not empty and holds no report of a batch; choose another folder for --out.")
    folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(known)
    (folder / RESULTS).unlink(missing_ok=True)
    if (folder / PAIRS).exists():
        shutil.rmtree(folder / PAIRS)
    known.write_text(json.dumps({"made_by": MADE_BY, **description}, indent=2) + "\n", "utf-8")
    return lock


def _locked(known: Path) -> IO[str]:
    """Hold the folder: a run that is still finishing must not have its lines taken from under it."""
    file = known.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BadRequest(f"{known.parent} is being written by another run; wait until it has ended.") from None
    return file


def _read_run(known: Path) -> dict[str, Any] | None:
    """Read how the report that lies there was made; None when there is none."""
    try:
        description = json.loads(known.read_text("utf-8"))
        if description["made_by"] == MADE_BY:
            return dict(description)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        pass
    raise BadRequest(f"{known} is damaged, or not by a batch; choose another folder for --out.")


def _check_same(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to mix results that were not made in the same way."""
    for key in now:
        if then.get(key) != now[key]:
            was, is_ = _short(then.get(key)), _short(now[key])
            raise BadRequest(
                f"--resume: {NAMED.get(key, key)} is not what it was: {was} then, {is_} now. "
                "Run without --resume to compare everything anew."
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _whole(line: bytes) -> dict[str, Any] | None:
    """Read a line; None when it is torn."""
    try:
        record = json.loads(line)
        return record if line.endswith(b"\n") and {"name", "verdict", "regions"} <= record.keys() else None
    except (ValueError, AttributeError):
        return None


def _row(record: Mapping[str, Any], at: int, length: int) -> Row:
    thumbnail, regions = record.get("thumbnail"), record["regions"]
    return Row(
        name=record["name"],
        verdict=record["verdict"],
        passed=record["passed"],
        regions=len(regions),
        share=changed_share([region["area"] for region in regions], [region["share"] for region in regions]),
        summary=record["summary"],
        seconds=record["seconds"],
        code=record["error"]["code"] if record.get("error") else None,
        files=thumbnail and thumbnail.removesuffix(SUFFIXES[THUMBNAIL]),
        accepted=record.get("accepted", False),
        at=at,
        length=length,
    )
