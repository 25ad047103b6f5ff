"""Whoever calls a public function of the analysis is told what each argument is, and what comes back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "app/analysis"


def public_functions(node: ast.Module | ast.ClassDef, within: str = "") -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Give the name, the function and the docstring of what is public; that of a class tells how to make one."""
    for part in node.body:
        if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
            yield from public_functions(part, f"{within}{part.name}.")
        if isinstance(part, ast.FunctionDef) and (part.name == "__init__" or not part.name.startswith("_")):
            yield f"{within}{part.name}", part, ast.get_docstring(node if part.name == "__init__" else part) or ""


FUNCTIONS = {
    f"{path.relative_to(ROOT)}:{name}": (function, text)
    for path in sorted(ROOT.rglob("*.py"))
    for name, function, text in public_functions(ast.parse(path.read_text(encoding="utf-8")))
}


def arguments_of(function: ast.FunctionDef) -> list[str]:
    """Give the names of the arguments that a caller hands in."""
    args = function.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    return [arg.arg for arg in every if arg.arg not in ("self", "cls")]


def explained_in(text: str) -> list[str]:
    """Give the names of the arguments in the section Parameters: alike ones share a line, "before, after : …"."""
    section = re.search(r"^Parameters\n-{10}\n(.*?)(?=\n\n\w+\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^\S.*", section[1] if section else "", re.MULTILINE)
    return [name.strip().lstrip("*") for head in heads for name in head.partition(" : ")[0].split(",")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_explains_each_argument(name: str) -> None:
    function, text = FUNCTIONS[name]
    assert explained_in(text) == arguments_of(function)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_says_what_it_does_and_gives(name: str) -> None:
    """One that takes no arguments may say all of it in its first line."""
    function, text = FUNCTIONS[name]
    assert re.match(r"\S.*\.(\n\n|\Z)", text), "the first line is a sentence"
    if function.returns and ast.unparse(function.returns) != "None" and arguments_of(function):
        assert re.search(r"^(Returns|Yields)\n-+\n", text, re.MULTILINE)
