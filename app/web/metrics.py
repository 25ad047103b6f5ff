"""Prometheus metrics; with several processes they meet in the folder ``PROMETHEUS_MULTIPROC_DIR``."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REGISTRY = CollectorRegistry()
REQUESTS = Counter("image_diff_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "image_diff_request_seconds", "Time to answer a request", ["route"], buckets=SECONDS, registry=REGISTRY
)
EVALUATIONS = Counter("image_diff_evaluations", "Evaluations done", ["verdict"], registry=REGISTRY)
STAGE_SECONDS = Histogram(
    "image_diff_stage_seconds", "Time of each stage of an evaluation", ["stage"], buckets=SECONDS, registry=REGISTRY
)
REFUSALS = Counter("image_diff_refusals", "Requests refused, by error code", ["code"], registry=REGISTRY)
QUEUE_SECONDS = Histogram(
    "image_diff_queue_seconds", "Time waited for a place to work", ["queue"], buckets=SECONDS, registry=REGISTRY
)
QUEUED = Gauge(
    "image_diff_queued", "Requests at the gate", ["queue", "state"], multiprocess_mode="livesum", registry=REGISTRY
)
STORE_BYTES = Gauge(
    "image_diff_store_bytes", "Bytes kept, by kind", ["kind"], multiprocess_mode="mostrecent", registry=REGISTRY
)


def text() -> bytes:
    """Give all metrics in Prometheus' text format, those of the other processes included."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
