"""Where an image goes on the upload page, and what is said of those that go nowhere."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.uploading import AFTER, BEFORE, OpenPage, Pair, choose, drop, posts

THIRD = "third.png"


def names(page: Page) -> list[str]:
    """What Before and After are, empty where there is none."""
    full = page.locator(".slot-full")
    return [one.locator(".slot-name").inner_text() if one.is_visible() else "" for one in full.all()]


def file(path: Path, name: str = "") -> tuple[str, str, bytes]:
    return (name or path.name, "image/png", path.read_bytes())


def test_two_images_are_before_and_after_wherever_they_are_dropped_or_chosen(open_page: OpenPage, pair: Pair) -> None:
    """In the order in which they come; the area or button that was used is for one image."""
    page = open_page("/")
    drop(page, *map(file, pair), target="[data-side=after] .slot-empty")
    expect(page.locator(".slot-name")).to_have_text([BEFORE, AFTER])
    expect(page.locator("#status")).to_have_text(f"{BEFORE} is Before. {AFTER} is After.")
    page.reload()
    choose(page, "after", *pair)
    expect(page.locator(".slot-name")).to_have_text([BEFORE, AFTER])


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_image_dropped_on_another_takes_its_place(open_page: OpenPage, pair: Pair, side: str) -> None:
    """Where one place is free, too, and where both are taken."""
    page = open_page("/")
    choose(page, side, pair[0])
    expect(page.locator(f"[data-side={side}] .slot-name")).to_have_text(BEFORE)
    drop(page, file(pair[1]), target=f"[data-side={side}] img")
    assert names(page) == ([AFTER, ""] if side == "before" else ["", AFTER])
    drop(page, *map(file, pair))
    drop(page, file(pair[1], THIRD), target=f"[data-side={side}] img")
    assert names(page) == ([THIRD, AFTER] if side == "before" else [BEFORE, THIRD])
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_side_that_was_given_up_is_forgotten(open_page: OpenPage, pair: Pair) -> None:
    """Whether its file picker was cancelled or something was dropped elsewhere meanwhile."""
    page = open_page("/")
    with page.expect_file_chooser() as chooser:
        page.locator("[data-side=after] .choose").click()
    chooser.value.element.dispatch_event("cancel", {"bubbles": True})
    drop(page, file(pair[0]), target="body")
    assert names(page) == [BEFORE, ""]
    page.reload()
    with page.expect_file_chooser():
        page.locator("[data-side=after] .choose").click()
    drop(page, file(pair[0]), target="body")
    assert names(page) == [BEFORE, ""]


def test_what_is_left_out_is_named_and_nothing_is_said_of_it_otherwise(open_page: OpenPage, pair: Pair) -> None:
    """Of three images, and of a file that is none."""
    page = open_page("/")
    drop(page, *map(file, pair), file(pair[0], THIRD))
    assert names(page) == [BEFORE, AFTER]
    expect(page.get_by_role("alert")).to_have_text(f"{THIRD} was left out: two images are compared.")
    page.reload()
    drop(page, ("x.svg", "image/svg+xml", b"<svg/>"))
    expect(page.get_by_role("alert")).to_contain_text("x.svg is not an image of a kind")
    expect(page.locator("#status")).to_have_text("")
    drop(page, file(pair[0]), ("x.svg", "image/svg+xml", b"<svg/>"))
    assert names(page) == [BEFORE, ""]
    expect(page.get_by_role("alert")).to_contain_text("x.svg is not an image of a kind")
    expect(page.locator("#status")).to_have_text(f"{BEFORE} is Before.")


def test_a_message_goes_with_the_image_that_it_is_about(open_page: OpenPage, pair: Pair, tmp_path: Path) -> None:
    """The refused file is removed: nothing is wrong any more."""
    page = open_page("/", allow=(422,))
    (tmp_path / "cut.png").write_bytes(pair[1].read_bytes()[:400])
    choose(page, "before", pair[0], tmp_path / "cut.png")
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_contain_text("After")
    page.get_by_role("button", name="Remove After").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_file_that_changed_since_it_was_chosen_is_named(open_page: OpenPage, pair: Pair, tmp_path: Path) -> None:
    """A browser refuses to send it for ever, and says only that the request failed."""
    page = open_page("/")
    edited = tmp_path / "edited.png"
    edited.write_bytes(pair[1].read_bytes())
    choose(page, "before", pair[0], edited)
    expect(page.locator(".slot-name")).to_have_text([BEFORE, edited.name])
    edited.write_bytes(pair[0].read_bytes() + b"\0")
    os.utime(edited, (1, 1))
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_have_text("edited.png has changed since it was chosen. Choose it again.")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert names(page) == [BEFORE, ""]
    choose(page, "after", edited)
    page.locator("#submit").click()
    page.wait_for_url("**/evaluations/*")


def test_a_server_that_cannot_be_reached_is_told_from_a_changed_file(open_page: OpenPage, pair: Pair) -> None:
    """Both images stay for the next try."""
    page = open_page("/")
    sent = posts(page)
    choose(page, "before", *pair)
    page.route("**/api/evaluations", lambda route: route.abort())
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    assert names(page) == [BEFORE, AFTER]
    assert len(sent) == 1
