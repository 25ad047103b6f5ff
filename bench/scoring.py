"""Found boxes against true boxes, one to one, and what follows: precision, recall, F1, flagged pairs, right kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Box = tuple[int, int, int, int]
LOOSE, TIGHT = 0.3, 0.5


def overlap(a: Box, b: Box) -> float:
    """Give the intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def grow(box: Box, by: int) -> Box:
    """Make a box larger on every side."""
    return (box[0] - by, box[1] - by, box[2] + 2 * by, box[3] + 2 * by)


def match(found: Sequence[Box], true: Sequence[Box], least: float = LOOSE) -> list[tuple[int, int]]:
    """Pair found with true boxes, each at most once: as many pairs of at least ``least`` overlap as there can be."""
    if not found or not true:
        return []
    overlaps: npt.NDArray[np.float64] = np.array([[overlap(f, t) for t in true] for f in found])
    worth = np.where(overlaps >= least, 1.0 + 0.001 * overlaps, 0.0)
    rows, columns = linear_sum_assignment(-worth)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if overlaps[i, j] >= least]


@dataclass
class Outcome:
    """What one method said about one pair; enough to compare two runs pair by pair."""

    id: str
    method: str
    group: str
    truths: int
    found: int
    hits: int
    tight_hits: int
    expected: str | None = None
    verdict: str | None = None
    right: bool | None = None  # for pairs judged by what is said, not by boxes
    kinds: list[tuple[str, str, bool]] = field(default_factory=list)  # true kind, said kind, accepted
    found_boxes: list[Box] = field(default_factory=list)
    true_boxes: list[Box] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    false: list[int] = field(default_factory=list)
    note: str = ""
    seconds: float = 0.0

    @property
    def wrong(self) -> int:
        """Count what is wrong: missed and false boxes, or 1 for the wrong words."""
        if self.right is not None:
            return 0 if self.right else 1
        return self.truths - self.hits + self.found - self.hits

    def to_dict(self) -> dict[str, object]:
        """Give the JSON of one outcome."""
        return asdict(self)


def judge(
    name: str,
    method: str,
    group: str,
    found: Sequence[Box],
    true: Sequence[Box],
    *,
    said: Sequence[str] = (),
    kinds: Sequence[tuple[str, tuple[str, ...]]] = (),
    least: float = LOOSE,
    verdict: str | None = None,
    note: str = "",
    seconds: float = 0.0,
) -> Outcome:
    """Compare what was found with what is true; ``kinds`` holds for each truth its kind and others as right."""
    pairs = match(found, true, least)
    named = [(kinds[j][0], said[i], said[i] in (kinds[j][0], *kinds[j][1])) for i, j in pairs if said and kinds]
    return Outcome(
        id=name, method=method, group=group, truths=len(true), found=len(found), hits=len(pairs),
        tight_hits=len(match(found, true, max(TIGHT, least))), verdict=verdict, kinds=named,
        found_boxes=list(found), true_boxes=list(true),
        missed=sorted(set(range(len(true))) - {j for _, j in pairs}),
        false=sorted(set(range(len(found))) - {i for i, _ in pairs}),
        note=note, seconds=seconds,
    )  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 at the loose overlap, F1 at the tight one, and the unchanged pairs."""

    pairs: int
    truths: int
    precision: float
    recall: float
    f1: float
    tight_f1: float
    unchanged: int
    flagged: int
    said: int  # pairs judged by verdict or words
    said_right: int
    kinds: int
    kinds_right: int
    kinds_accepted: int


def _f1(hits: int, found: int, truths: int) -> float:
    return 2 * hits / (found + truths) if found + truths else 1.0


def score(outcomes: Iterable[Outcome]) -> Score:
    """Add up outcomes: boxes are counted over all pairs (micro average); nothing to find and nothing found is 1."""
    every = list(outcomes)
    rows = [row for row in every if row.right is None]
    truths, found = sum(row.truths for row in rows), sum(row.found for row in rows)
    hits, tight = sum(row.hits for row in rows), sum(row.tight_hits for row in rows)
    unchanged = [row for row in rows if row.truths == 0]
    named = [kind for row in rows for kind in row.kinds]
    return Score(
        pairs=len(every), truths=truths,
        precision=hits / found if found else 1.0, recall=hits / truths if truths else 1.0,
        f1=_f1(hits, found, truths), tight_f1=_f1(tight, found, truths),
        unchanged=len(unchanged), flagged=sum(row.found > 0 for row in unchanged),
        said=len(every) - len(rows), said_right=sum(bool(row.right) for row in every),
        kinds=len(named), kinds_right=sum(true == said for true, said, _ in named),
        kinds_accepted=sum(accepted for _, _, accepted in named),
    )  # fmt: skip
