"""What runs beside the requests goes on, whatever fails."""

from collections.abc import Callable
from typing import Any

import pytest

from app.web.services import Services


class Stop(BaseException):
    """Ends what would go on for the life of the process."""


def failing(done: list[str], what: str, last: int) -> Callable[[], None]:
    """Make work that fails each time, and stops the test after the last."""

    def fail() -> None:
        done.append(what)
        raise Stop if done.count(what) == last else RuntimeError(what)

    return fail


def test_expiry_outlives_a_start_and_sweeps_that_fail(
    services: Services, monkeypatch: pytest.MonkeyPatch, image_diff_log: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    monkeypatch.setattr("app.web.services.SWEEP_SECONDS", 0)
    services.warm_up = failing(done, "warm up", last=2)
    monkeypatch.setattr(services.store, "expire", failing(done, "sweep", last=3))
    with pytest.raises(Stop):
        services._run_beside()
    assert done == ["warm up", "sweep", "sweep", "sweep"]
    assert "RuntimeError: warm up" in image_diff_log.text
    assert "RuntimeError: sweep" in image_diff_log.text


def test_a_sweep_that_is_due_does_not_wait_for_its_minute(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    services.warm_up = lambda: None
    monkeypatch.setattr(services.store, "expire", failing(done, "sweep", last=2))
    services.store.sweep_is_due.set()
    with pytest.raises(Stop):
        services._run_beside()
    assert not services.store.sweep_is_due.is_set()
