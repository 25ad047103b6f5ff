"""A token guards all but health and static files when one is set; a limit holds for each client when one is set."""

import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import limits
import pytest

from app.settings import Settings, SettingsError
from app.web import access
from app.web.addresses import client_of
from tests.web.conftest import MakeApp, assert_error, pair

TOKEN = "correct h=rse battery!"
GUARDED = [
    ("GET", "/"), ("GET", "/docs"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("POST", "/evaluations"),
    ("POST", "/api/evaluations"), ("POST", "/api/uploads"),
    ("GET", "/api/evaluations/" + "A" * 22), ("GET", "/nothing"),
]  # fmt: skip


def basic(password: str, user: str = "anyone") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(("method", "address"), GUARDED)
@pytest.mark.parametrize(
    "headers", [{}, basic("wrong"), basic(""), {"Authorization": "Bearer wrong"}, {"Authorization": "nonsense"}]
)
def test_without_the_token_nothing_is_answered(
    make_app: MakeApp, method: str, address: str, headers: dict[str, str]
) -> None:
    answer = make_app(token=TOKEN).test_client().open(address, method=method, headers=headers)
    assert_error(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("headers", [basic(TOKEN), basic(TOKEN, user="")])
def test_with_the_token_as_password_everything_works(make_app: MakeApp, headers: dict[str, str]) -> None:
    client = make_app(token=TOKEN).test_client()
    assert client.get("/", headers=headers).status_code == 200
    result = client.post("/api/evaluations", data=pair(), headers=headers)
    assert result.status_code == 201
    assert client.get(result.json["images"]["mask"], headers=headers).status_code == 200


def test_a_script_sends_the_token_as_bearer(make_app: MakeApp) -> None:
    client = make_app(token=TOKEN).test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.post("/api/evaluations", data=pair(), headers=headers).status_code == 201


def test_health_and_style_need_no_token(make_app: MakeApp) -> None:
    client = make_app(token=TOKEN).test_client()
    assert client.get("/health").status_code == 200
    assert client.get("/static/css/style.css").status_code == 200
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert "<html" in page.text


def test_the_token_does_not_show_in_the_settings() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))


@pytest.mark.parametrize("token", ["hörse", " horse", "horse\n"])
def test_a_token_that_no_script_could_send_is_refused_at_start_and_not_shown(token: str) -> None:
    with pytest.raises(SettingsError, match=r"^IMAGE_DIFF_TOKEN: .* printable ASCII") as error:
        Settings.from_environment({"IMAGE_DIFF_TOKEN": token})
    assert token.strip() not in str(error.value)


def test_a_client_that_asks_too_often_is_told_when_to_come_back(make_app: MakeApp) -> None:
    client = make_app(rate_limit="3/hour").test_client()
    for address in ("/api/evaluations", "/evaluations", "/api/uploads"):
        assert client.post(address).status_code in (400, 415)
    answer = client.post("/api/evaluations", data=pair())
    assert_error(answer, 429, "too_many_requests", "3 per 1 hour")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    for address in ("/", "/health", "/docs"):
        assert client.get(address).status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post("/api/evaluations", data=pair(), environ_overrides=other).status_code == 201


def test_all_processes_count_together(make_app: MakeApp) -> None:
    first, second = (make_app(rate_limit="3/hour").test_client() for _ in range(2))
    assert [client.post("/api/uploads").status_code for client in (first, second, first)] == [400, 400, 400]
    assert [client.post("/api/uploads").status_code for client in (first, second)] == [429, 429]


def test_who_comes_at_once_from_many_threads_is_counted_exactly(tmp_path: Path) -> None:
    limit = limits.parse("20/hour")
    with ThreadPoolExecutor(16) as threads:
        waits = list(threads.map(lambda _: access.hit(tmp_path / "counts", "a", limit, 1000.0), range(60)))
    assert sorted(waits) == [0] * 20 + [3600] * 40


def test_the_window_of_a_client_moves_with_the_time_and_nothing_older_is_kept(tmp_path: Path) -> None:
    counts, limit = tmp_path / "counts", limits.parse("2/minute")
    moments = (0, 50, 59.5, 60, 61, 110, 1000)
    assert [access.hit(counts, "a", limit, 1e9 + at) for at in moments] == [0, 0, 1, 0, 49, 0, 0]
    assert access.hit(counts, "b", limit, 1e9 + 1000) == 0
    with closing(sqlite3.connect(counts)) as database:
        assert database.execute("SELECT client FROM hits ORDER BY client").fetchall() == [("a",), ("b",)]


def test_a_limit_that_cannot_be_counted_keeps_nobody_out(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, image_diff_log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(access, "COUNTS", "no-such-folder/clients")
    client = make_app(rate_limit="1/hour").test_client()
    assert [client.post("/api/uploads").status_code for _ in range(3)] == [400, 400, 400]
    assert "a client was not counted" in image_diff_log.text


def test_behind_a_proxy_the_client_is_who_the_proxy_says(make_app: MakeApp) -> None:
    client = make_app(rate_limit="1/hour", proxies=1).test_client()
    for address, status in (("192.0.2.1", 415), ("192.0.2.2", 415), ("192.0.2.1", 429)):
        assert client.post("/api/evaluations", headers={"X-Forwarded-For": address}).status_code == status


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.8", "192.0.2.8"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_household_is_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


@pytest.mark.parametrize("value", ["many", "10", "10/fortnight"])
def test_a_limit_that_cannot_be_read_is_refused_at_start(value: str) -> None:
    with pytest.raises(ValueError, match="IMAGE_DIFF_RATE_LIMIT"):
        Settings.from_environment({"IMAGE_DIFF_RATE_LIMIT": value})


def test_a_limit_may_be_written_in_words(make_app: MakeApp) -> None:
    client: Any = make_app(rate_limit="2 per minute").test_client()
    assert [client.post("/api/uploads").status_code for _ in range(3)] == [400, 400, 429]


def test_what_a_full_server_refused_is_not_counted(make_app: MakeApp) -> None:
    """A client that was told to come again in two seconds was then told to wait for an hour."""
    app = make_app(rate_limit="2/hour", evaluations=1, waiting=0)
    client = app.test_client()
    with app.extensions["image_diff"].gate.enter():
        for _ in range(3):
            assert_error(client.post("/api/evaluations", data=pair()), 503, "busy")
    for _ in range(2):
        assert client.post("/api/evaluations", data=pair()).status_code == 201
    assert_error(client.post("/api/evaluations", data=pair()), 429, "too_many_requests")
