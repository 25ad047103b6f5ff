"""The description of the API, made from the schemas that check requests.

Flask's OpenAPI extensions were weighed: those that read pydantic models describe no operation that takes either a
form with files or JSON, and their pages load scripts from a CDN.
"""

import re
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app import __version__
from app.analysis.drawing.tiles import LEVELS
from app.analysis.render import NAMES
from app.jobs import UNPACKED
from app.options import MAX_COORDINATE, MAX_IGNORED, OptionsIn
from app.store import ID_PATTERN
from app.web import schemas

ANSWERS = {
    400: "Something is missing or cannot be understood.",
    401: "The service asks for a token, and none or a wrong one was sent.",
    403: "Another site made the browser send this.",
    404: "Unknown, expired or deleted.",
    408: "The request arrived too slowly.",
    413: "A file or the whole request is too large.",
    415: "Not an image format, or not a media type, that is read here.",
    416: "The picture has no such range of bytes.",
    422: "An image is damaged or too large, or an option is unknown or out of range.",
    429: "One client asked for more comparisons than it may in that time; `Retry-After` says when to try again.",
    503: "Busy, out of time or unable to store; `Retry-After` says when to try again.",
    507: "No room to keep the result.",
}
WORKING = tuple(status for status in ANSWERS if status != 416)
DRAWING = (401, 404, 503, 507)


