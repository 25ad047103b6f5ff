"""Who may use the service, and how much: an optional token, an optional limit for each client."""

import hmac
import logging
import math
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import limits
from flask import Flask, Response, g, request

from app.errors import Busy, TooManyRequests, Unauthorized
from app.settings import Settings
from app.web.addresses import client_of
from app.web.logs import write
from app.web.services import services

OPEN_ENDPOINTS = ("monitoring.health", "static", "dropzone.static")
WORK_ENDPOINTS = ("pages.compare", "api.create_evaluation", "api.create_upload")
# In the folder of the gate's locks. Flask-Limiter and the library under it share counts through a server or not at all.
COUNTS = "clients.sqlite"


def init_app(app: Flask, settings: Settings) -> None:
    """Guard the requests as the settings ask."""
    token = settings.token.get_secret_value()
    if token:
        app.before_request(lambda: ask_for_token(token))
    if settings.rate_limit:
        limit = limits.parse(settings.rate_limit)
        app.before_request(lambda: count(limit))
        app.after_request(not_counted_if_busy)


def ask_for_token(token: str) -> None:
    """Let in who sends the token: a script as Bearer, a browser as the password it asks for."""
    if request.endpoint in OPEN_ENDPOINTS:
        return
    sent = request.authorization
    given = sent.password if sent else None
    if sent and sent.type == "bearer":  # not its ``token``: a "=" within makes Werkzeug read parameters
        given = request.headers["Authorization"].partition(" ")[2].strip()
    if not hmac.compare_digest((given or "").encode(), token.encode()):
        raise Unauthorized("This service asks for its token, as a Bearer token or as the password.")


def count(limit: limits.RateLimitItem) -> None:
    """Count what makes work, by client."""
    if request.endpoint not in WORK_ENDPOINTS or request.method != "POST":
        return
    client, now = client_of(request.remote_addr or ""), time.time()
    try:
        seconds = hit(services().store.gate / COUNTS, client, limit, now)
    except sqlite3.Error:  # a full disk, say: the work itself says so in better words
        write("a client was not counted", level=logging.WARNING, exc_info=True)
        return
    if seconds:
        raise TooManyRequests(f"Only {limit} are allowed; try again in {seconds} s.", retry_after=seconds)
    g.hit = client, now


def not_counted_if_busy(response: Response) -> Response:
    """Take back the hit of a client whom a full server refused: it started nothing, and is asked to come again."""
    counted = g.pop("hit", None)
    if counted and response.status_code == Busy.status:
        with suppress(sqlite3.Error), closing(_opened(services().store.gate / COUNTS)) as database:
            database.execute("DELETE FROM hits WHERE client = ? AND at = ?", counted)
    return response


def hit(counts: Path, client: str, limit: limits.RateLimitItem, now: float) -> int:
    """Count a request of a client and give 0, or the seconds until the next is allowed; for all processes together."""
    window = limit.get_expiry()
    with closing(_opened(counts)) as database:
        database.executescript(
            "PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS hits (client TEXT, at REAL);"
            "CREATE INDEX IF NOT EXISTS by_client ON hits (client, at);"
            "CREATE INDEX IF NOT EXISTS by_time ON hits (at);"
        )
        database.execute("DELETE FROM hits WHERE at <= ?", (now - window,))
        [(known, oldest)] = database.execute("SELECT count(*), min(at) FROM hits WHERE client = ?", (client,))
        if known < limit.amount:
            database.execute("INSERT INTO hits VALUES (?, ?)", (client, now))
        database.execute("COMMIT")
    return 0 if known < limit.amount else max(1, math.ceil(oldest + window - now))


def _opened(counts: Path) -> sqlite3.Connection:
    return sqlite3.connect(counts, timeout=5, isolation_level=None)
