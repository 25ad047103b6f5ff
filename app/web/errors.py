"""One error shape: a status, a stable code and one public sentence, as JSON or as a page."""

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.globals import request_ctx
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable, RequestEntityTooLarge

from app.errors import Busy, FileTooLarge, ImageDiffError, NotFound, TooManyRequests
from app.store import storage_error
from app.web import metrics
from app.web.logs import request_id, write
from app.web.services import services

RETRY_SECONDS = 2

TITLES = {
    400: "That request was not understood",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed here",
    408: "That took too long",
    413: "Too large",
    415: "Not an image we can read",
    416: "No such part of the file",
    422: "That cannot be compared",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Please try again in a moment",
    507: "No room at the moment",
}
# What HTTP itself refuses, in our words.
SENTENCES = {
    400: ("bad_request", "The request cannot be understood."),
    404: (NotFound.code, NotFound.sentence),
    405: ("method_not_allowed", "This address does not take that method."),
    415: ("unsupported_media_type", "Send multipart/form-data or application/json."),
    416: ("range_not_satisfiable", "The file has no such range of bytes."),
    500: ("internal", "Something went wrong on the server. The error has been logged under the id of this request."),
}


class Refused(ImageDiffError):
    """What Flask or Werkzeug refused."""

    def __init__(self, status: int) -> None:
        code, message = SENTENCES.get(status, ("bad_request" if status < 500 else "internal", SENTENCES[400][1]))
        super().__init__(message)
        self.status = status
        self.code = code


def init_app(app: Flask) -> None:
    """Answer every error in the one shape."""
    app.register_error_handler(ImageDiffError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    for broken in (ParseException, NoMoreData):  # gunicorn meets broken chunks of a body while a view reads it
        app.register_error_handler(broken, lambda error: answer(Refused(400)))
    app.register_error_handler(Exception, _answer_unexpected)


def answer(error: ImageDiffError) -> Response:
    """Give the response to an expected error."""
    if wants_json():
        response = jsonify(error.to_dict())
    else:
        title = TITLES.get(error.status, TITLES[400])
        page = render_template(
            "error.html",
            status=error.status,
            code=error.code,
            message=error.message,
            request_id=request_id(),
            title=title,
        )
        response = make_response(page)
    return finish(response, error)


def finish(response: Response, error: ImageDiffError) -> Response:
    """Give a response the status of its error, and count it."""
    metrics.REFUSALS.labels(error.code).inc()
    response.status_code = error.status
    if error.status == 503 or isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(getattr(error, "retry_after", RETRY_SECONDS))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Image Diff", charset="UTF-8", Bearer'
    response.vary.add("Accept")
    return response


def wants_json() -> bool:
    """Say whether the error should be JSON: a browser asks for HTML, curl and scripts do not."""
    if request_ctx.url_adapter is None:  # the Host header was refused: no link of a page could be built
        return True
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html"


def too_large() -> FileTooLarge:
    """Say which limit of the whole request was passed."""
    settings = services().settings
    if (request.content_length or 0) > settings.max_request_bytes:
        return FileTooLarge(f"The request is larger than {settings.max_request_bytes / 1e6:g} MB.")
    return FileTooLarge(f"The form has more than {settings.max_parts} parts, or too much text, or is too large.")


def _answer_http(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return answer(too_large())
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect
    response = answer(Refused(error.code))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    if isinstance(error, RequestedRangeNotSatisfiable) and error.length is not None:
        response.headers["Content-Range"] = f"bytes */{error.length}"
    return response


def _answer_unexpected(error: Exception) -> Response:
    public = storage_error(error) if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        public = Busy("The server has not enough memory for this at the moment; try again later.")
    write("unexpected error", level=logging.ERROR, exc_info=True)
    return answer(public or Refused(500))
