"""Who may use the service, and how much: an optional token, an optional limit for each client."""

import hmac
import ipaddress
import time

import limits
from flask import Flask, request
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.errors import TooManyRequests, Unauthorized
from app.settings import Settings

OPEN_ENDPOINTS = ("service.health", "static", "dropzone.static")
WORK_ENDPOINTS = ("pages.compare", "api.create_evaluation", "api.create_upload")


def init_app(app: Flask, settings: Settings) -> None:
    """Guard the requests as the settings ask."""
    token = settings.token.get_secret_value()
    if token:
        app.before_request(lambda: ask_for_token(token))
    if settings.rate_limit:
        limit = limits.parse(settings.rate_limit)
        # Counted in this process: with several, each client has that many times more. Flask-Limiter, which wraps the
        # same library, would bring its own errors and decorators for these three lines.
        limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        app.before_request(lambda: count(limiter, limit))


def ask_for_token(token: str) -> None:
    """Let in who sends the token: a script as Bearer, a browser as the password it asks for."""
    if request.endpoint in OPEN_ENDPOINTS:
        return
    sent = request.authorization
    given = (sent.token if sent.type == "bearer" else sent.password) if sent else None
    if not hmac.compare_digest((given or "").encode(), token.encode()):
        raise Unauthorized("This service asks for its token, as a Bearer token or as the password.")


def count(limiter: SlidingWindowCounterRateLimiter, limit: limits.RateLimitItem) -> None:
    """Count what makes work, by client."""
    if request.endpoint not in WORK_ENDPOINTS or request.method != "POST":
        return
    client = client_of(request.remote_addr or "")
    if not limiter.hit(limit, client):
        seconds = max(1, round(limiter.get_window_stats(limit, client).reset_time - time.time()))
        raise TooManyRequests(f"Only {limit} are allowed; try again in {seconds} s.", retry_after=seconds)


def client_of(address: str) -> str:
    """Tell clients apart: by address, in IPv6 by the network of 64 bits that one household has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
