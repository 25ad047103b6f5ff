"""The store on objects: the record comes last and goes first, and a server that is away is a clear 503."""

import errno
import multiprocessing
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from app import create_app
from app.errors import ImageDiffError, NotFound, StorageFull, StorageUnavailable
from app.settings import Settings, SettingsError
from app.store import Store, open_store
from tests.web import children
from tests.web.conftest import MakeApp, assert_error, files_under, pair
from tests.web.stores import BUCKET, Clock, add_picture, everything, forget_memory, ids, opened, put, read, s3_server

PLACE = f"s3://{BUCKET}/team/results"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    forget_memory()
    return opened("memory://results", tmp_path, clock)


@pytest.fixture
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


def spied(store: Store, monkeypatch: pytest.MonkeyPatch, *methods: str) -> list[str]:
    """Note which objects these methods of the file system are called with."""
    fs: Any = store._fs  # type: ignore[attr-defined]
    seen: list[str] = []

    def watch(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(first: Any, *rest: Any, **options: Any) -> Any:
            paths = rest[0] if name == "put" else first
            seen.extend([paths] if isinstance(paths, str) else paths)
            return method(first, *rest, **options)

        return watched

    for name in methods:
        monkeypatch.setattr(fs, name, watch(name, getattr(fs, name)))
    return seen


def kinds_of(paths: list[str]) -> list[str]:
    return [path.rpartition("/")[2] if "/index/" not in path else "index" for path in paths]


def test_the_record_is_written_last_and_removed_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written = spied(store, monkeypatch, "pipe_file", "put")
    id = put(store)
    assert kinds_of(written) == ["index", "before", "record.json"]
    removed = spied(store, monkeypatch, "rm")
    store.delete("evaluations", id)
    assert kinds_of(removed) == ["record.json", "before", "index"]


def test_what_finds_no_room_half_way_is_taken_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fs: Any = store._fs  # type: ignore[attr-defined]
    whole = fs.put

    def refuse(local: list[str], remote: list[str]) -> None:
        if remote[0].endswith("record.json"):
            raise OSError(errno.ENOSPC, "no room")
        whole(local, remote)

    with monkeypatch.context() as broken:
        broken.setattr(fs, "put", refuse)
        with pytest.raises(StorageFull, match="no room"):
            put(store)
    assert everything(store) == set()
    assert {put(store)} == ids(store), "it recovers by itself"


def test_what_is_half_there_when_the_store_goes_away_expires_with_its_age(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise OSError(errno.ECONNRESET, "gone")

    with monkeypatch.context() as broken:
        broken.setattr(store._fs, "put", refuse)  # type: ignore[attr-defined]
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            put(store)
    assert len(everything(store)) == 1
    store.expire()
    assert len(everything(store)) == 1, "it may be an entry that another machine is writing"
    clock.now += 100
    store.expire()
    assert everything(store) == set()


def test_a_picture_drawn_while_its_entry_is_deleted_goes_nowhere(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id = put(store)
    fs: Any = store._fs  # type: ignore[attr-defined]
    whole = fs.put

    def late(local: list[str], remote: list[str]) -> None:
        store.delete("evaluations", id)
        whole(local, remote)

    monkeypatch.setattr(fs, "put", late)
    with pytest.raises(NotFound):
        add_picture(store, id)
    assert everything(store) == set()


def test_files_are_here_only_while_they_are_used(store: Store) -> None:
    id = put(store)
    with store.files("evaluations", id, "before", "record.json") as folder:
        assert files_under(folder) == {"before", "record.json"}
    assert files_under(store.workplace) == set()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"Error": {"Code": "AccessDenied"}}, StorageUnavailable),
        ({"Error": {"Code": "NoSuchBucket"}}, StorageUnavailable),
        ({"Error": {"Code": "XMinioStorageFull"}}, StorageFull),
        ({"Error": {"Code": "507"}, "ResponseMetadata": {"HTTPStatusCode": 507}}, StorageFull),
    ],
)
def test_what_the_server_refuses_is_a_clear_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], error: type[ImageDiffError]
) -> None:
    from botocore.exceptions import ClientError
    from s3fs.errors import translate_boto_error

    def refuse(*args: Any, **options: Any) -> None:
        raise translate_boto_error(ClientError(answer, "PutObject"))  # type: ignore[arg-type]

    monkeypatch.setattr(store._fs, "put", refuse)  # type: ignore[attr-defined]
    with pytest.raises(error):
        put(store)


