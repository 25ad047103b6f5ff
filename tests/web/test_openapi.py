"""The description of the API is true: Schemathesis asks what it allows and what it forbids, and finds nothing."""

import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection

from app.errors import InvalidOption
from app.options import MAX_COORDINATE, MAX_IGNORED, OptionsIn, from_texts, to_texts
from app.web.openapi import document
from tests.web.conftest import AFTER, BEFORE

schemathesis.openapi.format("binary", st.sampled_from([BEFORE, AFTER]))


schema = schemathesis.openapi.from_dict(document())


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_the_service_does_what_its_description_says(case: Any, app: Flask) -> None:
    # In a form every value is text: 0 and "0" are one, and Schemathesis calls the second of the wrong type; of a
    # field it renames it sends nothing at all. What a form may not hold is tested value by value in test_errors.py.
    is_form = case.media_type == "multipart/form-data"
    plain = {"Accept-Encoding": "identity"}  # Schemathesis does not unpack what it gets from an application
    case.call_and_validate(app=app, headers=plain, excluded_checks=[negative_data_rejection] if is_form else [])


def responses(path: str) -> dict[str, Any]:
    return dict(document()["paths"][f"/api/evaluations/{{id}}{path}"]["get"]["responses"])


def test_the_answers_to_a_part_and_to_a_kept_copy_of_a_picture_are_described(
    client: FlaskClient, evaluation: dict[str, Any]
) -> None:
    mask = evaluation["images"]["mask"]
    etag = client.get(mask).headers["ETag"]
    asked = ({}, {"Range": "bytes=0-9"}, {"If-None-Match": etag}, {"Range": "bytes=9999999-"})
    given = [str(client.get(mask, headers=headers).status_code) for headers in asked]
    assert given == ["200", "206", "304", "416"]
    assert responses("/images/{name}").keys() >= set(given)


def test_the_text_for_areas_to_ignore_is_what_the_service_reads_and_writes() -> None:
    body = document()["paths"]["/api/evaluations"]["post"]["requestBody"]["content"]["multipart/form-data"]
    pattern = body["schema"]["properties"]["ignore"]["pattern"]
    most = [{"x": MAX_COORDINATE, "y": 0, "width": MAX_COORDINATE, "height": 1}] * MAX_IGNORED
    for boxes in ([], most[:1], most):
        written = to_texts({**OptionsIn().model_dump(), "ignore": boxes})["ignore"]
        assert re.search(pattern, written)
        assert len(from_texts({"ignore": [written]}).ignore) == len(boxes)
    for refused in ("1,2,3", "1,2,0,4", "1000001,0,1,1", f"{written}; 1,1,1,1"):
        assert not re.search(pattern, refused)
        with pytest.raises(InvalidOption):
            from_texts({"ignore": [refused]})


def test_the_form_field_for_comparing_again_is_told_beside_the_name_it_has_in_json(client: FlaskClient) -> None:
    assert "<code>evaluation</code> in JSON, or as the field <code>again</code>" in client.get("/docs").text


def test_every_route_for_scripts_is_described(app: Flask) -> None:
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, methods in document()["paths"].items()
        for method in methods
    }
    routes = {
        (method, re.sub(r"<\w+:", "<", str(rule)))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if str(rule).startswith("/api") or str(rule) in ("/health", "/metrics")
    }
    assert described == routes


def test_the_description_is_served_and_says_nothing_of_the_inside(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.json == document()
    assert "Attributes:" not in answer.text
