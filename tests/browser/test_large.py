"""Large pictures: previews at once, then only the parts that are seen, to the very pixel."""

import re
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
from tests.browser.seeing import on_screen, opened, seen, until

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]
SPOT = (1900, 1300)


@pytest.fixture(scope="module")
def pixels() -> tuple[Any, Any]:
    """5.4 megapixels with fine grain; the second has a square more."""
    random = np.random.default_rng(5)
    coarse = cv2.resize(random.integers(40, 216, (12, 18, 3), np.uint8), (3600, 1500), interpolation=cv2.INTER_CUBIC)
    before = cv2.add(coarse, np.tile(random.integers(0, 24, (150, 360, 3), np.uint8), (10, 10, 1)))
    after = before.copy()
    after[SPOT[1] - 30 : SPOT[1] + 30, SPOT[0] - 40 : SPOT[0] + 40] = (20, 230, 40)
    return before, after


@pytest.fixture(scope="module")
def large(app: Flask, pixels: tuple[Any, Any]) -> Evaluation:
    """Their evaluation."""
    files = {}
    for side, picture in zip(("before", "after"), pixels, strict=True):
        stream = BytesIO()
        Image.fromarray(picture).save(stream, "PNG", compress_level=1)
        stream.seek(0)
        files[side] = (stream, f"{side}.png")
    return compare(app, **files)


def requested(page: Page) -> list[str]:
    """Collect what is asked for from now on, from the id on."""
    paths: list[str] = []
    start = re.compile(r".*/api/evaluations/[^/]+/")
    page.on("request", lambda request: start.match(request.url) and paths.append(start.sub("", request.url)))
    return paths


def at(place: tuple[int, int]) -> dict[str, float]:
    return {"x": place[0] + 0.5, "y": place[1] + 0.5, "width": 0, "height": 0}


def wait_for_tiles(page: Page, count: int) -> None:
    page.wait_for_function(f"() => document.querySelectorAll('#stage .tiles > *').length >= {count}")


def test_only_the_parts_that_are_seen_are_loaded_and_to_the_very_pixel(
    open_page: OpenPage, large: Evaluation, pixels: tuple[Any, Any]
) -> None:
    """A difference far in shows the pixels of the file in both panes, and nothing loads a whole picture."""
    page = opened(open_page, large, device_scale_factor=1)
    paths = requested(page)
    page.keyboard.press("j")
    page.locator("#zoom-level").fill("800")
    page.locator("#zoom-level").press("Enter")
    wait_for_tiles(page, 2)
    page.locator("[name=marks][value=off]").check()
    for pane, picture in enumerate(pixels):
        for x, y in (SPOT, (SPOT[0] - 20, SPOT[1] - 10), (SPOT[0] + 9, SPOT[1] + 7)):
            assert seen(page, *on_screen(page, at((x, y)), pane)) == tuple(picture[y, x])
    assert {"tiles/before/0/3/2", "tiles/aligned/0/3/2"} <= set(paths)
    assert len(set(paths)) <= 4
    assert not [path for path in paths if not path.startswith("tiles/")]


def test_halfway_in_coarser_parts_are_enough_and_what_is_left_behind_goes(
    open_page: OpenPage, large: Evaluation
) -> None:
    """Two pixels to one on the screen: tiles of half the size; moved on, the first ones are dropped."""
    page = opened(open_page, large, "?mode=swipe", device_scale_factor=1)
    page.locator("#zoom-level").fill("47")
    page.locator("#zoom-level").press("Enter")
    wait_for_tiles(page, 2)
    sources = page.eval_on_selector_all("#stage .tiles img", "all => all.map(i => i.src.split('/tiles/')[1])")
    assert sources
    assert all(re.fullmatch(r"(before|aligned)/1/\d/\d", source) for source in sources)
    page.locator("#zoom-level").fill("3000")
    page.locator("#zoom-level").press("Enter")
    page.wait_for_function(
        """() => { const all = [...document.querySelectorAll('#stage .tiles img')]
        return all.length > 1 && all.every(i => /[/]0[/][0-9][/][0-9]$/.test(i.src)) }"""
    )


def test_the_mask_of_a_large_picture_comes_in_parts_too(open_page: OpenPage, large: Evaluation) -> None:
    """In the colour that is set, seen from far away and from near."""
    page = opened(open_page, large, "?mode=difference", device_scale_factor=1)
    page.get_by_label("Strength").first.fill("100")
    page.locator("#mask-color").fill("#0000ff")
    page.locator("[name=marks][value=off]").check()
    for selected in (False, True):
        if selected:
            page.keyboard.press("j")
        wait_for_tiles(page, 1)
        until(page, lambda: seen(page, *on_screen(page, at(SPOT))) == (0, 0, 255))


def test_the_inspector_reads_a_large_picture_in_parts(
    open_page: OpenPage, large: Evaluation, pixels: tuple[Any, Any]
) -> None:
    """Also where four parts meet."""
    page = opened(open_page, large)
    paths = requested(page)
    page.keyboard.press("i")
    for x, y in ((1535, 1023), (1536, 1024), SPOT, (3599, 1499)):
        page.locator("#inspect-x").fill(str(x))
        page.locator("#inspect-y").fill(str(y))
        for side, picture in zip(("before", "after"), pixels, strict=True):
            expect(page.locator(f"[data-sample={side}] .rgb")).to_have_text(", ".join(map(str, picture[y, x])))
    assert not [path for path in paths if path.startswith("images/")]


def test_a_part_that_the_server_was_too_busy_for_is_asked_for_again(open_page: OpenPage, large: Evaluation) -> None:
    """The preview stays meanwhile."""
    page = opened(open_page, large, "?mode=blink", allow=(503,))
    refused: list[str] = []

    def refuse_once(route: Any) -> None:
        if route.request.url in refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=503)

    page.route("**/tiles/**", refuse_once)
    page.locator("#zoom-real").click()
    wait_for_tiles(page, 2)
    assert len(refused) >= 2
