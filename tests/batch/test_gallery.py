"""The gallery, opened from the disk in a real Chromium: 10,000 pairs, few of them in the page at a time."""

import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from app.__main__ import main
from app.batch.reports import gallery, write_reports
from app.batch.results import Row
from tests.batch.conftest import Batch, lines_of, picture, save
from tests.batch.test_reports import HOSTILE, facts_of, row
from tests.browser.conftest import PATIENCE_MS

COUNT = 10_000
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open a page without a network; what the console says fails the test, but for pictures that were not made."""
    problems: list[str] = []
    contexts = []

    def opened(path: Path, *, width: int = 1280, fragment: str = "", java_script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, offline=True, java_script_enabled=java_script
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and "ERR_FILE_NOT_FOUND" not in message.text
                and problems.append(message.text)
            ),
        )
        page.goto(path.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of 10,000 pairs: every tenth differs, two cannot be read, one is missing."""
    folder = tmp_path_factory.mktemp("large")
    write_reports(folder, facts_of(*(_row(index) for index in range(COUNT))))
    return folder / "index.html"


def _row(index: int) -> Row:
    name = f"page-{index}/view.png"
    if index in (17, 4711):
        return row(name, "error", regions=0, share=0.0, files=None, code="corrupt_image")
    if index == 42:
        return row(name, "missing", regions=0, share=0.0, files=None)
    if index % 10:
        return row(name, "identical", regions=0, share=0.0, files=None)
    return row(name, "different", regions=index % 7 + 1, share=index / COUNT)


def test_ten_thousand_pairs_keep_the_page_small_wherever_one_scrolls(large: Path, open_page: Open) -> None:
    page = open_page(large)
    rows = page.locator("#body .row")
    height = rows.first.bounding_box()["height"]  # type: ignore[index]
    assert page.evaluate("document.getElementById('body').offsetHeight") == COUNT * height
    assert page.locator("#table").get_attribute("aria-rowcount") == str(COUNT + 1)
    for share in (0, 0.25, 0.5, 1, 0.1):
        page.evaluate("share => window.scrollTo(0, share * document.body.scrollHeight)", share)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("document.querySelectorAll('*').length") < 600
        assert rows.count() < 40
        bare = page.evaluate(
            "[200, 400, 600, 780].filter(y => !document.elementFromPoint(300, y).closest('#body .row')).length"
        )
        assert bare == 0 or share in (0, 1)  # the head of the page, and the space below its end
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(f"[aria-rowindex='{COUNT + 1}']")).to_be_in_viewport()


def test_what_does_not_pass_comes_first_and_columns_sort(large: Path, open_page: Open) -> None:
    page = open_page(large)
    first = page.locator("#body .row .name").first
    expect(first).to_have_text("page-17/view.png")
    page.get_by_role("button", name="Name").click()
    expect(first).to_have_text("page-0/view.png")
    expect(page.locator("#body .row .name").nth(2)).to_have_text("page-2/view.png")  # numbers as numbers
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Changed").click()
    expect(first).to_have_text("page-9990/view.png")
    page.get_by_role("button", name="Changed").click()
    expect(page.get_by_role("columnheader", name="Changed")).to_have_attribute("aria-sort", "ascending")


def test_filters_and_search_are_kept_in_the_address(large: Path, open_page: Open) -> None:
    page = open_page(large)
    page.get_by_role("button", name="Different 1,000").click()
    expect(page.locator("#shown")).to_have_text("1,000 of 10,000 pairs")
    page.get_by_label("Name contains").fill("PAGE-99")
    expect(page.locator("#shown")).to_have_text("11 of 10,000 pairs")
    expect(page.locator("#body .row")).to_have_count(11)
    again = open_page(large, fragment="#" + page.url.partition("#")[2])
    expect(again.locator("#shown")).to_have_text("11 of 10,000 pairs")
    expect(again.get_by_role("button", name="Different 1,000")).to_have_attribute("aria-pressed", "true")
    again.get_by_label("Name contains").fill("nothing like this")
    expect(again.get_by_text("No pair fits.")).to_be_visible()


def test_a_hostile_name_is_only_text(tmp_path: Path, open_page: Open) -> None:
    write_reports(tmp_path, facts_of(*map(row, HOSTILE), title=HOSTILE[7]))
    page = open_page(tmp_path / "index.html")
    expect(page.locator("#body .row")).to_have_count(len(HOSTILE))
    expect(page.locator("#body").get_by_text("<script>alert(1)</script>.png", exact=True)).to_be_visible()
    assert page.evaluate("document.scripts.length") == 2
    assert all("pairs/" in link for link in page.locator("a").evaluate_all("links => links.map(link => link.href)"))


