"""What whoever runs the service looks at: health and metrics."""

from flask import Blueprint, Response, jsonify

from app.web import metrics
from app.web.services import services

monitoring = Blueprint("monitoring", __name__)


@monitoring.get("/health")
def health() -> Response:
    """Say that the service lives; waits for nothing."""
    return jsonify({"status": "ok"})


@monitoring.get("/metrics", endpoint="metrics")
def metrics_text() -> Response:
    """Give the metrics for Prometheus."""
    for kind, size in services().store.sizes().items():
        metrics.STORE_BYTES.labels(kind).set(size)
    return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
