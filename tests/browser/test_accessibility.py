"""axe finds nothing on any page, light and dark, narrow and wide; nothing sticks out of a phone's screen."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
PAGES = ["upload", "result", "docs", "missing"]


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest, photo: dict[str, Any]) -> str:
    """The address of each page."""
    return {"upload": "/", "result": photo["url"], "docs": "/docs", "missing": "/evaluations/nothing"}[request.param]


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_axe_finds_nothing_and_nothing_sticks_out(
    open_page: OpenPage, path: str, width: int, color_scheme: str
) -> None:
    """All rules of axe, with every fold open."""
    page = open_page(path, width=width, color_scheme=color_scheme, allow=(404,))
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    page.wait_for_load_state("networkidle")
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "color_scheme"), [(320, "dark"), (1440, "light")])
def test_axe_finds_nothing_in_any_mode_with_every_tool_open(
    open_page: OpenPage, photo: dict[str, Any], width: int, color_scheme: str
) -> None:
    """Inspector, drawn areas and a selected region in each mode; then the dialog of the keys."""
    page = open_page(photo["url"] + "?region=1&ignore=5,5,50,50", width=width, color_scheme=color_scheme)
    page.keyboard.press("i")
    for mode in ("1", "2", "3", "4", "5", "6", "7"):
        page.keyboard.press(mode)
        report = Axe().run(page, "#viewer")
        assert report.violations_count == 0, report.generate_report()
    page.keyboard.press("?")
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_report(open_page: OpenPage, photo: dict[str, Any], color_scheme: str) -> None:
    """The one file is a page like the others."""
    page = open_page(f"/api/evaluations/{photo['id']}/report.html", width=320, color_scheme=color_scheme)
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_one_is_chosen(open_page: OpenPage, color_scheme: str) -> None:
    """The button goes through system, light and dark, and a reload keeps the choice."""
    background = "getComputedStyle(document.body).backgroundColor"
    page = open_page("/", color_scheme=color_scheme)
    light, dark = "rgb(251, 250, 248)", "rgb(20, 21, 24)"
    assert page.evaluate(background) == (light if color_scheme == "light" else dark)
    button = page.get_by_role("button", name="Theme")
    button.click()
    assert page.evaluate(background) == light
    button.click()
    assert page.evaluate(background) == dark
    page.reload()
    assert page.evaluate(background) == dark
    button.click()
    expect(button).to_have_text("Theme: system")
    assert page.evaluate(background) == (light if color_scheme == "light" else dark)


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        ("[role=tab][aria-selected=true]", "[role=tab][aria-selected=false]"),
        ("#inspect", "#ignore"),
        ("a.region[aria-current]", "a.region:not([aria-current])"),
        ("#again-form [name=align]:checked + span", "#again-form [name=align]:not(:checked) + span"),
    ],
)
def test_what_is_chosen_is_told_where_the_system_sets_the_colours(
    open_page: OpenPage, photo: dict[str, Any], chosen: str, other: str
) -> None:
    """There, shades of ours are all the same."""
    page = open_page(photo["url"] + "?region=1", forced_colors="active")
    page.keyboard.press("i")
    expect(page.locator("#inspect")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(200)  # colours change slowly
    one, two = (
        page.locator(selector).first.evaluate(
            "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }"
        )
        for selector in (chosen, other)
    )
    assert one[0] != two[0] and one[1] != two[1]