def test_chosen_pairs_give_the_command_that_accepts_just_them(folders: Path, batch: Batch, open_page: Open) -> None:
    odd = "it's [1]*.png"
    save(folders / "before", {odd: picture(1), "it's 1x.png": picture(1)})
    save(folders / "after", {odd: picture(1, changed=True), "it's 1x.png": picture(1, changed=True)})
    batch("before", "after", "--sensitivity", "40")
    page = open_page(folders / "report/index.html")
    expect(page.get_by_role("checkbox")).to_have_count(4)  # neither the same, nor a broken or a missing one
    page.get_by_role("checkbox", name=f"Accept {odd}").check()
    page.get_by_role("checkbox", name="Accept login/new.png").check()
    expect(page.get_by_role("heading", level=2)).to_have_text("2 chosen to accept")
    words = shlex.split(page.get_by_label("Command").input_value())
    assert words[:3] == ["python", "-m", "app"]
    assert main([*words[3:], "--quiet"]) == 2
    lines = lines_of()
    assert {name for name in lines if lines[name].get("accepted")} == {odd, "login/new.png"}
    assert (folders / "before" / odd).read_bytes() == picture(1, changed=True)
    page.get_by_role("button", name="Choose none").click()
    expect(page.get_by_text("to accept")).to_be_hidden()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_a_name_that_is_no_text_is_accepted_by_the_command_too(folders: Path, batch: Batch, open_page: Open) -> None:
    odd = "bytes-\udcff-\u202egnp.png"
    save(folders / "before", {odd: picture(1)})
    save(folders / "after", {odd: picture(1, changed=True)})
    batch("before", "after")
    page = open_page(folders / "report/index.html")
    page.get_by_role("checkbox", name="Accept bytes").check()
    assert main([*shlex.split(page.get_by_label("Command").input_value())[3:], "--quiet"]) == 2
    assert lines_of()[odd]["accepted"]


def test_on_a_phone_the_verdict_leaves_room_for_the_name(large: Path, open_page: Open) -> None:
    page = open_page(large, width=360)
    name, verdict = (page.get_by_role("row").nth(1).locator(part).bounding_box() for part in (".name", ".chip"))
    assert name and verdict
    assert name["width"] > 180
    assert verdict["y"] > name["y"] + name["height"]


def test_a_pair_opens_its_report_from_the_disk_and_thumbnails_load(
    folders: Path, batch: Batch, open_page: Open
) -> None:
    batch("before", "after")
    page = open_page(folders / "report/index.html")
    image = page.locator("#body img")
    expect(image).to_have_count(1)
    page.wait_for_function("document.querySelector('#body img').naturalWidth === 240")
    page.get_by_role("link", name="login/changed.png").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 difference")
    changed = page.locator(".region").first
    page.get_by_role("tab", name="Fade").click()
    page.locator("[name=marks][value=off]").check()
    changed.click()
    expect(page).to_have_url(re.compile("region=1"))
    stage = page.locator("#stage")
    slider = page.get_by_role("slider", name="Before to after")
    slider.fill("100")
    after = colour_at(stage, 0.5, 0.5)
    assert after == pytest.approx((10, 240, 60), abs=12)
    slider.fill("0")
    assert colour_at(stage, 0.5, 0.5) != after
    page.get_by_role("tab", name="Heat map").click()
    expect(stage).to_have_attribute("aria-busy", "false")
    page.get_by_role("link", name="All pairs").click()
    expect(page.locator("#body .row")).to_have_count(5)


def colour_at(element: Locator, x: float, y: float) -> tuple[int, ...]:
    """Take a picture of an element and give the colour at a share of its width and height."""
    with Image.open(io.BytesIO(element.screenshot())) as picture:
        return tuple(picture.convert("RGB").getpixel((int(x * picture.width), int(y * picture.height))))


@pytest.mark.parametrize("width", [1280, 320])
def test_the_gallery_is_accessible_and_never_wider_than_the_screen(
    folders: Path, batch: Batch, open_page: Open, width: int
) -> None:
    batch("before", "after")
    page = open_page(folders / "report/index.html", width=width)
    expect(page.locator("#body .row")).to_have_count(5)
    violations = Axe().run(page, options={"preload": False}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_the_page_names_the_other_reports(large: Path, open_page: Open) -> None:
    page = open_page(large, java_script=False)
    expect(page.get_by_role("link", name="results.csv")).to_be_visible()


def test_a_list_too_long_for_a_browser_says_that_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "LISTED", 3)
    rows = [row("a.png", "identical"), row("b.png", "identical"), row("c.png", "error"), row("d.png", "different")]
    files = gallery.files(facts_of(*rows))
    assert b"The first 3 pairs" in files["index.html"]
    listed = json.loads(files["data.js"].removeprefix(b"window.batch = "))["rows"]
    assert [values[0] for values in listed] == ["c.png", "d.png", "a.png"]
