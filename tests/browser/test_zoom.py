"""Zoom and pan: all panes stay together, by wheel, drag, fingers, keys and typing. Judged by geometry."""

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
    CUBE,
    MODES,
    box_of,
    middle,
    on_screen,
    opened,
    ready,
    scale,
    until,
)

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def test_wheel_zooms_around_the_pointer_in_both_panes(open_page: OpenPage, photo: Evaluation) -> None:
    """What is under the pointer stays there, and the other pane shows the same place."""
    page = opened(open_page, photo)
    cube = box_of(photo, CUBE)
    x, y = on_screen(page, cube)
    before = scale(page)
    page.mouse.move(round(x), round(y))
    for _ in range(4):
        last = scale(page)
        page.mouse.wheel(0, -240)
        until(page, lambda last=last: scale(page) > last)  # type: ignore[misc]  # Playwright does not wait for it
    assert scale(page) > 3 * before
    assert on_screen(page, cube) == pytest.approx((x, y), abs=5)  # a pointer stands on whole pixels
    offset = page.locator(".pane").nth(1).evaluate("p => p.getBoundingClientRect().left") - page.locator(
        ".pane"
    ).first.evaluate("p => p.getBoundingClientRect().left")
    left_x, left_y = on_screen(page, cube)
    assert on_screen(page, cube, 1) == pytest.approx((left_x + offset, left_y), abs=0.5)
    assert scale(page, 1) == pytest.approx(scale(page))


def test_dragging_moves_all_panes_and_modes_keep_the_place(open_page: OpenPage, photo: Evaluation) -> None:
    """The drag on one pane moves the other; swipe opens at the same place and scale."""
    page = opened(open_page, photo)
    page.locator("#zoom-level").fill("200")
    page.locator("#zoom-level").press("Enter")
    cube = box_of(photo, CUBE)
    start = [on_screen(page, cube, pane) for pane in (0, 1)]
    x, y = middle(page.locator(".pane").nth(1))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y - 60, steps=5)
    page.mouse.up()
    for pane in (0, 1):
        assert on_screen(page, cube, pane) == pytest.approx((start[pane][0] + 120, start[pane][1] - 60), abs=2)
    centre = page.locator(".pane").first.evaluate(
        """p => { const c = p.querySelector('.canvas').getBoundingClientRect(), r = p.getBoundingClientRect()
        return [(r.left + r.width / 2 - c.left) / 2, (r.top + r.height / 2 - c.top) / 2] }"""
    )
    page.keyboard.press("2")
    assert scale(page) == pytest.approx(2)
    box = {"x": centre[0], "y": centre[1], "width": 0, "height": 0}
    assert on_screen(page, box) == pytest.approx(middle(page.locator("#stage")), abs=2)


def test_zoom_by_typing_keys_buttons_and_double_click(open_page: OpenPage, photo: Evaluation) -> None:
    """The percentage is always right, and pixels are squares from 200 % up."""
    page = opened(open_page, photo, "?mode=swipe")
    level = page.get_by_label("Zoom in percent")
    fitted = scale(page)
    rendering = "getComputedStyle(document.querySelector('#stage img')).imageRendering"
    level.fill("150 %")
    level.press("Enter")
    assert scale(page) == pytest.approx(1.5)
    assert page.evaluate(rendering) == "auto"
    level.fill("400")
    level.press("Enter")
    assert scale(page) == pytest.approx(4)
    assert page.evaluate(rendering) == "pixelated"
    page.locator("#stage").focus()
    for key, expected in [("z", 1.0), ("+", 1.5), ("-", 1.0), ("0", fitted)]:
        page.keyboard.press(key)
        assert scale(page) == pytest.approx(expected, rel=0.01), key
        expect(level).to_have_value(f"{round(100 * expected)} %")
    page.mouse.dblclick(*middle(page.locator("#stage")))
    assert scale(page) > 1.2
    page.mouse.dblclick(*middle(page.locator("#stage")))
    assert scale(page) == pytest.approx(fitted)


def test_a_flight_ends_where_it_was_meant_to(open_page: OpenPage, photo: Evaluation) -> None:
    """With motion allowed, the picture glides and stops at the very scale."""
    page = opened(open_page, photo, reduced_motion="no-preference")
    page.locator("#zoom-real").click()
    expect(page.get_by_label("Zoom in percent")).to_have_value("100 %")
    page.wait_for_function("() => document.querySelector('.canvas').style.width === '1152px'")
    page.locator("#zoom-fit").click()
    expect(page.locator("#stage")).to_have_class(re.compile(r"\bfitted\b"))


