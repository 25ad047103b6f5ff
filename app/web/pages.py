"""The pages: upload, result, documentation (for programs, too); all of them work without JavaScript."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.analysis.reading.decode import NAMES as FORMATS
from app.errors import ImageDiffError, NotFound
from app.options import OPTION_NAMES, OptionsIn, to_texts
from app.web import errors, evaluations, tiles, uploads
from app.web.docs import docs_context
from app.web.openapi import document
from app.web.schemas import OPTION_FIELDS
from app.web.services import services

pages = Blueprint("pages", __name__)
EXTENSIONS = ".png,.jpg,.jpeg,.webp,.gif,.bmp,.tif,.tiff,.avif,.heic,.heif"
MEDIA_TYPES = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,image/avif,image/heic,image/heif"


@pages.get("/")
def upload() -> str:
    """Show the upload page."""
    return _upload_page(None, to_texts(OptionsIn().model_dump()))


@pages.post("/evaluations")
def compare() -> BaseResponse:
    """Compare what a form sends, and go to the result; an error comes back on the page it came from."""
    services().gate.refuse_if_full()  # on a page of its own: the form, which has not been read, is a step back
    try:
        stage, options = uploads.from_form()
        return redirect(evaluations.create(stage, options)["url"], 303)
    except ImageDiffError as error:
        if errors.wants_json() or isinstance(error, NotFound):
            raise
        return errors.finish(_page_again(error), error)


def _page_again(error: ImageDiffError) -> Response:
    """Show the page the form is on, with what was typed and what is wrong with it."""
    try:
        form, _ = uploads.read_form()
    except ImageDiffError:  # the form could not be read to its end
        return make_response(_upload_page(error, to_texts(OptionsIn().model_dump())))
    typed = {name: "; ".join(form.getlist(name))[:1000] for name in OPTION_NAMES}
    if "again" in form:
        return make_response(_result_page(services().store.record("evaluations", form["again"]), error, typed))
    return make_response(_upload_page(error, typed))


@pages.get("/evaluations/<id:id>")
def result(id: str) -> Response:
    """Show a result. Search engines may list that of a sample, nobody's secret, while it lasts; no other."""
    record = services().store.record("evaluations", id)
    response = make_response(_result_page(record))
    if uploads.is_of_sample(record):
        response.headers["X-Robots-Tag"] = f"unavailable_after: {evaluations.utc(record['expires'])}"
    return response


@pages.post("/evaluations/<id:id>/delete")
def remove(id: str) -> BaseResponse:
    """Delete a result with its images."""
    services().store.delete("evaluations", id)
    tiles.forget(id)
    return redirect(url_for("pages.upload"), 303)


@pages.get("/docs")
def docs() -> str:
    """Show the description of the API."""
    return render_template("docs.html", **docs_context())


@pages.get("/openapi.json")
def openapi() -> Response:
    """Give the description of the API, for programs."""
    return jsonify(document())


def _upload_page(error: ImageDiffError | None, options: dict[str, str]) -> str:
    return render_template("upload.html", samples=uploads.samples(), **_form_context(error, options))


def _result_page(
    record: dict[str, Any], error: ImageDiffError | None = None, options: dict[str, str] | None = None
) -> str:
    id, evaluation = record["id"], evaluations.public(record)
    return render_template(
        "result.html",
        evaluation=evaluation,
        mode=request.args.get("mode", ""),
        region=request.args.get("region", type=int),
        share_url=url_for("pages.result", id=id, _external=True),
        expires=datetime.fromisoformat(evaluation["expires"]),
        tiles_url=f"{url_for('api.get_evaluation', id=id)}/tiles",
        json_url=url_for("api.get_evaluation", id=id),
        report_url=url_for("api.get_report", id=id),
        archive_url=url_for("api.get_archive", id=id),
        **_form_context(error, options or to_texts(evaluation["options"])),
    )


def _form_context(error: ImageDiffError | None, options: dict[str, str]) -> dict[str, Any]:
    """Give what the fields of the form need."""
    settings = services().settings
    return {
        "error": error and {"code": error.code, "message": error.message, "field": error.field},
        "options": options,
        "fields": FIELDS,
        "results_kept": _duration(settings.keep_seconds),
        "limits": {
            "max_file_bytes": settings.max_file_bytes,
            "max_file_megabytes": max(1, settings.max_file_bytes // 1_000_000),
            "max_pixels": settings.limits.max_pixels,
            "max_megapixels": f"{settings.limits.max_pixels / 1e6:g}",
            "max_side": settings.max_side,
            "formats": list(FORMATS.values()),
            "accept": f"{EXTENSIONS},{MEDIA_TYPES}",
            "deadline_seconds": settings.deadline,
        },
    }


def _duration(seconds: float) -> str:
    """Say a time in words: "1 hour", "90 minutes"."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds:g} seconds"


def _field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Say what a field of the form takes."""
    kinds = [schema, *schema.get("anyOf", [])]
    found: dict[str, Any] = {key: value for kind in kinds for key, value in kind.items()}
    whole = any(kind.get("type") == "integer" for kind in kinds)
    default = to_texts(OptionsIn().model_dump())[name]
    return {
        "choices": tuple(found.get("enum", ())),
        "minimum": found.get("minimum"),
        "maximum": found.get("maximum"),
        "step": "1" if whole else "any",
        "default": default,
        "description": OPTION_FIELDS[name].description,
    }


FIELDS = {name: _field(name, schema) for name, schema in OptionsIn.model_json_schema()["properties"].items()}
