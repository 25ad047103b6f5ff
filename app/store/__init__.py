"""Uploads and evaluations, kept for a while in a folder or on any file system that fsspec knows."""

from pathlib import Path
from typing import Any

from app.store.base import ID_PATTERN, KINDS, LEFTOVER_SECONDS, Kind, Store
from app.store.local import LocalStore
from app.store.trouble import storage_error

__all__ = [
    "ID_PATTERN",
    "KINDS",
    "LEFTOVER_SECONDS",
    "Kind",
    "LocalStore",
    "Store",
    "open_store",
    "storage_error",
]


def open_store(place: str, workplace: Path, **settings: Any) -> Store:
    """Open the store in a folder (which is its own workplace) or at the URL of a file system."""
    if place.startswith("file://"):
        place = place.removeprefix("file://")
    if "://" not in place:
        return LocalStore(Path(place), **settings)
    from app.store.objects import ObjectStore  # only who needs it has fsspec and the package of that file system

    return ObjectStore(place, workplace, **settings)
