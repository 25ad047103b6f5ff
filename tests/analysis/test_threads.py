"""Work shared among threads comes back whole, in order, and with its errors."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.analysis import threads
from app.analysis.threads import await_result, in_threads, on_a_core


@pytest.mark.parametrize("count", [0, 1, 2, 3, 500])
def test_every_item_is_worked_on_once_and_results_keep_their_order(count: int) -> None:
    seen: list[int] = []

    def square(item: int) -> int:
        seen.append(item)
        return item * item

    assert in_threads(square, range(count)) == [item * item for item in range(count)]
    assert sorted(seen) == list(range(count))


@pytest.mark.parametrize("bad", [0, 250, 499])
def test_an_error_in_any_item_is_raised(bad: int) -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 / (item - bad), range(500))


def test_work_may_share_its_own_work_and_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    assert in_threads(lambda item: sum(in_threads(lambda part: part + item, range(10))), range(10)) == [
        45 + 10 * item for item in range(10)
    ]
    assert threading.active_count() == before


@pytest.fixture
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with so many cores."""
    count: int = request.param
    monkeypatch.setattr(threads, "_THREADS", count)
    monkeypatch.setattr(threads, "_idle", threading.Semaphore(count - 1))
    return count


@pytest.mark.parametrize("cores", [2, 3, 4], indirect=True)
def test_two_flows_of_work_keep_no_more_threads_busy_than_there_are_cores(cores: int) -> None:
    """Three threads on two cores once took longer than two: each waits for the interpreter lock."""
    busy, most, lock, started = 0, 0, threading.Lock(), threading.Event()

    def work(_: int) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.002)
        with lock:
            busy -= 1

    def aside() -> None:
        started.set()
        in_threads(work, range(40))

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(on_a_core(aside))
        started.wait()
        in_threads(work, range(40))
        await_result(other)
    assert most == cores


@pytest.mark.parametrize("cores", [2], indirect=True)
def test_a_core_that_becomes_idle_is_used_and_given_back(cores: int) -> None:
    """While a thread waits for another one, that one may have its core; errors lose none."""
    names: set[str] = set()

    def work(item: int) -> float:
        names.add(threading.current_thread().name)
        time.sleep(0.002)
        return 1 / (item - 30)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(on_a_core(lambda: in_threads(work, range(40))))
        with pytest.raises(ZeroDivisionError):
            await_result(other)
    assert len(names) == 2
    assert threads._idle.acquire(blocking=False)
    assert not threads._idle.acquire(blocking=False)
