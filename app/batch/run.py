"""Run a batch: submit pairs, write down what comes back, stop cleanly when asked to."""

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from types import FrameType

from app.batch.config import Rules
from app.batch.executor import Executor
from app.batch.pairs import Pair
from app.batch.results import Results
from app.batch.resume import is_done
from app.batch.work import Answer, Pictures, Work, compare_pair, failure, without_pictures
from app.errors import ImageDiffError
from app.settings import Settings

IN_HAND = 2  # pairs submitted for each slot: the next one is there when a worker is done, and none piles up
LOOK_UP_SECONDS = 1.0  # after which a wish to stop is seen though nothing was done: a cluster may be away
Take = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the pairs of a batch are compared."""

    rules: Rules
    settings: Settings
    pictures: Pictures = "different"

    def work_for(self, pair: Pair) -> Work | Answer:
        """Give what a worker does for a pair; one of which a file is missing is answered at once."""
        if pair.before is None:
            return Answer(without_pictures(pair.name, "extra", "There is no such file in the first folder."), {})
        if pair.after is None:
            return Answer(without_pictures(pair.name, "missing", "There is no such file in the second folder."), {})
        try:
            options = self.rules.options_for(pair.name)
        except ImageDiffError as error:  # each rule is sound, all of them together are not: too many areas to ignore
            return Answer(failure(pair.name, error), {})
        return Work(
            pair.name,
            pair.before,
            pair.after,
            options,
            self.settings.limits,
            self.settings.max_file_bytes,
            self.settings.deadline,
            self.settings.category_model,
            self.pictures,
        )


def run_batch(
    pairs: Iterable[Pair],
    plan: Plan,
    executor: Executor,
    results: Results,
    on_row: Callable[[], None] = lambda: None,
) -> bool:
    """Compare the pairs that have no line yet; give whether all were done, or the run was asked to stop.

    Every pair gets one line. Ctrl-C (or SIGTERM) once: what runs is finished and written down; twice: at once.
    """

    def take(answer: Answer) -> None:
        results.add(answer)
        on_row()

    todo = (plan.work_for(pair) for pair in pairs if not is_done(pair, results))
    with _asked_to_stop() as stop:
        _compare_all(todo, executor, take, stop)
        return not stop.is_set()


def _compare_all(todo: Iterator[Work | Answer], executor: Executor, take: Take, stop: threading.Event) -> None:
    """Keep the executor busy until nothing is left, or until asked to stop."""
    running: dict[Future[Answer], str] = {}
    while not stop.is_set():
        more = list(islice(todo, max(0, IN_HAND * executor.slots - len(running))))
        if not more and not running:
            return
        for work in more:
            if isinstance(work, Answer):
                take(work)
            else:
                running[executor.submit(compare_pair, work)] = work.name
        if running:
            _take_done(wait(running, LOOK_UP_SECONDS, FIRST_COMPLETED).done, running, take, stop)
    executor.stop()
    for future in running:
        future.cancel()
    _take_done(wait(running).done, running, take, stop)


def _take_done(
    done: Iterable[Future[Answer]], running: dict[Future[Answer], str], take: Take, stop: threading.Event
) -> None:
    """Write down what came back; what failed because its worker was stopped too is left for another run."""
    for future in done:
        name = running.pop(future)
        if not (stop.is_set() and (future.cancelled() or future.exception())):
            take(_answer(future, name))


def _answer(future: Future[Answer], name: str) -> Answer:
    """Give the answer of a pair; one whose worker failed is an error like any other."""
    try:
        return future.result()
    except ImageDiffError as error:
        return Answer(failure(name, error), {})
    except Exception as error:  # a crash in native code, a bug, a cluster that lost the pair too often
        text = str(error).strip().rpartition("\n")[2][:200] or type(error).__name__
        return Answer(failure(name, ImageDiffError(f"The comparison failed: {text}.")), {})


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Note the first Ctrl-C or SIGTERM; the second is as usual, for whoever cannot wait."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(number: int, _: FrameType | None) -> None:
        stop.set()
        print("\nStopping after the pairs at work; once more stops at once.", file=sys.stderr)
        signal.signal(number, usual[number])

    usual = {int(number): signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
