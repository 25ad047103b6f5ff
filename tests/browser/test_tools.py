"""Around the pictures: areas to ignore, inspector, keys, histograms, checkerboard."""

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
    box_of,
    current,
    on_screen,
    opened,
    scale,
    seen,
)

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def picture(page: Page, url: str) -> Image.Image:
    """Fetch a picture."""
    return Image.open(BytesIO(page.request.get(url).body())).convert("RGB")


def test_areas_drawn_on_the_picture_are_left_out_of_a_new_comparison(open_page: OpenPage, photo: Evaluation) -> None:
    """They are seen, listed and in the address; the new result has them in its JSON and not what lies in them."""
    page = opened(open_page, photo)
    cube = box_of(photo, 1)
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Draw areas to ignore")).to_have_attribute("aria-pressed", "true")
    x, y = on_screen(page, cube, 1)
    reach = (max(cube["width"], cube["height"]) / 2 + 25) * scale(page)
    page.mouse.move(x - reach, y - reach)
    page.mouse.down()
    page.mouse.move(x + reach, y + reach, steps=5)
    page.mouse.up()
    expect(page.locator("#areas-list li")).to_have_count(1)
    drawn = page.locator(".pane").first.locator(".ignored").bounding_box()
    assert drawn
    assert drawn["width"] == pytest.approx(2 * reach, abs=4)
    text = page.evaluate("new URL(location.href).searchParams.get('ignore')")
    assert page.get_by_label("Areas to ignore", exact=True).input_value() == text
    page.reload()
    expect(page.locator("#areas-list li")).to_have_count(1)
    page.get_by_role("button", name="Compare again without these").click()
    page.wait_for_url(lambda url: "/evaluations/" in url and photo["id"] not in url)
    new = page.request.get(re.sub(r"\?.*", "", page.url).replace("/evaluations/", "/api/evaluations/")).json()
    assert ",".join(str(new["options"]["ignore"][0][key]) for key in ("x", "y", "width", "height")) == text
    assert len(new["regions"]) == len(photo["regions"]) - 1
    expect(page.locator(".ignored").first).to_be_attached()


def test_an_area_can_be_removed_and_typed(open_page: OpenPage, photo: Evaluation) -> None:
    """By its button, and as numbers in the form: no mouse is needed."""
    page = opened(open_page, photo, "?ignore=10,20,30,40;500,300,60,50")
    expect(page.locator("#areas-list li")).to_have_count(2)
    page.get_by_role("button", name="Remove area 1").click()
    expect(page.locator("#areas-list li")).to_have_text([re.compile("60 × 50 px at 500, 300")])
    field = page.get_by_label("Areas to ignore", exact=True)
    field.fill("1,2,3,4; 5,6,7,8")
    field.blur()
    expect(page.locator("#areas-list li")).to_have_count(2)
    assert page.locator(".pane").first.locator(".ignored").count() == 2


def test_the_inspector_tells_the_colours_of_the_files(open_page: OpenPage, photo: Evaluation) -> None:
    """Both colours and their difference are those of the pixels; a click holds them."""
    page = opened(open_page, photo)
    before, aligned = (
        Image.open(BytesIO(page.request.get(photo["images"][name]).body())).convert("RGB")
        for name in ("before", "aligned")
    )
    page.keyboard.press("i")
    page.locator("#inspect-x").fill("254")
    page.locator("#inspect-y").fill("519")
    one, two = before.getpixel((254, 519)), aligned.getpixel((254, 519))
    assert isinstance(one, tuple)
    assert isinstance(two, tuple)
    expect(page.locator("[data-sample=before] .rgb")).to_have_text(", ".join(map(str, one)))
    expect(page.locator("[data-sample=after] .rgb")).to_have_text(", ".join(map(str, two)))
    largest = max(abs(a - b) for a, b in zip(one, two, strict=True))
    expect(page.locator("#inspect-delta")).to_contain_text(f"largest {largest}")
    page.get_by_role("button", name="Unlock").click()
    page.mouse.move(*on_screen(page, {"x": 690, "y": 500, "width": 1, "height": 1}, 1))
    expect(page.locator("#inspect-x")).to_have_value(re.compile("^(689|69[01])$"))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(*on_screen(page, {"x": 100, "y": 100, "width": 1, "height": 1}))
    expect(page.locator("#inspect-x")).to_have_value(re.compile("^(689|69[01])$"))
    expect(page.get_by_role("button", name="Unlock")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280, 1440])
