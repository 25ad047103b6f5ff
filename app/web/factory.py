"""Wire the Flask application together."""

import tempfile
from pathlib import Path
from typing import IO, Any

from flask import Flask, Request
from flask_dropzone import Dropzone
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from app import jobs
from app.errors import ImageDiffError
from app.gate import Gate
from app.settings import Settings, SettingsError
from app.store import ID_PATTERN, open_store
from app.web import access, compression, errors, logs, security
from app.web.api import api
from app.web.pages import pages
from app.web.service import service
from app.web.services import NAME, Services, services
from app.worker import Workers

ROOT = Path(__file__).parents[2]


class IdConverter(BaseConverter):
    """Matches only what can be an id; anything else is an unknown address."""

    regex = ID_PATTERN


class SpoolingRequest(Request):
    """Keeps uploads that are being read in the store's folder, as nameless files that vanish with the process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spooled: list[IO[bytes]] = []

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        file = tempfile.TemporaryFile(dir=services().store.work)  # noqa: SIM115  # closed below
        self.spooled.append(file)
        return file

    def close(self) -> None:
        """Close all files, those of a form that could not be read to its end included."""
        super().close()
        for file in self.spooled:
            file.close()


def build(settings: Settings) -> Flask:
    """Make the application."""
    app = Flask("app", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.request_class = SpoolingRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_request_bytes,
        MAX_FORM_PARTS=settings.max_parts,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        DROPZONE_SERVE_LOCAL=True,
        DROPZONE_MAX_FILE_SIZE=max(1, settings.max_file_bytes // 1_000_000),
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.url_map.converters["id"] = IdConverter
    app.extensions[NAME] = make_services(settings)
    logs.init_app(app, settings.log_level)
    security.init_app(app)
    access.init_app(app, settings)
    errors.init_app(app)
    Dropzone(app)
    compression.init_app(app)
    for blueprint in (pages, api, service):
        app.register_blueprint(blueprint)
    app.before_request(lambda: services().start())
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def make_services(settings: Settings) -> Services:
    """Make the parts behind the views."""
    try:
        store = open_store(
            settings.store,
            settings.work,
            keep_seconds=settings.keep_seconds,
            max_bytes=settings.max_store_bytes,
            min_free_bytes=settings.min_free_bytes,
        )
    except (ImageDiffError, ImportError, OSError, ValueError) as error:
        raise SettingsError(f"IMAGE_DIFF_STORE={settings.store}: this cannot be used: {error}") from error
    gates = {
        queue: Gate(store.gate, run=settings.evaluations, wait=wait, queue=queue, patience=settings.deadline)
        for queue, wait in (("evaluations", settings.waiting), ("pictures", settings.waiting_pictures))
    }
    shares = (settings.evaluations, settings.max_memory_bytes)
    workers = Workers(settings.evaluations, initializer=jobs.prepare, initargs=shares)
    return Services(settings, store, gates["evaluations"], gates["pictures"], workers.call, workers.warm_up)
