"""Stores for the tests: in a folder, in memory, and in a bucket of an S3 server (moto) that runs in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from app.store import Kind, LocalStore, Store, open_store
from app.store.base import RECORD
from tests.web.conftest import files_under

BUCKET = "results"


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def s3_server(port: int = 0) -> Iterator[str]:
    """Run an S3 server with one empty bucket on a port of this machine, and tell boto where it is.

    With ``S3_SERVER=http://127.0.0.1:9000`` and the keys in their usual variables, that server is used instead.
    """
    if given := os.environ.get("S3_SERVER"):
        with _known(given, **os.environ):
            yield given
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    try:
        with _known(address):
            yield address
    finally:
        server.stop()


@contextmanager
def _known(address: str, **given: str) -> Iterator[None]:
    """Set what boto looks at, and make or empty the bucket."""
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, given.get(name, value))
        environment.setenv("AWS_ENDPOINT_URL", address)
        environment.setenv("NO_PROXY", "127.0.0.1")
        client = boto3.client("s3")
        if BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=BUCKET)
        for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=item["Key"])
        yield


def opened(place: str, folder: Path, clock: Clock, **settings: Any) -> Store:
    """Open a store that keeps 100 seconds and 400,000 bytes, 300,000 of them evaluations."""
    return open_store(place, folder, **{"keep_seconds": 100, "max_bytes": 400_000, "clock": clock, **settings})


def put(store: Store, size: int = 1000, kind: Kind = "evaluations", **record: Any) -> str:
    """Keep an entry of one file and give its id."""
    name = "before" if kind == "evaluations" else "image"
    with store.staging() as folder:
        (folder / name).write_bytes(b"x" * size)
        return str(store.commit(folder, kind, record)["id"])


def add_picture(store: Store, id: str, name: str = "pictures/mask.png") -> None:
    """Add a drawing to an evaluation."""
    with store.staging() as folder:
        (folder / "drawing").write_bytes(b"picture")
        store.add_file("evaluations", id, name, folder / "drawing")


def read(store: Store, id: str, name: str = "before") -> bytes:
    """Read a file of an evaluation."""
    with store.files("evaluations", id, name) as folder:
        return (folder / name).read_bytes()


def everything(store: Store) -> set[str]:
    """List all that is kept, by path, and nothing of the workplace but what should not be there."""
    staged = files_under(store.workplace)
    if isinstance(store, LocalStore):
        return staged
    root: str = store._root  # type: ignore[attr-defined]
    fs: Any = store._fs  # type: ignore[attr-defined]
    return staged | {path.removeprefix(root).lstrip("/") for path in fs.find(root)}


def ids(store: Store, kind: Kind = "evaluations") -> set[str]:
    """List the entries that are there."""
    paths = (path.split("/") for path in everything(store))
    return {path[1] for path in paths if path[0] == kind and path[2:] == [RECORD]}


def forget_memory() -> None:
    """Empty the file system in memory, which is one for all of this process."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]
