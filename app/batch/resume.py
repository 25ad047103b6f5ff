"""What a resumed run need not compare again: pairs that have a line, and still the pictures that it is about."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from app.batch.files import File
from app.batch.pairs import Pair
from app.batch.results import Results
from app.errors import ImageDiffError

THREADS = 16  # most of them wait: for a disk, for a bucket
AT_ONCE = 1000  # lines in memory


def is_done(pair: Pair, results: Results) -> bool:
    """Say whether a pair need not be looked at: it has a line, and both its files are still there."""
    return pair.name in results.rows and pair.before is not None and pair.after is not None


def forget_changed(
    pairs: Iterable[Pair], results: Results, on_pair: Callable[[], None] = lambda: None
) -> frozenset[str]:
    """Drop the lines of pairs of which a picture is not the one that was compared any more; give their names."""
    done = (pair for pair in pairs if is_done(pair, results))
    changed = []
    threads = ThreadPoolExecutor(THREADS)
    try:
        while some := list(islice(done, AT_ONCE)):
            records = [results.record(pair.name) for pair in some]
            for pair, current in zip(some, threads.map(_is_current, some, records), strict=True):
                on_pair()
                if not current:
                    changed.append(pair.name)
    finally:
        threads.shutdown(cancel_futures=True)  # Ctrl-C does not wait for a thousand files
    results.forget(changed)
    return frozenset(changed)


def _is_current(pair: Pair, record: Mapping[str, Any]) -> bool:
    stamps = record.get("stamps", {})
    was = {side: record.get(side, {}).get("sha256") for side in ("before", "after")}
    if record.get("accepted"):
        was["before"] = was["after"]  # it was copied there
    files = {"before": pair.before, "after": pair.after}
    return all(file is not None and _is_same(file, stamps.get(side), was[side]) for side, file in files.items())


def _is_same(file: File, stamp: str | None, sha256: str | None) -> bool:
    """Trust the stamp if it fits; a file that was only touched or copied, or has no stamp, is told by its content."""
    try:
        return (stamp is not None and file.stamp() == stamp) or file.sha256() == sha256
    except ImageDiffError:  # the comparison will say what is wrong with it
        return False
