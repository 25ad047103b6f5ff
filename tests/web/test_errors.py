"""Every error has one shape, says one public sentence and nothing about the inside."""

import errno
import pickle
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileMultiDict, FileStorage
from werkzeug.test import encode_multipart

from app.errors import Busy, CorruptImage, ImageDiffError, NotFound, StorageFull, TimedOut
from app.web.errors import TITLES
from app.web.services import Services
from tests.web.conftest import AFTER, BEFORE, MakeApp, assert_error, files_under, pair

HTML = {"Accept": "text/html"}


def raising(error: BaseException) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        raise error

    return call


def encoded(form: dict[str, Any]) -> dict[str, Any]:
    """Encode a form in memory: the test client would leave a temporary file to the garbage collector."""
    parts = {name: FileStorage(*value) if isinstance(value, tuple) else value for name, value in form.items()}
    boundary, body = encode_multipart(parts)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TimedOut("It took too long."), 503, "timed_out"),
        (Busy("Too busy."), 503, "busy"),
        (CorruptImage("after is damaged."), 422, "corrupt_image"),
        (StorageFull("No room."), 507, "storage_full"),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "storage_full"),
        (OSError(errno.EROFS, "Read-only file system"), 503, "storage_unavailable"),
        (MemoryError(), 503, "busy"),
        (RuntimeError("/secret/path"), 500, "internal"),
        (OSError(errno.ENOENT, "No such file", "/secret/path"), 500, "internal"),
    ],
)
def test_what_goes_wrong_in_the_analysis_has_its_status_and_leaves_nothing(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    monkeypatch.setattr(services, "call", raising(error))
    answer = client.post("/api/evaluations", data=pair())
    assert_error(answer, status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert files_under(services.store.workplace) == set()


@pytest.mark.parametrize("headers", [{}, HTML])
def test_an_unexpected_error_shows_nothing_of_the_inside_and_is_logged(
    client: FlaskClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    image_diff_log: Any,
    headers: dict[str, str],
) -> None:
    monkeypatch.setattr(services, "call", raising(ValueError("/secret/path has gone")))
    answer = client.post("/api/evaluations", data=pair(), headers=headers)
    assert answer.status_code == 500
    for inside in ("secret", "ValueError", "Traceback", ".py", "werkzeug"):
        assert inside not in answer.text
    request_id = answer.headers["X-Request-ID"]
    logged = [record for record in image_diff_log.records if record.levelname == "ERROR"]
    assert logged[0].fields["request_id"] == request_id
    assert logged[0].exc_info[1].args == ("/secret/path has gone",)


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("*/*", True), ("application/json", True), ("application/json, text/html;q=0.9", True), (None, True),
        ("text/html", False), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("image/avif,image/webp,*/*;q=0.8", True),
    ],
)  # fmt: skip
def test_accept_decides_between_json_and_a_page(client: FlaskClient, accept: str | None, is_json: bool) -> None:
    for address in ("/nothing", "/api/evaluations/nothing"):
        answer = client.get(address, headers={"Accept": accept} if accept else {})
        assert answer.status_code == 404
        assert answer.is_json == is_json
        assert "Accept" in answer.headers["Vary"]


