"""Every answer carries the security headers, other sites cannot post, and nothing uploaded is ever served back."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.web.security import CONTENT_SECURITY_POLICY
from app.web.services import Services
from tests import picture_factory
from tests.picture_factory import encode, exif, photo
from tests.web.conftest import AFTER, BEFORE, MakeApp, assert_error, files_under, pair

HTML = {"Accept": "text/html"}
UNKNOWN = "A" * 22
ADDRESSES = [
    ("GET", "/", 200), ("GET", "/docs", 200), ("GET", "/health", 200), ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200), ("GET", "/static/css/style.css", 200),
    ("GET", "/dropzone/static/dropzone.min.js", 200),
    ("GET", "/nothing", 404), ("GET", f"/evaluations/{UNKNOWN}", 404), ("GET", f"/api/evaluations/{UNKNOWN}", 404),
    ("POST", "/evaluations", 400), ("POST", "/api/evaluations", 415), ("POST", "/api/uploads", 400),
    ("PUT", "/api/evaluations", 405), ("OPTIONS", "/api/evaluations", 200), ("HEAD", "/", 200),
]  # fmt: skip
RESULT_ADDRESSES = [
    "{url}", "/api{url}", "/api{url}/images/mask.png", "/api{url}/tiles/after/0/0/0", "/api{url}/report.html",
    "/api{url}/archive.zip",
]  # fmt: skip


def assert_headers(answer: Any) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy or "sandbox" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-ID"])
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(("method", "address", "status"), ADDRESSES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_carries_the_headers(
    client: FlaskClient, method: str, address: str, status: int, accept: str
) -> None:
    answer = client.open(address, method=method, headers={"Accept": accept})
    assert answer.status_code == status
    assert_headers(answer)


@pytest.mark.parametrize("address", RESULT_ADDRESSES)
def test_everything_of_a_result_carries_the_headers_and_stays_private(
    client: FlaskClient, evaluation: dict[str, Any], address: str
) -> None:
    answer = client.get(address.format(url=evaluation["url"]))
    assert answer.status_code == 200
    assert_headers(answer)
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"].startswith("private, ")


def test_an_unexpected_error_carries_the_headers(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "call", lambda *args, **kwargs: 1 / 0)
    answer = client.post("/api/evaluations", data=pair())
    assert answer.status_code == 500
    assert_headers(answer)


def test_no_route_was_left_out(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    asked = [(method, address) for method, address, status in ADDRESSES if status not in (404, 405)]
    asked += [("GET", address.format(url=f"/evaluations/{UNKNOWN}")) for address in RESULT_ADDRESSES]
    asked += [("DELETE", f"/api/evaluations/{UNKNOWN}"), ("POST", f"/evaluations/{UNKNOWN}/delete")]
    reached = {adapter.match(address, method)[0] for method, address in asked}
    assert reached == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_pages_allow_no_inline_code_and_no_other_host(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for address in ("/", "/docs", "/nothing", evaluation["url"]):
        page = client.get(address, headers=HTML)
        assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert not re.search(
            r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))|<style|\sstyle=|\son\w+=|javascript:", page.text
        )
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!localhost/)", page.text)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
    ],
)
def test_other_sites_cannot_post(client: FlaskClient, compare: Any, headers: dict[str, str], status: int) -> None:
    answer = compare(headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert_error(answer, 403, "cross_site")
        assert_error(client.post("/evaluations", data=pair(), headers=headers), 403, "cross_site")
        assert_error(client.post("/api/uploads", headers=headers), 403, "cross_site")
        assert_error(client.delete(f"/api/evaluations/{UNKNOWN}", headers=headers), 403, "cross_site")


def test_other_sites_may_link_to_us(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    assert client.get(evaluation["url"], headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_only_trusted_hosts_are_answered_when_some_are_set(make_app: MakeApp) -> None:
    client = make_app(trusted_hosts="diff.example, .internal.example").test_client()
    for host, status in (("diff.example", 200), ("a.internal.example", 200), ("evil.example", 400), ("", 400)):
        for headers in ({}, HTML):
            answer = client.get("/health", headers={"Host": host, **headers})
            assert answer.status_code == status, host
            assert_headers(answer)
    assert_error(client.get("/", headers={"Host": "evil.example", **HTML}), 400, "bad_request")


def test_proxy_headers_are_believed_only_when_a_proxy_is_set(make_app: MakeApp) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "diff.example"}
    plain = make_app().test_client().get("/", headers=forwarded)
    assert "Strict-Transport-Security" not in plain.headers
    assert "diff.example" not in plain.text
    behind = make_app(proxies=1).test_client().get("/", headers=forwarded)
    assert behind.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "https://diff.example/api/evaluations" in behind.text


def test_no_route_takes_an_address_to_fetch_from(client: FlaskClient) -> None:
    spec = client.get("/openapi.json").text.lower()
    assert '"uri"' not in spec
    assert '"format":"uri"' not in spec


@pytest.mark.parametrize("name", picture_factory.polyglots())
def test_what_hides_in_a_picture_is_never_served(client: FlaskClient, name: str) -> None:
    answer = client.post("/api/evaluations", data=pair(picture_factory.polyglots()[name], AFTER))
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 201:
        for link in answer.json["images"].values():
            served = client.get(link).data
            assert b"<script" not in served
            assert b"<?php" not in served
            assert b"PK\3\4" not in served


def test_no_metadata_leaves_the_service(client: FlaskClient, services: Services) -> None:
    secret = encode(photo(), "JPEG", exif=exif(6, gps=True))
    assert b"SECRET CAMERA" in secret
    result = client.post("/api/evaluations", data=pair(secret, AFTER)).json
    served = [client.get(link).data for link in result["images"].values()]
    served += [client.get(f"/api{result['url']}{end}").data for end in ("", "/report.html", "/archive.zip")]
    served.append(client.get(result["url"]).data)
    for data in served:
        assert b"SECRET" not in data
        assert b"Exif" not in data
    for link in result["images"].values():
        with Image.open(io.BytesIO(client.get(link).data)) as picture:
            assert "exif" not in picture.info
            assert "icc_profile" not in picture.info
    client.delete(f"/api{result['url']}")
    assert files_under(services.store.workplace) == set()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("'><img src=x onerror=alert(1)>.png", "'><img src=x onerror=alert(1)>.png"),
        ("../../etc/passwd", "passwd"),
        ("a" * 300 + ".png", "a" * 80),
        ("tab\tand\x07bell.png", "tabandbell.png"),
        ("gpj.\u202eevil.png", "gpj.evil.png"),
        ("zero\u200bwidth.png", "zerowidth.png"),
        ("名前.png", "名前.png"),
        ("/", "before"),
        ("..", ".."),
        ("{{7*7}}.png", "{{7*7}}.png"),
    ],
)
def test_file_names_are_only_ever_text(client: FlaskClient, services: Services, sent: str, shown: str) -> None:
    data = {"before": (io.BytesIO(BEFORE), sent), "after": (io.BytesIO(AFTER), "b.png")}
    result = client.post("/api/evaluations", data=data).json
    assert result["before"]["name"] == shown
    page = client.get(result["url"]).text
    assert "<img src=x" not in page
    assert "<img src=x" not in client.get(f"/api{result['url']}/report.html").text
    for path in files_under(services.store.workplace):
        assert re.fullmatch(
            r"evaluations/[\w-]{22}/(record\.json|before|after|mask\.png|heat\.png|pictures/[a-z.-]+)", path
        )


def test_an_image_is_judged_by_its_content_and_not_by_its_name(client: FlaskClient) -> None:
    for name, content in picture_factory.foreign_files().items():
        answer = client.post("/api/evaluations", data=pair(content, AFTER))
        assert_error(answer, 415, "unsupported_format", "before is not an image")
        assert name  # the file was called a.png
    jpeg = encode(photo(), "JPEG")
    data = {"before": (io.BytesIO(jpeg), "really.txt"), "after": (io.BytesIO(jpeg), "b.gif")}
    assert client.post("/api/evaluations", data=data).json["before"]["format"] == "JPEG"


@pytest.mark.parametrize(
    "make",
    [
        lambda: picture_factory.empty_png(30_000, 10),
        lambda: picture_factory.empty_png(10_000, 10_000),
        picture_factory.bomb_webp,
        lambda: picture_factory.text_bomb_png(b"zTXt"),
        lambda: picture_factory.text_bomb_png(b"iTXt"),
        lambda: picture_factory.text_bomb_png(b"iCCP"),
        lambda: BEFORE[: len(BEFORE) // 2],
    ],
    ids=["long side", "many pixels", "WebP", "zTXt", "iTXt", "iCCP", "cut"],
)
def test_bombs_and_broken_files_get_an_answer_that_was_meant(client: FlaskClient, make: Any) -> None:
    answer = client.post("/api/evaluations", data=pair(make(), AFTER))
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 422:
        assert answer.json["error"]["code"] in ("corrupt_image", "too_many_pixels", "side_too_long")
        assert answer.json["error"]["message"].startswith("before ")


def test_two_strips_that_need_a_giant_canvas_are_refused(make_app: MakeApp) -> None:
    client = make_app(max_canvas=1_000_000).test_client()
    answer = client.post("/api/evaluations", data=pair(encode(photo(4, 2000)), encode(photo(2000, 4))))
    assert_error(answer, 422, "too_many_pixels", "2000 × 2000")


def test_ids_cannot_be_guessed(client: FlaskClient) -> None:
    ids = {client.post("/api/uploads", data={"file": (io.BytesIO(BEFORE), "a")}).json["id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", id) for id in ids)
