"""What one takes along: Markdown, recent comparisons, a print."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.seeing import opened, remember_words

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
    """With pictures and a link; one can be removed, and what has expired is not shown and not kept."""
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
    page.wait_for_load_state()
    expect(page.locator("#recent")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('image-diff-recent')") == "[]"
    expect(open_page("/").locator("#recent")).to_be_hidden()  # another browser


def test_print_leaves_the_controls_out(open_page: OpenPage, photo: Evaluation) -> None:
    """Pictures, list and numbers stay."""
    page = opened(open_page, photo, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    for selector in (".toolbar", ".modebar", ".actions", "#again", "#downloads", ".bottom"):
        expect(page.locator(selector)).to_be_hidden()
    for selector in ("h1", "#stage", ".regions", "#numbers"):
        expect(page.locator(selector)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.regions')).overflowY") == "visible"