def test_wrong_methods_are_refused_in_the_same_shape(client: FlaskClient) -> None:
    answer = client.put("/api/evaluations")
    assert_error(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"hello", "text/plain", 415, "unsupported_media_type"),
        (b"", None, 415, "unsupported_media_type"),
        (b"{", "application/json", 400, "bad_request"),
        (b"[]", "application/json", 400, "bad_request"),
        (b"{}", "application/json", 400, "bad_request"),
        (b"null", "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json", 400, "bad_request"),
        (b'{"before": 1, "after": 2}', "application/json", 400, "bad_request"),
        (b'{"before": "x", "after": "y", "third": "z"}', "application/json", 400, "bad_request"),
        (b'{"evaluation": "x", "before": "y"}', "application/json", 400, "bad_request"),
        (b"[" * 100_000, "application/json", 400, "bad_request"),
        (b'{"before": "x", "after": "y", "options": []}', "application/json", 422, "invalid_option"),
        (b" " * 1_000_001, "application/json", 413, "file_too_large"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400, "missing_file"),
        (b"no boundary", "multipart/form-data", 400, "missing_file"),
    ],
)
def test_bodies_that_make_no_sense_are_refused(
    client: FlaskClient, data: bytes, content_type: str | None, status: int, code: str
) -> None:
    assert_error(client.post("/api/evaluations", data=data, content_type=content_type), status, code)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("align", "sideways"), ("tone", "loud"), ("style", "stars"), ("sensitivity", "-1"), ("sensitivity", "100.1"),
        ("sensitivity", "nan"), ("sensitivity", "inf"), ("sensitivity", "much"), ("min_area", "0"), ("min_area", "1.5"),
        ("thickness", "51"), ("max_regions", "-1"), ("max_changed", "1.01"), ("color", "red"), ("color", "#12345"),
        ("color", "#123456\n"), ("ignore", "1,2,3"), ("ignore", "a,b,c,d"), ("ignore", "0,0,0,5"),
        ("ignore", "-1,0,5,5"), ("ignore", ";".join(["1,1,1,1"] * 201)), ("threshold", "3"), ("x" * 100, "3"),
    ],
)  # fmt: skip
def test_an_option_out_of_range_or_unknown_is_named(client: FlaskClient, option: str, value: str) -> None:
    answer = client.post("/api/evaluations", data=pair(**{option: value}))
    assert_error(answer, 422, "invalid_option", mentions=option[:40])
    assert answer.json["error"]["field"] == option[:40]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("sensitivity", "50"), ("sensitivity", 101), ("sensitivity", True), ("min_area", 2.5), ("min_area", "3"),
        ("ignore", "1,2,3,4"), ("ignore", [[1, 2, 3, 4]]), ("ignore", [{"x": 1, "y": 1, "width": 1}]),
        ("color", None), ("align", "AUTO"), ("unknown", 1),
    ],
)  # fmt: skip
def test_an_option_of_the_wrong_type_in_json_is_named(client: FlaskClient, option: str, value: Any) -> None:
    answer = client.post("/api/evaluations", json={"before": "x", "after": "y", "options": {option: value}})
    assert_error(answer, 422, "invalid_option")
    assert answer.json["error"]["field"] == option


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "#fff"}, 'color should be written like "#ff2d55".'),
        ({"sensitivity": 101}, "sensitivity should be less than or equal to 100."),
        ({"ignore": [{"x": 1, "y": 1, "width": 1}]}, "ignore: height is missing."),
        (
            {"ignore": [{"x": 1, "y": 1, "width": 0, "height": 1}]},
            "ignore: width should be greater than or equal to 1.",
        ),
        ({"ignore": [{"x": 1, "y": 1, "width": 1, "height": 1, "z": 1}]}, "ignore: z is not a part of a rectangle."),
        ({"ignore": [{"x": 1, "y": 1, "width": 1, "height": 1}] * 201}, "ignore: list should have at most 200 items"),
        ({"hue": 1}, "hue is not an option."),
        ({"": 1}, "An empty name is not an option."),
    ],
)
def test_what_is_wrong_with_an_option_is_one_sentence(client: FlaskClient, options: Any, message: str) -> None:
    answer = client.post("/api/evaluations", json={"before": "x", "after": "y", "options": options})
    assert_error(answer, 422, "invalid_option")
    assert answer.json["error"]["message"].startswith(message)


