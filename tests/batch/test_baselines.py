"""Baselines as teams use them: options beside the pictures, and new pictures accepted by name."""

from pathlib import Path
from typing import Any

import pytest

from app.batch.config import read_rules
from app.batch.files import find_place
from app.errors import BadRequest, ImageDiffError
from tests.batch.conftest import AFTER, BEFORE, Batch, lines_of, picture, save, verdicts_of

RULES = b"""
sensitivity = 60
ignore = "0,0,4,4"

["login/**"]
ignore = ["10,10,30,30", "40,0,2,2"]
sensitivity = 40

["**/*.jpg"]
max_regions = 2
"""


def test_options_come_from_the_file_by_glob_and_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    save(tmp_path, {".imagediff.toml": RULES})
    rules = read_rules(find_place(str(tmp_path)), {"min_area": ["9"], "ignore": ["1,1,1,1"]})
    plain, login = rules.options_for("x.png"), rules.options_for("login/deep/x.jpg")
    assert (plain.sensitivity, plain.min_area, plain.max_regions) == (60, 9, None)
    assert (login.sensitivity, login.min_area, login.max_regions) == (40, 9, 2)
    assert [box.width for box in plain.ignore] == [4, 1]
    assert [box.width for box in login.ignore] == [4, 30, 2, 1]
    given = read_rules(find_place(str(tmp_path)), {"sensitivity": ["1"]})
    assert given.options_for("login/x.png").sensitivity == 1


