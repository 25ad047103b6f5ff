"""Folders of labelled pairs: ``manifest.json`` lists before, after, label and boxes (in pixels of *after*)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Labelled:
    """One pair of a folder; ``boxes`` None means that only the label counts."""

    id: str
    group: str
    before: bytes
    after: bytes
    label: str | None
    boxes: tuple[Box, ...] | None
    grow: int
    least: float
    note: str


def _group(name: str) -> str:
    parts = name.split("-")
    return "-".join(parts[:2]) if parts[0] == "peer" and len(parts) > 2 else parts[0]


def load(folder: Path, only: str | None = None) -> list[Labelled]:
    """Read a folder; ``only`` keeps the pairs whose id contains it."""
    entries = json.loads((folder / "manifest.json").read_text())
    pairs = []
    for entry in entries:
        if only and only not in entry["id"]:
            continue
        deep = entry["id"].startswith("deeppcb")
        boxes = entry.get("boxes")
        pairs.append(
            Labelled(
                id=entry["id"], group=_group(entry["id"]),
                before=(folder / entry["before"]).read_bytes(), after=(folder / entry["after"]).read_bytes(),
                label=entry.get("label"), boxes=None if boxes is None else tuple(tuple(box) for box in boxes),
                grow=8 if deep else 0, least=0.33 if deep else 0.3, note=str(entry.get("note") or ""),
            )
        )  # fmt: skip
    return pairs
