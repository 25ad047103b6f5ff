"""Options of a comparison: what is wrong is shown where it is, in the words of the page."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.uploading import OpenPage, Pair, choose

Evaluation = dict[str, Any]


def test_a_number_out_of_range_is_shown_even_in_a_closed_fold(
    open_page: OpenPage, pair: Pair, photo: Evaluation
) -> None:
    """Else the button would do nothing, and nobody would know why."""
    page = open_page("/")
    choose(page, "before", *pair)
    page.locator(".options > summary").click()
    page.get_by_text("Limits and line width").click()
    page.get_by_label("Line width, in pixels").fill("77")
    page.locator(".options > summary").click()
    page.locator("#submit").click()
    expect(page.get_by_label("Line width, in pixels")).to_be_focused()
    page = open_page(photo["url"])
    page.get_by_text("Limits and line width").click()
    page.get_by_label("Pass with at most this share changed").fill("5")
    page.get_by_text("Limits and line width").click()
    page.get_by_role("button", name="Compare again", exact=True).click()
    expect(page.get_by_label("Pass with at most this share changed")).to_be_focused()
