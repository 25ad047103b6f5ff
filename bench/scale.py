"""Pairs per second in a loop, on local processes and on Dask clusters, one of which loses a worker half-way.

``python -m bench.scale`` checks that every pair is answered once and as one process answers it, and works out
what a million pairs a day would need. It writes bench/out/scale.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.scale_runs import Run, as_a_child_would, in_a_loop, make_pairs, make_tiny_pairs, on_cluster, on_processes

OUT = Path(__file__).parent / "out"
A_DAY = 1_000_000
BUSY = 0.7  # share of the time that machines should be at work on average: there are peaks, and some are away


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few pairs")
    parser.add_argument("--pairs", type=int, help="pairs of each run")
    parser.add_argument("--tiny", type=int, help="pairs of 64 × 48 pixels of each run")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run everything, print and write the tables; the status says whether all answers were right."""
    given = arguments(argv)
    count = given.pairs or (16 if given.quick else 80)
    tiny = given.tiny or (100 if given.quick else 400)
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        runs = _runs(folder / "real", count)
        small = _tiny_runs(folder / "tiny", tiny)
    text = report(runs, small)
    OUT.mkdir(exist_ok=True)
    (OUT / "scale.md").write_text(text, encoding="utf-8")
    print(text)
    return 0 if all(is_right(run, runs[1]) for run in runs[1:]) else 1


def _runs(folder: Path, count: int) -> list[Run]:
    """Run the batch everywhere; the second run is the one that the others are compared with."""
    found = make_pairs(folder, count)
    out = folder / "report"
    with as_a_child_would():
        runs = [_told(in_a_loop(found))]
    runs += [_told(on_processes(found, out, processes)) for processes in (1, 2)]
    runs += [_told(on_cluster(found, out, workers)) for workers in (2, 4)]
    runs += [_told(on_cluster(found, out, 4, lose_one=True))]
    return runs


def _tiny_runs(folder: Path, count: int) -> list[Run]:
    found = make_tiny_pairs(folder, count)
    out = folder / "report"
    with as_a_child_would():
        in_a_loop(found)  # what is loaded with the first is loaded
        runs = [_told(in_a_loop(found))]
    return [
        *runs,
        _told(on_processes(found, out, 1)),
        _told(on_cluster(found, out, 1)),
        _told(on_cluster(found, out, 4)),
    ]


def _told(run: Run) -> Run:
    print(f"{run.place}: {run.pairs} pairs in {run.seconds:.1f} s", file=sys.stderr, flush=True)
    return run


def is_right(run: Run, reference: Run) -> bool:
    """Say whether every pair was answered once, and as one process answered it."""
    return run.answers == run.pairs and run.lines == reference.lines


def report(runs: list[Run], small: list[Run]) -> str:
    """Write everything as Markdown."""
    loop = runs[0]
    lines = [
        f"`python -m bench.scale`, {os.cpu_count()} processors, {loop.pairs} pairs of 0.8 and 0.9 megapixels, "
        "half of them screenshots (PNG), half photos (JPEG), without pictures:",
        "",
        "| where | seconds | pairs per second | of the loop's rate | every pair once | as one process |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        once, same = ("", "") if run is loop else (_tick(run.answers == run.pairs), _tick(is_right(run, runs[1])))
        lines.append(
            f"| {run.place} | {run.seconds:.1f} | {run.rate:.1f} | {run.rate / loop.rate:.2f} | {once} | {same} |"
        )
    lines += ["", *_overhead(small), "", *_estimate(runs, small), ""]
    return "\n".join(lines)


def _tick(right: bool) -> str:
    return "yes" if right else "NO"


def _overhead(small: list[Run]) -> list[str]:
    """Say what the way there and back costs."""
    loop = small[0]
    parts = [
        f"{run.place}: {1000 * (run.seconds - loop.seconds) / run.pairs:+.1f} ms"
        for run in small[1:]
        if run.place.startswith("1 ")
    ]
    best = max(run.rate for run in small[1:])
    return [
        f"What a pair costs beyond `evaluate` itself, from {loop.pairs} pairs of 64 × 48 pixels "
        f"({1000 * loop.seconds / loop.pairs:.1f} ms each in the loop): {'; '.join(parts)}. "
        f"Most pairs per second that one submitting process and one scheduler passed on here, beside the work "
        f"itself on the same processors: {best:.0f}."
    ]


def _estimate(runs: list[Run], small: list[Run]) -> list[str]:
    """Work out on paper what a million pairs a day needs."""
    processors = os.cpu_count() or 1
    best = max(run.rate for run in runs[1:])
    per_pair = processors / best
    wanted = A_DAY / 86400
    cores = wanted * per_pair / BUSY
    line = sum(len(line) for line in runs[1].lines.values()) / len(runs[1].lines)
    passed_on = max(run.rate for run in small[1:] if "Dask" in run.place)
    return [
        f"**A million pairs a day, on paper.** That is {wanted:.1f} pairs per second. Pairs like these take "
        f"{per_pair:.2f} processor seconds each here (the best rate above on {processors} processors), so "
        f"{wanted * per_pair:.1f} processors that never rest, or {cores:.0f} that are at work {BUSY:.0%} of the time: "
        f"{-(-cores // 8):.0f} machines of 8, with 1 GB of memory for each processor. Larger pictures cost in "
        f"proportion to their pixels. One scheduler is enough: it passed on {passed_on:.0f} pairs per second here "
        f"while it shared the processors with the work. The lines of the results are {line / 1000:.1f} kB a pair, "
        f"{A_DAY * line / 1e9:.1f} GB a day; reports with pictures come on top, and are written only for pairs "
        "that differ. Files are read by the workers: the place they lie in has to give "
        f"{wanted:.0f} times two of them a second."
    ]


if __name__ == "__main__":
    sys.exit(main())
