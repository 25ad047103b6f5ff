"""Pairs may lie in archives, in memory, or wherever a manifest says."""

import errno
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from app.__main__ import main
from app.batch.files import find_place
from app.errors import FileTooLarge
from tests.batch.conftest import AFTER, BEFORE, VERDICTS, Batch, lines_of, picture, save, verdicts_of
from tests.web.stores import BUCKET, s3_server

ROOT = Path(__file__).parents[2]


def pack(path: Path, files: dict[str, bytes], prefix: str = "") -> str:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return str(path)


@pytest.mark.parametrize("inside", ["", "shots"])
def test_archives_are_compared_without_unpacking(folders: Path, batch: Batch, inside: str) -> None:
    for name, files in (("old.zip", BEFORE), ("new.zip", AFTER)):
        pack(folders / name, files, f"{inside}/" if inside else "")
    assert batch(f"zip://{inside}::old.zip", f"zip://{inside}::{folders}/new.zip") == 2
    assert verdicts_of() == VERDICTS


def test_an_archive_may_be_named_plainly_and_meet_a_folder(folders: Path, batch: Batch) -> None:
    batch("before", "zip://" + pack(folders / "new.zip", AFTER))
    assert verdicts_of() == VERDICTS


def test_a_name_that_leads_out_of_an_archive_is_left_aside(folders: Path, batch: Batch) -> None:
    hostile = {"../../evil.png": picture(1), "/abs.png": picture(1)}
    batch("before", "zip://" + pack(folders / "new.zip", AFTER | hostile))
    assert verdicts_of() == VERDICTS | {"abs.png": "extra"}


