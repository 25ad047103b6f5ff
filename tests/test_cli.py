"""`python -m app compare`: the same engine, and an exit status like that of diff."""

import io
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.__main__ import COMMANDS, main
from app.analysis.render import NAMES
from app.commands.serve import why_not
from app.options import OPTION_NAMES

ROOT = Path(__file__).parents[1]
Save = Callable[[str, np.ndarray], str]


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """Write an RGB array as a PNG file and give its name; relative names are in the same folder."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, pixels: np.ndarray) -> str:
        assert cv2.imwrite(name, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        return name

    return write


@pytest.fixture
def pair(save: Save) -> tuple[str, str]:
    """A smooth picture, and the same with a red square of 20 × 20 pixels at 60, 40."""
    rows, columns = np.mgrid[0:120, 0:160]
    pixels = np.stack([columns, rows, (rows + columns) / 2], axis=-1).astype(np.uint8)
    changed = pixels.copy()
    changed[40:60, 60:80] = (230, 20, 20)
    return save("before.png", pixels), save("after.png", changed)


def test_two_equal_images_exit_with_0(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", pair[0], pair[0]]) == 0
    assert capsys.readouterr().out.startswith("identical: ")


def test_a_difference_exits_with_1_and_is_listed(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *pair]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("different: 1 difference,")
    assert "before  before.png: PNG, 160 × 120\n" in out
    assert "60, 40, 20 × 20" in out
    assert err == ""


def test_json_is_the_evaluation_of_the_http_contract(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--json", *pair]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "different"
    assert answer["before"]["name"] == "before.png"
    assert answer["metrics"]["as_given"]["zero_norm"] == 400
    assert answer["options"].keys() == set(OPTION_NAMES)


def test_out_gets_the_json_and_every_picture(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *pair, "--out", "new/folder"]) == 1
    folder = Path("new/folder")
    assert {path.name for path in folder.iterdir()} == {"evaluation.json", *NAMES}
    assert json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))["verdict"] == "different"
    mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (120, 160)
    assert mask[50, 70] == 255
    assert mask[10, 10] == 0
    assert "new/folder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        (["--max-regions", "1"], 0),
        (["--max-regions", "0"], 1),
        (["--max-changed", "0.5"], 0),
        (["--max-changed", "0.001"], 1),
        (["--max-regions", "1", "--max-changed", "0.001"], 1),
    ],
)
def test_with_a_limit_the_exit_status_says_whether_it_passed(
    pair: tuple[str, str], limit: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *pair, *limit]) == status
    assert ("Within the limits" in capsys.readouterr().out) is (status == 0)


def test_an_ignored_area_is_not_a_difference(pair: tuple[str, str]) -> None:
    assert main(["compare", *pair, "--ignore", "0,0,10,10", "--ignore", "50,30,40,40"]) == 0
    assert main(["compare", *pair, "--ignore", "0,0,10,10;50,30,40,40"]) == 0


def test_an_empty_option_takes_nothing_back(pair: tuple[str, str]) -> None:
    assert main(["compare", *pair, "--max-regions", "5", "--max-regions", ""]) == 0


def test_a_picture_may_come_from_standard_input(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(pair[1]).read_bytes())))
    assert main(["compare", pair[0], "-"]) == 1
    assert "after   -: PNG" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.png", "before.png"], "missing.png: No such file"),
        (["before.png", "text.png"], "after"),
        (["before.png", "after.png", "--sensitivity", "101"], "sensitivity"),
        (["before.png", "after.png", "--align", "maybe"], "align"),
        (["before.png", "after.png", "--color", "red"], "color"),
        (["before.png", "after.png", "--ignore", "1,2,3"], "ignore"),
        (["before.png", "after.png", "--out", "text.png"], "text.png"),
        (["-", "-"], "standard input is one image"),
    ],
)
def test_trouble_exits_with_2_and_one_line_that_names_it(
    pair: tuple[str, str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.png").write_text("not a picture", encoding="utf-8")
    assert main(["compare", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("compare: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_bug_exits_with_2_and_not_with_the_1_of_a_difference(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.commands.compare.evaluate", fail)
    assert main(["compare", *pair]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"] if command else ["--help"])
    assert exit_.value.code == 0
    assert "usage: python -m app" in capsys.readouterr().out


def test_compare_takes_every_option_of_the_http_api(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    out = capsys.readouterr().out
    assert [name for name in OPTION_NAMES if f"--{name.replace('_', '-')} " not in out] == []


def test_it_runs_as_a_program_from_any_folder_of_files(pair: tuple[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "compare", *pair, "--json"],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert len(json.loads(done.stdout)["regions"]) == 1


def test_serve_is_started_without_loading_the_analysis() -> None:
    code = "import sys; from app.__main__ import parse; parse(['serve']); print('cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_serve_says_why_it_cannot_listen() -> None:
    assert why_not("127.0.0.1", 0) is None
    assert "port 70000" in (why_not("127.0.0.1", 70000) or "")
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "in use" in (why_not("127.0.0.1", other.getsockname()[1]) or "")
