"""How much memory one evaluation takes, by the size of the images: ``python -m bench.sizing``; about two minutes.

Each size is evaluated in a fresh process that is set up like the service's children, libraries included in the figure.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from app import jobs
from app.worker import Workers
from bench import child, large

OUT = Path(__file__).parent / "out"
HEAD = "| megapixels of each image | MB for an evaluation | MB with all pictures drawn | seconds |\n" + "|---" * 4 + "|"


def _fresh(folder: Path, *, pictures: bool) -> tuple[int, float]:
    workers = Workers(1, initializer=jobs.prepare, initargs=(os.cpu_count() or 1, child.MEMORY))
    try:
        return workers.call(child.peak_bytes, folder, pictures, seconds=300)
    finally:
        workers.close()


def row(name: str) -> str:
    """Measure one size: a JPEG pair from two viewpoints, which is what takes most."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for side, data in zip(
            ("before", "after"), large.photo_pair(large.SIZES[name], "homography", True), strict=True
        ):
            (folder / side).write_bytes(data)
        large.photo.cache_clear()
        peak, seconds = _fresh(folder, pictures=False)
        drawn, _ = _fresh(folder, pictures=True)
    width, height = large.SIZES[name]
    return f"| {width * height / 1e6:.1f} | {peak / 1e6:,.0f} | {drawn / 1e6:,.0f} | {seconds:.1f} |"


def main(argv: list[str] | None = None) -> int:
    """Print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sizing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 12 megapixels")
    names = list(large.SIZES)[: 3 if parser.parse_args(argv).quick else None]
    lines = [HEAD]
    print(HEAD)
    for name in names:
        lines.append(row(name))
        print(lines[-1], flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "sizing.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
