"""What all tests share: the process that children of Workers are forked from, and a real Chromium."""

import os
import shutil
from collections.abc import Iterator
from multiprocessing import forkserver

import pytest
from playwright.sync_api import Browser, sync_playwright

import app.worker  # noqa: F401  # it names what that process loads

# The last two take a third off what Chromium computes: no processor plays the GPU, and no page is loaded for each
# window's address bar. The last replaces Playwright's own list, of which HttpsUpgrades and PaintHolding matter here.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,HttpsUpgrades,PaintHolding",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> None:
    """Start it here, at the root of the project.

    Python 3.11 looks for what it should load in the folder that is current when it starts. Where a test had gone to
    another one before, it found nothing and said nothing, and each of some hundred children loaded everything anew.
    """
    forkserver.ensure_running()


def chromium() -> str | None:
    """Find an installed Chromium; None leaves it to the one Playwright may have installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once: a process can drive it by one Playwright at a time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()
