"""What docs/library.md and docs/batch.md show is so."""

import ast
import contextlib
import dataclasses
import inspect
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app.analysis
from app.__main__ import parse
from app.batch.config import read_rules
from app.batch.files import find_place
from app.batch.manifest import read_manifest
from tests.batch.conftest import save

ROOT = Path(__file__).parents[2]
LIBRARY = (ROOT / "docs/library.md").read_text("utf-8")
BATCH = (ROOT / "docs/batch.md").read_text("utf-8")


def block(language: str) -> str:
    """Give the one block of a language in docs/batch.md."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", BATCH, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_library_page_runs_from_top_to_bottom_and_prints_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    cells = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", LIBRARY, re.MULTILINE | re.DOTALL)
    assert len(cells) == LIBRARY.count("```python") > 5
    names: dict[str, Any] = {}
    for code, shown in cells:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, "library.md", "exec"), names)
        assert printed.getvalue() == shown, code


def test_the_surface_of_the_library_is_the_one_that_is_promised() -> None:
    names = {"Box", "Deadline", "Evaluation", "Limits", "Options", "Region", "encode_png", "evaluate"}
    assert set(app.analysis.__all__) == names
    assert all(f"`{name}" in LIBRARY for name in names)
    parameters = list(inspect.signature(app.analysis.evaluate).parameters)
    assert parameters == ["before", "after", "options", "deadline", "names", "limits", "classifier"]
    fields = {field.name for field in dataclasses.fields(app.analysis.Evaluation)}
    (promised,) = re.findall(r"^\| `Evaluation` \| (.*?);", LIBRARY, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", promised)) <= fields


def test_the_files_that_the_docs_say_are_all_of_the_library_run_by_themselves(tmp_path: Path) -> None:
    sentence = re.search(r"copy (.*?) into a folder `app`", LIBRARY)
    assert sentence
    for path in re.findall(r"`(.*?)`", sentence[1]):
        copy = shutil.copytree if path.endswith("/") else shutil.copy
        (tmp_path / path).parent.mkdir(exist_ok=True)
        copy(ROOT / path, tmp_path / path)
    code = "import numpy as np; from app.analysis import *; x = encode_png(np.zeros((64, 64), np.uint8));"
    code += "print(evaluate(x, x).verdict, __import__('app').__path__[0])"
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["identical", str(tmp_path / "app")], done.stderr


def test_the_packages_that_the_docs_say_the_library_needs_are_those_it_imports() -> None:
    packages = {
        "cv2": "opencv-python-headless",
        "PIL": "pillow",
        "kornia_rs": "kornia-rs",
        "pillow_heif": "pillow-heif",
    }
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "app/analysis").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    roots = {str(name).partition(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"app"}
    (sentence,) = re.findall(r"or later: (.*?)\.$", LIBRARY, re.MULTILINE)
    # PyWavelets and SciPy come with imagehash.
    assert set(re.split(r", | and ", sentence)) == {packages.get(root, root) for root in roots} - {"pywt", "scipy"}


def test_the_rules_of_the_docs_are_read(tmp_path: Path) -> None:
    save(tmp_path, {".imagediff.toml": block("toml").encode()})
    rules = read_rules(find_place(str(tmp_path)), {})
    assert [len(rules.options_for(name).ignore) for name in ("login/a/b.png", "x.png")] == [2, 0]
    assert rules.options_for("charts/a.png").align == "off"


def test_the_manifests_of_the_docs_are_read(tmp_path: Path) -> None:
    home = find_place(str(tmp_path))
    for language in ("csv", "json"):
        ((name, before, _),) = read_manifest(block(language).encode(), f"pairs.{language}", home)
        assert (name, before.path) == ("home", str(tmp_path / "old/start.png"))


def test_the_command_of_the_ci_recipe_is_understood() -> None:
    (command,) = re.findall(r"-m app (.*)$", block("yaml"), re.MULTILINE)
    arguments = parse(shlex.split(command))
    assert (arguments.before, arguments.after, str(arguments.out)) == ("baselines", "shots", "report")


def test_every_option_of_batch_itself_is_in_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["batch", "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    own = {"--out", "--jobs", "--scheduler", "--resume", "--pictures", "--accept", "--quiet"}
    assert own <= known
    assert all(f"`{name}" in BATCH or f"{name} " in BATCH for name in own)
