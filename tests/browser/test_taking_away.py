"""What one takes along: Markdown, recent comparisons, the report, a print."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.seeing import (
    middle,
    opened,
    remember_words,
    seen,
)

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def test_markdown_for_an_issue_tracker_has_verdict_pictures_and_regions(
    open_page: OpenPage, server: str, photo: Evaluation
) -> None:
    """With whole addresses, ready to paste."""
    page = opened(open_page, photo, "?mode=swipe", permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy Markdown")
    remember_words(button)
    button.click()
    expect(page.locator("#copy-markdown")).to_have_attribute("data-words", re.compile("Copied"))
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"**{photo['summary']}** ([open]({server}{photo['url']}?mode=swipe))")
    assert f"![After]({server}{photo['images']['overlay-after']})" in text
    assert len(re.findall(r"^\| \d+ \|", text, re.MULTILINE)) == len(photo["regions"])


def test_recent_comparisons_are_listed_in_this_browser_only(open_page: OpenPage, photo: Evaluation) -> None:
    """With pictures and a link; one can be removed, and what has expired is not shown."""
    page = opened(open_page, photo)
    page.wait_for_function("() => localStorage.getItem('image-diff-recent') !== null")
    page.goto("/")
    item = page.locator(".recent-item")
    expect(item).to_have_count(1)
    for image in item.locator("img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    item.get_by_role("link").click()
    page.wait_for_url(f"**{photo['url']}")
    page.goto("/")
    page.get_by_role("button", name="Remove 4 differences").click()
    expect(page.locator("#recent")).to_be_hidden()
    page.reload()
    expect(page.locator("#recent")).to_be_hidden()
    page.goto(photo["url"])
    page.wait_for_function("() => JSON.parse(localStorage.getItem('image-diff-recent')).length === 1")
    page.evaluate(
        """() => { const all = JSON.parse(localStorage.getItem('image-diff-recent'))
        all[0].expires = '2020-01-01T00:00:00Z'
        localStorage.setItem('image-diff-recent', JSON.stringify(all)) }"""
    )
    page.goto("/")
    expect(page.locator("#recent")).to_be_hidden()
    expect(open_page("/").locator("#recent")).to_be_hidden()  # another browser


def test_the_report_opens_offline_with_swipe_and_regions(
    browser: Browser, app: Flask, photo: Evaluation, tmp_path: Path
) -> None:
    """One file, no request; swipe reveals after, a region comes to the middle, nothing is refused by its policy."""
    (tmp_path / "report.html").write_bytes(app.test_client().get(f"/api/evaluations/{photo['id']}/report.html").data)
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    page = context.new_page()
    requests: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.goto((tmp_path / "report.html").as_uri())
    page.get_by_role("button", name="Swipe").click()
    cube = page.locator(".over .mark[data-region='1']")
    divider = page.get_by_role("slider", name="Divider")
    divider.fill("100")
    red = seen(page, *middle(cube))
    divider.fill("0")
    assert max(abs(a - b) for a, b in zip(red, seen(page, *middle(cube)), strict=True)) > 80
    page.locator("[data-go='2']").click()
    view = page.locator(".over .view")
    assert middle(page.locator(".over .mark[data-region='2']")) == pytest.approx(middle(view), abs=3)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    context.close()


def test_the_report_works_under_the_policy_it_is_served_with(open_page: OpenPage, photo: Evaluation) -> None:
    """Opened from the server, its own script runs and no violation is logged; no other script or style would."""
    address = f"/api/evaluations/{photo['id']}/report.html"
    page = open_page(address)
    answer = page.request.get(address)
    for policy in (
        answer.headers["content-security-policy"],
        str(page.locator("meta[http-equiv]").get_attribute("content")),
    ):
        assert "unsafe" not in policy
        assert "script-src 'sha256-" in policy
    page.get_by_role("button", name="Swipe").click()
    expect(page.locator("#over")).to_be_visible()


def test_the_report_blinks_by_itself_only_where_motion_is_welcome(open_page: OpenPage, photo: Evaluation) -> None:
    """Else each press goes from one picture to the other."""
    address = f"/api/evaluations/{photo['id']}/report.html"
    for motion in ("no-preference", "reduce"):
        page = open_page(address, reduced_motion=motion)
        page.get_by_role("button", name="Blink").click()
        top = page.locator("#top")
        if motion == "reduce":
            page.wait_for_timeout(900)
            expect(top).to_be_visible()
            page.get_by_role("button", name="Blink").click()
        expect(top).to_be_hidden()


def test_print_leaves_the_controls_out(open_page: OpenPage, photo: Evaluation) -> None:
    """Pictures, list and numbers stay."""
    page = opened(open_page, photo, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    for selector in (".toolbar", ".modebar", ".actions", "#again", "#downloads", ".bottom"):
        expect(page.locator(selector)).to_be_hidden()
    for selector in ("h1", "#stage", ".regions", "#numbers"):
        expect(page.locator(selector)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.regions')).overflowY") == "visible"
