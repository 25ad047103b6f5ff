"""A real Chromium on the real application: any console error or refused resource fails the test."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect
from werkzeug.serving import make_server

from app import create_app
from app.settings import Settings

HERE = Path(__file__).parent
PATIENCE_MS = 120_000  # a machine may be busy; nothing here judges speed
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let werkzeug's server forget to close a file when a page goes away while it loads."""
    quiet = pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(quiet)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application with a store of its own and no category model."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("store", "model")}
    return create_app(Settings(**folders, deadline=PATIENCE_MS / 1000))


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two small pictures that compare in a moment: the second has a square more."""
    folder = tmp_path_factory.mktemp("pair")
    pixels = np.random.default_rng(1).integers(90, 110, (120, 160, 3), np.uint8)
    paths = (folder / "first.png", folder / "second.png")
    for path in paths:
        Image.fromarray(pixels).save(path)
        pixels[40:70, 60:100] = (220, 40, 40)
    return paths


@pytest.fixture(scope="session")
def server(app: Flask) -> Iterator[str]:
    """Serve the application on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    running = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


class Watch:
    """Collects what went wrong in a page, less the statuses that a test provokes on purpose."""

    def __init__(self, page: Page, allowed: tuple[int, ...]) -> None:
        self.problems: list[str] = []
        self.allowed = allowed
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.allowed:
            self.problems.append(f"{response.status}: {response.url}")


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Give a function that opens a page of its own: ``open_page("/", width=320, color_scheme="dark")``.

    ``allow`` names statuses from 400 up that the test expects.
    """
    contexts = []
    watches = []

    def opened(path: str, *, width: int = 1440, height: int = 900, allow: tuple[int, ...] = (), **options: Any) -> Page:
        context = browser.new_context(base_url=server, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)  # of the page, and of what a test asks the server itself
        page = context.new_page()
        watches.append(Watch(page, allow))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [problem for watch in watches for problem in watch.problems] == []


def compare(app: Flask, **fields: Any) -> dict[str, Any]:
    """Make an evaluation as a script does."""
    answer = app.test_client().post("/api/evaluations", data=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


@pytest.fixture(scope="session")
def photo(app: Flask) -> dict[str, Any]:
    """The evaluation of the sample photo, made once."""
    return compare(app, sample="photo")
