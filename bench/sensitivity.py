"""What the option ``sensitivity`` does, from 0 to 100: how much is found, how much of it is right, and is it smooth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from app.analysis.evaluate import evaluate
from app.analysis.model import Evaluation, Options
from bench import photos
from bench.cases import Case, from_spec
from bench.methods import read
from bench.pairs import Spec
from bench.scoring import Outcome, judge, score

LEVELS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
FEW = (0, 30, 50, 70, 100)
KINDS = (("none", "default"), ("jpeg90", "default"), ("noise", "default"), ("none", "small"), ("jpeg90", "small"))


@dataclass(frozen=True)
class Step:
    """One pair at one level."""

    level: int
    regions: int
    share: float
    outcome: Outcome


def _evaluate(case: Case, **options: object) -> Evaluation:
    return evaluate(case.before, case.after, Options(**options))  # type: ignore[arg-type]


def steps(case: Case, levels: tuple[int, ...]) -> list[Step]:
    """Evaluate one pair at every level."""
    rows = []
    for level in levels:
        result = _evaluate(case, sensitivity=float(level))
        boxes = [(r.before.x, r.before.y, r.before.width, r.before.height) for r in result.regions]
        outcome = judge(case.id, "Image Diff", case.group, boxes, case.boxes or ())
        rows.append(Step(level, len(boxes), float((result.maps.mask > 0).mean()), outcome))
    return rows


def unequal_but_for(case: Case) -> int:
    """At 100 with everything off: count the pixels where mask and inequality disagree (0 is right)."""
    result = _evaluate(case, sensitivity=100.0, align="off", tone="off")
    before, after = read(case.before), read(case.after)
    return int(((before != after).any(axis=2) != (result.maps.mask > 0)).sum())


def report(which: str, quick: bool = False) -> str:
    """Give the table over the levels, the largest step back, and the check of "every pixel"."""
    pictures = photos.names(which)[:: 8 if quick else 4]
    base = 71 if which == "tune" else 1071
    specs = [Spec(name, base, nuisance, profile, 3) for name in pictures for nuisance, profile in KINDS]
    cases = [from_spec(spec) for spec in specs]
    levels = FEW if quick else LEVELS
    rows = [steps(case, levels) for case in cases]
    lines = [
        "| sensitivity | mean regions | mean share of the picture | precision | recall | F1 |",
        "|---|---|---|---|---|---|",
    ]
    for number, level in enumerate(levels):
        here = [row[number] for row in rows]
        s = score([step.outcome for step in here])
        regions, share = np.mean([step.regions for step in here]), np.mean([step.share for step in here])
        lines.append(f"| {level} | {regions:.1f} | {share:.4f} | {s.precision:.3f} | {s.recall:.3f} | {s.f1:.3f} |")
    shrinking = [(case.id, _steps_back(row)) for case, row in zip(cases, rows, strict=True)]
    backward = [f"{name} at {levels}" for name, levels in shrinking if levels]
    same_size = [case for case in cases if read(case.before).shape == read(case.after).shape]
    wrong = [(case.id, count) for case in same_size if (count := unequal_but_for(case))]
    lines += [
        "",
        f"marks less at a higher level: {len(backward)} of {len(cases)} pairs {backward[:8]}",
        f"at 100 with align and tone off, mask is not the unequal pixels: {len(wrong)} of {len(same_size)} {wrong[:8]}",
    ]
    return "\n".join(lines)


def _steps_back(row: list[Step]) -> list[int]:
    """Name the levels that mark clearly less (a tenth) than the level before."""
    return [b.level for a, b in itertools.pairwise(row) if b.share < 0.9 * a.share]