def test_a_folder_that_cannot_be_listed_is_trouble_and_not_an_empty_one(
    folders: Path, batch: Batch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scandir = os.scandir

    def locked(path: Any = ".") -> Any:
        if str(path).endswith("login"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", locked)
    assert batch("before", "after") == 2
    assert "before/login: Permission denied" in capsys.readouterr().err


def test_a_link_to_nothing_is_an_error_of_its_pair_and_one_in_a_circle_is_not_followed(
    folders: Path, batch: Batch
) -> None:
    (folders / "after/same.png").unlink()
    (folders / "after/same.png").symlink_to("nowhere.png")
    (folders / "after/circle").symlink_to(folders / "after")
    batch("before", "after")
    assert verdicts_of() == VERDICTS | {"same.png": "error"}


def test_files_in_memory_are_compared_in_this_process(folders: Path, batch: Batch, memory: Any) -> None:
    for side, files in (("before", BEFORE), ("after", AFTER)):
        for name, content in files.items():
            memory.pipe_file(f"/{side}/{name}", content)
    assert batch("memory://before", "memory://after") == 2
    assert verdicts_of() == VERDICTS


def test_a_cluster_is_not_sent_to_read_the_memory_of_this_process(
    folders: Path, memory: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    memory.pipe_file("/before/x.png", picture(1))
    arguments = ["batch", "memory://before", "after", "--out", "report", "--scheduler", "tcp://127.0.0.1:1"]
    assert main(arguments) == 2
    assert "memory://" in capsys.readouterr().err


def test_a_file_is_read_after_a_journey_by_pickle_with_what_its_file_system_was_told(tmp_path: Path) -> None:
    place = find_place("zip://" + pack(tmp_path / "x.zip", {"a/b.png": b"content"}))
    file = pickle.loads(pickle.dumps(place.file("a/b.png")))
    assert file.read("before") == b"content"


def test_a_file_over_the_limit_is_refused_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    save(tmp_path, {"x.png": bytes(1000)})
    file = find_place(str(tmp_path)).file("x.png")
    assert len(file.read("before", 1000)) == 1000
    with pytest.raises(FileTooLarge, match="before is larger"):
        file.read("before", 999)


def test_a_manifest_names_pairs_one_by_one(folders: Path, batch: Batch) -> None:
    save(folders, {"zipped.zip": b""})
    pack(folders / "zipped.zip", {"x.png": AFTER["login/changed.png"]})
    rows = [
        "name,before,after",
        "one,before/same.png,after/same.png",
        f'"two, quoted",{folders}/before/login/changed.png,zip://x.png::{folders}/zipped.zip',
        "",
        "three,before/absent.png,after/same.png",
    ]
    save(folders, {"pairs.csv": "\ufeff".encode() + "\r\n".join(rows).encode()})
    assert batch("pairs.csv") == 2
    assert verdicts_of() == {"one": "identical", "two, quoted": "different", "three": "error"}
    assert lines_of()["three"]["error"]["code"] == "missing_file"


def test_a_manifest_in_json_lies_beside_its_pictures_wherever_it_is_called_from(
    folders: Path, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("same.png", "login/changed.png")
    entries = [{"before": f"before/{name}", "after": f"after/{name}", "boxes": [1], "owner": "me"} for name in names]
    save(folders, {"pairs.json": json.dumps(entries, indent=1).encode()})
    monkeypatch.chdir("/")
    assert batch(folders / "pairs.json", out=folders / "report") == 1
    expected = {"before/same.png": "identical", "before/login/changed.png": "different"}
    assert verdicts_of(folders / "report") == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "", "holds no pairs"),
        ("m.csv", "before,after\n", "holds no pairs"),
        ("m.csv", "old,new\na,b\n", "line 1: the header"),
        ("m.csv", "before,after,before\na,b,c\n", "line 1: the header"),
        ("m.csv", "before,after,tone\na,b,off\n", "line 2: tone is an option"),
        ("m.csv", "before,after\na,b\na,b,c\n", "line 3: 3 cells"),
        ("m.csv", "before,after\na,b\n\na,\n", "line 4: after is missing"),
        ("m.csv", 'before,after\n"a\nb",c\nd,\n', "line 4: after is missing"),
        ("m.csv", 'before,after\na,b\n"a"x,b\n', "line 3"),
        ("m.csv", "before,after\na,b\na,c\n", "line 3: there are two pairs"),
        ("m.csv", "before,after\na,b\nc,s4://x.png\n", "line 3: s4://x.png cannot be opened"),
        ("m.csv", "before,after\na,zip://x.png::none.zip\n", "line 2: zip://x.png::none.zip does not exist"),
        ("m.csv", b"before,after\na,\xff\n", "line 2: this is not text"),
        ("m.json", "", "line 1"),
        ("m.json", '{"before": "a"}', "line 1: a list of pairs"),
        ("m.json", "[]", "holds no pairs"),
        ("m.json", '[\n{"before": "a", "after": "b"},\n{"before": "a"}]', "line 3: after is missing"),
        ("m.json", '[\n{"before": "a", "after": "b"},\n"x"\n]', "line 3: a pair is written"),
        ("m.json", '[{"before": "a",\n "after": 5}]', "line 1: after is missing or no text"),
        ("m.json", '[\n{"before": "a", "after": "b", "align": "off"}]', "line 2: align is an option"),
        ("m.json", '[\n{"before": "a" "after": "b"}]', "line 2: this is no JSON"),
        ("m.json", '[\n{"before": "a", "after": "b"}\n{"before": "c", "after": "d"}]', "line 3"),
        ("m.json", '[{"before": "a", "after": "b"}]\nrest', "line 2"),
        ("m.json", "[" * 100_000, "line 1"),
    ],
)
def test_a_bad_manifest_is_an_error_that_names_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | bytes, message: str
) -> None:
    save(tmp_path, {name: text if isinstance(text, bytes) else text.encode()})
    assert main(["batch", str(tmp_path / name), "--out", str(tmp_path / "report")]) == 2
    err = capsys.readouterr().err
    assert name in err and message in err and err.count("\n") == 1
    assert not (tmp_path / "report").exists()


def test_buckets_are_compared_and_accepted_into(tmp_path: Path) -> None:
    """Against a real S3 server (moto), by the command in a process of its own."""
    with s3_server():
        bucket = boto3.client("s3")
        for side, files in (("before", BEFORE), ("after", AFTER)):
            for name, content in files.items():
                bucket.put_object(Bucket=BUCKET, Key=f"shots/{side}/{name}", Body=content)
        bucket.put_object(Bucket=BUCKET, Key="shots/before/.imagediff.toml", Body=b'["same*"]\nsensitivity = 7')
        places = [f"s3://{BUCKET}/shots/{side}" for side in ("before", "after")]
        command = [sys.executable, "-m", "app", "batch", *places, "--out", str(tmp_path), "--accept", "**/changed.png"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, verdicts_of(tmp_path)) == (2, VERDICTS), done.stderr
        assert lines_of(tmp_path)["same.png"]["options"]["sensitivity"] == 7
        accepted = bucket.get_object(Bucket=BUCKET, Key="shots/before/login/changed.png")["Body"].read()
    assert accepted == AFTER["login/changed.png"]
