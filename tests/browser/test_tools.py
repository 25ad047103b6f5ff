"""Around the pictures: regions, ignored areas, inspector, keys, links, recent comparisons, report, print."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import compare
from tests.browser.test_viewer import box_of, middle, on_screen, opened, scale, seen

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def current(page: Page) -> str | None:
    """Number of the selected entry of the list."""
    return page.evaluate("document.querySelector('a.region[aria-current]')?.closest('li').dataset.regionItem")  # type: ignore[no-any-return]


def picture(page: Page, url: str) -> Image.Image:
    """Fetch a picture."""
    return Image.open(BytesIO(page.request.get(url).body())).convert("RGB")


def test_a_click_on_the_list_flies_there_in_all_panes(open_page: OpenPage, photo: Evaluation) -> None:
    """The difference is in the middle of both panes, and the address names it."""
    page = opened(open_page, photo)
    region = photo["regions"][2]
    page.locator(f"[data-region-item='{region['id']}'] a").click()
    for pane in (0, 1):
        assert on_screen(page, region["before"], pane) == pytest.approx(middle(page.locator(".pane").nth(pane)), abs=2)
    assert current(page) == str(region["id"])
    assert page.url.endswith(f"?region={region['id']}")
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
    assert "region" not in page.url


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


def test_markdown_for_an_issue_tracker_has_verdict_pictures_and_regions(
    open_page: OpenPage, server: str, photo: Evaluation
) -> None:
    """With whole addresses, ready to paste."""
    page = opened(open_page, photo, "?mode=swipe", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Markdown").click()
    expect(page.locator("#copy-markdown .label")).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"**{photo['summary']}** ([open]({server}{photo['url']}?mode=swipe))")
    assert f"![After]({server}{photo['images']['overlay-after']})" in text
    assert len(re.findall(r"^\| \d+ \|", text, re.MULTILINE)) == len(photo["regions"])


def test_recent_comparisons_are_listed_in_this_browser_only(open_page: OpenPage, photo: Evaluation) -> None:
    """With pictures and a link; one can be removed, and what has expired is not shown."""
    page = opened(open_page, photo)
    page.wait_for_function("() => localStorage.getItem('image-diff-recent') !== null")
    page.goto("/")
    item = page.locator(".recent-item")
    expect(item).to_have_count(1)
    assert item.locator("img").evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 50)")
    item.get_by_role("link").click()
    page.wait_for_url(f"**{photo['url']}")
    page.goto("/")
    page.get_by_role("button", name="Remove 4 differences").click()
    expect(page.locator("#recent")).to_be_hidden()
    page.reload()
    expect(page.locator("#recent")).to_be_hidden()
    page.goto(photo["url"])
    page.wait_for_function("() => JSON.parse(localStorage.getItem('image-diff-recent')).length === 1")
    page.evaluate(
        """() => { const all = JSON.parse(localStorage.getItem('image-diff-recent'))
        all[0].expires = '2020-01-01T00:00:00Z'
        localStorage.setItem('image-diff-recent', JSON.stringify(all)) }"""
    )
    page.goto("/")
    expect(page.locator("#recent")).to_be_hidden()
    assert open_page("/").locator("#recent").is_hidden()  # another browser


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


def test_the_report_opens_offline_with_swipe_and_regions(
    browser: Browser, app: Flask, photo: Evaluation, tmp_path: Path
) -> None:
    """One file, no request; swipe reveals after, a region comes to the middle, nothing is refused by its policy."""
    (tmp_path / "report.html").write_bytes(app.test_client().get(f"/api/evaluations/{photo['id']}/report.html").data)
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    page = context.new_page()
    requests: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.goto((tmp_path / "report.html").as_uri())
    page.get_by_role("button", name="Swipe").click()
    cube = page.locator(".over .mark[data-region='1']")
    divider = page.get_by_role("slider", name="Divider")
    divider.fill("100")
    red = seen(page, *middle(cube))
    divider.fill("0")
    assert max(abs(a - b) for a, b in zip(red, seen(page, *middle(cube)), strict=True)) > 80
    page.locator("[data-go='2']").click()
    view = page.locator(".over .view")
    assert middle(page.locator(".over .mark[data-region='2']")) == pytest.approx(middle(view), abs=3)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    context.close()


def test_the_report_works_under_the_policy_it_is_served_with(open_page: OpenPage, photo: Evaluation) -> None:
    """Opened from the server, its own script runs and no violation is logged; no other script or style would."""
    address = f"/api/evaluations/{photo['id']}/report.html"
    page = open_page(address)
    answer = page.request.get(address)
    for policy in (
        answer.headers["content-security-policy"],
        str(page.locator("meta[http-equiv]").get_attribute("content")),
    ):
        assert "unsafe" not in policy
        assert "script-src 'sha256-" in policy
    page.get_by_role("button", name="Swipe").click()
    expect(page.locator("#over")).to_be_visible()


def test_print_leaves_the_controls_out(open_page: OpenPage, photo: Evaluation) -> None:
    """Pictures, list and numbers stay."""
    page = opened(open_page, photo, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    for selector in (".toolbar", ".modebar", ".actions", "#again", "#downloads", ".bottom"):
        expect(page.locator(selector)).to_be_hidden()
    for selector in ("h1", "#stage", ".regions", "#numbers"):
        expect(page.locator(selector)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.regions')).overflowY") == "visible"
