"""The description of the API is true: Schemathesis asks what it allows and what it forbids, and finds nothing."""

import re
from typing import Any

import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection

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
