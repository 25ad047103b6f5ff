"""Whether memory creeps: ``python -m bench.endurance`` evaluates a 2-megapixel pair 1,000 times in one child process.

The first hundred let its caches fill; from then on it may grow by less than 5 %, else the exit status is 1. (In
service a child is replaced after 500 calls.)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from app import jobs
from app.worker import Workers
from bench import child, large

SETTLE = 100
MOST = 0.05


def main(argv: list[str] | None = None) -> int:
    """Print the resident memory on the way; 1 when it grew too much."""
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--size", choices=large.SIZES, default="2 MP")
    arguments = parser.parse_args(argv)
    workers = Workers(1, initializer=jobs.prepare, initargs=(1, child.MEMORY))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pair = large.photo_pair(large.SIZES[arguments.size], "aligned", True)
        for side, data in zip(("before", "after"), pair, strict=True):
            (folder / side).write_bytes(data)
        settled = workers.call(child.resident_bytes, folder, SETTLE, seconds=3600)
        print(f"{SETTLE:5} evaluations: {settled / 1e6:.1f} MB", flush=True)
        held = settled
        for done in range(SETTLE, arguments.evaluations, SETTLE):
            held = workers.call(child.resident_bytes, folder, SETTLE, seconds=3600)
            print(f"{done + SETTLE:5} evaluations: {held / 1e6:.1f} MB, {held / settled - 1:+.1%}", flush=True)
    workers.close()
    return 1 if held > settled * (1 + MOST) else 0


if __name__ == "__main__":
    sys.exit(main())
