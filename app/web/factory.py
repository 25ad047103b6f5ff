"""Wire the Flask application together."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_dropzone import Dropzone
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from app import jobs
from app.errors import ImageDiffError
from app.gate import Gate
from app.settings import Settings, SettingsError
from app.store import ID_PATTERN, LEFTOVER_SECONDS, open_store
from app.web import access, compression, errors, logs, security
from app.web.api import api
from app.web.forms import SpoolingRequest
from app.web.monitoring import monitoring
from app.web.pages import pages
from app.web.services import NAME, Services, services
from app.worker import Workers

if TYPE_CHECKING:
    from app.cluster.evaluations import Cluster

ROOT = Path(__file__).parents[2]


class IdConverter(BaseConverter):
    """Matches only what can be an id; anything else is an unknown address."""

    regex = ID_PATTERN


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
    for blueprint in (pages, api, monitoring):
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
            leftover_seconds=max(LEFTOVER_SECONDS, settings.request_seconds),
        )
    except (ImageDiffError, ImportError, OSError, ValueError) as error:
        raise SettingsError(f"IMAGE_DIFF_STORE={settings.store}: this cannot be used: {error}") from error
    here = settings.evaluations
    cluster = make_cluster(settings)
    places = {"run": cluster.slots, "places": "slot"} if cluster else {"run": here}
    gate = partial(Gate, store.gate, patience=settings.deadline)
    workers = Workers(here, initializer=jobs.prepare, initargs=(here, settings.max_memory_bytes))
    return Services(
        settings,
        store,
        gate=gate(queue="evaluations", wait=settings.waiting, **places),
        picture_gate=gate(queue="pictures", wait=settings.waiting_pictures, run=here),
        call=workers.call,
        warm_up=workers.warm_up,
        cluster=cluster,
    )


def make_cluster(settings: Settings) -> "Cluster | None":
    """Make the way to the cluster, if there is one; its scheduler need not be there yet."""
    if not settings.scheduler:
        return None
    try:
        from app.cluster.evaluations import Cluster
    except ImportError as error:
        raise SettingsError(f"IMAGE_DIFF_SCHEDULER needs what requirements-cluster.txt names: {error}") from error
    return Cluster(settings.scheduler)
