"""The pages work without JavaScript, and say what is wrong where it was typed."""

import html
import io
import json
import re
import shlex
from typing import Any

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from app.web.services import Services
from tests.web.conftest import AFTER, BEFORE, MakeApp, pair

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM_CONTEXT = {"error", "options", "fields", "limits", "results_kept"}
CONTEXTS = {
    "upload.html": FORM_CONTEXT | {"samples"},
    "result.html": FORM_CONTEXT
    | {"evaluation", "mode", "region", "share_url", "expires", "json_url", "report_url", "archive_url", "tiles_url"},
    "error.html": {"status", "code", "message", "request_id", "title"},
    "docs.html": {"spec", "operations", "schemas", "errors"},
}
GIVEN_TO_ALL = {"g", "request", "session", "dropzone"}


@pytest.fixture
def result_page(client: FlaskClient) -> str:
    answer = client.post("/evaluations", data=pair(), headers=HTML)
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_form_leads_to_the_result_page(client: FlaskClient, result_page: str) -> None:
    page = client.get(result_page, headers=HTML)
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "a.png" in page.text
    assert "b.png" in page.text


def test_a_result_page_reads_its_record_once(
    client: FlaskClient, services: Services, result_page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a bucket, each reading is a request of its own."""
    read: list[str] = []
    record = services.store.record
    monkeypatch.setattr(services.store, "record", lambda kind, id: read.append(id) or record(kind, id))
    assert client.get(result_page).status_code == 200
    assert read == [result_page.rpartition("/")[2]]


def test_a_sample_leads_to_the_result_page_in_one_click(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML)
    assert 'name="sample" value="screenshot"' in page.text
    answer = client.post("/evaluations", data={"sample": "screenshot"}, headers=HTML)
    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200


def test_every_sample_picture_on_the_page_is_there(client: FlaskClient) -> None:
    links = [part.partition('"')[0] for part in client.get("/").text.split('src="')[1:]]
    samples = [link for link in links if "/samples/" in link]
    assert len(samples) >= 3
    for link in samples:
        assert client.get(link).status_code == 200


def test_comparing_again_uses_the_kept_images_and_the_new_options(client: FlaskClient, result_page: str) -> None:
    data = {"again": result_page.rpartition("/")[2], "ignore": "40,30,88,66", "align": "off"}
    answer = client.post("/evaluations", data=data, headers=HTML)
    assert answer.status_code == 303
    assert answer.location != result_page
    page = client.get(answer.location).text
    assert 'value="40,30,88,66"' in page


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        ({"before": (io.BytesIO(BEFORE), "a.png")}, 400, "after is missing."),
        ({}, 400, "before and after are missing."),
        (pair(b"no image", AFTER), 415, "before is not an image"),
        (pair(BEFORE, BEFORE[:500]), 422, "after is truncated"),
        (pair(sensitivity="200"), 422, "sensitivity should be less than or equal to 100"),
    ],
)
def test_an_error_comes_back_on_the_upload_page(
    client: FlaskClient, data: dict[str, Any], status: int, message: str
) -> None:
    answer = client.post("/evaluations", data=data, headers=HTML)
    assert answer.status_code == status
    assert message in answer.text.lower()
    assert 'name="before"' in answer.text, "the form is there to try again"


def test_what_was_typed_is_still_there_after_an_error(client: FlaskClient) -> None:
    answer = client.post("/evaluations", data=pair(ignore="1,2,3", color="#123456"), headers=HTML)
    assert answer.status_code == 422
    assert 'value="1,2,3"' in answer.text
    assert 'value="#123456"' in answer.text


def test_an_error_of_comparing_again_comes_back_on_the_result_page(client: FlaskClient, result_page: str) -> None:
    data = {"again": result_page.rpartition("/")[2], "thickness": "0"}
    answer = client.post("/evaluations", data=data, headers=HTML)
    assert answer.status_code == 422
    assert "thickness should be greater than or equal to 1" in answer.text.lower()
    assert "a.png" in answer.text


def test_a_script_that_posts_the_form_gets_json_errors(client: FlaskClient) -> None:
    answer = client.post("/evaluations", data={}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "missing_file"


def test_comparing_again_what_is_gone_is_a_404_page(client: FlaskClient, result_page: str) -> None:
    client.post(f"{result_page}/delete", headers=HTML)
    answer = client.post("/evaluations", data={"again": result_page.rpartition("/")[2]}, headers=HTML)
    assert answer.status_code == 404
    assert "<html" in answer.text


def test_the_delete_button_deletes(client: FlaskClient, result_page: str) -> None:
    answer = client.post(f"{result_page}/delete", headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get(result_page, headers=HTML).status_code == 404


def test_mode_and_region_of_the_link_reach_the_page(app: Flask, client: FlaskClient, result_page: str) -> None:
    seen = {}

    def note(sender: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen.update(context)

    with template_rendered.connected_to(note, app):
        client.get(f"{result_page}?mode=swipe&region=3")
        assert (seen["mode"], seen["region"]) == ("swipe", 3)
        client.get(f"{result_page}?region=abc")
        assert (seen["mode"], seen["region"]) == ("", None)


def test_a_page_that_is_missing_says_so_as_a_page(client: FlaskClient) -> None:
    answer = client.get("/evaluations/nothing", headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["X-Request-ID"] in answer.text


def test_templates_get_exactly_the_documented_context(app: Flask, client: FlaskClient, result_page: str) -> None:
    seen: dict[str, set[str]] = {}
    globals_ = set(app.jinja_env.globals) | GIVEN_TO_ALL

    def note(sender: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen[template.name] = set(context) - globals_

    with template_rendered.connected_to(note, app):
        for address in ("/", result_page, "/docs", "/nothing", f"/api{result_page}/report.html"):
            client.get(address, headers=HTML)
    assert seen == CONTEXTS


def test_the_page_names_the_limits_that_hold(make_app: MakeApp) -> None:
    client = make_app(max_file_bytes=7_000_000, max_pixels=3_000_000, keep_seconds=7200).test_client()
    page = client.get("/").text
    assert "7 MB" in page
    assert "3 megapixels" in page
    assert "2 hours" in page


def test_the_documentation_shows_every_operation_and_every_error(client: FlaskClient) -> None:
    page = client.get("/docs").text
    for text in ("/api/evaluations/{id}/images/{name}", "createUpload", "sensitivity", "storage_full", "cross_site"):
        assert text in page


def test_search_engines_may_list_results_of_samples_only(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    """And those no longer than they last; what somebody uploaded is nobody else's."""
    assert client.get(evaluation["url"]).headers["X-Robots-Tag"] == "noindex"
    sample = client.post("/api/evaluations", data={"sample": "screenshot"}).json
    assert client.get(sample["url"]).headers["X-Robots-Tag"] == f"unavailable_after: {sample['expires']}"
    again = client.post("/api/evaluations", data={"again": evaluation["id"]}).json
    assert client.get(again["url"]).headers["X-Robots-Tag"] == "noindex"


def test_every_curl_line_of_the_documentation_works(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    upload = client.post("/api/uploads", data={"file": (io.BytesIO(BEFORE), "a.png")}).json["id"]
    page = html.unescape(client.get("/docs").text)
    lines = re.findall(r"^curl .*$", re.sub(r"<[^>]+>", "\n", page), re.MULTILINE)
    assert len(lines) == 9
    lines.sort(key=lambda line: "DELETE" in line)  # the others need what it deletes
    for line in lines:
        words = shlex.split(line.replace("UPLOAD", upload).replace("/ID", f"/{evaluation['id']}"))
        given = [words[place + 1] for place, word in enumerate(words) if word == "-F"]
        fields: dict[str, Any] = dict(field.split("=") for field in given)
        fields = {name: (io.BytesIO(AFTER), "a.png") if text[0] == "@" else text for name, text in fields.items()}
        body = (
            {"data": fields} if fields else {"json": json.loads(words[words.index("-d") + 1])} if "-d" in words else {}
        )
        method = "POST" if body else "DELETE" if "DELETE" in words else "GET"
        (address,) = (word for word in words if word.startswith("http://localhost/"))
        assert client.open(address, method=method, **body).status_code in (200, 201, 204), line
