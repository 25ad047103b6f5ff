"""What goes away while somebody works with it, or after its time: a clear answer, and nothing that is left."""

import shutil
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.web.services import Services
from tests.web.conftest import AFTER, BEFORE, assert_error, call_here, files_under, pair

UNKNOWN = "A" * 22
ENDS = ["", "/images/mask.png", "/tiles/after/0/0/0", "/report.html", "/archive.zip"]


def test_what_has_expired_looks_like_what_never_was_and_leaves_nothing(
    client: FlaskClient, services: Services, evaluation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(evaluation["images"]["overlay-after"])
    client.post("/api/uploads", data={"file": (BytesIO(BEFORE), "a.png")})
    now = services.store._clock()
    monkeypatch.setattr(services.store, "_clock", lambda: now + services.settings.keep_seconds + 1)
    for end in ENDS:
        expired, unknown = (client.get(f"/api/evaluations/{id}{end}") for id in (evaluation["id"], UNKNOWN))
        assert_error(expired, 404, "not_found")
        assert expired.data == unknown.data
    assert client.delete(f"/api{evaluation['url']}").data == client.delete(f"/api/evaluations/{UNKNOWN}").data
    services.store.expire()
    assert files_under(services.store.workplace) == set()


def test_uploads_that_go_while_they_are_compared_are_compared_all_the_same(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = {
        side: client.post("/api/uploads", data={"file": (BytesIO(content), "a.png")}).json["id"]
        for side, content in (("before", BEFORE), ("after", AFTER))
    }

    def call(function: Any, *args: Any, seconds: float) -> Any:
        for id in uploads.values():
            services.store.delete("uploads", id)
        return call_here(function, *args, seconds=seconds)

    with monkeypatch.context() as swept:
        swept.setattr(services, "call", call)
        answer = client.post("/api/evaluations", json=uploads)
    assert answer.status_code == 201
    assert client.get(answer.json["images"]["side-by-side"]).status_code == 200
    assert_error(client.post("/api/evaluations", json=uploads), 404, "not_found", "before: there is no upload")


@pytest.mark.parametrize("end", ["/images/mask.png", "/tiles/after/0/0/0", "/archive.zip"])
def test_a_result_that_is_deleted_while_it_is_drawn_is_gone_and_stays_gone(
    client: FlaskClient, services: Services, evaluation: dict[str, Any], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    def call(function: Any, *args: Any, seconds: float) -> Any:
        client.delete(f"/api{evaluation['url']}")
        return call_here(function, *args, seconds=seconds)

    monkeypatch.setattr(services, "call", call)
    answer = client.get(f"/api{evaluation['url']}{end}")
    assert_error(answer, 404, "not_found")
    assert files_under(services.store.workplace) == set()


@pytest.mark.parametrize("end", ["/images/heatmap.png", "/tiles/after/0/0/0", "/archive.zip"])
def test_a_result_that_is_deleted_when_its_drawing_is_done_leaves_no_pixels(
    client: FlaskClient, services: Services, evaluation: dict[str, Any], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Who deletes cannot remove what is put into its place a moment later."""

    def call(function: Any, *args: Any, seconds: float) -> Any:
        done = call_here(function, *args, seconds=seconds)
        client.delete(f"/api{evaluation['url']}")
        return done

    monkeypatch.setattr(services, "call", call)
    assert_error(client.get(f"/api{evaluation['url']}{end}"), 404, "not_found")
    assert files_under(services.store.workplace) == set()


@pytest.mark.parametrize("address", ["/api/evaluations", "/api/uploads", "/metrics", "sweep"])
def test_a_workplace_that_was_wiped_is_made_anew(client: FlaskClient, services: Services, address: str) -> None:
    """Who cleans up temporary files may take all of it: everything failed until the server was started again."""
    shutil.rmtree(services.store.workplace)
    if address == "sweep":
        services.store.expire()
    elif address == "/metrics":
        assert client.get(address).status_code == 200
    else:
        data = pair() if address == "/api/evaluations" else {"file": (BytesIO(BEFORE), "a.png")}
        assert client.post(address, data=data).status_code == 201
