"""Compress text on its way out: pages, scripts, style and JSON come to a quarter; pictures and archives are packed.

Compression can tell a secret by its length when what an attacker sends stands beside it in one answer (BREACH). Here
no answer holds one: there are no cookies and no form tokens, the password travels only in a request header, and a
page about a result shows nothing but what whoever knows its address may see.
"""

from flask import Flask, Response, request
from flask_compress import Compress

ALGORITHMS = ["br", "gzip"]  # what all browsers and most scripts take
MEDIA_TYPES = [
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "image/svg+xml",
    "text/plain",
]
FILES = ("static", "dropzone.static")


def init_app(app: Flask) -> None:
    """Compress answers for clients that say they can read it; what is streamed is not held back."""
    app.config.update(COMPRESS_MIMETYPES=MEDIA_TYPES, COMPRESS_ALGORITHM=ALGORITHMS, COMPRESS_STREAMS=False)
    Compress(app)
    app.after_request(_read_text_file)  # runs before the compression


def _read_text_file(response: Response) -> Response:
    """Hand over a small file as a whole: of a stream the library would leave the file open."""
    if request.endpoint in FILES and response.mimetype in MEDIA_TYPES:
        response.direct_passthrough = False
        response.make_sequence()
    return response
