"""Structured logs: one JSON object a line, with the request's id and without names of files or people."""

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

from app.store import ID_PATTERN
from app.web import metrics

log = logging.getLogger("image_diff")
REQUEST_ID = "X-Request-ID"
ID_LENGTH = 8  # of 22: 80 of the 128 bits stay unknown
# Names in our code that are as long have no capital and no digit; of 80 million ids, one has neither.
WHOLE_ID = re.compile(rf"(?<![\w-])(?=[a-z_-]*[A-Z0-9]){ID_PATTERN}(?![\w-])")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class JsonFormatter(logging.Formatter):
    """Writes a record, its ``fields`` and its traceback as one JSON object; of ids in texts it keeps the beginning."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": _without_ids(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = _without_ids(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class WithoutAddresses(logging.Filter):
    """Takes the addresses of clients out of what gunicorn says of requests that it cannot read."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(r"(?<= from ip=)\S+(?=:)", "-", record.getMessage()), ()
        return True


def write(message: str, *, level: int = logging.INFO, exc_info: bool = False, **fields: object) -> None:
    """Log an event with its fields and the id of the request, if there is one."""
    if has_request_context():
        fields = {"request_id": request_id(), **fields}
    log.log(level, message, extra={"fields": fields}, exc_info=exc_info)


def beginning(id: str | None) -> str | None:
    """Cut an id, if there is one, to what may be logged: enough to search for, too little to open anything with."""
    return id and id[:ID_LENGTH]


def _without_ids(text: str) -> str:
    """Cut the ids in a text: what a disk says names the file, and with it the result that it belongs to."""
    return WHOLE_ID.sub(lambda found: found[0][:ID_LENGTH], text)


def request_id() -> str:
    """Give the id of this request: the proxy's when it sent a decent one, else a new one."""
    if "request_id" not in g:
        given = request.headers.get(REQUEST_ID, "")
        g.request_id = given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else secrets.token_hex(8)
    return str(g.request_id)


def init_app(app: Flask, level: str) -> None:
    """Log every request to stderr, count it, and give its id back."""
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        log.addHandler(handler)
    log.setLevel(level)
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers[REQUEST_ID] = request_id()
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    # The rule and not the path, and no invented method: what strangers type is theirs to know, and is without end.
    route = str(request.url_rule) if request.url_rule else "(none)"
    method = request.method if request.method in METHODS else "(other)"
    metrics.REQUESTS.labels(method, route, response.status_code).inc()
    metrics.REQUEST_SECONDS.labels(route).observe(seconds)
    quiet = route in ("/health", "/metrics", "/static/<path:filename>")
    write(
        "request",
        level=logging.DEBUG if quiet else logging.INFO,
        method=method,
        route=route,
        id=beginning((request.view_args or {}).get("id")),
        status=response.status_code,
        ms=round(1000 * seconds, 1),
    )
    return response
