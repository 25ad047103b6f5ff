"""How far a batch is: pairs done, rate, time left, and what was found so far."""

import sys
from collections import Counter
from typing import Any

from tqdm import tqdm


def progress_bar(total: int, done: int, *, quiet: bool, doing: str = "Comparing", delay: float = 0) -> "tqdm[Any]":
    """Give a bar on standard error: redrawn in place on a terminal, a line now and then in a log.

    What is over after ``delay`` seconds has none.
    """
    return tqdm(
        total=total,
        initial=done,
        unit="pair",
        desc=doing,
        delay=delay,
        disable=quiet,
        file=sys.stderr,
        dynamic_ncols=True,
        mininterval=0.2 if sys.stderr.isatty() else 10.0,
    )


def show_counts(bar: "tqdm[Any]", counts: Counter[str]) -> None:
    """Write the counts behind the bar."""
    bar.set_postfix_str(in_words(counts), refresh=False)


def in_words(counts: Counter[str]) -> str:
    """Say "12 identical, 3 different", in the order of the verdicts."""
    return ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in VERDICTS if counts[verdict])


VERDICTS = ("different", "missing", "extra", "error", "equivalent", "identical")
