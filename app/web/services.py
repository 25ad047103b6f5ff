"""What the views work with: one set per application, found through Flask."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from flask import current_app

from app.gate import Gate
from app.settings import Settings
from app.store import Store
from app.web.logs import log

if TYPE_CHECKING:
    from app.cluster.evaluations import Cluster

NAME = "image_diff"
SWEEP_SECONDS = 60


class Call(Protocol):
    """Runs a function somewhere and gives its result or raises its error; see ``app.worker.Workers.call``."""

    def __call__(self, function: Callable[..., Any], *args: Any, seconds: float) -> Any: ...


@dataclass
class Services:
    """The parts behind the views."""

    settings: Settings
    store: Store
    gate: Gate
    picture_gate: Gate
    call: Call
    warm_up: Callable[[], None]
    cluster: "Cluster | None" = None
    _started_in: int = field(default=-1, init=False)
    _mutex: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def call_evaluation(self) -> Call:
        """What evaluations are called by: the cluster if there is one; pictures are drawn here."""
        return self.cluster.call if self.cluster else self.call

    def start(self) -> None:
        """Start what runs beside the requests, once in the process that serves: no thread survives gunicorn's fork."""
        with self._mutex:
            if self._started_in == os.getpid():
                return
            self._started_in = os.getpid()
        threading.Thread(target=self._run_beside, name="image-diff-beside", daemon=True).start()

    def _run_beside(self) -> None:
        """Load the analysis before it is needed, then expire once a minute, or when much has come in; never end."""
        _try_to(self.warm_up)
        while True:
            _try_to(self.store.expire)
            self.store.sweep_is_due.wait(SWEEP_SECONDS)
            self.store.sweep_is_due.clear()


def _try_to(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.exception("%s failed", work.__name__)


def services() -> Services:
    """Give the services of the application that handles this request."""
    return cast(Services, current_app.extensions[NAME])
