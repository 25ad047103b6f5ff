"""From two staged images to a kept evaluation, and the JSON that the world sees of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import url_for

from app.analysis import Options
from app.analysis.render import NAMES
from app.gate import Gate
from app.jobs import evaluate_folder
from app.web import metrics
from app.web.logs import beginning, write
from app.web.services import services

Stage = Callable[[Path], tuple[str, str]]


def create(stage: Stage, options: Options) -> dict[str, Any]:
    """Evaluate the two images that ``stage`` puts into a folder, keep the result and give it."""
    here = services()
    settings = here.settings
    with here.store.staging() as folder:
        names = stage(folder)
        with admitted(here.gate, "evaluations"):
            work = (
                evaluate_folder,
                folder,
                names,
                options,
                settings.limits,
                settings.category_model,
                settings.deadline,
            )
            result = here.call_evaluation(*work, seconds=settings.deadline)
        record = here.store.commit(folder, "evaluations", result)
    _note(record)
    return public(record)


def public(record: dict[str, Any]) -> dict[str, Any]:
    """Give the JSON of the HTTP contract."""
    links = {name.rpartition(".")[0]: url_for("api.get_image", id=record["id"], name=name) for name in NAMES}
    return {
        "id": record["id"],
        "url": url_for("pages.result", id=record["id"]),
        "created": utc(record["created"]),
        "expires": utc(record["expires"]),
        **{name: value for name, value in record.items() if name not in ("id", "created", "expires", "timings_ms")},
        "images": links,
        "timings_ms": record["timings_ms"],
    }


@contextmanager
def admitted(gate: Gate, queue: str) -> Iterator[None]:
    """Hold a place of the gate, and let the metrics see who waits and who works."""
    waiting, working = (metrics.QUEUED.labels(queue, state) for state in ("waiting", "working"))
    with ExitStack() as place:
        with waiting.track_inprogress(), metrics.QUEUE_SECONDS.labels(queue).time():
            place.enter_context(gate.enter())
        with working.track_inprogress():
            yield


def utc(seconds: float) -> str:
    """Write a time as the API does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _note(record: dict[str, Any]) -> None:
    """Log and count an evaluation: what it was, never what it was called."""
    metrics.EVALUATIONS.labels(record["verdict"]).inc()
    for stage, milliseconds in record["timings_ms"].items():
        metrics.STAGE_SECONDS.labels(stage).observe(milliseconds / 1000)
    sides = {
        f"{side}_{fact}": record[side][fact]
        for side in ("before", "after")
        for fact in ("sha256", "format", "width", "height", "bytes")
    }
    write(
        "evaluation",
        id=beginning(record["id"]),
        verdict=record["verdict"],
        ms=record["timings_ms"].get("total"),
        **sides,
    )
