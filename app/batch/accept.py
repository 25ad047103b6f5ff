"""Accept what changed: copy *after* over *before*, so that it is what the next run compares with."""

import hashlib
import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from app.batch.files import File, Place, file_system, matcher
from app.batch.pairs import Pair
from app.batch.results import Results
from app.batch.work import Answer
from app.errors import BadRequest

ACCEPTED = ("different", "equivalent", "extra")


def accept(
    pairs: Iterable[Pair], results: Results, patterns: Sequence[str], home: Place, unseen: Container[str] = ()
) -> tuple[int, int]:
    """Copy for each pair that one of the globs matches, unless its pixels are equal.

    What was not compared well enough to be judged (an error), or has no new picture (missing), stays as it is, and so
    do the pairs that are ``unseen``. Gives how many were copied, and how many only would have been if they were seen.
    """
    wanted = [matcher(pattern) for pattern in patterns]
    copied = held = 0
    for pair in pairs:
        row = results.rows.get(pair.name)
        if row is None or row.accepted or row.verdict not in ACCEPTED or not any(fits(pair.name) for fits in wanted):
            continue
        if pair.name in unseen:
            held += 1
            continue
        record = results.record(pair.name)
        _copy(pair, record.get("after", {}).get("sha256"), home)
        results.add(Answer(record | {"accepted": True}, {}))
        copied += 1
    return copied, held


def _copy(pair: Pair, sha256: str | None, home: Place) -> None:
    """Copy one file, if it still is the one that was compared."""
    assert pair.after is not None
    content = pair.after.read(pair.name)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise BadRequest(f"{pair.name} changed since it was compared; run again without --resume.")
    target = pair.before or home.file(pair.name)
    try:
        _write(target, content, home)
    except Exception as error:  # a read-only folder, an archive: every file system has its own words for it
        raise BadRequest(f"{target.label} cannot be written: {error or type(error).__name__}") from error


def _write(target: File, content: bytes, home: Place) -> None:
    """Write it in one step, so that nobody ever reads half a baseline."""
    system = file_system(target.system)
    if "file" not in system.protocol:
        system.pipe_file(target.path, content)
        return
    path = Path(target.path)
    if target.system == home.system:
        _refuse_outside(path, Path(home.root))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _refuse_outside(path: Path, folder: Path) -> None:
    """Only what lies in the folder of the baselines may be written; a manifest names what it likes, a link hides it."""
    if not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise BadRequest("it lies outside of the manifest's folder.")
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise BadRequest("a link leads out of the folder.")
