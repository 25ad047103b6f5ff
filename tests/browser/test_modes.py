"""What each mode shows, judged by the pixels seen; the frame stays where it is."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seeing import (
    CUBE,
    MODES,
    RED,
    box_of,
    far,
    in_stage,
    middle,
    on_screen,
    opened,
    ready,
    scale,
    seen,
    seen_in,
    until,
)

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def test_every_mode_has_a_tab_an_address_and_the_same_frame(open_page: OpenPage, photo: Evaluation) -> None:
    """Nothing jumps: the stage and what follows stay where they are; arrows go through the tabs."""
    page = opened(open_page, photo)
    frames = set()
    page.get_by_role("tab", name="Side by side").focus()
    for number, mode in enumerate(MODES):
        expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", mode)
        expect(page.get_by_role("tab", selected=True)).to_be_focused()
        expect(page).to_have_url(
            re.compile(re.escape(photo["url"] + ("" if mode == "side" else f"?mode={mode}")) + "$")
        )
        ready(page)
        frames.add(str((page.locator("#stage").bounding_box(), page.locator(".files").bounding_box())))
        assert page.locator(".pane").count() == (2 if mode == "side" else 1), number
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", "side")
    assert len(frames) == 1
    for number, mode in enumerate(MODES, 1):
        page.locator("#stage").focus()
        page.keyboard.press(str(number))
        expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", mode)


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1100, 1280, 1920])
def test_every_tab_is_seen_whatever_the_width(open_page: OpenPage, photo: Evaluation, width: int) -> None:
    """None is cut or has to be scrolled to."""
    page = open_page(photo["url"], width=width)
    bar = page.get_by_role("tablist").evaluate(
        "bar => [bar.scrollWidth - bar.clientWidth, bar.scrollHeight - bar.clientHeight]"
    )
    assert bar == [0, 0]
    for tab in page.get_by_role("tab").all():
        box = tab.bounding_box()
        assert box
        assert box["x"] >= 0 and box["x"] + box["width"] <= width


def test_nothing_below_the_stage_moves_whatever_the_mode(open_page: OpenPage, photo: Evaluation) -> None:
    """From phone to desk, in narrow and wide letters, before the pictures of a mode are there and after."""
    page = open_page(photo["url"], height=1100, reduced_motion="reduce")
    held: list[Route] = []
    page.route(re.compile("/images/(aligned|mask|heatmap|matches)"), lambda route: held.append(route))
    for width, spacing in [(320, 0), (390, 0.06), (800, 0), (1200, 0), (1280, 0.06), (1440, 0), (1440, 0.06)]:
        page.set_viewport_size({"width": width, "height": 1100})
        page.evaluate("spacing => { document.body.style.letterSpacing = `${spacing}em` }", spacing)
        assert len(places(page)) == 1, (width, spacing)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    waiting = places(page)
    for route in held:
        route.continue_()
    page.unroute_all()
    expect(page.locator("#stage")).to_have_attribute("aria-busy", "false")
    assert places(page) == waiting


def places(page: Page) -> set[float]:
    """How far down the names of the files are, in each mode."""
    below = set()
    for number, mode in enumerate(MODES, 1):
        page.keyboard.press(str(number))
        expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", mode)
        expect(page.locator(f"[data-for={mode}]")).to_be_visible()
        expect(page.locator("[data-for]:visible")).to_have_count(1)
        below.add(page.locator(".files").evaluate("files => files.getBoundingClientRect().top + scrollY"))
    return below


def test_side_by_side_shows_both_with_the_marks_on_the_same_place(open_page: OpenPage, photo: Evaluation) -> None:
    """The saucer left, the cube right; the boxes of both panes lie alike."""
    page = opened(open_page, photo)
    assert far(seen_in(page, photo, pane=0), RED) < 40
    assert far(seen_in(page, photo, pane=1), RED) > 80
    for region in photo["regions"]:
        for pane in (0, 1):
            mark = page.locator(".pane").nth(pane).locator(f"g.mark[data-region='{region['id']}'] .line")
            x, y = on_screen(page, region["before"], pane)
            at = middle(mark)
            assert abs(at[0] - x) < 1.5
            assert abs(at[1] - y) < 1.5


def test_swipe_reveals_after_right_of_the_divider(open_page: OpenPage, photo: Evaluation) -> None:
    """By slider, by keyboard and by dragging the line; the picture itself does not move."""
    page = opened(open_page, photo, "?mode=swipe")
    slider = page.get_by_label("Divider")
    place = in_stage(page, box_of(photo, CUBE))
    slider.fill("100")
    assert far(seen_in(page, photo), RED) < 40
    slider.fill("0")
    assert far(seen_in(page, photo), RED) > 80
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1 % before, 99 % after")
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("3")
    slider.fill("50")
    stage = page.locator("#stage").bounding_box()
    assert stage
    page.mouse.move(*middle(page.locator(".swipe-line")))
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.9, stage["y"] + 50, steps=4)
    page.mouse.up()
    assert abs(int(slider.input_value()) - 90) <= 1
    assert far(seen_in(page, photo), RED) < 40
    assert in_stage(page, box_of(photo, CUBE)) == pytest.approx(place)


def test_fade_mixes_both(open_page: OpenPage, photo: Evaluation) -> None:
    """Half of each in the middle."""
    page = opened(open_page, photo, "?mode=fade")
    slider = page.get_by_label("Before to after")
    colors = {}
    for value in ("0", "50", "100"):
        slider.fill(value)
        colors[value] = seen_in(page, photo)
    mixed = tuple(round((a + b) / 2) for a, b in zip(colors["0"], colors["100"], strict=True))
    assert far(colors["0"], colors["100"]) > 80
    assert far(colors["50"], mixed) <= 3  # type: ignore[arg-type]


def test_blink_goes_between_both_and_can_be_stopped(open_page: OpenPage, photo: Evaluation) -> None:
    """It starts by itself, pauses, and arrows show one or the other."""
    page = opened(open_page, photo, "?mode=blink", reduced_motion="no-preference")
    play = page.locator("#blink-play")
    expect(play).to_have_text("Pause")
    expect(page.locator(".pane-label")).to_have_text("After, aligned")
    expect(page.locator(".pane-label")).to_have_text("Before")
    play.click()
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pane-label")).to_have_text("After, aligned")
    assert far(seen_in(page, photo), RED) > 80
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pane-label")).to_have_text("Before")
    assert far(seen_in(page, photo), RED) < 40
    expect(play).to_have_text("Play")


def test_blink_stays_still_for_who_asked_for_less_motion(open_page: OpenPage, photo: Evaluation) -> None:
    """Until Play is pressed."""
    page = opened(open_page, photo, "?mode=blink")
    expect(page.locator("#blink-play")).to_have_text("Play")
    page.wait_for_timeout(900)
    expect(page.locator(".pane-label")).to_have_text("Before")


def test_difference_lays_the_mask_over_before_or_after(open_page: OpenPage, photo: Evaluation) -> None:
    """In the colour and strength that are set, and the raw difference of pixels is a choice."""
    page = opened(open_page, photo, "?mode=difference")
    page.locator("[name=marks][value=off]").check()
    page.get_by_label("Strength").first.fill("100")
    page.locator("#mask-color").fill("#00ff00")
    until(page, lambda: far(seen_in(page, photo), (0, 255, 0)) < 12)
    spoon = {"x": 690, "y": 500, "width": 10, "height": 10}
    untouched = seen(page, *on_screen(page, spoon))
    page.locator("[name=difference-base][value=pixels]").check()
    assert max(seen_in(page, photo)) > 60
    assert far(seen_in(page, photo), (0, 255, 0)) > 100
    page.reload()
    ready(page)
    assert page.locator("#mask-color").input_value() == "#00ff00"
    assert far(untouched, (0, 255, 0)) > 100


def test_heat_shows_where_it_differs(open_page: OpenPage, photo: Evaluation) -> None:
    """Full strength hides the picture, none shows it."""
    page = opened(open_page, photo, "?mode=heat")
    page.locator("[name=marks][value=off]").check()
    page.locator("#heat-strength").fill("100")
    hot = seen_in(page, photo)
    page.locator("#heat-strength").fill("0")
    assert far(seen_in(page, photo), RED) < 40
    assert far(hot, RED) > 80


def test_matches_is_a_picture_of_its_own_that_zooms(open_page: OpenPage, photo: Evaluation) -> None:
    """Both images with lines, in the same frame, with a zoom of its own."""
    page = opened(open_page, photo, "?mode=matches")
    assert page.locator("#stage img").evaluate("i => i.naturalWidth / i.naturalHeight") > 2.5
    fitted = scale(page)
    page.locator("#zoom-in").click()
    assert scale(page) == pytest.approx(1.5 * fitted, rel=0.01)
    page.get_by_role("tab", name="Swipe").click()
    expect(page.locator("#stage")).to_have_class(re.compile(r"\bfitted\b"))


def test_dark_and_light_draw_the_frame_in_their_own_colours(open_page: OpenPage, photo: Evaluation) -> None:
    """The empty part of the stage."""
    shades = []
    for scheme in ("light", "dark"):
        page = opened(open_page, photo, color_scheme=scheme)
        stage = page.locator("#stage").bounding_box()
        assert stage
        shades.append(sum(seen(page, stage["x"] + stage["width"] / 4, stage["y"] + 12)))
    assert shades[0] > 600
    assert shades[1] < 100


@pytest.mark.parametrize(
    ("tab", "name", "shown"), [("Heat map", "heatmap", ".sheet-heat img"), ("Difference", "mask", ".mask")]
)
def test_a_picture_that_is_not_there_yet_is_waited_for(
    open_page: OpenPage, photo: Evaluation, tab: str, name: str, shown: str
) -> None:
    """The frame says that it is busy, and asks again when the server was too busy."""
    page = opened(open_page, photo, allow=(503,))
    stage = page.locator("#stage")
    expect(stage).to_have_attribute("aria-busy", "false")
    asked: list[Route] = []

    def refuse_once(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=503)

    page.route(f"**/{name}.png", refuse_once)
    page.get_by_role("tab", name=tab).click()
    expect(stage).to_have_attribute("aria-busy", "true")
    until(page, lambda: len(asked) == 2)
    asked[1].continue_()
    expect(stage).to_have_attribute("aria-busy", "false")
    expect(page.locator(shown)).to_be_visible()