def test_arrows_move_the_picture_when_it_is_larger_than_the_frame(open_page: OpenPage, photo: Evaluation) -> None:
    """And leave the page alone when it is not."""
    page = opened(open_page, photo)
    page.locator("#stage").focus()
    page.keyboard.press("z")
    cube = box_of(photo, CUBE)
    x, y = on_screen(page, cube)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert on_screen(page, cube) == pytest.approx((x - 80, y - 80), abs=2)


def test_two_fingers_pinch(open_page: OpenPage, photo: Evaluation) -> None:
    """Spreading them to twice the distance doubles the scale, around the middle between them."""
    page = opened(open_page, photo, "?mode=fade", width=390, height=800, has_touch=True, is_mobile=True)
    page.locator("#stage").scroll_into_view_if_needed()
    fitted = scale(page)
    x, y = middle(page.locator("#stage"))
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (x - 40, y), (x + 40, y))
    for spread in (50, 60, 70, 80):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    assert scale(page) == pytest.approx(2 * fitted, rel=0.06)


def test_the_pictures_are_previews_until_their_pixels_can_be_seen(open_page: OpenPage, photo: Evaluation) -> None:
    """At a fraction of their size the reduced ones are enough; at 100 % the full ones are loaded."""
    page = opened(open_page, photo)
    sources = "[...document.querySelectorAll('#stage img')].map(i => i.src.split('/').pop())"
    assert page.evaluate(sources) == ["preview-before.webp", "preview-aligned.webp"]
    page.locator("#stage").focus()
    page.keyboard.press("z")
    page.wait_for_function(f"() => ({sources}).join() === 'before.png,aligned.png'")


def test_after_as_given_is_shown_in_its_own_frame_at_the_same_place(open_page: OpenPage, photo: Evaluation) -> None:
    """The marks there are those of after, and the cube is at the same place in both panes."""
    page = opened(open_page, photo, "?after=given")
    expect(page.locator(".pane-label").nth(1)).to_have_text("After, as given")
    page.keyboard.press("j")
    ready(page)
    first = photo["regions"][0]
    x, y = on_screen(page, first["after"], 1)
    assert middle(page.locator(".pane").nth(1).locator("g.mark.selected .line")) == pytest.approx((x, y), abs=2)
    assert (x, y) == pytest.approx(middle(page.locator(".pane").nth(1)), abs=8)
    page.keyboard.press("o")
    expect(page.locator(".pane-label").nth(1)).to_have_text("After, aligned")
    expect(page).not_to_have_url(re.compile("after="))


def test_phone_width_stacks_the_panes_and_every_mode_fits(open_page: OpenPage, photo: Evaluation) -> None:
    """320 px: nothing sticks out in any mode, and taps choose modes and regions."""
    page = opened(open_page, photo, width=320, height=640, has_touch=True)
    first, second = (pane.bounding_box() for pane in page.locator(".pane").all())
    assert first and second
    assert first["x"] == second["x"]
    assert second["y"] >= first["y"] + first["height"]
    for mode in MODES:
        page.locator(f"#tab-{mode}").tap()
        expect(page.locator(f"#tab-{mode}")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator("[data-region-item] a").nth(1).tap()
    expect(page).to_have_url(re.compile(f"region={photo['regions'][1]['id']}$"))


def test_wide_pictures_lie_above_each_other_and_tall_ones_beside(open_page: OpenPage, app: Flask) -> None:
    """Whatever shows them larger, on a desk and on a phone."""
    for width, height, screen, above in ((900, 120, 1440, True), (120, 900, 390, False)):
        pixels = np.full((height, width, 3), 200, np.uint8)
        files = {}
        for side in ("before", "after"):
            files[side] = (BytesIO(), f"{side}.png")
            Image.fromarray(pixels).save(files[side][0], "PNG")
            files[side][0].seek(0)
            pixels[30:50, 30:50] = (200, 30, 30)
        page = opened(open_page, compare(app, **files), width=screen)
        first, second = (pane.bounding_box() for pane in page.locator(".pane").all())
        assert first and second
        assert (second["y"] >= first["y"] + first["height"]) == above
        assert (second["x"] >= first["x"] + first["width"]) != above
