"""Tables of scores as Markdown, and the comparison of two runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.scoring import Outcome, score

COLUMNS = ("precision", "recall", "F1", "F1 at IoU 0.5", "unchanged flagged", "said right", "kind right")


def groups_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Give the groups in the order they came."""
    return list(dict.fromkeys(outcome.group for outcome in outcomes))


def _number(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else "1.00"


def by_group(outcomes: Sequence[Outcome], first: str = "nuisance") -> str:
    """Give one method's scores, a row per group and one for all."""
    columns = (first, "pairs", "truths", *COLUMNS)
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for group in [*groups_of(outcomes), "all"]:
        rows = [outcome for outcome in outcomes if group in ("all", outcome.group)]
        s = score(rows)
        boxes = s.pairs > s.said
        numbers = [_number(v) if boxes else "" for v in (s.precision, s.recall, s.f1, s.tight_f1)]
        flagged = f"{s.flagged} of {s.unchanged}" if s.unchanged else ""
        said = f"{s.said_right} of {s.said}" if s.said else ""
        kinds = f"{s.kinds_right} ({s.kinds_accepted}) of {s.kinds}" if s.kinds else ""
        cells = [
            f"**{group}**" if group == "all" else group,
            str(s.pairs),
            str(s.truths),
            *numbers,
            flagged,
            said,
            kinds,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_method(outcomes: Sequence[Outcome]) -> str:
    """Give F1 per group, a row per method."""
    groups = groups_of(outcomes)
    lines = ["| F1 | " + " | ".join(groups) + " | **all** | F1 at IoU 0.5 | unchanged flagged | said right |"]
    lines.append("|---" * (len(groups) + 5) + "|")
    for method in dict.fromkeys(outcome.method for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.method == method]
        cells = []
        for group in groups:
            s = score([outcome for outcome in mine if outcome.group == group])
            cells.append(_number(s.f1) if s.pairs > s.said else f"{s.said_right}/{s.said}")
        s = score(mine)
        cells += [
            f"**{_number(s.f1)}**",
            _number(s.tight_f1),
            f"{s.flagged} of {s.unchanged}",
            f"{s.said_right} of {s.said}",
        ]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def kinds(outcomes: Sequence[Outcome]) -> str:
    """Give how the true kinds (rows) were named (columns)."""
    names = ("added", "removed", "colour", "moved", "changed")
    named = [kind for outcome in outcomes for kind in outcome.kinds]
    if not named:
        return ""
    lines = ["| true kind | " + " | ".join(f"said {name}" for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for true in names:
        counts = [sum(t == true and said == name for t, said, _ in named) for name in names]
        lines.append(f"| {true} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def failures(outcomes: Sequence[Outcome], most: int = 60) -> str:
    """List the pairs that went wrong, the worst first."""
    wrong = sorted((o for o in outcomes if o.wrong), key=lambda o: -o.wrong)
    lines = [f"{len(wrong)} of {len(outcomes)} pairs have something wrong"]
    for o in wrong[:most]:
        said = f"expected {o.expected}, said {o.verdict}" if o.right is not None else (
            f"true {o.truths} missed {len(o.missed)} false {len(o.false)}"
        )  # fmt: skip
        lines.append(f"  {o.id}: {said}  [{o.note}]")
    return "\n".join(lines)


def save(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write every outcome as JSON."""
    path.write_text(json.dumps([outcome.to_dict() for outcome in outcomes], indent=1))


def against(path: Path, outcomes: Sequence[Outcome]) -> str:
    """List the pairs that got better or worse than in an older run."""
    old = {(o["id"], o["method"]): Outcome(**o) for o in json.loads(path.read_text())}
    better, worse = [], []
    for new in outcomes:
        before = old.get((new.id, new.method))
        if before is not None and before.wrong != new.wrong:
            line = f"  {new.method}: {new.id}: wrong {before.wrong} -> {new.wrong}"
            (better if new.wrong < before.wrong else worse).append(line)
    return "\n".join([f"better than {path.name}: {len(better)}", *better, f"worse: {len(worse)}", *worse])
