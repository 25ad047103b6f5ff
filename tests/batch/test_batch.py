"""`python -m app batch`: pairs found, every one of them answered, an exit status like that of compare."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.analysis import evaluate
from tests.batch.conftest import AFTER, BEFORE, VERDICTS, Batch, lines_of, picture, save, verdicts_of


def test_every_file_of_both_folders_has_one_line(folders: Path, batch: Batch) -> None:
    assert batch("before", "after") == 2
    assert verdicts_of() == VERDICTS
    assert list(lines_of()) == sorted(VERDICTS)


def test_a_line_is_the_answer_that_evaluate_gives(folders: Path, batch: Batch) -> None:
    batch("before", "after")
    line = lines_of()["login/changed.png"]
    names = ("login/changed.png", "login/changed.png")
    direct = evaluate(BEFORE[names[0]], AFTER[names[1]], names=names).to_dict()
    for region in direct["regions"]:
        del region["contours"]
    for key in direct.keys() - {"timings_ms", "category"}:
        assert line[key] == json.loads(json.dumps(direct[key])), key
    assert len(line["regions"]) == 1
    assert line["regions"][0]["before"] == {"x": 16, "y": 16, "width": 16, "height": 16}


def test_an_unreadable_pair_has_the_error_code_of_the_api_and_stops_nobody(folders: Path, batch: Batch) -> None:
    save(folders / "after", {"same.png": b"", "other.png": b"GIF89a"})
    save(folders / "before", {"other.png": picture(9)})
    assert batch("before", "after") == 2
    codes = {name: line["error"]["code"] for name, line in lines_of().items() if "error" in line}
    assert codes.keys() == {"broken.png", "same.png", "other.png"}
    assert codes["broken.png"] == "corrupt_image"
    assert all(lines_of()[name]["regions"] == [] for name in codes)
    assert verdicts_of()["login/changed.png"] == "different"


@pytest.mark.parametrize(
    ("names", "options", "status"),
    [
        (["same.png"], [], 0),
        (["same.png", "login/changed.png"], [], 1),
        (["same.png", "login/changed.png"], ["--max-regions", "1"], 0),
        (["same.png", "login/changed.png"], ["--max-changed", "0.01"], 1),
        (["same.png", "login/changed.png"], ["--ignore", "10,10,30,30"], 0),
        (["same.png", "login/gone.png"], [], 1),
        (["same.png", "login/new.png"], [], 1),
        (["same.png", "login/changed.png", "broken.png"], [], 2),
    ],
)
def test_the_exit_status_is_that_of_compare(
    tmp_path: Path, batch: Batch, names: list[str], options: list[str], status: int
) -> None:
    save(tmp_path / "before", {name: BEFORE[name] for name in names if name in BEFORE})
    save(tmp_path / "after", {name: AFTER[name] for name in names if name in AFTER})
    assert batch(tmp_path / "before", tmp_path / "after", *options, out=tmp_path / "report") == status


def test_pictures_are_written_for_pairs_that_differ_unless_all_or_none_are_asked_for(
    folders: Path, batch: Batch
) -> None:
    pictured = {}
    for wanted in ("different", "all", "none"):
        batch("before", "after", "--pictures", wanted)
        pictured[wanted] = {name for name, line in lines_of().items() if "thumbnail" in line}
        files = {path.suffix for path in Path("report/pairs").rglob("*.*")}
        assert files == ({".html", ".webp"} if pictured[wanted] else set())
        assert all((Path("report") / lines_of()[name]["report"]).is_file() for name in pictured[wanted])
    assert pictured == {"different": {"login/changed.png"}, "all": {"login/changed.png", "same.png"}, "none": set()}


def test_it_says_how_far_it_is_and_what_it_found(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch("before", "after")
    out, err = capsys.readouterr()
    assert out.startswith("5 pairs: 1 different, 1 missing, 1 extra, 1 error, 1 identical.\n")
    assert "report/index.html" in out
    assert "5/5" in err and "pair/s" in err and "1 different" in err
    batch("before", "after", "--quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("before/*.png", "after/*.png", {"broken.png", "same.png"}),
        ("before/login/*", "after/login", {"changed.png", "gone.png", "new.png"}),
        ("before", "after/**/n*.png", {"login/new.png"}),
        ("before/**/*e.png", "after/**/*e.png", {"login/gone.png", "same.png"}),
    ],
)
def test_a_glob_chooses_among_the_files_of_both_sides(
    folders: Path, batch: Batch, before: str, after: str, names: set[str]
) -> None:
    batch(before, after)
    assert verdicts_of().keys() == names


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path, batch: Batch) -> None:
    save(tmp_path / "a[1]", {"x.png": picture(1)})
    save(tmp_path / "b*", {"x.png": picture(1)})
    assert batch(tmp_path / "a[1]", tmp_path / "b*", out=tmp_path / "report") == 0


def test_names_that_look_like_addresses_or_are_no_text_are_just_names(tmp_path: Path, batch: Batch) -> None:
    names = ["a::b.png", "s3:__x.png", "=1+1.png", "new\nline.png", "bytes-\udcff.png", "'quoted' \"x\".png"]
    for side in ("before", "after"):
        save(tmp_path / side, {name: picture(1, changed=side == "after") for name in names})
    assert batch(tmp_path / "before", tmp_path / "after", out=tmp_path / "report") == 1
    assert verdicts_of(tmp_path / "report") == dict.fromkeys(names, "different")
    assert len(list((tmp_path / "report/pairs").rglob("*.html"))) == len(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "after"), "nowhere does not exist"),
        (("before", "after/same.png"), "is a file"),
        (("before",), "the second folder is missing"),
        (("before/a**b.png", "after"), "a**b.png is no glob"),
        (("before", "after", "--accept", "x/a**"), "x/a** is no glob"),
        (("before/*.gif", "after"), "There are no pictures"),
        (("before", "after", "--sensitivity", "101"), "sensitivity"),
        (("before", "gibberish://after"), "gibberish"),
        (("before", "zip://none.zip"), "none.zip"),
        (("before", "after", "--resume", "--out", "before/report"), "lies in"),
        (("before", "after", "--out", "."), "--out"),
        (("before", "after", "--out", "after"), "lies in"),
        (("before/**/*.png", "after", "--out", "before/report"), "lies in"),
        (("before", "after", "--out", "strangers"), "is not empty"),
        (("before", "after", "--out", "after.zip"), "after.zip is a file; --out is a folder"),
        (("before", "after.zip"), "zip://after.zip looks into it"),
    ],
)
def test_trouble_before_the_start_is_one_line_and_exit_status_2(
    folders: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    from app.__main__ import main

    save(folders, {"strangers/precious.txt": b"mine", "after.zip": b""})
    out = () if "--out" in arguments else ("--out", "report")
    assert main(["batch", *arguments, *out]) == 2
    err = capsys.readouterr().err
    assert err.startswith("batch: ") and message in err and err.count("\n") == 1
    assert (folders / "strangers/precious.txt").read_bytes() == b"mine"
    assert not Path("report").exists()


@pytest.mark.parametrize("error", [PermissionError("Forbidden"), RuntimeError("Unable to locate credentials")])
def test_a_bucket_that_cannot_be_looked_at_is_one_line_too(
    folders: Path, memory: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    from app.__main__ import main

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    memory.pipe_file("/after/x.png", picture(1))
    for method in ("find", "exists"):
        monkeypatch.setattr(type(memory), method, refuse)
        assert main(["batch", "before", "memory://after", "--out", "report"]) == 2
        assert capsys.readouterr().err == f"batch: memory://after cannot be opened: {error}\n"


def test_folders_without_a_path_in_common_are_remarked_upon(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("before/login", "after") == 1
    assert "No file has a partner: before/login and after have no path in common." in capsys.readouterr().err
    batch("before", "after")
    assert "partner" not in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["0", "257", "x", "-1", "2.0"])
def test_a_count_that_is_none_is_said_plainly(capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    from app.__main__ import parse

    with pytest.raises(SystemExit):
        parse(["batch", "a", "b", "--out", "c", f"--jobs={jobs}"])
    assert "a number from 1 to 256 is expected" in capsys.readouterr().err


def test_a_cluster_without_its_packages_says_what_to_install(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.__main__ import main

    monkeypatch.setitem(sys.modules, "app.batch.dask_executor", None)
    assert main(["batch", "before", "after", "--out", "report", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith("batch: --scheduler needs what requirements-cluster.txt names")


def test_a_second_run_replaces_the_report_of_the_first_and_leaves_other_files_alone(
    folders: Path, batch: Batch
) -> None:
    batch("before", "after")
    (folders / "report/mine.txt").write_text("kept")
    save(folders / "after", {"login/changed.png": BEFORE["login/changed.png"]})
    batch("before", "after")
    assert verdicts_of()["login/changed.png"] == "identical"
    assert not list(Path("report").rglob("*.webp"))
    assert (folders / "report/mine.txt").read_text() == "kept"