def test_a_bucket_that_is_not_there_is_no_missing_result(server: str, tmp_path: Path, clock: Clock) -> None:
    store = opened("s3://no-such-bucket", tmp_path, clock)
    for act in (lambda: put(store), lambda: store.record("evaluations", "A" * 22), store.expire):
        with pytest.raises(StorageUnavailable):
            act()


def test_a_server_that_is_away_is_a_503_and_works_again_when_it_is_back(
    tmp_path: Path, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("S3_SERVER", raising=False)
    with s3_server() as address:
        port = int(address.rpartition(":")[2])
        client = make_app(store=PLACE, work=tmp_path / "work").test_client()
        url = client.post("/api/evaluations", data=pair()).json["url"]
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        started = time.monotonic()
        answer = client.post("/api/evaluations", data=pair())
        assert_error(answer, 503, "storage_unavailable", "cannot be reached")
        assert int(answer.headers["Retry-After"]) >= 1
        assert_error(client.get(f"/api{url}"), 503, "storage_unavailable")
        assert client.get("/health").status_code == 200
        assert time.monotonic() - started < 60
    assert files_under(tmp_path / "work") == set()
    with s3_server(port):
        url = client.post("/api/evaluations", data=pair()).json["url"]
        assert client.get(f"/api{url}").status_code == 200


def test_a_server_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.objects.SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        variables = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1"}
        for name, value in {**variables, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
            monkeypatch.setenv(name, value)
        store = opened(PLACE, tmp_path, Clock())
        for act in (lambda: put(store), lambda: store.record("evaluations", "A" * 22)):
            with pytest.raises(StorageUnavailable):
                act()


def test_two_machines_serve_each_other_s_results(server: str, tmp_path: Path, make_app: MakeApp) -> None:
    one, two = (make_app(store=PLACE, work=tmp_path / name) for name in ("one", "two"))
    made = one.test_client().post("/api/evaluations", data=pair()).json
    other = two.test_client()
    assert other.get(f"/api{made['url']}").json == made
    assert other.get(made["url"]).status_code == 200
    drawn = other.get(made["images"]["overlay-after"])
    assert drawn.data[:4] == b"\x89PNG"
    again = one.test_client().get(made["images"]["overlay-after"])
    assert again.data == drawn.data
    tag = {"If-None-Match": drawn.headers["ETag"]}
    assert one.test_client().get(made["images"]["overlay-after"], headers=tag).status_code == 304
    for end in ("archive.zip", "report.html"):
        assert other.get(f"/api{made['url']}/{end}").status_code == 200
    compared = other.post("/evaluations", data={"again": made["id"], "sensitivity": "60"})
    assert compared.status_code == 303
    for address in (made["url"], compared.location):
        assert other.delete(f"/api{address}").status_code == 204
    assert_error(one.test_client().get(made["images"]["overlay-after"]), 404, "not_found")
    assert boto3.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert [files_under(tmp_path / name) for name in ("one", "two")] == [set(), set()]


def test_killing_a_process_at_any_moment_leaves_whole_entries_or_none(server: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    later = Clock()
    later.now = time.time() + 1000
    seen = 0
    for number in range(3):
        ours, theirs = context.Pipe()
        process = context.Process(target=children.put_objects_forever, args=(PLACE, tmp_path, theirs))
        process.start()
        ours.recv()
        time.sleep(0.02 + 0.05 * number)
        process.kill()
        process.join()
        store = open_store(PLACE, tmp_path, keep_seconds=100, max_bytes=10**9)
        for id in ids(store):
            seen += 1
            assert {read(store, id, name) for name in ("before", "after")} == {bytes(children.PUT_SIZE)}
    assert seen >= 3, "the kills came after something was kept"
    opened(PLACE, tmp_path, later).expire()
    assert everything(store) == set()


def test_a_forked_server_has_connections_of_its_own(server: str, tmp_path: Path, monkeypatch: Any) -> None:
    store = opened(PLACE, tmp_path, Clock())
    id = put(store)
    first = store._fs  # type: ignore[attr-defined]
    monkeypatch.setattr("app.store.objects.os.getpid", lambda: 1)
    assert store.record("evaluations", id)
    assert store._fs is not first  # type: ignore[attr-defined]


def test_a_place_that_is_no_file_system_is_named_at_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape("IMAGE_DIFF_STORE=gopher://results")):
        create_app(Settings(store="gopher://results", work=tmp_path))
