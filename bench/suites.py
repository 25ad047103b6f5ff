"""Special suites beside the main table; each gives makers of cases for a set."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.cases import Maker

SUITES: dict[str, Callable[[str, bool], Iterable[Maker]]] = {}
