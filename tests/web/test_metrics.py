"""Prometheus gets numbers that move when something happens."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.web.services import Services
from tests.web.conftest import pair


def samples(client: FlaskClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def difference(client: FlaskClient, name: str, before: Any, **labels: str) -> float:
    key = (f"image_diff_{name}", tuple(sorted(labels.items())))
    return samples(client).get(key, 0.0) - before.get(key, 0.0)


def test_an_evaluation_counts_its_verdict_its_stages_and_its_request(client: FlaskClient) -> None:
    before = samples(client)
    client.post("/api/evaluations", data=pair())
    assert difference(client, "evaluations_total", before, verdict="different") == 1
    for stage in ("decode", "align", "measure", "regions", "total"):
        assert difference(client, "stage_seconds_count", before, stage=stage) == 1
        assert difference(client, "stage_seconds_sum", before, stage=stage) > 0
    labels = {"method": "POST", "route": "/api/evaluations", "status": "201"}
    assert difference(client, "requests_total", before, **labels) == 1
    assert difference(client, "queue_seconds_count", before, queue="evaluations") == 1


def test_a_refusal_counts_its_code(client: FlaskClient) -> None:
    before = samples(client)
    client.post("/api/evaluations", data=pair(b"no image"))
    client.get("/nothing")
    assert difference(client, "refusals_total", before, code="unsupported_format") == 1
    assert difference(client, "refusals_total", before, code="not_found") == 1


def test_methods_that_strangers_invent_are_counted_as_one(client: FlaskClient) -> None:
    """gunicorn lets any word pass: each would be a number that is kept and shown for good."""
    before = samples(client)
    for method in ("FROBNICATE", "SHRUG"):
        assert client.open("/health", method=method).status_code == 405
    assert difference(client, "requests_total", before, method="(other)", route="(none)", status="405") == 2
    assert not any(value in ("FROBNICATE", "SHRUG") for _, labels in samples(client) for _, value in labels)


def test_who_waits_and_who_works_is_shown(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def look(*args: Any, **kwargs: Any) -> Any:
        labels = (("queue", "evaluations"), ("state", "working"))
        seen.append(samples(client)["image_diff_queued", labels])
        raise ZeroDivisionError

    monkeypatch.setattr(services, "call", look)
    client.post("/api/evaluations", data=pair())
    assert seen == [1.0]
    assert samples(client)["image_diff_queued", (("queue", "evaluations"), ("state", "working"))] == 0


def test_the_bytes_kept_are_shown_by_kind(client: FlaskClient) -> None:
    def kept(kind: str) -> float:
        return samples(client)["image_diff_store_bytes", (("kind", kind),)]

    assert kept("evaluations") == 0
    result = client.post("/api/evaluations", data=pair()).json
    assert kept("evaluations") > result["before"]["bytes"] + result["after"]["bytes"]
    client.delete(f"/api{result['url']}")
    assert kept("evaluations") == kept("uploads") == 0
