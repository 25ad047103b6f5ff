"""A service on a temporary folder that computes in this process; tests of children and processes start their own."""

import io
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import Settings
from app.web.services import NAME, Services
from tests.picture_factory import encode, photo


def call_here(function: Callable[..., Any], *args: Any, seconds: float) -> Any:
    """Stand in for ``Workers.call``."""
    return function(*args)


class BufferedClient(FlaskClient):
    """Reads every answer to its end, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return super().open(*args, **{"buffered": True, **kwargs})


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeApp:
    """Give a function that makes an application with some settings."""
    monkeypatch.setattr(Services, "start", lambda self: None)
    monkeypatch.setattr("app.gate.REFUSAL_DELAY_SECONDS", 0)

    def make(**settings: Any) -> Flask:
        app = create_app(Settings(**{"store": tmp_path / "store", "model": tmp_path / "no-model", **settings}))
        app.test_client_class = BufferedClient
        app.extensions[NAME].call = call_here
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions[NAME]
    return found


BEFORE = encode(photo(96, 128))
_changed = photo(96, 128)
_changed[50:80, 60:100] = (0, 90, 255)
AFTER = encode(_changed)


def pair(before: bytes = BEFORE, after: bytes = AFTER, **fields: Any) -> dict[str, Any]:
    """Make the form of a comparison."""
    return {"before": (io.BytesIO(before), "a.png"), "after": (io.BytesIO(after), "b.png"), **fields}


@pytest.fixture
def compare(client: FlaskClient) -> Callable[..., Any]:
    """Give a function that compares two images and gives the answer."""
    return partial(_compare, client)


def _compare(client: FlaskClient, *files: bytes, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    return client.post("/api/evaluations", data=pair(*files, **fields), headers=headers)


@pytest.fixture
def evaluation(compare: Callable[..., Any]) -> dict[str, Any]:
    """Give the JSON of a comparison that was made."""
    answer = compare()
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json
    return result


def assert_error(answer: Any, status: int, code: str, mentions: str = "") -> None:
    """Assert the one shape of every JSON error."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    assert answer.json.keys() == {"error"}
    error = answer.json["error"]
    assert error.keys() - {"field"} == {"code", "message"}
    assert error["code"] == code
    assert error["message"].endswith("."), error["message"]
    assert mentions in error["message"]
    assert answer.headers["X-Request-ID"]


def files_under(folder: Path) -> set[str]:
    """List the files of a folder by relative path, without the locks."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.suffix != ".lock"}


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def image_diff_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level("DEBUG", logger="image_diff"):
        yield caplog
