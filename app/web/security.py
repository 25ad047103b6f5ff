"""Headers on every response, and no posts that another site made a browser send."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from app.errors import CrossSite

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A served picture cannot do anything even when a browser takes it for a page.
PICTURE_POLICY = "default-src 'none'; sandbox"
# Beside the policy that a report carries along: the sandbox gives it an origin of its own.
REPORT_SANDBOX = "frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-modals"
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PUBLIC_PAGES = ("/", "/docs")


def init_app(app: Flask) -> None:
    """Guard every request and every response."""
    app.before_request(refuse_cross_site)
    app.after_request(add_headers)


def refuse_cross_site() -> None:
    """Let browsers change things only from our own pages (Fetch Metadata, else Origin); curl sends neither header."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = origin is None or _host_of(origin) == request.host
    if not allowed:
        raise CrossSite("Requests from other sites are not accepted.")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as "http://[::1"
        return None


def add_headers(response: Response) -> Response:
    """Add the security headers that the view did not set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path in PUBLIC_PAGES and response.status_code == 200:
        del response.headers["X-Robots-Tag"]
        response.headers["Cache-Control"] = "no-cache"  # "no-store" would lose what was typed on going back
    response.headers.setdefault("Cache-Control", "private, no-store")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
