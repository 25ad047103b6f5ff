"""What whoever runs the service looks at: health, metrics, the description of the API."""

from flask import Blueprint, Response, jsonify

from app.web import metrics, openapi
from app.web.services import services

service = Blueprint("service", __name__)


@service.get("/health")
def health() -> Response:
    """Say that the service lives; waits for nothing."""
    return jsonify({"status": "ok"})


@service.get("/metrics", endpoint="metrics")
def metrics_text() -> Response:
    """Give the metrics for Prometheus."""
    for kind, size in services().store.sizes().items():
        metrics.STORE_BYTES.labels(kind).set(size)
    return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


@service.get("/openapi.json", endpoint="openapi")
def openapi_document() -> Response:
    """Give the description of the API."""
    return jsonify(openapi.document())