@pytest.mark.parametrize("value", ["nan", "inf", "much"])
def test_what_is_no_number_is_told_the_range(client: FlaskClient, value: str) -> None:
    answer = client.post("/api/evaluations", data=pair(sensitivity=value))
    assert_error(answer, 422, "invalid_option", "sensitivity should be a number from 0 to 100.")


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        ("null", "The body should be an object such as", None),
        ("[]", "The body should be an object such as", None),
        ("{}", "before is missing.", "before"),
        ('{"before": "x", "after": 5}', "after should be a valid string.", "after"),
        ('{"evaluation": "x", "": 1}', "An empty name is not a field of this request.", ""),
        ('{"evaluation": "x", "options": {"sensitivity": NaN}}', "The body is not JSON.", None),
        (f'{{"evaluation": "x", "options": {{"min_area": 1{"0" * 5000}}}}}', "The body is not JSON.", None),
        ('{"a":' * 5000, "The body is not JSON.", None),
    ],
)
def test_what_is_wrong_with_json_is_one_sentence(
    client: FlaskClient, body: str, message: str, field: str | None
) -> None:
    answer = client.post("/api/evaluations", data=body, content_type="application/json")
    assert_error(answer, 400, "bad_request")
    assert answer.json["error"]["message"].startswith(message)
    assert answer.json["error"].get("field") == field


def test_an_upload_that_is_gone_is_named(client: FlaskClient) -> None:
    upload = client.post("/api/uploads", data={"file": (BytesIO(BEFORE), "a.png")}).json["id"]
    for pair_of_ids, side in (((upload, "x"), "after"), (("A" * 22, upload), "before")):
        answer = client.post("/api/evaluations", json=dict(zip(("before", "after"), pair_of_ids, strict=True)))
        assert_error(answer, 404, "not_found", f"{side}: there is no upload of that id")
        assert answer.json["error"]["field"] == side


@pytest.mark.parametrize("sent", ["bytes=99999999-", "bytes=5-1", "bytes=0-1,3-4", "lines=1", "x"])
def test_a_range_that_a_picture_does_not_have_says_how_long_it_is(client: FlaskClient, sent: str) -> None:
    link = client.post("/api/evaluations", data=pair()).json["images"]["mask"]
    whole = client.get(link)
    assert client.get(link, headers={"Range": "bytes=0-9"}).data == whole.data[:10]
    answer = client.get(link, headers={"Range": sent})
    assert_error(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole.data)}"


@pytest.mark.parametrize(
    ("files", "code", "mentions"),
    [
        ([], "missing_file", "before and after are missing"),
        (["before"], "missing_file", "after is missing"),
        (["after"], "missing_file", "before is missing"),
        (["file"], "missing_file", "after is missing"),
        (["before", "before"], "too_many_files", "before was sent twice"),
        (["before", "after", "after"], "too_many_files", "3 files"),
        (["before", "after", "file"], "too_many_files", "3 files"),
        (["file", "file", "file"], "too_many_files", "3 files"),
        (["before", "picture"], "bad_request", "picture is not a field"),
    ],
)
def test_exactly_two_files_are_asked_for(client: FlaskClient, files: list[str], code: str, mentions: str) -> None:
    data = FileMultiDict()
    for field in files:
        data.add_file(field, BytesIO(BEFORE), "a.png")
    answer = client.post("/api/evaluations", data=data, content_type="multipart/form-data")
    assert_error(answer, 400, code, mentions)


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_empty_file_is_named(client: FlaskClient, side: str) -> None:
    answer = client.post("/api/evaluations", data=pair() | {side: (BytesIO(b""), "x.png")})
    assert_error(answer, 400, "missing_file", f"{side} is empty")


@pytest.mark.parametrize("source", ["again", "sample"])
def test_files_beside_what_stands_for_them_are_refused(
    client: FlaskClient, evaluation: dict[str, Any], source: str
) -> None:
    """They were ignored, and the answer was about other pictures than those that were sent."""
    named = {source: {"again": evaluation["id"], "sample": "photo"}[source]}
    assert_error(client.post("/api/evaluations", data=pair(**named)), 400, "bad_request", f"{source} stands for")
    inputs_left_empty = {"before": (BytesIO(), ""), "after": (BytesIO(), "")}
    assert client.post("/api/evaluations", data={**named, **inputs_left_empty}).status_code == 201


