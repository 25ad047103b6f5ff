"""The result page: what is different in words first, then pictures, numbers, and everything to take away."""

import posixpath
import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect

from app import create_app
from app.model_install import install
from app.settings import Settings
from tests import tiny_models
from tests.browser.conftest import compare
from tests.browser.seeing import remember_words

OpenPage = Callable[..., Page]
Evaluation = dict[str, Any]


def test_the_verdict_comes_first_in_words(open_page: OpenPage, photo: Evaluation) -> None:
    """The heading is the first sentence of the summary; the rest follows."""
    page = open_page(photo["url"])
    heading = page.get_by_role("heading", level=1)
    first, _, rest = photo["summary"].partition(". ")
    assert heading.inner_text().replace("\u00a0", " ") == first
    expect(page.locator(".verdict .lede")).to_have_text(rest)
    expect(page.locator(".chip-verdict")).to_have_text("Different")
    assert first in page.title().replace("\u00a0", " ")
    assert page.locator("meta[property='og:image']").get_attribute("content", timeout=1000).startswith("http")  # type: ignore[union-attr]


def test_without_javascript_the_marked_pair_and_all_pictures_are_there(open_page: OpenPage, photo: Evaluation) -> None:
    """Side by side, loaded, and every other picture behind a link that answers."""
    page = open_page(photo["url"] + "?region=2", java_script_enabled=False)
    expect(page.locator("a.region[aria-current=true] .region-number")).to_have_text("2")
    left, right = (box.bounding_box() for box in page.locator("#plain figure img").all())
    assert left and right
    assert abs(left["y"] - right["y"]) < 1
    assert right["x"] >= left["x"] + left["width"]
    assert left["width"] > 400
    for link in page.locator(".others a").all():
        answer = page.request.get(str(link.get_attribute("href")))
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("image/")


def test_every_region_is_listed_with_both_sides_cut_out(open_page: OpenPage, photo: Evaluation) -> None:
    """As many entries as regions, with kind and size, and two small pictures each."""
    page = open_page(photo["url"])
    items = page.locator("[data-region-item]")
    expect(items).to_have_count(len(photo["regions"]))
    for item, region in zip(items.all(), photo["regions"], strict=True):
        expect(item).to_contain_text(region["kind"], ignore_case=True)
        expect(item).to_contain_text(f"{region['before']['width']} × {region['before']['height']}")
        assert item.locator("svg.cut image").count() == 2


def test_every_metric_has_a_sentence_and_both_numbers(open_page: OpenPage, photo: Evaluation) -> None:
    """As given and as compared, for each metric of the JSON."""
    page = open_page(photo["url"])
    rows = page.locator("#numbers tbody tr")
    text = page.locator("#numbers").inner_text()
    for row in rows.all():
        assert len(row.locator(".meaning").inner_text()) > 10
    ssim = rows.filter(has_text="SSIM")
    expect(ssim.locator("td").nth(0)).to_have_text(f"{photo['metrics']['as_given']['ssim']:.4f}")
    expect(ssim.locator("td").nth(1)).to_have_text(f"{photo['metrics']['as_compared']['ssim']:.4f}")
    assert rows.count() == 14 + 5 + 3  # metrics and the box of all change, hashes, features
    assert f"{photo['metrics']['as_compared']['zero_norm']:,}" in text


def test_what_was_done_before_measuring_is_said(open_page: OpenPage, photo: Evaluation) -> None:
    """Alignment, light, decoding and time."""
    done = open_page(photo["url"]).locator("#done")
    for words in ("coffee-before.jpg", "brought onto before", "Evened out", "ms"):
        expect(done).to_contain_text(words)


def test_everything_can_be_taken_away(open_page: OpenPage, photo: Evaluation) -> None:
    """Each download answers with something of its kind."""
    page = open_page(photo["url"])
    links = {str(link.get_attribute("href")) for link in page.locator(".downloads a").all()}
    kinds = {page.request.get(link).headers["content-type"].split(";")[0] for link in links}
    assert len(links) == 13
    assert kinds == {"text/html", "application/zip", "application/json", "image/png", "image/gif"}


def test_copy_link_copies_the_address_of_this_page(open_page: OpenPage, server: str, photo: Evaluation) -> None:
    """And says so on the button."""
    page = open_page(photo["url"], permissions=["clipboard-read", "clipboard-write"])
    button = page.locator("#copy-link")
    remember_words(button)
    button.click()
    expect(button).to_have_attribute("data-words", re.compile("Copied"))
    assert page.evaluate("navigator.clipboard.readText()") == server + photo["url"]


