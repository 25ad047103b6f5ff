"""Special suites beside the main table; each gives makers of cases for a set of pictures ("tune" or "report")."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.cases import Maker
from bench.suites import digits, documents, retouched, rows, scene, screens

SUITES: dict[str, Callable[[str, bool], Iterable[Maker]]] = {
    "screens": screens.makers,
    "scene": scene.makers,
    "documents": documents.makers,
    "digits": digits.makers,
    "rows": rows.makers,
    "retouched": retouched.makers,
}
