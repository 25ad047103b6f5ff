"""What the reports are about."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from app.batch.results import Row

# What XML cannot hold, halves of characters, and what turns the direction of writing round to disguise a name.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows of a batch in order, where they came from, and what is missing from it.

    ``total`` is the number of pairs there are, done or not; ``aside`` counts files that are no pictures by name;
    ``again`` is the command that goes on with this report, for a shell.
    """

    title: str
    rows: list[Row]
    total: int
    aside: int
    made: datetime
    seconds: float
    again: str = ""

    @property
    def counts(self) -> Counter[str]:
        """Count by verdict."""
        return Counter(row.verdict for row in self.rows)

    @property
    def outcomes(self) -> Counter[str]:
        """Count what passes, fails and is an error."""
        return Counter(row.outcome for row in self.rows)

    @property
    def headline(self) -> str:
        """Say in one sentence how it went."""
        total, failing = len(self.rows), len(self.rows) - self.outcomes["pass"]
        if total < 2:
            return ("The pair does not pass" if failing else "The pair passes") if total else "No pair was compared"
        return f"{failing:,} of {total:,} pairs do not pass" if failing else f"All {total:,} pairs pass"

    @property
    def status(self) -> int:
        """Give the exit status: 0 no difference (or within the limits), 1 difference, 2 trouble."""
        return 2 if self.outcomes["error"] else int(bool(self.outcomes["fail"]))


def printable(text: str) -> str:
    """Put a sign in place of what no text file can hold."""
    return _UNPRINTABLE.sub("\ufffd", text)
