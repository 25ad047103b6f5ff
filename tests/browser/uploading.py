"""Images on the upload page, the ways that people bring them there."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request

OpenPage = Callable[..., Page]
Pair = tuple[Path, Path]
BEFORE = "first.png"
AFTER = "second.png"


def choose(page: Page, side: str, *files: Path) -> None:
    """Pick files through the button of one side, as a person does."""
    with page.expect_file_chooser() as chooser:
        page.locator(f"[data-side={side}] .choose").click()
    chooser.value.set_files(files)


def drop(page: Page, *files: tuple[str, str, bytes], target: str = "#slots") -> None:
    """Drop files on the page."""
    transfer = page.evaluate_handle(
        """files => { const transfer = new DataTransfer()
        for (const [name, type, text] of files) {
          const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
          transfer.items.add(new File([bytes], name, { type }))
        }
        return transfer }""",
        [(name, kind, base64.b64encode(data).decode()) for name, kind, data in files],
    )
    page.locator(target).dispatch_event("drop", {"dataTransfer": transfer})


def posts(page: Page) -> list[Request]:
    """Collect the requests that send something."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    return sent


def compared(page: Page) -> dict[str, Any]:
    """Wait for the result page and give its evaluation."""
    page.wait_for_url("**/evaluations/*")
    return dict(page.request.get(page.url.replace("/evaluations/", "/api/evaluations/")).json())
