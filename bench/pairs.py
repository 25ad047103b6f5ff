"""Pairs with known truth, made from a picture, a seed and a nuisance; the same three give the same pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import nuisances, photos
from bench.edits import Truth, make_edits

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Spec:
    """Which pair: everything else follows from this."""

    photo: str
    seed: int
    nuisance: str
    profile: str = "default"
    count: int = 3

    @property
    def id(self) -> str:
        """Name the pair in tables, files and JSON."""
        return f"{Path(self.photo).stem}-{self.seed}-{self.nuisance}-{self.profile}-{self.count}"


@dataclass(frozen=True)
class Pair:
    """Two files and the truth between them, in pixels of *before*; ``matrix`` maps *before* to *after*."""

    spec: Spec
    before: bytes
    after: bytes
    truths: tuple[Truth, ...]
    matrix: tuple[tuple[float, ...], ...]

    def describe(self) -> dict[str, object]:
        """Give the facts for JSON, without the files."""
        return {"spec": asdict(self.spec), "truths": [asdict(truth) for truth in self.truths], "matrix": self.matrix}


def make(spec: Spec) -> Pair:
    """Make one pair: edit the scene, look at it twice, encode what was seen."""
    scene = photos.scene(spec.photo, spec.seed)
    frame = photos.frame_of(scene.shape)
    seed = photos.seed_of(spec.photo, spec.seed)
    rng = np.random.default_rng([seed, photos.seed_of(spec.nuisance)])
    matrix = nuisances.camera(spec.nuisance, frame, rng)
    allowed = nuisances.visible(matrix, frame, scene.shape[:2])
    donor = photos.original(_donor_of(spec))
    x, y, width, height = frame
    if "resaved" in nuisances.parts_of(spec.nuisance):
        scene, framed = scene.copy(), (slice(y, y + height), slice(x, x + width))
        scene[framed] = nuisances.saved(scene[framed])
    was, now, truths = make_edits(scene, donor, allowed, frame[2], spec.count, spec.profile, seed)
    before = was[y : y + height, x : x + width].copy()
    if "noiseboth" in nuisances.parts_of(spec.nuisance):
        before = nuisances.photograph(before, "noiseboth", rng)
    seen = nuisances.look(now, matrix, frame, spec.nuisance, rng)
    after = nuisances.photograph(seen, spec.nuisance, rng)
    moved = [replace(truth, box=(truth.box[0] - x, truth.box[1] - y, *truth.box[2:])) for truth in truths]
    return Pair(
        spec,
        nuisances.encode_at(before, None),
        nuisances.encode(after, spec.nuisance),
        tuple(moved),
        _before_to_after(matrix, frame, seen.shape, after.shape),
    )


def _donor_of(spec: Spec) -> str:
    """Choose another photo of the same set to paste from."""
    others = photos.siblings(spec.photo)
    return others[photos.seed_of("donor", spec.photo, spec.seed) % len(others)]


def _before_to_after(
    matrix: npt.NDArray[np.float64], frame: tuple[int, int, int, int], seen: tuple[int, ...], after: tuple[int, ...]
) -> tuple[tuple[float, ...], ...]:
    to_scene = np.array([[1, 0, frame[0]], [0, 1, frame[1]], [0, 0, 1]], float)
    fy, fx = after[0] / seen[0], after[1] / seen[1]
    resize = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
    total = resize @ np.linalg.inv(matrix) @ to_scene
    total /= total[2, 2]
    return tuple(tuple(round(float(value), 9) for value in row) for row in total)


def plan(
    which: str,
    *,
    profile: str = "default",
    quick: bool = False,
    nuisance: str | None = None,
    seeds: int = 2,
    pictures: Sequence[str] = (),
) -> list[Spec]:
    """List the pairs of one run, of a set or of other pictures; two of seven have no edit at all."""
    double = profile == "double"
    wanted = nuisances.pairs_of() if double else nuisances.NUISANCES
    if nuisance is not None:
        wanted = (nuisance,)
    pictures = pictures or photos.names(which)
    base = 1 if which == "tune" else 1001
    every = (24 if quick else 6) if double else (4 if quick else 1)
    specs = []
    for p, picture in enumerate(pictures):
        for s in range(seeds):
            for n, name in enumerate(wanted):
                if (5 * p + 11 * s + n) % every:
                    continue
                count = photos.seed_of("count", picture, s, name) % 7 % 6
                count = min(count, 1) if profile == "large" else count
                specs.append(Spec(picture, base + s, name, "default" if double else profile, count))
    return specs
