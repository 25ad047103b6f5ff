"""The report: the viewer in one file, opened from the disk without a network, with nothing on the console."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.analysis import evaluate
from app.analysis.encoding import encode_png
from app.batch.work import draw
from tests.browser.conftest import PATIENCE_MS
from tests.browser.seeing import (
    CUBE,
    RED,
    box_of,
    current,
    far,
    middle,
    on_screen,
    ready,
    scale,
    seen_in,
    until,
)

OpenPage = Callable[..., Page]
OpenFile = Callable[..., Page]
Evaluation = dict[str, Any]


@pytest.fixture
def open_file(browser: Browser) -> Iterator[OpenFile]:
    """Give a function that opens a file offline; a request, an error or a violation of its policy fails the test."""
    problems: list[str] = []
    contexts = []

    def opened(path: Path, query: str = "", *, width: int = 1440, **options: Any) -> Page:
        given = {"offline": True, "reduced_motion": "reduce", "viewport": {"width": width, "height": 1100}} | options
        context = browser.new_context(**given)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("data:", "file:")) or problems.append(request.url))
        page.goto(path.as_uri() + query)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def report(app: Flask, photo: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample photo on the disk."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(app.test_client().get(f"/api/evaluations/{photo['id']}/report.html").data)
    return path


@pytest.mark.parametrize("mode", ["side", "swipe", "fade", "blink", "difference", "heat"])
def test_every_mode_works_from_the_disk(open_file: OpenFile, report: Path, photo: Evaluation, mode: str) -> None:
    """By tab, in colours: the saucer of before and the cube, mask or heat where it differs."""
    page = open_file(report)
    page.locator(f"#tab-{mode}").click()
    page.locator("[name=marks][value=off]").check()
    ready(page)
    changed = {
        "side": lambda: seen_in(page, photo, pane=1),
        "swipe": lambda: page.get_by_label("Divider").fill("0") or seen_in(page, photo),
        "fade": lambda: page.get_by_label("Before to after").fill("100") or seen_in(page, photo),
        "blink": lambda: page.locator("#stage").press("ArrowRight") or seen_in(page, photo),
        "difference": lambda: page.locator("#mask-strength").fill("100") or seen_in(page, photo),
        "heat": lambda: seen_in(page, photo),
    }[mode]
    if mode not in ("swipe", "fade", "difference", "heat"):
        assert far(seen_in(page, photo), RED) < 40
    until(page, lambda: far(changed(), RED) > 80)
    expect(page).to_have_url(re.compile("report.html$" if mode == "side" else f"mode={mode}$"))


def test_zoom_and_pan_are_one_in_all_panes_and_modes(open_file: OpenFile, report: Path, photo: Evaluation) -> None:
    """The wheel on one pane zooms both, J goes to a difference in both, and swipe opens at the same place."""
    page = open_file(report)
    ready(page)
    page.mouse.move(*middle(page.locator(".pane").nth(1)))
    fitted = scale(page)
    page.mouse.wheel(0, -240)
    until(page, lambda: scale(page) > 1.5 * fitted)
    assert scale(page, 1) == pytest.approx(scale(page))
    page.keyboard.press("j")
    assert current(page) == str(photo["regions"][0]["id"])
    for pane in (0, 1):
        place = on_screen(page, photo["regions"][0]["before"], pane)
        assert place == pytest.approx(middle(page.locator(".pane").nth(pane)), abs=2)
    kept = scale(page)
    page.keyboard.press("2")
    assert scale(page) == pytest.approx(kept)
    assert on_screen(page, photo["regions"][0]["before"]) == pytest.approx(middle(page.locator("#stage")), abs=2)
    page.keyboard.press("k")
    assert current(page) == str(photo["regions"][-1]["id"])
    page.locator("[data-region-item='2'] a").click()
    assert current(page) == "2"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("matches")


def test_the_inspector_and_the_plots_read_the_pictures_in_the_file(
    open_file: OpenFile, report: Path, photo: Evaluation
) -> None:
    """Colours near those of the files (the copies are WebP), and all that can be drawn is."""
    page = open_file(report)
    page.keyboard.press("i")
    cube = box_of(photo, CUBE)
    page.locator("#inspect-x").fill(str(round(cube["x"] + cube["width"] / 2)))
    page.locator("#inspect-y").fill(str(round(cube["y"] + cube["height"] / 2)))
    words = page.locator("[data-sample=before] .rgb")
    expect(words).to_have_text(re.compile(r"^\d+, \d+, \d+$"))
    until(page, lambda: far(tuple(map(int, words.inner_text().split(", "))), RED) < 40)  # type: ignore[arg-type]
    expect(page.locator("#inspect-delta")).to_contain_text("largest")
    expect(page.locator(".histograms figure")).to_have_count(3)
    expect(page.locator("#outline svg")).to_be_visible()


def test_a_link_into_a_report_opens_where_the_sender_was(open_file: OpenFile, report: Path) -> None:
    """Mode and region; drawn matches and areas to ignore, which need the service, are not offered."""
    page = open_file(report, "?mode=fade&region=2")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Fade")
    assert current(page) == "2"
    for key in "7x":
        page.keyboard.press(key)
    expect(page.get_by_role("tab", selected=True)).to_have_text("Fade")
    expect(page.get_by_role("tab")).to_have_count(6)
    for selector in ("#ignore", "#areas", "#again", ".downloads"):
        expect(page.locator(selector)).to_have_count(0)


def test_large_pictures_are_inspected_by_their_copies(open_file: OpenFile, tmp_path: Path) -> None:
    """4.3 megapixels, kept at 1600 px: places are those of the file, and one changed pixel is in the mask."""
    pixels = np.full((1800, 2400, 3), 200, np.uint8)
    pixels[:, 1200:] = (30, 60, 90)
    changed = pixels.copy()
    changed[900:960, 300:380] = (0, 160, 0)
    (tmp_path / "report.html").write_bytes(draw(evaluate(encode_png(pixels), encode_png(changed)))["report.html"])
    page = open_file(tmp_path / "report.html")
    page.keyboard.press("i")
    for x, y, one, other in (("340", "930", 200, 0), ("1300", "50", 30, 30)):
        page.locator("#inspect-x").fill(x)
        page.locator("#inspect-y").fill(y)
        for side, level in (("before", one), ("after", other)):
            words = page.locator(f"[data-sample={side}] .rgb")
            until(page, lambda words=words, level=level: abs(int(words.inner_text().split(",")[0]) - level) < 6)  # type: ignore[misc]
    page.get_by_role("tab", name="Difference").click()
    page.locator("#mask-strength").fill("100")
    page.locator("#mask-color").fill("#0000ff")
    page.locator("[name=marks][value=off]").check()
    place = {"x": 335, "y": 925, "width": 10, "height": 10}
    evaluation = {"regions": [{"id": CUBE, "before": place}]}
    until(page, lambda: far(seen_in(page, evaluation), (0, 0, 255)) < 12)


def test_without_scripts_the_marked_pair_the_list_and_the_numbers_are_there(open_file: OpenFile, report: Path) -> None:
    page = open_file(report, java_script_enabled=False)
    expect(page.locator(".drawn:visible")).to_have_count(2)
    expect(page.locator(".drawn").first.locator("rect")).to_have_count(4)
    expect(page.locator("[data-region-item]:visible")).to_have_count(4)
    expect(page.locator(".workbench")).to_be_hidden()
    expect(page.locator("#numbers")).to_be_visible()


def test_each_picture_is_in_the_file_once(report: Path) -> None:
    """Not once more for each difference: the file stays small enough to mail."""
    text = report.read_text()
    pictures = re.findall(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", text)
    assert len(pictures) == len(set(pictures)) == 5
    assert len(text) - sum(map(len, pictures)) < 200_000


def test_the_report_works_under_the_policy_it_is_served_with(open_page: OpenPage, photo: Evaluation) -> None:
    """Opened from the server, its own scripts run and no violation is logged; no other script or style would."""
    address = f"/api/evaluations/{photo['id']}/report.html"
    page = open_page(address)
    answer = page.request.get(address)
    for policy in (
        answer.headers["content-security-policy"],
        str(page.locator("meta[http-equiv]").get_attribute("content")),
    ):
        assert "unsafe" not in policy
        assert "script-src 'sha256-" in policy
    page.get_by_role("tab", name="Swipe").click()
    expect(page.get_by_label("Divider")).to_be_visible()
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("width", [320, 1440])
def test_nothing_sticks_out_of_the_report(open_file: OpenFile, report: Path, width: int) -> None:
    page = open_file(report, width=width)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
