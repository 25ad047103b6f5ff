"""Imports point one way, as the layout promises: web -> gate, store -> analysis -> errors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "app").rglob("*.py"))
}
ANALYSIS = sorted(name for name in MODULES if name.startswith("app.analysis"))
STEPS = {  # a folder of the analysis: the folders that it may use
    "reading": (),
    "measures": (),
    "category": (),
    "tone": (),
    "evidence": (),
    "noise_free": ("tone",),
    "alignment": ("noise_free", "measures"),
    "regions": ("alignment", "noise_free", "tone", "evidence", "measures"),
    "drawing": ("alignment",),
}
SEQUENCE = ("evaluate", "render", "summary", "checks")
SHELL = ("flask", "werkzeug", "jinja2", "gunicorn", "prometheus_client")


def imports_of(name: str, *, nested: bool = True) -> set[str]:
    """Give the modules that a module imports, with "from app import x" read as app.x where that is a module."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if nested else tree.body
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import; imports here are absolute"
            base = node.module or ""
            inner = {f"{base}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inner or {base}
    return found


def layer(module: str) -> str:
    """Give the part of the application that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("name", ANALYSIS)
def test_analysis_knows_nothing_of_the_web_the_store_or_the_settings(name: str) -> None:
    for module in imports_of(name):
        assert layer(module) in ("analysis", "errors") or module.split(".")[0] != "app", f"{name} imports {module}"
        assert module.split(".")[0] not in SHELL, f"{name} imports {module}"


@pytest.mark.parametrize("name", sorted(MODULES.keys() - set(ANALYSIS)))
def test_only_the_web_shell_and_the_factory_know_flask(name: str) -> None:
    uses_flask = {module.split(".")[0] for module in imports_of(name)} & {"flask", "flask_dropzone", "werkzeug"}
    assert not uses_flask or name == "app" or layer(name) == "web", f"{name} imports {uses_flask}"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if layer(name) not in ("web", "commands", "")))
def test_nothing_under_the_web_shell_and_the_commands_imports_them(name: str) -> None:
    for module in imports_of(name):
        assert layer(module) not in ("web", "commands"), f"{name} imports {module}"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if layer(name) in ("batch", "testing", "report")))
def test_batches_know_nothing_of_the_service_and_its_store(name: str) -> None:
    assert not {module for module in imports_of(name) if layer(module) in ("web", "store", "gate", "commands")}, name


def test_the_service_knows_nothing_of_batches() -> None:
    for name in MODULES:
        if layer(name) in ("web", "store", "gate", "worker", "jobs", "analysis"):
            assert not {module for module in imports_of(name) if layer(module) in ("batch", "testing")}, name


def test_errors_import_nothing_of_the_application() -> None:
    assert not {module for module in imports_of("app.errors") if module.split(".")[0] == "app"}


def test_no_step_of_the_analysis_imports_the_sequence_that_calls_it() -> None:
    for name in ANALYSIS:
        if name not in ("app.analysis", "app.analysis.evaluate"):
            assert "app.analysis.evaluate" not in imports_of(name), name


def test_every_folder_of_the_analysis_has_its_place_in_the_order() -> None:
    folders = {path.name for path in (ROOT / "app/analysis").iterdir() if (path / "__init__.py").exists()}
    assert folders == STEPS.keys()


@pytest.mark.parametrize("name", [name for name in ANALYSIS if name != "app.analysis"])
def test_a_step_uses_only_the_steps_that_stand_before_it(name: str) -> None:
    """What is in no folder is a tool, which uses no step, or calls the steps and so may use them all."""
    place = name.split(".")[2]
    if place in SEQUENCE:
        return
    for module in imports_of(name):
        if module.startswith("app.analysis."):
            target = module.split(".")[2]
            assert target not in SEQUENCE, f"{name} imports {module}"
            assert target not in STEPS or target == place or target in STEPS.get(place, ()), f"{name} imports {module}"


def test_imports_form_no_circle() -> None:
    graph = {name: imports_of(name, nested=False) & MODULES.keys() - {name} for name in MODULES}
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"these import each other: {sorted(graph)}"


def test_importing_the_analysis_loads_no_web_framework() -> None:
    code = "import sys, app.analysis; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(SHELL) & set(done.stdout.split())


def test_importing_the_analysis_writes_nothing_and_reports_to_nobody(tmp_path: Path) -> None:
    """ONNX Runtime's official builds leave a device number and a queue of events for its maker, if they may."""
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    code = "import app.analysis, onnxruntime"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=places | {"PYTHONDONTWRITEBYTECODE": "1"}, check=True)
    assert list(tmp_path.iterdir()) == []
