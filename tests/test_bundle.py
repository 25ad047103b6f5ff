"""The modules of the pages as one script: in order, each once, and nothing that it does not understand."""

import re
from pathlib import Path

import pytest

from app import bundle
from app.report import report_policy

MODULES = {
    "page.js": "import * as one from './parts/one.js'\nimport { two as other } from './two.js'\none.go(other)\n",
    "parts/one.js": "import { two } from '../two.js'\n\nexport function go(value) { return two === value }\n",
    "two.js": "const hidden = 2\nexport const two = hidden\nexport class Third {}\n",
}


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules."""
    (tmp_path / "parts").mkdir()
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(bundle, "SCRIPTS", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("scripts")
def test_what_is_imported_comes_first_and_once() -> None:
    text = bundle.bundle("page.js")
    assert re.findall(r"^modules\['(.+)'\] = ", text, re.MULTILINE) == ["two.js", "parts/one.js", "page.js"]
    assert "return { two, Third }" in text
    assert "const { two: other } = modules['two.js'];" in text
    assert "const one = modules['parts/one.js'];" in text
    assert not re.search(r"^(import|export)", text, re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        "export default 1",
        "import thing from './two.js'",
        "export { two } from './two.js'",
        "const two = await import('./two.js')",
        "const end = '</script>'",
        "import * as page from './page.js'",
    ],
)
def test_what_it_does_not_understand_is_refused(scripts: Path, line: str) -> None:
    (scripts / "two.js").write_text(f"{line}\nexport const two = 2\n")
    with pytest.raises(ValueError, match="cannot"):
        bundle.bundle("page.js")


def test_every_module_of_the_report_can_be_bundled() -> None:
    assert "modules['report.js']" in bundle.bundle("report.js")
    assert report_policy().count("'sha256-") == 3
