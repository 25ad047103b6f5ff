"""`python -m app compare`: one pair, with an exit status like that of diff."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.analysis import Evaluation, evaluate
from app.analysis.render import NAMES, Scene, render
from app.commands.arguments import add_options, options_given
from app.errors import BadRequest, ImageDiffError
from app.model_store import classifier_for
from app.options import from_texts
from app.settings import Settings, SettingsError

EPILOG = """\
exit status: 0 no difference (or within --max-regions and --max-changed, where given), 1 difference, 2 trouble
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command; its options are those of the HTTP API, with the same ranges."""
    parser = commands.add_parser("compare", help="compare two image files", epilog=EPILOG)
    parser.add_argument("before", help='an image file, or "-" for standard input')
    parser.add_argument("after", help="the other one")
    parser.add_argument("--json", action="store_true", help="print the evaluation as JSON")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write evaluation.json and all pictures there")
    add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, write, and give the exit status."""
    try:
        return _compare(arguments)
    except ImageDiffError as error:
        print(f"compare: {error.message}", file=sys.stderr)
    except SettingsError as error:
        print(f"compare: {error}", file=sys.stderr)
    except OSError as error:
        print("compare:", ": ".join(filter(None, (error.filename, error.strerror))), file=sys.stderr)
    return 2


def _compare(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    options = from_texts(options_given(arguments))
    if arguments.before == arguments.after == "-":
        raise BadRequest("standard input is one image; the other one needs a name.")
    before, after = _read(arguments.before), _read(arguments.after)
    classifier = classifier_for(settings.model, settings.model_provider, settings.model_threads)
    names = (arguments.before, arguments.after)
    evaluation = evaluate(before, after, options, names=names, limits=settings.limits, classifier=classifier)
    if arguments.out:
        _write(arguments.out, evaluation)
    print(_as_json(evaluation) if arguments.json else _as_text(evaluation, arguments.out))
    return int(evaluation.verdict == "different" if evaluation.passed is None else not evaluation.passed)


def _read(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _write(folder: Path, evaluation: Evaluation) -> None:
    """Write the JSON and every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene.of(evaluation)
    (folder / "evaluation.json").write_text(_as_json(evaluation) + "\n", encoding="utf-8")
    for name in NAMES:
        (folder / name).write_bytes(render(name, scene))


def _as_json(evaluation: Evaluation) -> str:
    return json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def _as_text(evaluation: Evaluation, folder: Path | None) -> str:
    """Say it in words, then list the regions."""
    lines = [f"{evaluation.verdict}: {evaluation.summary}"]
    if evaluation.passed is not None:
        lines.append("Within the limits given." if evaluation.passed else "Over the limits given.")
    lines += ["", _describe("before", evaluation.before), _describe("after", evaluation.after)]
    remarks = (evaluation.alignment.reason, evaluation.tone.reason)
    lines += [f"{what:<7} {reason}" for what, reason in zip(("align", "tone"), remarks, strict=True) if reason]
    if evaluation.regions:
        lines += ["", *_table(evaluation)]
    if folder:
        lines += ["", f"Pictures and evaluation.json: {folder}"]
    return "\n".join(lines)


def _describe(side: str, facts: dict[str, Any]) -> str:
    notes = "".join(f"; {note}" for note in facts["notes"])
    return f"{side:<7} {facts['name']}: {facts['format']}, {facts['width']} × {facts['height']}{notes}"


def _table(evaluation: Evaluation) -> list[str]:
    """Lay out the regions; boxes are x, y, width × height in pixels of each image."""
    rows: list[tuple[str, ...]] = [("#", "kind", "before: x, y, size", "after: x, y, size", "pixels", "strength")]
    for region in evaluation.regions:
        boxes = [f"{box.x}, {box.y}, {box.width} × {box.height}" for box in (region.before, region.after)]
        rows.append((str(region.id), region.kind, *boxes, f"{region.area:,}", f"{region.strength:.2f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    aligned = (str.rjust, str.ljust, str.ljust, str.ljust, str.rjust, str.rjust)
    return ["  ".join(put(cell, width) for put, cell, width in zip(aligned, row, widths, strict=True)) for row in rows]
