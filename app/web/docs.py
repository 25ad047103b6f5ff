"""What the documentation page shows: the description of the API, flattened for a template."""

from collections.abc import Iterator
from typing import Any

from flask import url_for

from app.errors import ImageDiffError, ModelUnusable, Unprocessable
from app.web.openapi import document

_CURL = {
    "createUpload": "curl -F file=@before.png {root}api/uploads",
    "createEvaluation": "curl -F before=@before.png -F after=@after.png -F sensitivity=60 {root}api/evaluations\n"
    """curl -H "Content-Type: application/json" {root}api/evaluations """
    """-d '{"before": "UPLOAD", "after": "UPLOAD", "options": {"sensitivity": 60}}'""",
    "getEvaluation": "curl {root}api/evaluations/ID",
    "deleteEvaluation": "curl -X DELETE {root}api/evaluations/ID",
    "getImage": "curl -o overlay-after.png {root}api/evaluations/ID/images/overlay-after.png",
    "getTile": "curl -o tile.webp {root}api/evaluations/ID/tiles/after/0/0/0",
    "getReport": "curl -o report.html {root}api/evaluations/ID/report.html",
    "getArchive": "curl -o image-diff.zip {root}api/evaluations/ID/archive.zip",
}
_NOT_ANSWERED = (ModelUnusable, Unprocessable)  # the one ends up in ``category.reason``, of the other only heirs occur


def docs_context() -> dict[str, Any]:
    """Give the variables of docs.html."""
    root = url_for("pages.upload", _external=True)
    spec = document()
    operations = [
        _operation(method, path, operation, root)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [_schema(name, schema) for name, schema in spec["components"]["schemas"].items()]
    return {"spec": spec, "operations": operations, "schemas": schemas, "errors": list(_errors(ImageDiffError))}


def _operation(method: str, path: str, operation: dict[str, Any], root: str) -> dict[str, Any]:
    bodies = operation.get("requestBody", {"content": {}})["content"]
    return {
        "method": method.upper(),
        "path": path,
        "id": operation["operationId"],
        "summary": operation["summary"],
        "description": operation.get("description"),
        "parameters": [_parameter(parameter) for parameter in operation.get("parameters", ())],
        "request": [
            {"media": media, "fields": _fields(schema)}
            for media, body in bodies.items()
            for schema in body["schema"].get("oneOf", [body["schema"]])
        ],
        "responses": [
            {"status": status, "description": answer["description"]}
            for status, answer in operation["responses"].items()
        ],
        "curl": _CURL.get(operation["operationId"], "").replace("{root}", root),
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    return {
        "name": parameter["name"],
        "type": _type(schema),
        "required": True,
        "description": parameter.get("description") or ", ".join(schema.get("enum", ())),
    }


def _schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "description": schema["description"], "fields": _fields(schema)}


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        schema = document()["components"]["schemas"][_name(schema)]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": _type(field),
            "required": name in required,
            "description": field.get("description", ""),
        }
        for name, field in schema["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    """Say what a value is, in words."""
    if "$ref" in schema:
        return _name(schema)
    if "enum" in schema and len(schema["enum"]) < 6:
        return " or ".join(schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"] if kind.get("maxLength") != 0)
    if "prefixItems" in schema:
        return f"{len(schema['prefixItems'])} × {_type(schema['prefixItems'][0])}"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{_type(schema['additionalProperties'])} by name"
    if schema.get("format") == "binary":
        return "file"
    return str(schema.get("type", "any")) + _range(schema)


def _range(schema: dict[str, Any]) -> str:
    if "maximum" in schema:
        return f" ({schema['minimum']:,} to {schema['maximum']:,})"
    return ""


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def _errors(base: type[ImageDiffError]) -> Iterator[dict[str, Any]]:
    """List every error that has a code of its own."""
    for error in base.__subclasses__():
        if error.__module__ == ImageDiffError.__module__ and error not in _NOT_ANSWERED:
            yield {"status": error.status, "code": error.code, "description": error.__doc__}
        yield from _errors(error)
