"""A resumed run compares again what changed since, and nothing else, wherever the pictures lie."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import fsspec
import pytest

from app.batch import files, resume
from app.batch.files import find_place
from tests.batch.conftest import Batch, lines_of, picture, save, verdicts_of
from tests.web.stores import BUCKET, s3_server

NAMES = ("moved.png", "touched.png")
Change = Callable[[dict[str, bytes]], None]


def shots(seed: int) -> dict[str, bytes]:
    return {name: picture(index + seed) for index, name in enumerate(NAMES)}


def assert_only_what_changed_is_compared_again(batch: Batch, places: tuple[str, ...], change: Change) -> None:
    """Run, change one picture to one of another content, resume twice."""
    assert batch(*places) == 0
    first = lines_of()
    assert batch(*places, "--resume") == 0
    assert lines_of() == first
    change(shots(0) | {"moved.png": picture(9)})
    assert batch(*places, "--resume") == 1
    second = lines_of()
    assert second["moved.png"]["verdict"] == "different"
    assert second["touched.png"] == first["touched.png"]  # its times, too
    assert batch(*places, "--resume") == 1
    assert lines_of() == second


def zip_to(path: Path) -> Change:
    def change(content_of: dict[str, bytes]) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in content_of.items():
                archive.writestr(name, content)

    return change


def test_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "before", shots(0))
    save(tmp_path / "after", shots(0))

    def change(content_of: dict[str, bytes]) -> None:
        save(tmp_path / "after", content_of)  # all of them are written anew, as a fresh checkout does

    assert_only_what_changed_is_compared_again(batch, ("before", "after"), change)


def test_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "before", shots(0))
    change = zip_to(tmp_path / "after.zip")
    change(shots(0))
    assert_only_what_changed_is_compared_again(batch, ("before", "zip://after.zip"), change)


def test_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch, memory: Any) -> None:
    monkeypatch.chdir(tmp_path)

    def change(content_of: dict[str, bytes]) -> None:
        memory.pipe({f"/after/{name}": content for name, content in content_of.items()})

    memory.pipe({f"/before/{name}": content for name, content in shots(0).items()})
    change(shots(0))
    assert_only_what_changed_is_compared_again(batch, ("memory://before", "memory://after"), change)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """An S3 server; the children that compare were forked before it was there, so it is done in this process."""
    monkeypatch.setattr("app.commands.batch.only_here", lambda _: True)
    with s3_server():
        client = boto3.client("s3")

        def change(content_of: dict[str, bytes]) -> None:
            for name, content in content_of.items():
                client.put_object(Bucket=BUCKET, Key=f"after/{name}", Body=content)

        _forget_connections()
        yield change
    _forget_connections()


def _forget_connections() -> None:
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    files._file_system.cache_clear()


@pytest.mark.parametrize("manifest", [False, True], ids=["prefix", "manifest"])
def test_in_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch, bucket: Change, manifest: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "before", shots(0))
    bucket(shots(0))
    places: tuple[str, ...] = ("before", f"s3://{BUCKET}/after")
    if manifest:
        rows = [{"before": f"before/{name}", "after": f"{places[1]}/{name}", "name": name} for name in NAMES]
        save(tmp_path, {"pairs.json": json.dumps(rows).encode()})
        places = ("pairs.json",)
    assert_only_what_changed_is_compared_again(batch, places, bucket)


def test_a_bucket_s_listing_gives_the_stamp_that_a_worker_sees_when_it_opens_the_object(bucket: Change) -> None:
    bucket(shots(0))
    place = find_place(f"s3://{BUCKET}/after")
    place.list()
    file = place.file("moved.png")
    listed = file.stamp()
    files.file_system(file.system).invalidate_cache()
    assert listed is not None
    content, seen = file.read_stamped("after")
    assert listed == seen
    assert file.sha256() == hashlib.sha256(content).hexdigest()


def test_a_stamp_that_fits_spares_reading_the_file(
    folders: Path, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch("before", "after")
    monkeypatch.setattr("app.batch.files.File.sha256", lambda _: pytest.fail("the file was read"))
    batch("before", "after", "--resume")


def test_a_file_put_in_place_with_size_and_date_of_the_old_one_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, {"x.png": b"old", "y.png": b"new"})
    file = find_place(str(tmp_path)).file("x.png")
    stamp = file.stamp()
    shutil.copystat(tmp_path / "x.png", tmp_path / "y.png")
    (tmp_path / "y.png").replace(tmp_path / "x.png")
    assert file.stamp() != stamp
    assert (tmp_path / "x.png").stat().st_size == 3


def test_what_a_link_leads_to_is_what_counts(tmp_path: Path) -> None:
    save(tmp_path, {"real.png": b"old"})
    (tmp_path / "x.png").symlink_to("real.png")
    file = find_place(str(tmp_path)).file("x.png")
    stamp = file.stamp()
    os.utime(tmp_path / "real.png", (1, 1))
    assert file.stamp() != stamp


def test_lines_of_an_earlier_version_without_stamps_are_told_by_content(folders: Path, batch: Batch) -> None:
    batch("before", "after")
    path = folders / "report/results.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    first = [{key: value for key, value in record.items() if key != "stamps"} for record in records]
    path.write_text("".join(json.dumps(record) + "\n" for record in first), "utf-8")
    save(folders / "after", {"same.png": picture(7)})
    batch("before", "after", "--resume")
    lines = lines_of()
    assert lines["same.png"]["verdict"] == "different"
    assert lines["login/changed.png"] in first


def test_what_was_accepted_is_not_compared_again_unless_it_changes(tmp_path: Path, batch: Batch) -> None:
    for side in ("before", "after"):
        save(tmp_path / side, {"x.png": picture(1, changed=side == "after")})
    places, out = (tmp_path / "before", tmp_path / "after"), tmp_path / "report"
    assert batch(*places, "--accept", "**", out=out) == 0
    accepted = lines_of(out)
    assert accepted["x.png"]["accepted"]
    assert batch(*places, "--resume", out=out) == 0
    assert lines_of(out) == accepted
    save(tmp_path / "before", {"x.png": picture(5)})
    assert batch(*places, "--resume", out=out) == 1
    assert "accepted" not in lines_of(out)["x.png"]


def test_pictures_of_what_differs_no_longer_or_is_gone_do_not_stay_in_the_report(folders: Path, batch: Batch) -> None:
    save(folders / "before", {"b.png": picture(7), "c.png": picture(8)})
    save(folders / "after", {"b.png": picture(7, changed=True), "c.png": picture(8, changed=True)})
    batch("before", "after")
    assert len(list(Path("report/pairs").rglob("*.html"))) == 3
    save(folders / "after", {"login/changed.png": picture(2)})
    (folders / "after/b.png").unlink()
    for side in ("before", "after"):
        (folders / side / "c.png").unlink()
    batch("before", "after", "--resume")
    verdicts = verdicts_of()
    assert (verdicts["login/changed.png"], verdicts["b.png"], "c.png" in verdicts) == ("identical", "missing", False)
    assert not [path for path in Path("report/pairs").rglob("*") if path.is_file()]


def test_more_lines_than_are_looked_at_at_once_are_all_looked_at(
    folders: Path, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "AT_ONCE", 1)
    batch("before", "after")
    save(folders / "after", {"same.png": picture(7), "login/changed.png": picture(2)})
    batch("before", "after", "--resume")
    assert (verdicts_of()["same.png"], verdicts_of()["login/changed.png"]) == ("different", "identical")