def test_only_one_thing_stands_for_the_files(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data={"again": "x", "sample": "photo"})
    assert_error(answer, 400, "bad_request", "again and sample each stand for two images")


def test_a_file_input_left_empty_is_missing(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data=pair() | {"after": (BytesIO(b""), "")})
    assert_error(answer, 400, "missing_file", "after is missing")


def test_a_file_over_its_limit_is_named_with_both_sizes(make_app: MakeApp) -> None:
    client = make_app(max_file_bytes=13_000).test_client()
    assert len(AFTER) > 13_000
    answer = client.post("/api/evaluations", data=pair(b"x" * 12_000, AFTER))
    assert_error(answer, 413, "file_too_large", "after has 0.0 MB")


def test_a_request_over_its_limit_is_refused(make_app: MakeApp) -> None:
    client = make_app(max_file_bytes=10_000).test_client()
    form = encoded(pair(bytes(2_000_000), bytes(10)))
    answer = client.post("/api/evaluations", **form)
    assert_error(answer, 413, "file_too_large", "1.02 MB")
    page = client.post("/evaluations", headers=HTML, **form)
    assert page.status_code == 413
    assert "1.02 MB" in page.text


def test_a_form_of_too_many_parts_is_refused(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data=pair(ignore=["1,1,1,1"] * 40))
    assert_error(answer, 413, "file_too_large", "40 parts")


def test_too_much_text_in_a_form_is_refused(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", **encoded(pair(ignore="1" * 600_000)))
    assert_error(answer, 413, "file_too_large")


@pytest.mark.parametrize("address", ["/api/uploads", "/api/evaluations", "/evaluations"])
@pytest.mark.parametrize("disposition", ["form-data", "form-data; x=y", 'form-data; filename="a.png"', "", "nonsense"])
def test_a_part_without_a_name_is_refused(client: FlaskClient, address: str, disposition: str) -> None:
    """Found by fuzzing: Werkzeug names such a part None."""
    body = f"--x\r\nContent-Disposition: {disposition}\r\n\r\nvalue\r\n--x--\r\n"
    answer = client.post(address, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (400, 422)
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("field", ["before", "file[1]", "file"])
def test_a_file_sent_as_text_gets_a_hint(client: FlaskClient, field: str) -> None:
    answer = client.post("/api/evaluations", data={field: "photo.png"})
    assert_error(answer, 400, "missing_file", f"-F {field}=@FILE")


@pytest.mark.parametrize("files", [{}, {"file": ["a", "b"]}, {"other": ["a"]}, {"file": ["a"], "other": ["a"]}])
def test_an_upload_is_exactly_one_file(client: FlaskClient, files: dict[str, list[str]]) -> None:
    data = {field: [(BytesIO(BEFORE), name) for name in names] for field, names in files.items()}
    answer = client.post("/api/uploads", data=data)
    assert_error(answer, 400, "too_many_files" if "file" in files else "missing_file")


def test_an_upload_that_is_no_image_is_refused_at_once(client: FlaskClient, services: Services) -> None:
    for content, status, code in ((b"text", 415, "unsupported_format"), (BEFORE[:500], 422, "corrupt_image")):
        answer = client.post("/api/uploads", data={"file": (BytesIO(content), "a.png")})
        assert_error(answer, status, code)
    assert files_under(services.store.workplace) == set()


@pytest.mark.parametrize("error", [NotFound, TimedOut])
def test_what_is_always_said_alike_is_written_with_its_error(error: type[ImageDiffError]) -> None:
    """And travels from a child, as every error does."""
    assert pickle.loads(pickle.dumps(error())).message == error.sentence == str(error())
    assert error("Something else.").message == "Something else."


def test_every_error_class_has_a_title_for_its_page(app: Flask) -> None:
    def statuses(base: type[ImageDiffError]) -> set[int]:
        return {base.status}.union(*(statuses(error) for error in base.__subclasses__()))

    assert statuses(ImageDiffError) <= TITLES.keys()
