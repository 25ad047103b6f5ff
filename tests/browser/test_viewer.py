"""The viewer: what each mode shows, and that all panes stay together. Judged by geometry and by pixels seen."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]
Color = tuple[int, int, int]
MODES = ["side", "swipe", "fade", "blink", "difference", "heat", "matches"]
CUBE = 1  # the sugar cube, white where before has a red saucer
RED: Color = (150, 30, 10)


# Left, top and scale of a drawn picture: its size on the screen against its size in pixels.
PLACE = """canvas => {
  const { before, after } = JSON.parse(document.getElementById('evaluation').textContent)
  const image = canvas.querySelector('img')
  const name = image.src.split('/').pop()
  const given = /(^|-)after\\./.test(name) ? after : before
  const width = name.startsWith('matches') ? image.naturalWidth : given.width
  const box = canvas.getBoundingClientRect()
  return [box.left, box.top, box.width / width]
}"""


def ready(page: Page) -> None:
    """Wait until what the stage shows is decoded and drawn."""
    page.wait_for_function(
        """() => { const all = [...document.querySelectorAll('#stage img')]
        return all.length > 0 && all.every(i => i.complete && i.naturalWidth > 0) }"""
    )
    page.evaluate(
        """() => Promise.all([...document.querySelectorAll('#stage img')].map(i => i.decode().catch(() => {})))
        .then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"""
    )


def opened(open_page: OpenPage, evaluation: Evaluation, query: str = "", **options: Any) -> Page:
    """Open a result and wait for its pictures; nothing flies, so that every place is final at once."""
    page = open_page(evaluation["url"] + query, **{"height": 1100, "reduced_motion": "reduce"} | options)
    ready(page)
    return page


def on_screen(page: Page, box: dict[str, float], pane: int = 0, sheet: int = 0) -> tuple[float, float]:
    """Where the middle of a box of the picture is on the screen, from the drawn canvas of a pane."""
    left, top, width = page.locator(".pane").nth(pane).locator(".canvas").nth(sheet).evaluate(PLACE)
    return left + (box["x"] + box["width"] / 2) * width, top + (box["y"] + box["height"] / 2) * width


def in_stage(page: Page, box: dict[str, float]) -> tuple[float, float]:
    """The same from the corner of the stage, wherever the page is scrolled to."""
    x, y = on_screen(page, box)
    left, top = page.locator("#stage").evaluate("s => [s.getBoundingClientRect().left, s.getBoundingClientRect().top]")
    return x - left, y - top


def scale(page: Page, pane: int = 0) -> float:
    """Screen pixels per picture pixel."""
    return float(page.locator(".pane").nth(pane).locator(".canvas").first.evaluate(PLACE)[2])


def seen(page: Page, x: float, y: float) -> Color:
    """The colour on the screen around a point."""
    data = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 3, "height": 3})
    color = Image.open(BytesIO(data)).convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(color, tuple)
    return color  # type: ignore[return-value]


def seen_in(page: Page, evaluation: Evaluation, region: int = CUBE, pane: int = 0) -> Color:
    """The colour in the middle of a region."""
    return seen(page, *on_screen(page, box_of(evaluation, region), pane))


def box_of(evaluation: Evaluation, region: int, side: str = "before") -> dict[str, float]:
    return next(one[side] for one in evaluation["regions"] if one["id"] == region)


def far(one: Color, other: Color) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_every_mode_has_a_tab_an_address_and_the_same_frame(open_page: OpenPage, photo: Evaluation) -> None:
    """Nothing jumps: the stage and what follows stay where they are; arrows go through the tabs."""
    page = opened(open_page, photo)
    frames = set()
    page.get_by_role("tab", name="Side by side").focus()
    for number, mode in enumerate(MODES):
        expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", mode)
        expect(page.get_by_role("tab", selected=True)).to_be_focused()
        assert page.url.endswith(photo["url"] if mode == "side" else f"?mode={mode}")
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
    assert far(seen_in(page, photo), (0, 255, 0)) < 12
    spoon = {"x": 690, "y": 500, "width": 10, "height": 10}
    untouched = seen(page, *on_screen(page, spoon))
    page.locator("[name=difference-base][value=pixels]").check()
    assert max(seen_in(page, photo)) > 60
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


def test_wheel_zooms_around_the_pointer_in_both_panes(open_page: OpenPage, photo: Evaluation) -> None:
    """What is under the pointer stays there, and the other pane shows the same place."""
    page = opened(open_page, photo)
    cube = box_of(photo, CUBE)
    x, y = on_screen(page, cube)
    before = scale(page)
    page.mouse.move(round(x), round(y))
    for _ in range(4):
        page.mouse.wheel(0, -240)
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
    assert "after=" not in page.url


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
    assert f"region={photo['regions'][1]['id']}" in page.url


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
