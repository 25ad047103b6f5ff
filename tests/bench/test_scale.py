"""The report of bench.scale says what its runs were, and a wrong answer is not called right."""

from pathlib import Path

from bench.scale import is_right, report
from bench.scale_runs import Run, in_a_loop, make_pairs, make_tiny_pairs, on_processes


def test_an_answer_that_differs_or_came_twice_is_not_right() -> None:
    one = Run("1 local process", 2, 1.0, {"a": b"1", "b": b"2"}, answers=2)
    assert is_right(Run("x", 2, 1.0, {"a": b"1", "b": b"2"}, answers=2), one)
    assert not is_right(Run("x", 2, 1.0, {"a": b"1", "b": b"3"}, answers=2), one)
    assert not is_right(Run("x", 2, 1.0, {"a": b"1"}, answers=1), one)
    assert not is_right(Run("x", 2, 1.0, {"a": b"1", "b": b"2"}, answers=3), one)


def test_the_pairs_are_of_four_kinds_and_answered(tmp_path: Path) -> None:
    found = make_pairs(tmp_path / "pairs", 4)
    run = on_processes(found, tmp_path / "report", 1)
    assert is_right(run, run)
    verdicts = [run.lines[pair.name].split(b'"verdict": "')[1].split(b'"')[0] for pair in found.pairs]
    assert verdicts == [b"different", b"different", b"identical", b"equivalent"]


def test_the_report_works_out_processors_from_the_best_rate(tmp_path: Path) -> None:
    small = [in_a_loop(make_tiny_pairs(tmp_path, 4)), Run("1 local process", 4, 1.0), Run("1 Dask worker", 4, 2.0)]
    lines = {"a": b"x" * 2000}
    runs = [Run("`evaluate` in a loop", 1, 1.0), Run("1 local process", 1, 0.5, lines, 1), Run("2", 1, 9.0, {}, 1)]
    text = report(runs, small)
    assert "| 1 local process | 0.5 | 2.0 | 2.00 | yes | yes |" in text
    assert "| 2 | 9.0 | 0.1 | 0.11 | yes | NO |" in text
    assert "11.6 pairs per second" in text
    assert "2.0 GB a day" in text
