"""How gunicorn serves Image Diff; `python -m app serve` starts it. HOST, PORT and WEB_CONCURRENCY come from outside."""

import os
import shutil
import sys
import tempfile

from app.gate import DELAYED_REFUSALS
from app.settings import Settings, SettingsError
from app.web.clients import READERS

_host = os.environ.get("HOST", "127.0.0.1")
_port = os.environ.get("PORT", "8000")

wsgi_app = "app:create_app()"
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"

# Evaluations run in processes of their own, as many as the gate lets in; threads only carry requests, so that
# /health and pictures are answered meanwhile. One worker (WEB_CONCURRENCY) is enough for a machine.
worker_class = "app.web.connections.ThreadsWithLimits"
# Who waits or works at the gate or is refused there with a delay, who sends a body, waits to, or sends on though it was
# refused, and some for the rest.
try:
    _settings = Settings.from_environment()
except SettingsError as error:
    sys.exit(f"{error}.")
_at_the_gate = _settings.most_at_once + _settings.evaluations + _settings.waiting + _settings.waiting_pictures
threads = _at_the_gate + DELAYED_REFUSALS + READERS * 7 // 2
keepalive = 5
# Those that have sent no request need no thread. With the files of requests it stays below 1,024 descriptors, which is
# what many systems allow.
worker_connections = threads + 400

# For a worker that hangs altogether. An evaluation ends by its own deadline, long before.
timeout = 120
graceful_timeout = 30

# A worker that has served this many requests makes room for a fresh one: memory cannot creep. What computes is replaced
# far more often (app/worker.py); of this one only when it has answered all does the next take over.
preload_app = True
max_requests = 100_000
max_requests_jitter = 10_000
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Whom to believe is for IMAGE_DIFF_PROXIES to say; gunicorn would believe whoever asks from this machine.
forwarded_allow_ips = ""
forwarder_headers = ""

# Nothing listens but the port, and nothing is written into the home folder.
control_socket_disable = True

# Workers add up their numbers for /metrics here; prometheus_client looks for the name when it is imported.
_metrics = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="image-diff-metrics-")

# One JSON object a line, as everything else; requests are logged by the application.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "WARNING", "handlers": []},
    "formatters": {"json": {"()": "app.web.logs.JsonFormatter"}},
    "filters": {"addresses": {"()": "app.web.logs.WithoutAddresses"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["addresses"]}},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}


def when_ready(server):
    """Say where the page is once the port is open."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(_host, f"[{_host}]" if ":" in _host else _host)
    print(f"Image Diff: http://{shown}:{_port}   (Ctrl-C stops)", flush=True)


def child_exit(server, worker):
    """Take the gauges of a worker that is gone out of the sums."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Leave nothing behind."""
    shutil.rmtree(_metrics, ignore_errors=True)
