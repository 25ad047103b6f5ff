"""The upload page: exactly two images, one request, and every way to get them there."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import FileChooser, expect

from tests.browser.uploading import AFTER, BEFORE, OpenPage, Pair, choose, compared, drop, posts


def test_two_images_chosen_one_by_one_go_in_one_request(open_page: OpenPage, pair: Pair) -> None:
    """Dropzone would send each as it comes; a pair needs both."""
    page = open_page("/")
    sent = posts(page)
    submit = page.get_by_role("button", name="Compare", exact=True)
    expect(submit).to_be_disabled()
    choose(page, "before", pair[0])
    expect(page.locator("[data-side=before] .slot-name")).to_have_text(BEFORE)
    expect(submit).to_be_disabled()
    assert sent == []
    choose(page, "after", pair[1])
    expect(submit).to_be_enabled()
    assert (
        page.locator("[data-side=after] img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 160
    )
    submit.click()
    evaluation = compared(page)
    assert len(sent) == 1
    assert (evaluation["before"]["name"], evaluation["after"]["name"]) == (BEFORE, AFTER)
    expect(page.get_by_role("heading", level=1)).to_contain_text("difference")


def test_the_side_whose_button_was_used_gets_the_image(open_page: OpenPage, pair: Pair) -> None:
    """After may be chosen first, and both at once fill both places."""
    page = open_page("/")
    choose(page, "after", pair[1])
    expect(page.locator("[data-side=after] .slot-name")).to_have_text(AFTER)
    expect(page.locator("[data-side=before] .choose")).to_be_visible()
    page.locator("[data-side=after] .remove").click()
    choose(page, "before", *pair)
    expect(page.locator("[data-side=before] .slot-name")).to_have_text(BEFORE)
    expect(page.locator("[data-side=after] .slot-name")).to_have_text(AFTER)


def test_a_third_image_is_refused_and_the_two_stay(open_page: OpenPage, pair: Pair) -> None:
    """It says why, and the comparison can still be made."""
    page = open_page("/")
    choose(page, "before", *pair)
    drop(page, ("third.png", "image/png", pair[0].read_bytes()))
    expect(page.get_by_role("alert")).to_have_text("Two images are here already. Remove one to choose another.")
    expect(page.locator(".slot-name")).to_have_text([BEFORE, AFTER])
    page.locator("#submit").click()
    page.wait_for_url("**/evaluations/*")


def test_swap_exchanges_before_and_after(open_page: OpenPage, pair: Pair) -> None:
    """In what is seen and in what is sent."""
    page = open_page("/")
    choose(page, "before", *pair)
    page.get_by_role("button", name="Swap before and after").click()
    expect(page.locator(".slot-name")).to_have_text([AFTER, BEFORE])
    page.locator("#submit").click()
    assert compared(page)["before"]["name"] == AFTER


def test_a_removed_image_leaves_its_place_and_can_be_replaced(open_page: OpenPage, pair: Pair) -> None:
    """The focus goes to the button that fills the place again."""
    page = open_page("/")
    choose(page, "before", *pair)
    page.get_by_role("button", name="Remove Before").click()
    expect(page.locator("[data-side=before] .choose")).to_be_focused()
    expect(page.locator("#submit")).to_be_disabled()
    choose(page, "before", pair[1])
    expect(page.locator(".slot-name")).to_have_text([AFTER, AFTER])
    expect(page.locator("#submit")).to_be_enabled()


def test_pasted_images_fill_the_places(open_page: OpenPage, pair: Pair) -> None:
    """Two screenshots from the clipboard are enough."""
    page = open_page("/")
    for _ in range(2):
        page.evaluate(
            """text => { const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
            const clipboardData = new DataTransfer()
            clipboardData.items.add(new File([bytes], 'image.png', { type: 'image/png' }))
            document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })) }""",
            base64.b64encode(pair[0].read_bytes()).decode(),
        )
    expect(page.locator(".slot-name")).to_have_text(["image.png", "image.png"])
    expect(page.locator("#submit")).to_be_enabled()


@pytest.mark.parametrize("target", ["[data-side=after]", "body"])
def test_dropping_works_on_a_place_and_beside_it(open_page: OpenPage, pair: Pair, target: str) -> None:
    """A drop on After fills After; a drop anywhere else fills the first free place."""
    page = open_page("/")
    drop(page, (BEFORE, "image/png", pair[0].read_bytes()), target=target)
    side = "after" if "after" in target else "before"
    expect(page.locator(f"[data-side={side}] .slot-name")).to_have_text(BEFORE)


def test_what_is_no_image_is_refused_by_name(open_page: OpenPage, pair: Pair, tmp_path: Path) -> None:
    """Before anything is sent."""
    page = open_page("/")
    sent = posts(page)
    (tmp_path / "notes.txt").write_text("no picture")
    choose(page, "before", tmp_path / "notes.txt")
    expect(page.get_by_role("alert")).to_contain_text("notes.txt is not an image")
    expect(page.locator("[data-side=before] .choose")).to_be_visible()
    assert sent == []


def test_an_error_stays_on_the_page_and_a_retry_works(open_page: OpenPage, pair: Pair, tmp_path: Path) -> None:
    """A damaged file is named; replacing it and comparing again goes through without choosing the other again."""
    page = open_page("/", allow=(422,))
    whole = pair[1].read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    choose(page, "before", pair[0], tmp_path / "cut.png")
    for _ in range(2):
        page.locator("#submit").click()
        expect(page.get_by_role("alert")).to_contain_text("After")
        expect(page.locator("#busy")).to_be_hidden()
    assert page.url.endswith("/")
    expect(page.locator(".slot-name")).to_have_text([BEFORE, "cut.png"])
    page.get_by_role("button", name="Remove After").click()
    choose(page, "after", pair[1])
    page.locator("#submit").click()
    page.wait_for_url("**/evaluations/*")


def test_an_option_that_is_refused_is_shown_where_it_is(open_page: OpenPage, pair: Pair) -> None:
    """The folds open and the field is marked."""
    page = open_page("/", allow=(422,))
    choose(page, "before", *pair)
    page.locator(".options > summary").click()
    page.get_by_label("Areas to ignore").fill("1,2,3")
    page.locator(".options > summary").click()
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_contain_text("ignore", ignore_case=True)
    expect(page.get_by_label("Areas to ignore")).to_be_visible()
    assert page.locator(".field-wrong input").get_attribute("name") == "ignore"


def test_options_are_sent_with_the_images(open_page: OpenPage, pair: Pair) -> None:
    """And the result says with which options it was made."""
    page = open_page("/")
    choose(page, "before", *pair)
    page.locator(".options > summary").click()
    page.locator("[name=align][value=off]").check()
    page.get_by_label("Sensitivity").fill("20")
    expect(page.locator("output[data-of=sensitivity]")).to_have_text("20")
    page.locator("[name=style][value=contours]").check()
    page.locator("#submit").click()
    options = compared(page)["options"]
    assert (options["align"], options["sensitivity"], options["style"]) == ("off", 20, "contours")
    again = page.locator("#again-form")
    assert again.locator("[name=align]:checked").input_value() == "off"
    assert again.locator("[name=sensitivity]").input_value() == "20"
    assert again.locator("[name=style]:checked").input_value() == "contours"


def test_the_wait_is_shown_and_can_be_given_up(open_page: OpenPage, pair: Pair) -> None:
    """While the server compares there is a dialog; Cancel brings the page back as it was."""
    page = open_page("/")
    page.route("**/api/evaluations", lambda route: None)  # never answered
    choose(page, "before", *pair)
    page.locator("#submit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text("Comparing")
    page.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".slot-name")).to_have_text([BEFORE, AFTER])
    page.unroute("**/api/evaluations")
    page.locator("#submit").click()
    page.wait_for_url("**/evaluations/*")


def test_a_sample_pair_is_one_click(open_page: OpenPage, pair: Pair) -> None:
    """A newcomer sees a result without any file."""
    page = open_page("/")
    page.get_by_role("button", name="A photo, taken twice").click()
    page.wait_for_url("**/evaluations/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("difference")


def test_the_page_works_by_keyboard_alone(open_page: OpenPage, pair: Pair) -> None:
    """Tab reaches both pickers, the options and Compare in the order they are seen; Enter uses them."""
    page = open_page("/")
    # Listening all the time: Playwright does not wait until a new listener takes effect, and Enter is faster.
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    expect(page.locator("[data-side=before] .choose")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.choose')"):
            break
    for side, path in zip(("before", "after"), pair, strict=True):
        # Focus goes to the next picker once the picture is shown.
        expect(page.locator(f"[data-side={side}] .choose")).to_be_focused()
        with page.expect_event("filechooser"):
            page.keyboard.press("Enter")
        choosers.pop().set_files(path)
        expect(page.locator(".slot-name", has_text=path.name)).to_be_visible()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.innerText") == "Options"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/evaluations/*")


def test_the_form_works_without_javascript(open_page: OpenPage, pair: Pair) -> None:
    """Two file inputs, a button, a page with the marked pair."""
    page = open_page("/", java_script_enabled=False)
    page.get_by_label("Before", exact=True).set_input_files(pair[0])
    page.get_by_label("After", exact=True).set_input_files(pair[1])
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**/evaluations/*")
    expect(page.get_by_role("img", name="After with 1 marked difference")).to_be_visible()


def test_an_error_without_javascript_is_on_the_page_with_what_was_typed(open_page: OpenPage, pair: Pair) -> None:
    """The form comes back, not a bare error."""
    page = open_page("/", java_script_enabled=False, allow=(422,))
    page.locator(".options > summary").click()
    page.get_by_label("Areas to ignore").fill("1,2,3")
    page.get_by_label("Before", exact=True).set_input_files(pair[0])
    page.get_by_label("After", exact=True).set_input_files(pair[1])
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("ignore", ignore_case=True)
    assert page.get_by_label("Areas to ignore").input_value() == "1,2,3"
