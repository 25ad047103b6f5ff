"""Photos with three to eight small retouches, as in spot-the-difference pictures: clean, JPEG 60, by phone."""

from __future__ import annotations

from collections.abc import Iterable

from bench import photos
from bench.cases import Maker, makers_of_specs
from bench.pairs import Spec


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give pairs of every photo under the three nuisances."""
    base = 31 if which == "tune" else 1031
    return makers_of_specs([
        Spec(name, base + s, nuisance, "retouch", 3 + photos.seed_of(name, s) % 6)
        for name in photos.names(which, made=False)
        for s in range(1 if quick else 3)
        for nuisance in ("none", "jpeg60", "phone")
    ])  # fmt: skip
