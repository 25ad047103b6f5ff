"""The pytest helper, as somebody's tests use it."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.analysis import Options
from app.testing import assert_images_match
from tests.batch.conftest import picture, save
from tests.picture_factory import encode, photo

pytest_plugins = ["pytester"]
DOCS = Path(__file__).parents[2] / "docs/batch.md"
EXAMPLE = """
from pathlib import Path

def test_login(assert_images_match):
    assert_images_match(Path("shot.png").read_bytes(), "baselines/login.png")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with one test of a picture."""
    pytester.makeconftest('pytest_plugins = ["app.testing"]')
    pytester.makepyfile(test_login=EXAMPLE)
    save(pytester.path, {"shot.png": picture(1)})
    return pytester


def test_a_test_passes_on_its_baseline_and_fails_with_a_report_when_something_changed(
    project: pytest.Pytester,
) -> None:
    save(project.path, {"baselines/login.png": picture(1)})
    project.runpytest_inprocess().assert_outcomes(passed=1)
    assert not (project.path / "test-results").exists()
    save(project.path, {"shot.png": picture(1, changed=True)})
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert re.search(r"does not match \S+baselines/login\.png: 1 difference", text)
    # Where CI is set, pytest's closing summary says it all once more.
    (report,) = set(re.findall(r"Report: (\S+\.html)", text))
    assert "1 difference" in Path(report).read_text("utf-8")
    assert (project.path / "test-results/image-diff") == Path(report).parent
    (shot,) = Path(report).parent.glob("*.actual.png")
    assert shot.read_bytes() == picture(1, changed=True)


def test_the_update_flag_writes_what_is_missing_or_different_and_nothing_else(project: pytest.Pytester) -> None:
    baseline = project.path / "baselines/login.png"
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*There is no baseline*", "*pytest --update-baselines*"])
    assert not baseline.exists()
    project.runpytest_inprocess("--update-baselines").assert_outcomes(passed=1)
    assert baseline.read_bytes() == picture(1)
    recompressed = encode(photo(48, 64, 1), "PNG", optimize=True)
    save(project.path, {"baselines/login.png": recompressed})
    project.runpytest_inprocess("--update-baselines").assert_outcomes(passed=1)
    assert baseline.read_bytes() == recompressed
    save(project.path, {"shot.png": picture(2)})
    project.runpytest_inprocess("--update-baselines").assert_outcomes(passed=1)
    assert baseline.read_bytes() == picture(2)


def test_reports_go_where_they_are_wanted(project: pytest.Pytester) -> None:
    save(project.path, {"baselines/login.png": picture(1, changed=True)})
    project.runpytest_inprocess("--image-diff-report", "elsewhere").assert_outcomes(failed=1)
    assert len(list((project.path / "elsewhere").glob("*.html"))) == 1


def test_pixels_images_paths_and_bytes_are_all_taken(tmp_path: Path) -> None:
    pixels = photo(48, 64, 1)
    baseline = save(tmp_path, {"x.png": encode(pixels)}) / "x.png"
    for actual in (pixels, Image.fromarray(pixels), baseline, str(baseline), baseline.read_bytes()):
        assert_images_match(actual, baseline, report=tmp_path / "report")
    changed = pixels.copy()
    changed[12:24, 16:32] = (10, 240, 60)
    for actual in (changed, Image.fromarray(changed), encode(changed)):
        with pytest.raises(AssertionError, match="1 difference"):
            assert_images_match(actual, baseline, report=tmp_path / "report")


def test_options_are_given_or_lie_beside_the_baseline(tmp_path: Path) -> None:
    baseline = save(tmp_path, {"x.png": picture(1)}) / "x.png"
    new = picture(1, changed=True)
    assert_images_match(new, baseline, options=Options(max_regions=1))
    save(tmp_path, {".imagediff.toml": b'["x.*"]\nignore = "10,10,30,30"'})
    assert_images_match(new, baseline)
    with pytest.raises(AssertionError):
        assert_images_match(new, baseline, options=Options(), report=tmp_path / "report")


def test_what_is_no_image_fails_and_says_so(tmp_path: Path) -> None:
    baseline = save(tmp_path, {"x.png": picture(1)}) / "x.png"
    with pytest.raises(AssertionError, match="cannot be compared: after is not an image"):
        assert_images_match(b"nothing", baseline)
    with pytest.raises(AssertionError, match="There is no baseline"):
        assert_images_match(np.zeros((8, 8, 3), np.uint8), tmp_path / "none.png")


def test_the_example_of_the_docs_runs(pytester: pytest.Pytester) -> None:
    conftest, example = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_docs=example)
    pytester.runpytest_inprocess("--update-baselines").assert_outcomes(passed=1)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
