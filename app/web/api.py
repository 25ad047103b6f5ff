"""The JSON side: uploads, evaluations and their pictures."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request, send_file, url_for

from app.analysis import Options
from app.errors import BadRequest, MissingFile, TooManyFiles
from app.jobs import describe_image
from app.report import MEDIA_TYPES, report_policy
from app.web import evaluations, pictures, tiles, uploads
from app.web.errors import Refused
from app.web.schemas import CompareAgain, read_json
from app.web.security import PICTURE_POLICY, REPORT_SANDBOX
from app.web.services import services

api = Blueprint("api", __name__, url_prefix="/api")


@api.post("/uploads")
def create_upload() -> tuple[Response, int]:
    """Take one image, to be compared later by its id."""
    form, files = uploads.read_form()
    for name in form:
        name = uploads.clean_name(name, "a part without a name")  # damaged forms have such
        raise BadRequest(f"{name} is not a field of this request.", field=name)
    sent = files.getlist("file")
    if len(sent) != 1 or len(files) != 1:
        raise (TooManyFiles if sent else MissingFile)("Send exactly one file, in the field named file.")
    here = services()
    seconds = here.settings.deadline
    with here.store.staging() as folder:
        uploads.save(sent[0], folder / "image", "file")
        with evaluations.admitted(here.picture_gate, "pictures"):
            facts = here.call(describe_image, folder / "image", here.settings.limits, seconds=seconds)
        kept = ("width", "height", "format", "bytes")
        name = uploads.clean_name(sent[0].filename, "image")
        record = here.store.commit(folder, "uploads", {"name": name, **{fact: facts[fact] for fact in kept}})
    public = {fact: record[fact] for fact in ("id", "name", *kept)}
    return jsonify({**public, "expires": evaluations.utc(record["expires"])}), 201


@api.post("/evaluations")
def create_evaluation() -> Response:
    """Compare two images and keep the result."""
    services().gate.refuse_if_full()
    if request.mimetype == "multipart/form-data" or request.mimetype == "application/x-www-form-urlencoded":
        stage, options = uploads.from_form()
    elif request.is_json:
        stage, options = _from_json()
    else:
        raise Refused(415)
    evaluation = evaluations.create(stage, options)
    response = make_response(jsonify(evaluation), 201)
    response.location = url_for("api.get_evaluation", id=evaluation["id"])
    response.headers["Server-Timing"] = _server_timing(evaluation["timings_ms"])
    return response


def _from_json() -> tuple[evaluations.Stage, Options]:
    body = read_json()
    if isinstance(body, CompareAgain):
        return partial(uploads.stage_again, body.evaluation), body.options.to_options()
    return partial(uploads.stage_uploads, body.before, body.after), body.options.to_options()


def _server_timing(timings: dict[str, float]) -> str:
    return ", ".join(f"{stage};dur={milliseconds:.1f}" for stage, milliseconds in timings.items())


@api.get("/evaluations/<id:id>")
def get_evaluation(id: str) -> Response:
    """Give an evaluation."""
    return jsonify(evaluations.public(services().store.record("evaluations", id)))


@api.delete("/evaluations/<id:id>")
def delete_evaluation(id: str) -> tuple[str, int]:
    """Delete an evaluation with its images."""
    services().store.delete("evaluations", id)
    tiles.forget(id)
    return "", 204


@api.get("/evaluations/<id:id>/images/<name>")
def get_image(id: str, name: str) -> Response:
    """Give a picture; a browser keeps it, but asks each time whether it is still there."""
    with pictures.picture(id, name) as path:  # a picture never changes: its address is its version
        media_type = MEDIA_TYPES[path.suffix]
        response = send_file(path, media_type, download_name=f"image-diff-{name}", etag=f"{id}-{name}")
    response.headers["Content-Disposition"] = f'inline; filename="image-diff-{name}"'
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@api.get("/evaluations/<id:id>/tiles/<name>/<int:level>/<int:column>/<int:row>")
def get_tile(id: str, name: str, level: int, column: int, row: int) -> Response:
    """Give a part of a large picture; it never changes, so a browser need not ask again."""
    response = Response(tiles.tile(id, name, level, column, row), content_type="image/webp")
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    response.headers["Cache-Control"] = f"private, max-age={services().settings.keep_seconds:.0f}, immutable"
    return response


@api.get("/evaluations/<id:id>/report.html")
def get_report(id: str) -> Response:
    """Give the result as one file that opens without a network."""
    response = make_response(pictures.report(id))
    response.headers["Content-Disposition"] = 'inline; filename="image-diff-report.html"'
    response.headers["Content-Security-Policy"] = f"{report_policy()}; {REPORT_SANDBOX}"
    return response


@api.get("/evaluations/<id:id>/archive.zip")
def get_archive(id: str) -> Response:
    """Give all pictures and the JSON in one file."""
    file: Any = pictures.archive(id)
    response = send_file(file, "application/zip", as_attachment=True, download_name="image-diff.zip")
    response.headers["Cache-Control"] = "private, no-store"
    return response