def test_the_inspector_keeps_its_size_whatever_the_values(open_page: OpenPage, photo: Evaluation, width: int) -> None:
    """Else everything below it would jump under a moving pointer."""
    page = opened(open_page, photo, width=width)
    page.keyboard.press("i")
    heights = set()
    for x, y, words in (("254", "519", "largest"), ("9000", "9000", "no pixel of after here")):
        page.locator("#inspect-x").fill(x)
        page.locator("#inspect-y").fill(y)
        expect(page.locator("#inspect-delta")).to_contain_text(words)
        heights.add(page.locator("#inspector").evaluate("panel => panel.offsetHeight"))
    page.locator(".pixel .rgb").first.evaluate("text => { text.textContent = '255, 255, 255, alpha 255' }")
    page.locator("#inspect-delta").evaluate("text => { text.textContent = '−255, −255, −255\\nlargest 255' }")
    heights.add(page.locator("#inspector").evaluate("panel => panel.offsetHeight"))
    assert len(heights) == 1


def test_the_question_mark_lists_the_keys_and_typing_is_left_alone(open_page: OpenPage, photo: Evaluation) -> None:
    """Escape closes the list and gives the focus back; keys in a field are text."""
    page = opened(open_page, photo)
    page.locator("#help").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#help")).to_be_focused()
    page.get_by_label("Areas to ignore", exact=True).focus()
    page.keyboard.type("2jx")
    expect(page.get_by_role("tab", selected=True)).to_have_attribute("data-mode", "side")
    assert current(page) is None


def test_histograms_and_the_outline_are_drawn(open_page: OpenPage, photo: Evaluation) -> None:
    """Three plots whose means are those of the pictures, and the frame of after over before."""
    page = opened(open_page, photo)
    expect(page.locator(".histograms figure")).to_have_count(3)
    preview = picture(page, photo["images"]["preview-before"])
    red = int(re.search(r"mean (\d+) before", page.locator(".histograms figcaption").first.inner_text())[1])  # type: ignore[index]
    assert red == pytest.approx(np.asarray(preview)[..., 0].mean(), abs=2)
    before, after = (page.locator(f"#outline .frame-{side}").bounding_box() for side in ("before", "after"))
    assert before and after
    assert after["width"] == pytest.approx(before["width"], rel=0.05)
    assert after["x"] != before["x"]


def test_transparent_parts_show_a_checkerboard(open_page: OpenPage, app: Flask) -> None:
    """Two greys where the picture has nothing, its own colour elsewhere."""
    pixels = np.zeros((300, 400, 4), np.uint8)
    pixels[100:200, 100:300] = (30, 90, 200, 255)
    files = {}
    for side in ("before", "after"):
        stream = BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        stream.seek(0)
        files[side] = (stream, f"{side}.png")
        pixels[120:150, 120:160] = (220, 30, 30, 255)
    page = opened(open_page, compare(app, **files))
    shades = [
        seen(page, *on_screen(page, {"x": 20 + 5 * step, "y": 20, "width": 0, "height": 0}))[0] for step in range(12)
    ]
    assert min(shades) == pytest.approx(208, abs=3)
    assert max(shades) == pytest.approx(246, abs=3)
    assert seen(page, *on_screen(page, {"x": 250, "y": 180, "width": 0, "height": 0})) == (30, 90, 200)
