"""What all tests share: the process that children of Workers are forked from."""

from multiprocessing import forkserver

import pytest

import app.worker  # noqa: F401  # it names what that process loads


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> None:
    """Start it here, at the root of the project.

    Python 3.11 looks for what it should load in the folder that is current when it starts. Where a test had gone to
    another one before, it found nothing and said nothing, and each of some hundred children loaded everything anew.
    """
    forkserver.ensure_running()
