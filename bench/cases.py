"""A case is one pair to judge, wherever it came from; running one gives an outcome per method."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import cv2
import numpy as np

from bench import pairs, sheet
from bench.manifest import Labelled
from bench.methods import OURS, Answer, Method, read
from bench.scoring import LOOSE, Box, Outcome, grow, judge

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Case:
    """Two files and what should be said about them.

    ``boxes`` None means that ``expected`` (a verdict, "same" or "different") and ``words`` (of which one must
    be in the reason) decide; else the boxes do. ``grow`` and ``least`` are what a data set's boxes ask for,
    ``frame`` says which picture the boxes are in; ``matrix``, where known, maps *before* to *after*.
    """

    id: str
    group: str
    before: bytes
    after: bytes
    boxes: tuple[Box, ...] | None = None
    kinds: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expected: str | None = None
    words: tuple[str, ...] = ()
    grow: int = 0
    least: float = LOOSE
    frame: Literal["before", "after"] = "before"
    matrix: Matrix | None = None


Maker = Callable[[], Case]


def given(case: Case) -> Case:
    """Give a case that is there already."""
    return case


def from_spec(spec: pairs.Spec) -> Case:
    """Make a pair and its truth."""
    pair = pairs.make(spec)
    boxes = tuple(truth.box for truth in pair.truths)
    kinds = tuple((truth.kind, truth.also) for truth in pair.truths)
    return Case(spec.id, spec.nuisance, pair.before, pair.after, boxes, kinds, matrix=pair.matrix)


def from_labelled(entry: Labelled) -> Case:
    """Take a pair of a folder as it is."""
    decided_by_boxes = entry.boxes is not None and not entry.id.startswith("peer")
    return Case(
        entry.id, entry.group, entry.before, entry.after,
        boxes=entry.boxes if decided_by_boxes else None, expected=entry.label, grow=entry.grow, least=entry.least,
        frame="after",
    )  # fmt: skip


def makers_of_specs(specs: list[pairs.Spec]) -> list[Maker]:
    """Give one maker per pair, so that pairs are made where they are needed."""
    return [partial(from_spec, spec) for spec in specs]


def _same(verdict: str | None, expected: str) -> bool:
    """Compare verdicts where "same" stands for both "identical" and "equivalent"."""
    plain = {"identical": "same", "equivalent": "same"}
    return verdict == expected if expected in plain else plain.get(verdict or "", verdict) == expected


def _judge(case: Case, name: str, answer: Answer, seconds: float) -> Outcome:
    verdict = answer.verdict or ("different" if answer.boxes else "same")
    boxes = answer.after_boxes if case.frame == "after" and answer.after_boxes else answer.boxes
    found = [grow(box, case.grow) for box in boxes]
    note = answer.note
    if case.matrix is not None and answer.matrix is not None:
        note += f"; aligned to {_misplaced(case, answer.matrix):.2f} px"
    outcome = judge(
        case.id, name, case.group, found, case.boxes or (), said=answer.kinds, kinds=case.kinds, least=case.least,
        verdict=verdict, note=note, seconds=seconds,
    )  # fmt: skip
    outcome.expected = case.expected
    if case.boxes is None:
        right = case.expected is None or _same(verdict, case.expected)
        if case.words:
            said = f"{answer.note} {answer.summary}".lower()
            right = right and any(word in said for word in case.words)
        outcome.right = right
    return outcome


def _misplaced(case: Case, matrix: Matrix) -> float:
    """Give the largest distance, over a grid, between where a pixel of *before* lies and where it was said to lie."""
    height, width = read(case.before).shape[:2]
    xs, ys = np.meshgrid(np.linspace(0, width, 5), np.linspace(0, height, 5))
    grid = np.stack([xs, ys], axis=-1).reshape(-1, 1, 2)
    true, said = (cv2.perspectiveTransform(grid, np.array(m, np.float64)) for m in (case.matrix, matrix))
    return float(np.linalg.norm(true - said, axis=2).max())


def run(maker: Maker, methods: Mapping[str, Method]) -> tuple[list[Outcome], bytes | None]:
    """Make a case, ask every method, and draw ours when it was wrong."""
    case = maker()
    outcomes = []
    drawing = None
    for name, method in methods.items():
        started = time.perf_counter()
        try:
            answer = method(case.before, case.after)
        except Exception as error:  # a method that cannot answer a pair is wrong about it, and the run goes on
            answer = Answer((), verdict=f"error: {type(error).__name__}: {error}")
        outcome = _judge(case, name, answer, time.perf_counter() - started)
        if answer.verdict and answer.verdict.startswith("error"):
            outcome.note = answer.verdict
        outcomes.append(outcome)
        if name == OURS and outcome.wrong:
            drawing = _draw(case, outcome)
    return outcomes, drawing


def _draw(case: Case, outcome: Outcome) -> bytes | None:
    try:
        picture = sheet.tile(case.before, case.after, outcome)
    except (ValueError, cv2.error):
        return None
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])[1])
