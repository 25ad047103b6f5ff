"""When an evaluation has to end, and how long each of its steps took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.errors import TimedOut


class Deadline:
    """The only clock of an evaluation: says when to stop and how long each stage took.

    Parameters
    ----------
    seconds : float, optional
        From now until time is up; never, when left out.
    clock : callable
        Gives seconds that only rise, from any start.

    Attributes
    ----------
    timings_ms : dict of str to float
        Milliseconds that each stage took so far, by its name.
    """

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._start = clock()
        self._end = None if seconds is None else self._start + seconds
        self.timings_ms: dict[str, float] = {}

    def check(self) -> None:
        """Raise TimedOut when the time is up."""
        if self._end is not None and self._clock() > self._end:
            raise TimedOut

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one step and check the deadline when it ends.

        Parameters
        ----------
        name : str
            Its key in ``timings_ms``; stages of one name add up.

        Yields
        ------
        None

        Raises
        ------
        TimedOut
            After the step; one that raises itself is neither timed nor checked.
        """
        started = self._clock()
        yield
        self.timings_ms[name] = self.timings_ms.get(name, 0.0) + 1000 * (self._clock() - started)
        self.check()

    def total_ms(self) -> float:
        """Milliseconds since the deadline was made."""
        return 1000 * (self._clock() - self._start)
