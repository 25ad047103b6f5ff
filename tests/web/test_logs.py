"""Logs say what happened and under which request, never what files were called."""

import io
import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.web.logs import JsonFormatter, WithoutAddresses
from app.web.services import Services
from tests.web.conftest import AFTER, BEFORE


def test_an_evaluation_is_logged_with_its_facts_and_without_names(
    client: FlaskClient, image_diff_log: pytest.LogCaptureFixture
) -> None:
    files = {"before": (io.BytesIO(BEFORE), "grandmother.png"), "after": (io.BytesIO(AFTER), "holiday.png")}
    answer = client.post("/api/evaluations?private=query", data=files, headers={"User-Agent": "some person"})
    lines = [json.loads(JsonFormatter().format(record)) for record in image_diff_log.records]
    evaluation, request = lines
    assert evaluation["message"] == "evaluation"
    assert evaluation["id"] == answer.json["id"][:8], "who has the whole id may see and delete the result"
    assert evaluation["verdict"] == "different"
    assert evaluation["before_sha256"] == answer.json["before"]["sha256"]
    assert (evaluation["before_format"], evaluation["before_bytes"]) == ("PNG", len(BEFORE))
    assert request["message"] == "request"
    assert (request["method"], request["route"], request["status"]) == ("POST", "/api/evaluations", 201)
    assert evaluation["request_id"] == request["request_id"] == answer.headers["X-Request-ID"]
    for private in ("grandmother", "holiday", "person", "query", "127.0.0.1"):
        assert private not in json.dumps(lines)


def test_whoever_reads_the_log_can_open_no_result(
    client: FlaskClient, image_diff_log: pytest.LogCaptureFixture, evaluation: dict[str, Any]
) -> None:
    """The id is the right to see a result, and to delete it."""
    for address in (evaluation["url"], evaluation["images"]["mask"], f"/api{evaluation['url']}/archive.zip"):
        assert client.get(address).status_code == 200
    client.delete(f"/api{evaluation['url']}")
    lines = "".join(JsonFormatter().format(record) for record in image_diff_log.records)
    assert lines.count(f'"id": "{evaluation["id"][:8]}"') == 4
    assert evaluation["id"][:9] not in lines


def test_what_a_disk_says_names_no_whole_id(
    client: FlaskClient, services: Services, image_diff_log: pytest.LogCaptureFixture, evaluation: dict[str, Any]
) -> None:
    """Its errors hold paths, and tracebacks hold its errors."""
    record = services.store.workplace / "evaluations" / evaluation["id"] / "record.json"
    record.unlink()
    record.mkdir()
    assert client.get(f"/api{evaluation['url']}").status_code == 500
    unexpected = next(record for record in image_diff_log.records if record.message == "unexpected error")
    line = JsonFormatter().format(unexpected)
    assert f"/evaluations/{evaluation['id'][:8]}/record.json" in line
    assert "IsADirectoryError" in line
    assert evaluation["id"][:9] not in line


@pytest.mark.parametrize("id", ["8VbfR3nJ_dFyAq-kYw2x7A", "-__________________-4_", "abcdefghijklmnopqrstuZ"])
def test_a_whole_id_in_a_message_is_cut(id: str) -> None:
    message = f"Error handling request /api/evaluations/{id}/images/mask.png"
    record = logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, message, None, None)
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == f"Error handling request /api/evaluations/{id[:8]}/images/mask.png"


@pytest.mark.parametrize("name", ["remote_errors_in_words", "0123456789abcdef" * 4, "2026-11-30T21:34:47"])
def test_names_of_functions_and_what_is_longer_stay_whole(name: str) -> None:
    record = logging.LogRecord("image_diff", logging.ERROR, "", 0, f"{name}: {name}", None, None)
    assert json.loads(JsonFormatter().format(record))["message"] == f"{name}: {name}"


def test_what_strangers_type_into_the_address_is_not_logged(
    client: FlaskClient, image_diff_log: pytest.LogCaptureFixture
) -> None:
    client.get("/secret-thing?token=abc", headers={"Accept": "text/html"})
    (record,) = image_diff_log.records
    assert record.fields["route"] == "(none)"  # type: ignore[attr-defined]
    assert "secret" not in JsonFormatter().format(record)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("abcdef-123456.7_8", True),
        ("short", False),
        ("x" * 65, False),
        ("with space 123", False),
        ("a\u00e9" * 8, False),
    ],
)
def test_a_decent_request_id_of_a_proxy_is_kept(client: FlaskClient, sent: str, kept: bool) -> None:
    answer = client.get("/health", headers={"X-Request-ID": sent})
    assert (answer.headers["X-Request-ID"] == sent) == kept


def test_health_and_metrics_do_not_fill_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for address in ("/health", "/metrics", "/static/css/style.css"):
        client.get(address)
    assert caplog.records == []


def test_a_traceback_is_one_line_of_json() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        record = logging.LogRecord(
            "image_diff", logging.ERROR, "", 0, "oh", None, (type(error), error, error.__traceback__)
        )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    assert "ValueError: first\nsecond" in line["traceback"]
    assert line["level"] == "error"


def test_what_gunicorn_says_of_broken_requests_names_no_address() -> None:
    for address in ("192.0.2.7", "2001:db8::7"):
        message = f"Invalid request from ip={address}: Invalid chunk size: b'zz'"
        record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, message, None, None)
        assert WithoutAddresses().filter(record)
        assert record.getMessage() == "Invalid request from ip=-: Invalid chunk size: b'zz'"
