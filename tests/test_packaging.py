"""What is promised to whoever installs it: locked requirements, safe versions, one way to run the tests."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__
from app.web.openapi import document

ROOT = Path(__file__).parents[1]
SERVED = ["requirements.txt", "requirements-model.txt", "requirements-cluster.txt"]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
PIN = re.compile(r"^([a-z0-9._-]+)==(\d[^ ]*)", re.MULTILINE)


def pins(lock: str) -> dict[str, tuple[int, ...]]:
    """Give the version of each package in a lock file."""
    found = PIN.findall((ROOT / lock).read_text(encoding="utf-8"))
    return {name: tuple(int(part) for part in re.findall(r"\d+", version)[:3]) for name, version in found}


def project_files() -> Iterator[Path]:
    """Walk over what is part of the project, not over what was made or installed here."""
    made = {".git", ".venv", ".hypothesis", "var", "out", "node_modules", "test-results", "__pycache__"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in made and not name.endswith("_cache")]
        yield from (Path(folder, name) for name in names if name not in made)  # .git is a file in a worktree


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = [entry for entry in entries if PIN.match(entry)]
    assert len(entries) == len(pins(lock)) > 0
    assert [entry.split(" ")[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place_to_download_from(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", (ROOT / lock).read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_in_its_lock_file(lock: str) -> None:
    source = (ROOT / lock).with_suffix(".in").read_text(encoding="utf-8")
    wanted = {re.split(r"[^a-z0-9._-]", line)[0] for line in source.splitlines() if re.match(r"[a-z]", line)}
    assert wanted <= pins(lock).keys()


def test_the_lock_files_agree_with_each_other() -> None:
    tested = pins("requirements-dev.txt")
    for lock in LOCKS:
        for name, version in pins(lock).items():
            assert tested.get(name, version) == version, f"{name} differs between {lock} and requirements-dev.txt"


def test_the_version_is_the_same_wherever_it_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__ == document()["info"]["version"]


def test_the_image_libraries_are_free_of_the_holes_we_know() -> None:
    locked = pins("requirements.txt")
    # 4.10 and 4.11 show another picture's pixels below the cut of a truncated JPEG: opencv/opencv #26488.
    assert locked["opencv-python-headless"] >= (4, 12)
    assert locked["pillow"] >= (12, 0)


def recipe(target: str) -> list[str]:
    """Give the commands of a make target, without the installation."""
    # Called from `make test`, make would say which folder it enters.
    command = ["make", "--no-print-directory", "-n", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.replace("\\\n", "").splitlines()
    return [line for line in lines if not line.startswith("bin/install")]


def test_the_audit_covers_every_lock_that_is_served_and_fails_when_it_cannot_ask() -> None:
    """Without --strict pip-audit calls packages that it could not look up clean."""
    (command,) = recipe("audit")
    assert re.findall(r"-r (\S+)", command) == SERVED
    assert "--strict" in command
    done = subprocess.run(f"{command} --dry-run", shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    counted = re.search(r"would have audited (\d+) packages", done.stderr)
    assert counted
    assert int(counted[1]) >= len(pins("requirements.txt")) - 3  # some are for other systems


def test_the_bill_of_materials_lists_every_locked_package_with_its_hashes() -> None:
    # Without the check against the schema of CycloneDX, which takes its tool half a minute.
    commands = "\n".join(recipe("sbom")).replace(" --output-reproducible", " --no-validate --output-reproducible")
    assert "--no-validate" in commands
    subprocess.run(commands, shell=True, cwd=ROOT, check=True, capture_output=True)
    for lock in SERVED:
        bill = json.loads((ROOT / "bench/out" / lock).with_suffix(".cdx.json").read_text(encoding="utf-8"))
        assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "image-diff")
        listed = {component["name"]: component for component in bill["components"]}
        assert listed.keys() == pins(lock).keys()
        assert all(component["externalReferences"][0]["hashes"] for component in listed.values())


def test_the_container_is_no_administrator_and_writes_only_where_it_keeps_results() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]', "mem_limit: "):
        assert line in compose


def test_ci_runs_what_people_run() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith(("#", "set ", "cd "))] == ["make test"]


def test_no_file_names_this_machine_or_a_package_registry() -> None:
    private = re.compile(r"(?<![\w.}>])/(?:work|root)/|pythonhosted|\bpypi\.org|registry\.npmjs|/opt/pypi")
    texts = [path for path in project_files() if path != Path(__file__) and b"\0" not in path.read_bytes()[:8000]]
    assert len(texts) > 30
    found = []
    for path in texts:
        matches = private.finditer(path.read_text(encoding="utf-8", errors="replace"))
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in matches]
    assert found == []


def test_the_container_gets_everything_the_service_reads_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == {name[1:] for name in ignored if name.startswith("!")}


def test_the_dockerfile_has_no_lint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
