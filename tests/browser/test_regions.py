"""Going from difference to difference: list, keys, hover, marks, filter, link."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import compare
from tests.browser.seeing import (
    current,
    middle,
    on_screen,
    opened,
)

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def test_a_click_on_the_list_flies_there_in_all_panes(open_page: OpenPage, photo: Evaluation) -> None:
    """The difference is in the middle of both panes, and the address names it."""
    page = opened(open_page, photo)
    region = photo["regions"][2]
    page.locator(f"[data-region-item='{region['id']}'] a").click()
    for pane in (0, 1):
        assert on_screen(page, region["before"], pane) == pytest.approx(middle(page.locator(".pane").nth(pane)), abs=2)
    assert current(page) == str(region["id"])
    expect(page).to_have_url(re.compile(rf"\?region={region['id']}$"))
    expect(page.locator("#viewer-status")).to_contain_text(f"Difference {region['id']}")


def test_j_and_k_go_through_the_regions_and_around(open_page: OpenPage, photo: Evaluation) -> None:
    """In the order of the list; Escape selects none."""
    page = opened(open_page, photo)
    order = [str(region["id"]) for region in photo["regions"]]
    visited = []
    for _ in range(len(order) + 1):
        page.keyboard.press("j")
        visited.append(current(page))
    assert visited == [*order, order[0]]
    page.keyboard.press("k")
    assert current(page) == order[-1]
    page.locator("#region-next").click()
    assert current(page) == order[0]
    page.keyboard.press("Escape")
    assert current(page) is None
    expect(page).not_to_have_url(re.compile("region"))


@pytest.mark.parametrize(("width", "height"), [(390, 800), (1440, 900)])
def test_the_stage_comes_into_view_with_the_difference_that_was_chosen(
    open_page: OpenPage, photo: Evaluation, width: int, height: int
) -> None:
    """From the list on a phone, and by key from further down the page; where it is seen, the page stays."""
    page = opened(open_page, photo, width=width, height=height)
    stage = page.locator("#stage")
    page.locator("[data-region-item] a").nth(1).click()
    expect(stage).to_be_in_viewport(ratio=0.9)
    page.evaluate("document.getElementById('downloads').scrollIntoView()")
    expect(stage).not_to_be_in_viewport()
    page.keyboard.press("j")
    expect(stage).to_be_in_viewport(ratio=0.9)
    scrolled = page.evaluate("scrollY")
    page.keyboard.press("j")
    assert page.evaluate("scrollY") == scrolled


def test_hovering_links_the_list_and_the_picture_both_ways(open_page: OpenPage, photo: Evaluation) -> None:
    """The mark grows under a hovered entry, the entry under a hovered mark; a click on the mark selects."""
    page = opened(open_page, photo)
    region = photo["regions"][1]
    mark = page.locator(".pane").first.locator(f"g.mark[data-region='{region['id']}']")
    width = mark.locator(".line").evaluate("p => getComputedStyle(p).strokeWidth")
    page.locator(f"[data-region-item='{region['id']}'] a").hover()
    assert mark.locator(".line").evaluate("p => getComputedStyle(p).strokeWidth") > width
    page.mouse.move(*on_screen(page, region["before"], 1))
    expect(page.locator("a.region.hovered .region-number")).to_have_text(str(region["id"]))
    assert page.locator("#stage").evaluate("s => getComputedStyle(s).cursor") == "pointer"
    page.mouse.down()
    page.mouse.up()
    assert current(page) == str(region["id"])


def test_marks_are_boxes_contours_or_nothing(open_page: OpenPage, photo: Evaluation) -> None:
    """By choice and by key, and the browser remembers."""
    page = opened(open_page, photo)
    marks = page.locator(".pane").first.locator("g.mark")
    expect(marks.locator("rect.line")).to_have_count(len(photo["regions"]))
    page.keyboard.press("c")
    expect(marks.locator("rect.line")).to_have_count(0)
    assert marks.locator("path.line").first.get_attribute("d").count("L") > 4  # type: ignore[union-attr]
    page.reload()
    expect(marks.locator("path.line")).to_have_count(len(photo["regions"]))
    page.keyboard.press("h")
    expect(page.locator("g.mark")).to_have_count(0)
    expect(page.locator("[name=marks][value=off]")).to_be_checked()


def test_the_filter_by_kind_and_strength_counts_live(open_page: OpenPage, photo: Evaluation) -> None:
    """List, marks and J/K all follow."""
    page = opened(open_page, photo)
    regions = photo["regions"]
    page.locator("#filter summary").click()
    page.locator(f"[name=kind][value={regions[0]['kind']}]").uncheck()
    rest = [region for region in regions if region["kind"] != regions[0]["kind"]]
    expect(page.locator("#region-count")).to_have_text(f"{len(rest)} of {len(regions)}")
    expect(page.locator("[data-region-item]:visible")).to_have_count(len(rest))
    expect(page.locator(".pane").first.locator("g.mark")).to_have_count(len(rest))
    page.keyboard.press("j")
    assert current(page) == str(rest[0]["id"])
    page.get_by_label("Strength from").fill("1")
    expect(page.locator("#none-shown")).to_be_visible()
    expect(page.locator("g.mark")).to_have_count(0)


def test_a_link_opens_where_the_sender_was(open_page: OpenPage, photo: Evaluation) -> None:
    """Mode, region and after as given come from the address; a wrong mode or region does no harm."""
    region = photo["regions"][1]
    page = opened(open_page, photo, f"?mode=swipe&region={region['id']}")
    expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", "swipe")
    assert current(page) == str(region["id"])
    assert on_screen(page, region["before"]) == pytest.approx(middle(page.locator("#stage")), abs=2)
    page = opened(open_page, photo, "?mode=nonsense&region=999")
    expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", "side")
    assert current(page) is None


def test_numbers_of_many_differences_do_not_cover_each_other(open_page: OpenPage, app: Flask) -> None:
    """The strongest keep theirs; the others show theirs where there is room, or when they are selected."""
    pixels = np.full((600, 800, 3), 240, np.uint8)
    files = {}
    for side in ("before", "after"):
        files[side] = (BytesIO(), f"{side}.png")
        Image.fromarray(pixels).save(files[side][0], "PNG")
        files[side][0].seek(0)
        for index in range(60):
            x, y = 40 + 24 * (index % 10), 40 + 24 * (index // 10)
            pixels[y : y + 6, x : x + 6] = (20 + 3 * index, 60, 200)
    evaluation = compare(app, **files)
    assert len(evaluation["regions"]) > 30
    page = opened(open_page, evaluation)
    tags = page.locator(".pane").first.locator(".tag:not(.unseen)")
    boxes = tags.evaluate_all(
        "all => all.map(tag => tag.getBoundingClientRect()).map(b => [b.x, b.y, b.right, b.bottom])"
    )
    assert 1 < len(boxes) < len(evaluation["regions"])
    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:index]:
            assert min(right, other[2]) - max(left, other[0]) < 2 or min(bottom, other[3]) - max(top, other[1]) < 2
    hidden = page.locator(".pane").first.locator(".tag.unseen").first.get_attribute("data-region")
    page.locator(f"[data-region-item='{hidden}'] a").hover()
    expect(page.locator(".pane").first.locator(f".tag[data-region='{hidden}']")).to_be_visible()
