"""A picture of the failures: before and after side by side, true boxes green, found boxes red, each labelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bench.methods import read
from bench.scoring import Outcome

Pixels = npt.NDArray[np.uint8]
GREEN, RED = (0, 170, 60), (230, 20, 60)


def _box(image: Pixels, box: tuple[int, int, int, int], colour: tuple[int, int, int], scale: float, label: str) -> None:
    x, y, width, height = (round(value * scale) for value in box)
    cv2.rectangle(image, (x - 1, y - 1), (x + width, y + height), colour, 1, cv2.LINE_AA)
    if label:
        cv2.putText(image, label, (max(0, x), max(10, y - 3)), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)


def _panel(image: Pixels, outcome: Outcome, width: int) -> Pixels:
    scale = width / image.shape[1]
    size = (width, round(image.shape[0] * scale))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    for number, box in enumerate(outcome.true_boxes):
        _box(small, box, GREEN, scale, "missed" if number in outcome.missed else "")
    for number, box in enumerate(outcome.found_boxes):
        _box(small, box, RED, scale, "false" if number in outcome.false else "")
    return small


def tile(before: bytes, after: bytes, outcome: Outcome, width: int = 440) -> Pixels:
    """Draw one pair: *before* with all boxes, *after* as it came, and a line of text."""
    left = _panel(read(before), outcome, width)
    second = read(after)
    right = np.asarray(cv2.resize(second, (width, left.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
    line = np.full((22, 2 * width + 4, 3), 255, np.uint8)
    text = f"{outcome.id}  true {outcome.truths} found {outcome.found} hits {outcome.hits}  {outcome.note}"
    cv2.putText(line, text[:170], (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    gap = np.full((left.shape[0], 4, 3), 255, np.uint8)
    return np.vstack([line, np.hstack([left, gap, right])])


def write(path: Path, tiles: Sequence[Pixels], columns: int = 2, most: int = 10) -> None:
    """Write tiles on one sheet, in columns, each put where there is most room."""
    towers: list[list[Pixels]] = [[] for _ in range(min(columns, len(tiles)))]
    for one in list(tiles)[:most]:
        min(towers, key=lambda tower: sum(t.shape[0] for t in tower)).append(one)
    stacks = [np.vstack(tower) for tower in towers]
    height = max(stack.shape[0] for stack in stacks)
    padded = [np.pad(t, ((0, height - t.shape[0]), (0, 6), (0, 0)), constant_values=255) for t in stacks]
    cv2.imwrite(str(path), np.hstack(padded)[..., ::-1])


def write_all(folder: Path, name: str, tiles: Sequence[Pixels], per_sheet: int = 10) -> list[Path]:
    """Write sheets ``NAME-failures-1.png`` and on; sheets of an older run go away."""
    for old in folder.glob(f"{name}-failures-*.png"):
        old.unlink()
    paths = []
    for number, start in enumerate(range(0, len(tiles), per_sheet), 1):
        paths.append(folder / f"{name}-failures-{number}.png")
        write(paths[-1], tiles[start : start + per_sheet], most=per_sheet)
    return paths
