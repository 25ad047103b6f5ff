"""How right Image Diff is, beside the usual methods: ``python -m bench.accuracy``; see bench/README.md."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bench import manifest, methods, pairs, photos, rivals, sensitivity, sheet, suites, tables
from bench.cases import Maker, from_labelled, makers_of_specs, run
from bench.scoring import Outcome

OUT = Path(__file__).parent / "out"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--set", dest="which", choices=("tune", "report"), default="report")
    parser.add_argument("--quick", action="store_true", help="a quarter of the pairs")
    parser.add_argument("--profile", choices=("default", "small", "large", "double"), default="default")
    parser.add_argument("--nuisance", help="only this one; parts joined with +")
    parser.add_argument("--only", help="only pairs whose id contains this")
    parser.add_argument("--pairs", type=Path, metavar="FOLDER", help="score a folder that has a manifest.json")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="make the pairs from these photos, at least two")
    parser.add_argument("--suite", choices=(*suites.SUITES, "sensitivity"), help="one of the special suites")
    parser.add_argument("--seeds", type=int, default=2, help="pairs per picture and nuisance")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--methods", choices=("all", "ours", "usual"), default="all")
    parser.add_argument("--against", type=Path, metavar="JSON", help="an older run to compare with")
    parser.add_argument("--name", help="name of the files written to bench/out")
    return parser.parse_args(argv)


def makers(args: argparse.Namespace) -> list[Maker]:
    """List what is to be judged."""
    if args.pairs:
        return [partial(from_labelled, entry) for entry in manifest.load(args.pairs, args.only)]
    if args.suite:
        return list(suites.SUITES[args.suite](args.which, args.quick))
    own = photos.in_folder(args.photos) if args.photos else ()
    if args.photos and len(own) < 2:
        raise SystemExit(
            f"{args.photos} holds {len(own)} photos; two are needed: parts of one are pasted into another."
        )
    specs = pairs.plan(
        args.which, profile=args.profile, quick=args.quick, nuisance=args.nuisance, seeds=args.seeds, pictures=own
    )
    return makers_of_specs([spec for spec in specs if not args.only or args.only in spec.id])


def chosen_methods(which: str) -> dict[str, methods.Method]:
    """Give the methods to run, ours first."""
    found: dict[str, methods.Method] = {}
    if which != "usual":
        found[methods.OURS] = methods.ours
    if which != "ours":
        found.update(methods.USUAL)
        binary = rivals.find_odiff(OUT / "odiff")
        if binary is not None:
            found["odiff"] = partial(rivals.odiff, binary=binary)
    return found


def run_all(
    todo: list[Maker], chosen: Mapping[str, methods.Method], jobs: int
) -> Iterator[tuple[list[Outcome], bytes | None]]:
    """Run every case, in order, in some processes."""
    work = partial(run, methods=chosen)
    if jobs <= 1:
        yield from map(work, todo)
        return
    # One thread per worker: linear algebra on several threads in several processes waits more than it works.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.imap(work, todo, chunksize=1)


def main(argv: list[str] | None = None) -> int:
    """Run, print and write; the exit status says only whether it ran."""
    args = arguments(argv)
    OUT.mkdir(exist_ok=True)
    if args.suite == "sensitivity":
        print(sensitivity.report(args.which, args.quick))
        return 0
    todo = makers(args)
    chosen = chosen_methods(args.methods)
    outcomes: list[Outcome] = []
    drawings: list[tuple[int, bytes]] = []
    for number, (rows, drawing) in enumerate(run_all(todo, chosen, args.jobs), 1):
        outcomes += rows
        if drawing is not None:
            drawings.append((rows[0].wrong, drawing))
        if sys.stderr.isatty():
            print(f"\r{number} of {len(todo)} pairs", end="", file=sys.stderr)
    report(args, outcomes, drawings)
    return 0


def report(args: argparse.Namespace, outcomes: list[Outcome], drawings: list[tuple[int, bytes]]) -> None:
    """Print the tables, write them, the outcomes and the sheet of failures."""
    name = args.name or "-".join(
        filter(
            None,
            [
                args.suite or (args.pairs.name if args.pairs else args.profile),
                args.photos and args.photos.name,
                args.which,
                args.nuisance,
                args.only,
            ],
        )
    ).replace("/", "_")
    leading = methods.OURS if args.methods != "usual" else outcomes[0].method
    mine = [outcome for outcome in outcomes if outcome.method == leading]
    title = "group" if args.pairs or args.suite else "nuisance"
    text = f"## {leading}\n\n{tables.by_group(mine, title)}\n\n{tables.kinds(mine)}\n"
    if args.methods != "ours":
        text += f"\n## Beside the usual methods\n\n{tables.by_method(outcomes)}\n"
    print("\n" + text + "\n" + tables.failures(mine))
    (OUT / f"{name}.md").write_text(text)
    tables.save(OUT / f"{name}.json", outcomes)
    drawings.sort(key=lambda item: -item[0])
    tiles = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for _, data in drawings[:40]]
    sheets = sheet.write_all(OUT, name, [np.ascontiguousarray(tile) for tile in tiles])
    if args.against:
        print(tables.against(args.against, outcomes))
    print(f"\nwritten to {OUT}: {name}.md, {name}.json" + "".join(f", {path.name}" for path in sheets))


if __name__ == "__main__":
    sys.exit(main())
