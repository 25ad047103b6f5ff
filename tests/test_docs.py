"""What the texts say is so: settings, options, commands, files and pictures."""

import ast
import contextlib
import itertools
import json
import re
import shlex
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from app import create_app
from app.__main__ import main, parse
from app.options import OPTION_NAMES, OptionsIn
from app.settings import Settings, as_markdown_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
WORDS = "\n".join(path.read_text(encoding="utf-8") for path in TEXTS)
CODE = {
    language: re.findall(rf"^```{language}\n(.*?)^```", WORDS, re.MULTILINE | re.DOTALL)
    for language in ("sh", "console", "json", "python", "nginx")
}
COMMANDS = [
    shlex.split(line.removeprefix("$ "), comments=True)
    for block in (*CODE["sh"], *CODE["console"])
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("$ ") or block in CODE["sh"]
]


def option_row(name: str, field: FieldInfo) -> str:
    """Write the line of the README's table of options."""
    bounds = {type(bound): bound for bound in field.metadata}
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    if choices:
        values = " ".join(f"**{choice}**" if choice == field.default else choice for choice in choices)
    elif Ge in bounds and Le in bounds:
        values = f"{bounds[Ge].ge:,} to {bounds[Le].le:,}" + (f", **{field.default:g}**" if field.default else "")
    else:
        values = {"ignore": "x,y,width,height; …", "color": f"**{field.default}**"}[name]
    return f"| `{name}` | {values} | {field.description} |"


def test_the_settings_table_is_that_of_the_code() -> None:
    assert as_markdown_table() in README


@pytest.mark.parametrize("name", OPTION_NAMES)
def test_the_options_table_is_that_of_the_code(name: str) -> None:
    assert option_row(name, OptionsIn.model_fields[name]) in README.splitlines()


def test_every_variable_a_text_or_file_names_is_a_setting() -> None:
    known = {f"IMAGE_DIFF_{name.upper()}" for name in Settings.model_fields}
    for path in (*TEXTS, ROOT / "Dockerfile", ROOT / "compose.yaml"):
        named = set(re.findall(r"IMAGE_DIFF_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")))
        assert named <= known, path.name


def test_every_file_a_text_links_to_or_shows_is_there() -> None:
    missing = []
    for path in TEXTS:
        for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                missing.append(f"{path.name}: {target}")
    assert missing == []


def test_every_make_target_in_a_text_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in TEXTS:
        assert set(re.findall(r"\bmake ([a-z-]+)`", path.read_text(encoding="utf-8"))) <= targets, path.name


def curl_commands() -> list[list[str]]:
    """Give the curl commands of the README."""
    return [command for command in COMMANDS if command[:1] == ["curl"]]


@pytest.mark.parametrize("command", curl_commands(), ids=" ".join)
def test_a_curl_command_sends_files_that_are_there_and_options_that_exist(command: list[str], tmp_path: Path) -> None:
    fields = dict(part.split("=", 1) for flag, part in itertools.pairwise(command) if flag == "-F")
    files = {name: value[1:] for name, value in fields.items() if value.startswith("@")}
    assert files.keys() == {"before", "after"}
    assert all((ROOT / name).is_file() for name in files.values())
    assert fields.keys() - files.keys() <= set(OPTION_NAMES)
    routes = {rule.rule for rule in create_app(Settings(store=tmp_path)).url_map.iter_rules()}
    assert command[-1].removeprefix("http://127.0.0.1:8000") in routes


def cli_commands() -> list[list[str]]:
    """Give the arguments of each ``python -m app`` in the texts."""
    lines = [" ".join(command) for command in COMMANDS]
    lines += re.findall(r"`(python -m app [^`]*)`", WORDS)
    return [shlex.split(line.rpartition("-m app ")[2]) for line in lines if "-m app " in line]


def test_every_command_line_in_a_text_is_understood() -> None:
    commands = cli_commands()
    assert len(commands) >= 3
    for command in commands:
        if command != ["…"]:
            parse([part for part in command if part != "…"] + (["a", "b"] if command == ["compare"] else []))


def shape_of(text: str) -> list[str]:
    """Keep the words of each line, and of a region's only that it is there: figures differ between processors."""
    regions = re.compile(r"^ *\d+  .*$", re.MULTILINE)
    return re.sub(r"-?\d[\d.,]*", "0", regions.sub("region", text)).split()


def test_the_readme_shows_what_compare_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    command, _, shown = CODE["console"][0].partition("\n")
    main(shlex.split(command.partition("-m app ")[2]))
    assert shape_of(shown) == shape_of(capsys.readouterr().out)
    assert shape_of(shown).count("region") == 4


def assert_within(part: Any, whole: Any, where: str = "") -> None:
    """Check that a shortened answer has only what the whole one has, in the same place and of the same type."""
    assert type(part) is type(whole), where
    if isinstance(part, dict):
        for name in part:
            assert name in whole, f"{where}.{name}"
            assert_within(part[name], whole[name], f"{where}.{name}")
    elif isinstance(part, list):
        assert len(part) <= len(whole), where
        for number, (left, right) in enumerate(zip(part, whole, strict=False)):
            assert_within(left, right, f"{where}[{number}]")


def test_the_readme_s_answer_is_a_part_of_what_its_curl_line_gets(tmp_path: Path) -> None:
    shown = json.loads(CODE["json"][0])
    fields = dict(part.split("=@") for part in curl_commands()[0] if "=@" in part)
    client = create_app(Settings(store=tmp_path)).test_client()
    with contextlib.ExitStack() as opened:
        data = {name: opened.enter_context((ROOT / path).open("rb")) for name, path in fields.items()}
        answer = client.post("/api/evaluations", data=data).get_json()
    assert_within(shown, answer)
    assert (shown["verdict"], shape_of(shown["summary"])) == (answer["verdict"], shape_of(answer["summary"]))


def test_the_library_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    ast.parse(example)
    exec(compile(example, "README.md", "exec"), {})
    assert "difference" in capsys.readouterr().out
