"""Where things are on the screen, and which colour they have there."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]
Color = tuple[int, int, int]
MODES = ["side", "swipe", "fade", "blink", "difference", "heat", "matches"]
CUBE = 1  # the sugar cube, white where before has a red saucer
RED: Color = (150, 30, 10)

# Left, top and scale of a drawn picture: its size on the screen against its size in pixels.
# Two frames later: a panel that has just come up takes room from the stage, which is then drawn anew.
PLACE = """async canvas => {
  for (const frame of [1, 2]) await new Promise(requestAnimationFrame)
  const { before, after } = JSON.parse(document.getElementById('evaluation').textContent)
  const image = canvas.querySelector('img')
  const name = image.src.split('/').pop()
  const given = /(^|-)after\\./.test(name) ? after : before
  const width = name.startsWith('matches') ? image.naturalWidth : given.width
  const box = canvas.getBoundingClientRect()
  return [box.left, box.top, box.width / width]
}"""


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds that Playwright's own assertions cannot ask for."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < ends, "it never held"
        page.wait_for_timeout(50)


def remember_words(element: Locator) -> None:
    """Keep in ``data-words`` what an element says from now on, however short a moment it says it."""
    element.evaluate(
        """element => new MutationObserver(() => { element.dataset.words += `|${element.innerText}` })
        .observe(element, { childList: true, characterData: true, subtree: true })"""
    )


def ready(page: Page) -> None:
    """Wait until what the stage shows is decoded and drawn."""
    expect(page.locator("#stage")).to_have_attribute("aria-busy", "false")
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
    """The colour on the screen around a point, once the stage has drawn what it shows."""
    ready(page)
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


def current(page: Page) -> str | None:
    """Number of the selected entry of the list."""
    return page.evaluate("document.querySelector('a.region[aria-current]')?.closest('li').dataset.regionItem")  # type: ignore[no-any-return]
