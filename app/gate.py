"""At most N evaluations at once and M waiting, over all processes; file locks free themselves when a process dies."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.errors import Busy

POLL_SECONDS = 0.005
DELAYED_REFUSALS = 64  # of one process at once
REFUSAL_DELAY_SECONDS = 1.0

_delayed_refusals = threading.BoundedSemaphore(DELAYED_REFUSALS)


class Gate:
    """A queue before the places where work is done.

    Whoever enters first needs one of the ``run + wait`` seats of the queue (none free: Busy), then one of the
    ``run`` places. Queues of one folder share the places of a name and have seats of their own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        run: int | Callable[[], int],
        wait: int,
        queue: str,
        patience: float,
        places: str = "run",
    ) -> None:
        self._run = run
        self._wait = wait
        self._place = folder / places
        self._seat = folder / queue
        self._patience = patience
        # The threads of this process line up here, so that a newcomer does not pass who waits already.
        self._line = threading.Lock()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place while the body runs, waiting for it at most ``patience`` seconds."""
        give_up = time.monotonic() + self._patience
        with ExitStack() as held:
            seat = _lock_one(self._seats())
            if seat is None:
                raise _busy()
            held.callback(os.close, seat)
            held.callback(os.close, self._wait_for_place(give_up))
            yield

    def refuse_if_full(self) -> None:
        """Raise Busy if there is no seat, not even a moment later: then nothing need be read of who comes now.

        Clients that are refused in an instant ask again in an instant, and refusing them takes the processors from
        those who are served.
        """
        if self._is_full() and _delayed_refusals.acquire(blocking=False):
            time.sleep(REFUSAL_DELAY_SECONDS)
            _delayed_refusals.release()
        if self._is_full():
            raise _busy()

    def _is_full(self) -> bool:
        seat = _lock_one(self._seats())
        if seat is not None:
            os.close(seat)
        return seat is None

    def _places(self) -> list[Path]:
        """Name the places that there are now: machines of a cluster come and go."""
        count = self._run if isinstance(self._run, int) else self._run()
        return [Path(f"{self._place}-{number}.lock") for number in range(count)]

    def _seats(self) -> list[Path]:
        return [Path(f"{self._seat}-{number}.lock") for number in range(len(self._places()) + self._wait)]

    def _wait_for_place(self, give_up: float) -> int:
        if not self._line.acquire(timeout=max(0.0, give_up - time.monotonic())):
            raise Busy("The server was busy for too long; try again in a few seconds.")
        try:
            while (place := _lock_one(self._places())) is None:
                if time.monotonic() > give_up:
                    raise Busy("The server was busy for too long; try again in a few seconds.")
                time.sleep(POLL_SECONDS)
            return place
        finally:
            self._line.release()


def _busy() -> Busy:
    return Busy("The server is busy with other comparisons; try again in a few seconds.")


def _lock_one(paths: list[Path]) -> int | None:
    """Lock the first free file of these and give its descriptor; closing it frees it."""
    for path in paths:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _opened(path: Path) -> int:
    """Open a file to lock, in a folder that someone who cleans up may have removed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, flags, 0o600)
