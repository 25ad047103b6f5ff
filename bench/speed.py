"""How fast Image Diff is, beside reading the files, the scikit-image way and odiff: ``python -m bench.speed``.

Everything is timed in one run, in turns, so that a busy machine is busy for all; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.analysis.evaluate import evaluate
from bench import large, memory, rivals, speed_report

OUT = Path(__file__).parent / "out"


@dataclass
class Row:
    """One pair's medians in seconds, and the peak memory in bytes per pixel of one image."""

    name: str
    size: str
    variant: str
    format: str
    megapixels: float
    megabytes: float
    ours: float
    decode: float
    scikit: float | None = None
    odiff: float | None = None
    bytes_per_pixel: float | None = None
    verdict: str = ""
    regions: int = 0
    model: str = ""
    stages_ms: dict[str, float] = field(default_factory=dict)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("--large", action="store_true", help="24 and 50 megapixels too")
    parser.add_argument("--quick", action="store_true", help="up to 2 megapixels, few repeats")
    parser.add_argument("--only", help="only rows whose name contains this, for example '12 MP aligned PNG'")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-rivals", action="store_true", help="leave out the scikit-image way and odiff")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the plot here too: docs/speed.png, say")
    return parser.parse_args(argv)


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def measure(
    before: bytes,
    after: bytes,
    repeats: int,
    rival: Callable[[bytes, bytes], object] | None,
    odiff: Callable[[], float] | None,
) -> dict[str, list[float]]:
    """Time ours, the plain decode and odiff in turns after one warm-up; the slow rival once or twice."""
    evaluate(before, after)
    times: dict[str, list[float]] = {"ours": [], "decode": [], "scikit": [], "odiff": []}
    for turn in range(repeats):
        times["decode"].append(_timed(lambda: rivals.decode_both(before, after))[0])
        times["ours"].append(_timed(lambda: evaluate(before, after))[0])
        if odiff is not None:
            times["odiff"].append(odiff())
        if rival is not None and turn < 2:
            times["scikit"].append(_timed(lambda: rival(before, after))[0])
    return times


def row_of(
    name: tuple[str, str, str],
    pair: tuple[bytes, bytes],
    repeats: int,
    folder: Path,
    *,
    rival: bool = False,
    odiff: Path | None = None,
) -> Row:
    """Measure one pair: time, stages, memory."""
    before, after = pair
    size, variant, kind = name
    paths = folder / f"before.{kind.lower()}", folder / f"after.{kind.lower()}"
    for path, data in zip(paths, pair, strict=True):
        path.write_bytes(data)
    run_odiff = None if odiff is None else lambda: rivals.run_odiff(odiff, *paths, folder / "diff.png")[0]
    times = measure(before, after, repeats, rivals.scikit_image_way if rival else None, run_odiff)
    result = evaluate(before, after)
    pixels = int(result.before["width"]) * int(result.before["height"])
    return Row(
        " ".join(name), size, variant, kind, pixels / 1e6, len(before) / 1e6,
        ours=statistics.median(times["ours"]), decode=statistics.median(times["decode"]),
        scikit=statistics.median(times["scikit"]) if times["scikit"] else None,
        odiff=statistics.median(times["odiff"]) if times["odiff"] else None,
        bytes_per_pixel=memory.peak(*paths) / pixels,
        verdict=result.verdict, regions=len(result.regions), model=result.alignment.model,
        stages_ms={stage: round(value, 1) for stage, value in result.timings_ms.items()},
    )  # fmt: skip


def photo_rows(args: argparse.Namespace, folder: Path) -> list[Row]:
    """Measure photos of all sizes."""
    sizes = ["VGA", "2 MP"] if args.quick else list(large.SIZES) if args.large else ["VGA", "2 MP", "12 MP"]
    rows = []
    for size in sizes:
        for variant in large.VARIANTS:
            for kind in ("PNG", "JPEG"):
                if args.only and args.only not in f"{size} {variant} {kind}":
                    continue
                pair = large.photo_pair(large.SIZES[size], variant, kind == "JPEG")
                rival = variant == "aligned" and not args.no_rivals and size not in ("24 MP", "50 MP")
                rows.append(row_of((size, variant, kind), pair, args.repeats, folder, rival=rival))
                print(speed_report.line(rows[-1]), flush=True)
    return rows


def screen_rows(args: argparse.Namespace, folder: Path) -> list[Row]:
    """Measure long screenshots with five changed places, beside odiff."""
    odiff = None if args.no_rivals else rivals.find_odiff(OUT / "odiff")
    rows = []
    for size, pixels in list(large.SCREENS.items())[: 1 if args.quick else None]:
        if args.only and args.only not in f"{size} screenshot PNG":
            continue
        pair = large.screenshot_pair(pixels)
        row = row_of((size, "screenshot", "PNG"), pair, args.repeats, folder, odiff=odiff)
        rows.append(row)
        print(speed_report.line(row), flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run, print and write the table and the plot."""
    args = arguments(argv)
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        rows = photo_rows(args, Path(name)) + screen_rows(args, Path(name))
    if rows:
        speed_report.write(OUT, [asdict(row) for row in rows], args.plot)
        print(f"\nwritten to {OUT}: speed.md, speed.json, speed.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