def test_it_says_when_the_page_expires(open_page: OpenPage, photo: Evaluation) -> None:
    """In minutes from now, in the reader's time zone."""
    page = open_page(photo["url"])
    left = datetime.fromisoformat(photo["expires"]) - datetime.now(UTC)
    about = [round(left.total_seconds() / 60) + shift for shift in (-1, 0, 1)]
    expect(page.locator(".expiry")).to_have_text(re.compile(rf"in ({'|'.join(map(str, about))}) minutes?, on"))


def test_comparing_again_uses_other_options_without_an_upload(open_page: OpenPage, photo: Evaluation) -> None:
    """The new result has its own address, the same names and the new options."""
    page = open_page(photo["url"])
    page.locator("#again-form [name=align][value=off]").check()
    page.get_by_role("button", name="Compare again").click()
    page.wait_for_url(lambda url: "/evaluations/" in url and photo["id"] not in url)
    answer = page.request.get(page.url.replace("/evaluations/", "/api/evaluations/")).json()
    assert answer["options"]["align"] == "off"
    assert answer["before"]["sha256"] == photo["before"]["sha256"]


def test_comparing_again_works_without_javascript_and_keeps_a_wrong_value(
    open_page: OpenPage, photo: Evaluation
) -> None:
    """First a value that is refused, shown again with the reason, then one that works."""
    page = open_page(photo["url"], java_script_enabled=False, allow=(422,))
    page.get_by_label("Areas to ignore").fill("nowhere")
    page.get_by_role("button", name="Compare again").click()
    expect(page.get_by_role("alert")).to_contain_text("ignore", ignore_case=True)
    assert page.get_by_label("Areas to ignore").input_value() == "nowhere"
    page.get_by_label("Areas to ignore").fill("0,0,10,10")
    page.get_by_role("button", name="Compare again").click()
    expect(page.locator("#done")).to_contain_text("10 × 10 px at 0, 0")


def test_a_result_can_be_deleted_at_once(open_page: OpenPage, app: Flask) -> None:
    """Then its address is as unknown as any other, on a designed page."""
    evaluation = compare(app, sample="screenshot")
    page = open_page(evaluation["url"], allow=(404,))
    page.get_by_role("button", name="delete the pictures").click()
    page.wait_for_url(lambda url: url.endswith("/"))
    page.goto(evaluation["url"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    expect(page.get_by_role("link", name="Compare two images")).to_be_visible()


def test_equal_images_get_a_calm_page(open_page: OpenPage, app: Flask, pair: tuple[Any, Any]) -> None:
    """No list, no alarm: it says that every pixel is the same."""
    data = pair[0].read_bytes()
    files = {name: (BytesIO(data), "same.png") for name in ("before", "after")}
    page = open_page(compare(app, **files)["url"])
    expect(page.locator(".chip-verdict")).to_have_text("Identical")
    expect(page.locator("#regions")).to_contain_text("Every pixel is the same.")
    expect(page.locator("#numbers tr", has_text="PSNR").locator("td").nth(1)).to_have_text("none")


def test_every_module_is_named_in_the_head_so_that_all_load_at_once(open_page: OpenPage, photo: Evaluation) -> None:
    """Else a slow line waits for one import after the other; and none is named that is not used."""
    page = open_page(photo["url"])
    page.wait_for_load_state("networkidle")
    named = page.eval_on_selector_all("link[rel=modulepreload]", "links => links.map(link => link.href)")
    root = Path(__file__).parents[2] / "static" / "js"
    sources = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.js")}
    wanted, queue = set(), ["result.js"]
    while queue:
        name = queue.pop()
        wanted.add(name)
        for target in re.findall(r"^import .*?'(\..+?)'$", sources[name], re.MULTILINE):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if path not in wanted:
                queue.append(path)
    assert {re.sub(r".*/static/js/", "", url) for url in named} == wanted


def test_with_a_model_the_page_says_what_the_pictures_show(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """The likely content of both, their distance, and what became of a region."""
    labels = b"1 red, scarlet\n2 green\n3 blue, azure\n4 bright\n"
    install(tmp_path / "model", tiny_models.channel_means(outputs=["scores"]), labels, source="tiny")
    app = create_app(Settings(store=tmp_path / "store", model=tmp_path / "model"))
    files = {side: (path.open("rb"), path.name) for side, path in zip(("before", "after"), pair, strict=True)}
    evaluation = compare(app, **files)
    page = app.test_client().get(evaluation["url"]).text
    category = evaluation["category"]
    assert f"{category['before'][0]['label']} " in page
    assert f"{category['cosine_distance']:.3f}" in page
    region = category["regions"][0]
    assert f"{region['before'][0]['label']} → {region['after'][0]['label']}" in page
