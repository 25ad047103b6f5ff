"""Work shared among threads comes back whole, in order, and with its errors."""

import threading

import pytest

from app.analysis.threads import in_threads


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
