"""What a worker does: read one pair where it lies, compare it, give back what is small."""

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from app.analysis import Deadline, Evaluation, Limits, Options, evaluate
from app.analysis.category.network import Provider
from app.analysis.drawing.overlays import Mark, annotate
from app.analysis.render import Scene, render
from app.batch.files import File
from app.errors import ImageDiffError
from app.jobs import within_memory
from app.model_store import classifier_for
from app.report import in_report, report_html

Pictures = Literal["none", "different", "all"]
HOME = "../../index.html"  # as seen from pairs/ab/abcd.html
REPORT, THUMBNAIL = "report.html", "thumbnail.webp"
THUMBNAIL_SIDE = 120  # a picture below that gets no numbers on its marks


@dataclass(frozen=True, slots=True)
class Work:
    """One pair, and how to compare it; small, and travels by pickle."""

    name: str
    before: File
    after: File
    options: Options
    limits: Limits
    max_file_bytes: int
    seconds: float
    model: tuple[Path, Provider, int]
    pictures: Pictures = "different"


@dataclass(frozen=True, slots=True)
class Answer:
    """The record of one pair (a line of results.jsonl), and the files made for it, by name."""

    record: dict[str, Any]
    files: dict[str, bytes]


def compare_pair(work: Work) -> Answer:
    """Compare one pair; expected trouble is an answer too."""
    started = time.perf_counter()
    try:
        evaluation, stamps, files = _compare(work)
    except ImageDiffError as error:
        return Answer(failure(work.name, error, time.perf_counter() - started), {})
    return Answer(_record(work.name, evaluation, time.perf_counter() - started) | {"stamps": stamps}, files)


def failure(name: str, error: ImageDiffError, seconds: float = 0.0) -> dict[str, Any]:
    """Give the record of a pair that could not be compared: the error is that of the HTTP API."""
    return without_pictures(name, "error", error.message, seconds) | error.to_dict()


def without_pictures(name: str, verdict: str, summary: str, seconds: float = 0.0) -> dict[str, Any]:
    """Give the record of what was not compared."""
    return {
        "name": name,
        "verdict": verdict,
        "passed": None,
        "summary": summary,
        "regions": [],
        "seconds": round(seconds, 3),
    }


@within_memory()
def _compare(work: Work) -> tuple[Evaluation, dict[str, str | None], dict[str, bytes]]:
    """Give the evaluation, by what its files will be known again, and what was drawn."""
    before, before_stamp = work.before.read_stamped("before", work.max_file_bytes)
    after, after_stamp = work.after.read_stamped("after", work.max_file_bytes)
    evaluation = evaluate(
        before,
        after,
        work.options,
        Deadline(work.seconds),
        names=(work.before.label, work.after.label),
        limits=work.limits,
        classifier=classifier_for(*work.model),
    )
    wanted = work.pictures == "all" or (work.pictures == "different" and evaluation.verdict == "different")
    stamps = {"before": before_stamp, "after": after_stamp}
    return evaluation, stamps, draw(evaluation, home=HOME) if wanted else {}


def draw(evaluation: Evaluation, *, home: str | None = None) -> dict[str, bytes]:
    """Make the report of a pair and its thumbnail."""
    scene = Scene.of(evaluation)
    values = evaluation.to_dict()
    pictures = {name: render(name, scene) for name in in_report(values)}
    report = report_html(values, pictures, datetime.now(UTC), home=home)
    return {REPORT: report, THUMBNAIL: _thumbnail(scene)}


def _record(name: str, evaluation: Evaluation, seconds: float) -> dict[str, Any]:
    """Give the JSON of the HTTP contract without the outlines, which are only there to be drawn."""
    values = evaluation.to_dict()
    regions = [{key: value for key, value in region.items() if key != "contours"} for region in values["regions"]]
    return {"name": name, **values, "regions": regions, "seconds": round(seconds, 3)}


def _thumbnail(scene: Scene) -> bytes:
    """Put both pictures side by side, each in a square, with the differences marked in the second; clear around."""
    canvas = np.zeros((THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE, 4), np.uint8)
    marks = [Mark(region.id, region.after) for region in scene.regions]
    for index, (picture, drawn) in enumerate(((scene.before, []), (scene.after, marks))):
        scale = min(1.0, (THUMBNAIL_SIDE - 4) / max(picture.width, picture.height))
        small = annotate(picture.pixels, drawn, scene.options, scale=scale)[:THUMBNAIL_SIDE, :THUMBNAIL_SIDE]
        top, left = ((THUMBNAIL_SIDE - size) // 2 for size in small.shape[:2])
        left += index * THUMBNAIL_SIDE
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = np.dstack(
            [small, np.full_like(small[..., 0], 255)]
        )
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "WEBP", quality=70, method=2)
    return buffer.getvalue()
