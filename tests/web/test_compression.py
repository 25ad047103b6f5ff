"""Text goes out compressed to who can read it, stays the same text, and is asked for again only when it changed."""

import gzip
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}
TEXTS = [
    "/",
    "/docs",
    "/openapi.json",
    "/metrics",
    "/static/css/style.css",
    "/static/js/upload.js",
    "/static/js/viewer/viewer.js",
    "/dropzone/static/dropzone.min.js",
    "/dropzone/static/dropzone.min.css",
]


@pytest.mark.parametrize("accept", ["br", "gzip", "gzip, deflate, br, zstd", "gzip;q=1.0, br;q=0.1"])
@pytest.mark.parametrize("address", TEXTS)
def test_text_is_small_and_the_same_once_unpacked(client: FlaskClient, address: str, accept: str) -> None:
    packed = client.get(address, headers={"Accept-Encoding": accept})
    assert packed.status_code == 200
    assert len(packed.data) < 0.5 * len(UNPACK[packed.headers["Content-Encoding"]](packed.data))
    assert "Accept-Encoding" in packed.headers["Vary"]
    if address != "/metrics":  # counts meanwhile
        assert UNPACK[packed.headers["Content-Encoding"]](packed.data) == client.get(address).data


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "nonsense;;q="}])
@pytest.mark.parametrize("address", TEXTS)
def test_who_does_not_ask_for_it_gets_plain_text(client: FlaskClient, address: str, headers: dict[str, str]) -> None:
    answer = client.get(address, headers=headers)
    assert "Content-Encoding" not in answer.headers
    assert answer.text


@pytest.mark.parametrize("address", ["/static/css/style.css", "/dropzone/static/dropzone.min.js"])
def test_an_unchanged_file_is_not_sent_twice(client: FlaskClient, address: str) -> None:
    for accept in ("br", "gzip", ""):
        headers = {"Accept-Encoding": accept}
        tag = client.get(address, headers=headers).headers["ETag"]
        again = client.get(address, headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_the_two_forms_of_a_file_have_different_tags(client: FlaskClient) -> None:
    tags = {client.get("/static/css/style.css", headers={"Accept-Encoding": a}).headers["ETag"] for a in ("br", "")}
    assert len(tags) == 2


def test_results_are_compressed_and_pictures_are_not(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    for address, encoding in (
        (evaluation["url"], "br"),
        (f"/api{evaluation['url']}", "br"),
        (f"/api{evaluation['url']}/report.html", "br"),
        (evaluation["images"]["mask"], None),
        (f"/api{evaluation['url']}/archive.zip", None),
    ):
        answer = client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert answer.headers.get("Content-Encoding") == encoding, address
    head = client.head("/static/css/style.css", headers={"Accept-Encoding": "br"})
    assert (head.status_code, head.data) == (200, b"")