def test_an_area_ignored_in_the_file_beside_the_pairs_is_not_a_difference(folders: Path, batch: Batch) -> None:
    save(folders / "before", {".imagediff.toml": RULES})
    batch("before", "after")
    line = lines_of()["login/changed.png"]
    assert line["verdict"] == "equivalent"
    assert line["options"]["sensitivity"] == 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sensitivity = x", "line 1"),
        ("sensitivity = 101", "sensitivity"),
        ('["a**"]\nsensitivity = 3', "a** is no glob"),
        ('["a/*"]\nhue = 3', '"a/*": hue is not an option'),
        ('["a/*"]\nignore = "1,2,3"', '"a/*": ignore should be'),
        ('["a/*"]\nsensitivity = [1, 2]', "neither text nor number"),
        ('["a/*"]\n"x" = {y = 1}', "neither text nor number"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    save(tmp_path, {".imagediff.toml": text.encode()})
    with pytest.raises(ImageDiffError) as caught:
        read_rules(find_place(str(tmp_path)), {})
    assert ".imagediff.toml" in caught.value.message
    assert message in caught.value.message


def test_rules_that_do_not_go_together_are_an_error_of_their_pair(folders: Path, batch: Batch) -> None:
    many = ", ".join(['"0,0,1,1"'] * 150)
    save(folders / "before", {".imagediff.toml": f'ignore = [{many}]\n["login/*"]\nignore = [{many}]'.encode()})
    assert batch("before", "after") == 2
    lines = lines_of()
    assert lines["login/changed.png"]["error"]["field"] == "ignore"
    assert lines["same.png"]["verdict"] == "identical"


def test_accept_copies_after_over_before_for_chosen_pairs_only(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folders / "before", {"other.png": picture(7)})
    save(folders / "after", {"other.png": picture(7, changed=True)})
    assert batch("before", "after", "--accept", "login/*") == 2
    assert "Accepted 2:" in capsys.readouterr().out
    assert (folders / "before/login/changed.png").read_bytes() == AFTER["login/changed.png"]
    assert (folders / "before/login/new.png").read_bytes() == AFTER["login/new.png"]
    assert (folders / "before/login/gone.png").read_bytes() == BEFORE["login/gone.png"]
    assert (folders / "before/broken.png").read_bytes() == BEFORE["broken.png"]
    assert (folders / "before/other.png").read_bytes() == picture(7)
    assert {name for name, line in lines_of().items() if line.get("accepted")} == {
        "login/changed.png",
        "login/new.png",
    }
    assert not [path for path in (folders / "before").rglob("*") if path.name.endswith(".part")]
    batch("before", "after")
    assert verdicts_of()["login/changed.png"] == "identical"


def test_what_was_seen_in_a_report_is_accepted_afterwards_without_comparing_again(tmp_path: Path, batch: Batch) -> None:
    for side in ("before", "after"):
        save(tmp_path / side, {"x.png": picture(1, changed=side == "after")})
    places = (tmp_path / "before", tmp_path / "after")
    assert batch(*places, out=tmp_path / "report") == 1
    seen = lines_of(tmp_path / "report")["x.png"]
    assert batch(*places, "--resume", "--accept", "**", out=tmp_path / "report") == 0
    assert lines_of(tmp_path / "report")["x.png"] == seen | {"accepted": True}
    assert batch(*places, out=tmp_path / "report") == 0


def test_a_picture_that_changed_since_it_was_seen_is_compared_again_and_not_accepted(
    tmp_path: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    for side in ("before", "after"):
        save(tmp_path / side, {name: picture(1, changed=side == "after") for name in ("x.png", "y.png")})
    places = (tmp_path / "before", tmp_path / "after")
    batch(*places, out=tmp_path / "report")
    save(tmp_path / "after", {"x.png": picture(2)})
    assert batch(*places, "--resume", "--accept", "**", out=tmp_path / "report") == 1
    out, err = capsys.readouterr()
    assert "1 pair changed since compared: compared again." in out and "Accepted 1:" in out
    assert "Not accepted 1: changed since compared" in err
    assert (tmp_path / "before/x.png").read_bytes() == picture(1)
    assert batch(*places, "--resume", "--accept", "**", out=tmp_path / "report") == 0  # seen by now
    assert (tmp_path / "before/x.png").read_bytes() == picture(2)


def test_accepting_writes_to_any_file_system_that_can_be_written(folders: Path, batch: Batch, memory: Any) -> None:
    memory.pipe_file("/before/login/changed.png", BEFORE["login/changed.png"])
    assert batch("memory://before", "after", "--accept", "**/changed.png") == 1
    assert memory.cat_file("/before/login/changed.png") == AFTER["login/changed.png"]


def test_accepting_follows_no_link_out_of_the_baselines(folders: Path, batch: Batch) -> None:
    (folders / "elsewhere").mkdir()
    (folders / "before/away").symlink_to(folders / "elsewhere")
    save(folders / "after", {"away/x.png": picture(1)})
    assert batch("before", "after", "--accept", "away/*") == 2
    assert list((folders / "elsewhere").iterdir()) == []


def test_an_archive_cannot_be_accepted_into(folders: Path, batch: Batch) -> None:
    import zipfile

    with zipfile.ZipFile("old.zip", "w") as archive:
        archive.writestr("login/changed.png", BEFORE["login/changed.png"])
    kept = Path("old.zip").read_bytes()
    assert batch("zip://old.zip", "after", "--accept", "**") == 2
    assert Path("old.zip").read_bytes() == kept


def test_what_was_accepted_before_one_failed_is_in_the_report(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "elsewhere").mkdir()
    (folders / "before/z").symlink_to(folders / "elsewhere")  # a picture is not copied through it
    save(folders / "after", {"z/x.png": picture(1)})
    assert batch("before", "after", "--accept", "**") == 2
    assert "a link leads out of the folder" in capsys.readouterr().err
    assert {name for name, line in lines_of().items() if line.get("accepted")} == {
        "login/changed.png",
        "login/new.png",
    }
    assert "2 accepted" in Path("report/summary.md").read_text("utf-8")


def test_a_name_that_accepts_nothing_is_remarked_upon(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch("before", "after", "--accept", "logn/*")
    assert "No pair that changed is named logn/*." in capsys.readouterr().err


def test_a_manifest_has_its_options_beside_it(folders: Path, batch: Batch) -> None:
    rows = "before,after\nbefore/login/changed.png,after/login/changed.png\n"
    save(folders, {"pairs.csv": rows.encode(), ".imagediff.toml": b'["before/login/*"]\nmax_regions = 1'})
    assert batch("pairs.csv") == 0
    assert batch("pairs.csv", "--accept", "**") == 0
    assert (folders / "before/login/changed.png").read_bytes() == AFTER["login/changed.png"]


@pytest.mark.parametrize("absolute", [True, False])
def test_what_a_manifest_names_outside_of_its_folder_is_compared_but_not_written(
    folders: Path, batch: Batch, capsys: pytest.CaptureFixture[str], absolute: bool
) -> None:
    """It was called a link, and there was none."""
    before = folders / "before/login/changed.png" if absolute else "../before/login/changed.png"
    (folders / "lists").mkdir()
    (folders / "lists/pairs.csv").write_text(f"before,after\n{before},../after/login/changed.png\n", "utf-8")
    assert batch("lists/pairs.csv") == 1
    assert batch("lists/pairs.csv", "--accept", "**") == 2
    assert "it lies outside of the manifest's folder" in capsys.readouterr().err
    assert (folders / "before/login/changed.png").read_bytes() == BEFORE["login/changed.png"]


def test_a_missing_baseline_folder_is_no_reason_to_guess(folders: Path) -> None:
    from app.batch.pairs import find_pairs

    with pytest.raises(BadRequest, match="nowhere does not exist"):
        find_pairs("after", "nowhere")
