"""Pairs that no change explains: nothing in common, mirrored, turned; the answer has to say so in words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import cv2
import numpy as np

from bench import photos
from bench.cases import Case, Maker
from bench.nuisances import encode_at

TURNS = {
    "turned 90": cv2.ROTATE_90_CLOCKWISE,
    "turned 270": cv2.ROTATE_90_COUNTERCLOCKWISE,
    "turned 180": cv2.ROTATE_180,
}
WORDS = {
    "unrelated": ("not the same scene",),
    "mirrored": ("mirror", "flipped"),
    "turned 90": ("turned 90", "rotated 90", "90°"),
    "turned 270": ("turned 90", "turned 270", "rotated", "90°", "270°"),
    "turned 180": ("turned 180", "rotated 180", "180°"),
}


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give every kind for every picture of a set (a third of them when quick)."""
    # Pictures without a top and a left (repeating tiles) or too regular to tell are left out.
    pictures = [name for name in photos.names(which) if not name.startswith(("tiles", "brick", "grass", "gravel"))]
    jobs = [(kind, name, pictures[(n + 3) % len(pictures)]) for n, name in enumerate(pictures) for kind in WORDS]
    return [partial(make, *job) for job in (jobs[::3] if quick else jobs)]


def make(kind: str, name: str, other: str) -> Case:
    """Make one pair; the second file is a JPEG, as such copies usually are."""
    scene = photos.scene(name, 7)
    if kind == "unrelated":
        after = photos.scene(other, 8)
        if photos.seed_of(kind, name) % 2:
            after = np.asarray(cv2.resize(after, (scene.shape[1], scene.shape[0])), np.uint8)
    elif kind == "mirrored":
        after = np.ascontiguousarray(scene[:, ::-1])
    else:
        after = np.asarray(cv2.rotate(scene, TURNS[kind]), np.uint8)
    expected = "different" if kind == "unrelated" else None
    return Case(
        f"{name.split('.')[0]}-{kind}",
        kind,
        encode_at(scene, None),
        encode_at(after, 92),
        expected=expected,
        words=WORDS[kind],
    )
