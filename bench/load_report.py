"""The table of ``bench.load``, and which promises it finds broken."""

from __future__ import annotations

import argparse
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.load import Step

HEALTH_MILLISECONDS = 50
SHARE_OF_BEST = 0.9
HEAD = (
    "| clients | compared/s | p50 ms | p95 ms | p99 ms | busy (503) | busy p50 ms | failed | wrong "
    "| /health p50, p99 ms | style sheet p99 ms | MB web, children |\n" + "|---" * 12 + "|"
)


def percentile(values: list[float], share: float) -> float:
    """Give the value that so many percent do not exceed (nearest rank), infinite where an answer did not come."""
    return sorted(values)[max(0, math.ceil(share * len(values) / 100) - 1)] if values else math.nan


def _percentile(values: list[float], share: float) -> str:
    return f"{percentile(values, share):,.0f}" if values else "–"


def row(step: Step) -> str:
    """Write the line of one number of clients."""
    cells = [
        str(step.clients),
        f"{step.throughput:.1f}",
        *(_percentile(step.done_ms, share) for share in (50, 95, 99)),
        str(step.busy),
        _percentile(step.busy_ms, 50),
        str(sum(step.failures.values())),
        str(len(step.wrong)),
        f"{_percentile(step.health_ms, 50)}, {_percentile(step.health_ms, 99)}",
        _percentile(step.static_ms, 99),
        f"{step.memory['web'] / 1e6:.0f}, {step.memory['children'] / 1e6:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def broken_promises(steps: list[Step]) -> list[str]:
    """Say in words what does not hold."""
    found = []
    for step in steps:
        found += [f"{step.clients} clients: {count} × {what}" for what, count in step.failures.items()]
        found += [f"{step.clients} clients: wrong: {sentence}" for sentence in step.wrong[:5]]
    best, most = max(steps, key=lambda step: step.throughput), max(steps, key=lambda step: step.clients)
    if most.throughput < SHARE_OF_BEST * best.throughput:
        found.append(
            f"{most.clients} clients: {most.throughput:.1f} comparisons a second, under {SHARE_OF_BEST:.0%} of the "
            f"{best.throughput:.1f} with {best.clients}"
        )
    if not percentile(most.health_ms, 99) < HEALTH_MILLISECONDS:
        found.append(f"{most.clients} clients: /health takes {HEALTH_MILLISECONDS} ms or more at the 99th percentile")
    return found


def write(out: Path, steps: list[Step], options: argparse.Namespace, kind: str, seconds: float) -> list[str]:
    """Print and write the table with what it was measured on; give the broken promises."""
    manner = "come back at once" if options.impatient else "come back after Retry-After"
    lines = [
        f"Pairs of 2 megapixels each ({kind.upper()}), {options.seconds:g} s for each number of clients, clients that "
        f"{manner} when told 503 busy, on {os.cpu_count()} processors that also run the clients.",
        "",
        HEAD,
        *(row(step) for step in steps),
        "",
    ]
    broken = broken_promises(steps)
    compared = sum(len(step.done_ms) for step in steps)
    lines += [f"BROKEN: {sentence}" for sentence in broken] or [f"Every promise held; {compared} results were checked."]
    text = "\n".join(lines)
    (out / "load.md").write_text(text + "\n", encoding="utf-8")
    (out / "load.json").write_text(json.dumps([asdict(step) for step in steps]), encoding="utf-8")
    print(f"\n{text}\n\nwritten to {out}: load.md, load.json; {seconds:.0f} s")
    return broken
