"""Who may use the service, and how much: an optional token, an optional limit for each client."""

import hmac
import ipaddress
import logging
import math
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import limits
from flask import Flask, request

from app.errors import TooManyRequests, Unauthorized
from app.settings import Settings
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
    try:
        seconds = hit(services().store.gate / COUNTS, client_of(request.remote_addr or ""), limit, time.time())
    except sqlite3.Error:  # a full disk, say: the work itself says so in better words
        write("a client was not counted", level=logging.WARNING, exc_info=True)
        return
    if seconds:
        raise TooManyRequests(f"Only {limit} are allowed; try again in {seconds} s.", retry_after=seconds)


def hit(counts: Path, client: str, limit: limits.RateLimitItem, now: float) -> int:
    """Count a request of a client and give 0, or the seconds until the next is allowed; for all processes together."""
    window = limit.get_expiry()
    with closing(sqlite3.connect(counts, timeout=5, isolation_level=None)) as database:
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


def client_of(address: str) -> str:
    """Tell clients apart: by address, in IPv6 by the network of 64 bits that one household has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # so they arrive where both are listened to
    return str(parsed if parsed.version == 4 else ipaddress.ip_network((parsed, 64), strict=False))
