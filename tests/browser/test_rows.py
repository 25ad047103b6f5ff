"""Pages with inserted rows: what lies below them is found, drawn and inspected where it really is."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import compare
from tests.browser.seeing import middle, on_screen, opened, ready, scale

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]
CUT, ROWS = 300, 90
DOT = (400, 600, 30, 24)  # in before


@pytest.fixture(scope="module")
def page_pair(app: Flask) -> Evaluation:
    """A page of text; the second has a banner more, and a dot below it."""
    before = np.full((800, 600, 3), 255, np.uint8)
    for line in range(25):
        text = f"Line {line}: {'lorem ipsum dolor sit amet'[line % 9 :]} {line * 7919 % 1000}"
        cv2.putText(before, text, (20, 26 + 31 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (30, 30, 30), 1, cv2.LINE_AA)
    banner = np.full((ROWS, 600, 3), (255, 214, 170), np.uint8)
    cv2.putText(banner, "A new banner", (150, 55), cv2.FONT_HERSHEY_SIMPLEX, 1, (120, 0, 0), 2, cv2.LINE_AA)
    after = np.vstack([before[:CUT], banner, before[CUT:]])
    x, y, width, height = DOT
    after[y + ROWS : y + ROWS + height, x : x + width] = (200, 0, 40)
    files = {}
    for side, pixels in (("before", before), ("after", after)):
        stream = BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        stream.seek(0)
        files[side] = (stream, f"{side}.png")
    evaluation = compare(app, **files)
    assert len(evaluation["alignment"]["bands"]) == 2
    assert len(evaluation["regions"]) == 2
    return evaluation


def inserted(evaluation: Evaluation) -> dict[str, Any]:
    return next(region for region in evaluation["regions"] if region["after"]["height"] > ROWS // 2)


def test_inserted_rows_are_gone_to_where_they_are_seen(open_page: OpenPage, page_pair: Evaluation) -> None:
    """After as given comes up with the banner marked, and the list shows it and its size."""
    page = opened(open_page, page_pair)
    region = inserted(page_pair)
    item = page.locator(f"[data-region-item='{region['id']}']")
    expect(item).to_contain_text(f"{region['after']['width']} × {region['after']['height']} px")
    item.locator("a").click()
    ready(page)
    expect(page.locator(".pane-label").nth(1)).to_have_text("After, as given")
    mark = page.locator(".pane").nth(1).locator("g.mark.selected .line").bounding_box()
    assert mark
    assert middle(page.locator(".pane").nth(1).locator("g.mark.selected .line")) == pytest.approx(
        on_screen(page, region["after"], 1), abs=2
    )
    assert mark["height"] == pytest.approx(ROWS * scale(page), rel=0.2)


def test_what_was_done_is_said_by_rows_and_not_by_a_matrix(open_page: OpenPage, page_pair: Evaluation) -> None:
    """One matrix, drawn as one frame, would say that nothing was moved."""
    page = opened(open_page, page_pair)
    done = page.locator("#done")
    expect(done).to_contain_text("After was laid over before row by row")
    expect(done).to_contain_text(f"{ROWS} rows inserted")
    expect(done).not_to_contain_text("shift")
    expect(done).not_to_contain_text("Matrix")
    expect(page.locator("#outline")).to_have_count(0)


def test_a_difference_below_is_in_the_middle_of_both_panes(open_page: OpenPage, page_pair: Evaluation) -> None:
    """Each in its own rows."""
    page = opened(open_page, page_pair, "?after=given")
    region = next(one for one in page_pair["regions"] if one is not inserted(page_pair))
    page.locator(f"[data-region-item='{region['id']}'] a").click()
    ready(page)
    for pane, side in enumerate(("before", "after")):
        place = on_screen(page, region[side], pane)
        assert place == pytest.approx(middle(page.locator(".pane").nth(pane)), abs=2)


def test_an_area_drawn_on_after_below_the_rows_is_that_of_before(open_page: OpenPage, page_pair: Evaluation) -> None:
    """What is drawn around the dot in after is around its place in before, and seen there in both panes."""
    page = opened(open_page, page_pair, "?after=given")
    page.keyboard.press("x")
    x, y, width, height = DOT
    corners = [(x - 20, y + ROWS - 20), (x + width + 20, y + ROWS + height + 20)]
    screen = [on_screen(page, {"x": a, "y": b, "width": 0, "height": 0}, 1) for a, b in corners]
    page.mouse.move(*screen[0])
    page.mouse.down()
    page.mouse.move(*screen[1], steps=4)
    page.mouse.up()
    drawn = [int(n) for n in page.get_by_label("Areas to ignore", exact=True).input_value().split(",")]
    assert drawn == pytest.approx([x - 20, y - 20, width + 40, height + 40], abs=2 / scale(page))
    box = page.locator(".pane").nth(1).locator(".ignored").bounding_box()
    assert box
    assert (box["x"], box["y"]) == pytest.approx(screen[0], abs=3)
    page.get_by_role("button", name="Compare again without these").click()
    page.wait_for_url(lambda url: page_pair["id"] not in url)
    expect(page.locator("[data-region-item]")).to_have_count(1)


def test_the_inspector_compares_rows_that_belong_together(open_page: OpenPage, page_pair: Evaluation) -> None:
    """The dot in after against the paper of before, by typing and by pointing at after."""
    page = opened(open_page, page_pair, "?after=given")
    page.keyboard.press("i")
    x, y = DOT[0] + 5, DOT[1] + 5
    page.locator("#inspect-x").fill(str(x))
    page.locator("#inspect-y").fill(str(y))
    expect(page.locator("[data-sample=before] .hex")).to_have_text("#ffffff")
    expect(page.locator("[data-sample=after] .hex")).to_have_text("#c80028")
    page.get_by_role("button", name="Unlock").click()
    page.mouse.move(*on_screen(page, {"x": 300, "y": y + ROWS, "width": 1, "height": 1}, 1))
    expect(page.locator("#inspect-x")).not_to_have_value(str(x))
    assert abs(int(page.locator("#inspect-y").input_value()) - y) <= 2 / scale(page)