@cache
def document() -> dict[str, Any]:
    """Give the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Image Diff",
            "version": __version__,
            "description": "What is different between two images, and does it matter?",
        },
        "paths": {
            "/api/uploads": {"post": _create_upload()},
            "/api/evaluations": {"post": _create_evaluation()},
            "/api/evaluations/{id}": {"get": _get_evaluation(), "delete": _delete_evaluation()},
            "/api/evaluations/{id}/images/{name}": {"get": _get_image()},
            "/api/evaluations/{id}/tiles/{name}/{level}/{column}/{row}": {"get": _get_tile()},
            "/api/evaluations/{id}/report.html": {"get": _get_file("getReport", "The result as one file", "text/html")},
            "/api/evaluations/{id}/archive.zip": {
                "get": _get_file("getArchive", "All pictures and the JSON in one file", "application/zip")
            },
            "/health": {"get": _get_health()},
            "/metrics": {"get": _get_metrics()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{}, {"bearer": []}, {"password": []}],  # none unless the service was given a token
    }


def _create_upload() -> dict[str, Any]:
    return {
        "operationId": "createUpload",
        "summary": "Take one image, to be compared later by its id",
        "requestBody": _body({"multipart/form-data": _object({"file": _FILE}, ["file"])}),
        "responses": {"201": _json("Taken.", "Upload"), **_errors(*WORKING)},
    }


def _create_evaluation() -> dict[str, Any]:
    either = {"oneOf": [_ref("CompareUploads"), _ref("CompareAgain")]}
    form = _object({"before": _FILE, "after": _FILE, **_option_fields()}, ["before", "after"])
    headers = {
        "Location": {"description": "Where the evaluation is.", "schema": {"type": "string"}},
        "Server-Timing": {"description": "Milliseconds of each stage.", "schema": {"type": "string"}},
    }
    return {
        "operationId": "createEvaluation",
        "summary": "Compare two images",
        "description": "Send two files with options as form fields (`file[0]` and `file[1]`, or two `file`, do as "
        "well), or the ids of two uploads, or the id of an evaluation to compare its images again: as `evaluation` in "
        "JSON, or as the field `again` of a form, in place of the files. Of an option that a form holds more than once "
        "the last text that is not empty counts; all areas of `ignore` do.",
        "requestBody": _body({"multipart/form-data": form, "application/json": either}),
        "responses": {"201": {**_json("Compared.", "Evaluation"), "headers": headers}, **_errors(*WORKING)},
    }


def _get_evaluation() -> dict[str, Any]:
    return {
        "operationId": "getEvaluation",
        "summary": "An evaluation",
        "parameters": [_ID],
        "responses": {"200": _json("The evaluation.", "Evaluation"), **_errors(401, 404, 503)},
    }


def _delete_evaluation() -> dict[str, Any]:
    return {
        "operationId": "deleteEvaluation",
        "summary": "Delete an evaluation with its images, at once and for good",
        "parameters": [_ID],
        "responses": {"204": {"description": "Deleted."}, **_errors(401, 403, 404, 503)},
    }


def _get_image() -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": list(NAMES)}}
    media = {kind: {"schema": _BINARY} for kind in ("image/png", "image/jpeg", "image/gif", "image/webp")}
    return {
        "operationId": "getImage",
        "summary": "A picture of an evaluation, drawn when first asked for",
        "parameters": [_ID, name],
        "responses": {
            "200": {"description": "The picture.", "content": media},
            "206": {"description": "The bytes of it that `Range` asks for.", "content": media},
            "304": {"description": "Still the one that `If-None-Match` names."},
            **_errors(*sorted((*DRAWING, 416))),
        },
    }


def _get_tile() -> dict[str, Any]:
    def parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "in": "path", "required": True, "schema": schema}

    numbers = [parameter(name, {"type": "integer", "minimum": 0}) for name in ("column", "row")]
    name, level = {"type": "string", "enum": list(UNPACKED)}, {"type": "integer", "minimum": 0, "maximum": LEVELS - 1}
    tile = {"description": "The tile.", "content": {"image/webp": {"schema": _BINARY}}}
    return {
        "operationId": "getTile",
        "summary": "A part of a picture of at most 512 × 512 pixels: whole, halved or quartered by its level",
        "parameters": [_ID, parameter("name", name), parameter("level", level), *numbers],
        "responses": {"200": tile, **_errors(*DRAWING)},
    }


def _get_file(operation: str, summary: str, media: str) -> dict[str, Any]:
    content = {media: {"schema": _BINARY if media == "application/zip" else {"type": "string"}}}
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [_ID],
        "responses": {"200": {"description": "The file.", "content": content}, **_errors(*DRAWING)},
    }


def _get_health() -> dict[str, Any]:
    return {
        "operationId": "getHealth",
        "summary": "Whether the service lives; waits for nothing",
        "responses": {"200": _json("It lives.", "Health")},
    }


def _get_metrics() -> dict[str, Any]:
    return {
        "operationId": "getMetrics",
        "summary": "Metrics in Prometheus' text format",
        "responses": {"200": {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    }


_EMPTY = {"type": "string", "maxLength": 0}
_BINARY = {"type": "string", "format": "binary"}
_FILE = {**_BINARY, "description": "An image file."}
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
    "description": "As given when it was made.",
}


def _ref(model: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model}"}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _body(schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"required": True, "content": {media: {"schema": schema} for media, schema in schema_of.items()}}


def _json(description: str, model: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(model)}}}


def _errors(*statuses: int) -> dict[str, Any]:
    page = {"text/html": {"schema": {"type": "string"}}}
    answers = {}
    for status in statuses:
        answer = _json(ANSWERS[status], "Error")
        answers[str(status)] = {**answer, "content": {**answer["content"], **page}}
    return answers


def _option_fields() -> dict[str, Any]:
    """Describe the options as fields of a form: rectangles are text, and an empty text means the default."""
    fields = {}
    for name, schema in OptionsIn.model_json_schema()["properties"].items():
        kinds = schema.get("anyOf", [schema])
        described = {"description": schema["description"], "default": schema["default"]}
        fields[name] = {
            "anyOf": [*(_plain(kind) for kind in kinds if kind["type"] != "null"), _EMPTY],
            **{key: value for key, value in described.items() if value is not None},
        }
    place, length = rf"(\d{{1,6}}|{MAX_COORDINATE})", rf"([1-9]\d{{0,5}}|{MAX_COORDINATE})"
    box = f"{place},{place},{length},{length}"
    fields["ignore"] = {
        "type": "string",
        "pattern": f"^({box}(; ?{box}){{0,{MAX_IGNORED - 1}}})?$",
        "description": fields["ignore"]["description"] + ' As text: "x,y,width,height", several joined by ";".',
    }
    return fields


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description", "default")}


def _schemas() -> dict[str, Any]:
    requests = (OptionsIn, schemas.CompareUploads, schemas.CompareAgain)
    answers = (schemas.Upload, schemas.Evaluation, schemas.Error, schemas.Health)
    models = [(model, "validation") for model in requests] + [(model, "serialization") for model in answers]
    _, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    for schema in definitions["$defs"].values():
        _move_attributes(schema)
    return dict(definitions["$defs"])


def _move_attributes(schema: dict[str, Any]) -> None:
    """Give the lines under "Attributes:" of a docstring to the fields they describe."""
    schema["description"], _, lines = schema.get("description", "").partition("\n\nAttributes:\n")
    schema["description"] = " ".join(schema["description"].split())
    for names, text in re.findall(r"^    (\w[\w, ]*): (.*(?:\n {5,}.*)*)", lines, re.MULTILINE):
        for name in names.split(", "):
            schema["properties"].get(name, {}).setdefault("description", " ".join(text.split()))
