"""Baselines in tests: ``assert_images_match(actual, "baseline.png")``, a function and a pytest fixture.

In ``conftest.py``: ``pytest_plugins = ["app.testing"]``.
"""

import hashlib
import io
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.analysis import Options, evaluate
from app.analysis.encoding import encode_png
from app.batch.config import read_rules
from app.batch.files import find_place
from app.batch.work import REPORT, draw
from app.errors import ImageDiffError

REPORTS = "test-results/image-diff"


def assert_images_match(
    actual: "bytes | str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any]",
    baseline: "str | os.PathLike[str]",
    *,
    options: Options | None = None,
    update: bool = False,
    report: "str | os.PathLike[str]" = REPORTS,
) -> None:
    """Fail when an image shows something else than its baseline; re-compression and the like are no difference.

    Parameters
    ----------
    actual : bytes, path, PIL image or ndarray
        An image file, its path, or pixels: grey, RGB or RGBA, uint8 or uint16, shape (height, width[, 3 or 4]).
    baseline : path
        The image that is expected.
    options : Options, optional
        What to compensate and ignore; left out, ``.imagediff.toml`` beside the baseline says it.
    update : bool
        Write the baseline where it is missing or does not match, instead of failing.
    report : path
        Folder that gets a page to look at, and the actual image, for each failure.

    Raises
    ------
    AssertionError
        They do not match, or there is no baseline; the message holds the path of the report.
    """
    baseline = Path(baseline)
    content = _as_file(actual)
    if not baseline.exists():
        _update_or_fail(baseline, content, update, f"There is no baseline {baseline}.", None)
        return
    if options is None:
        options = read_rules(find_place(os.fspath(baseline.parent)), {}).options_for(baseline.name)
    try:
        evaluation = evaluate(baseline.read_bytes(), content, options, names=(baseline.name, "actual"))
    except ImageDiffError as error:
        _update_or_fail(baseline, content, update, f"{baseline} cannot be compared: {error.message}", None)
        return
    if evaluation.verdict == "different" if evaluation.passed is None else not evaluation.passed:
        problem = f"The image does not match {baseline}: {evaluation.summary}"
        page = None if update else _write_report(Path(report), baseline, content, draw(evaluation)[REPORT])
        _update_or_fail(baseline, content, update, problem, page)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the fixture."""
    group = parser.getgroup("image-diff", "images against baselines")
    group.addoption("--update-baselines", action="store_true", help="write baselines that are missing or do not match")
    group.addoption("--image-diff-report", default=REPORTS, metavar="DIR", help="folder that gets a page per failure")


@pytest.fixture(name="assert_images_match")
def _assert_images_match(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Give ``assert_images_match``; a relative baseline is beside the test's file."""
    config = request.config
    check = partial(
        assert_images_match,
        update=config.getoption("--update-baselines"),
        report=config.rootpath / config.getoption("--image-diff-report"),
    )
    return lambda actual, baseline, **options: check(actual, request.path.parent / baseline, **options)


def _as_file(actual: Any) -> bytes:
    if isinstance(actual, bytes | bytearray | memoryview):
        return bytes(actual)
    if isinstance(actual, np.ndarray):
        return encode_png(actual)
    if isinstance(actual, Image.Image):
        buffer = io.BytesIO()
        actual.save(buffer, "PNG")
        return buffer.getvalue()
    return Path(actual).read_bytes()


def _update_or_fail(baseline: Path, content: bytes, update: bool, problem: str, page: Path | None) -> None:
    if not update:
        seen = f"\nReport: {page}" if page else ""
        raise AssertionError(f"{problem}{seen}\nIf this is right: pytest --update-baselines")
    baseline.parent.mkdir(parents=True, exist_ok=True)
    baseline.write_bytes(content)


def _write_report(folder: Path, baseline: Path, content: bytes, page: bytes) -> Path:
    """Write the page and the image under a name of the baseline's own."""
    digest = hashlib.sha256(os.fsencode(baseline.absolute())).hexdigest()[:8]
    stem = f"{re.sub(r'[^A-Za-z0-9.-]+', '-', baseline.name)[:60]}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.actual{baseline.suffix[:8]}").write_bytes(content)
    (folder / f"{stem}.html").write_bytes(page)
    return (folder / f"{stem}.html").absolute()
