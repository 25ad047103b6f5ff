"""The scorer counts what a person would count."""

import pytest

from bench.scoring import grow, judge, match, overlap, score


def test_overlap_is_intersection_over_union():
    """Half-covered equal squares share a third of their union."""
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0.0


def test_one_found_box_cannot_count_twice():
    """A box over two truths matches one of them, and a second box on a truth is false."""
    both = (0, 0, 22, 10)
    outcome = judge("a", "m", "g", [both], [(0, 0, 10, 10), (12, 0, 10, 10)])
    assert (outcome.hits, outcome.truths, outcome.missed) == (1, 2, [1])
    outcome = judge("a", "m", "g", [(0, 0, 10, 10), (1, 0, 10, 10)], [(0, 0, 10, 10)])
    assert (outcome.hits, outcome.found, outcome.false) == (1, 2, [1])


def test_matching_finds_as_many_pairs_as_there_can_be():
    """Greedy matching would give the first box the second truth and leave the second box alone."""
    true = [(0, 0, 10, 10), (4, 0, 10, 10)]
    found = [(3, 0, 10, 10), (8, 0, 10, 10)]
    assert match(found, true, 0.4) == [(0, 0), (1, 1)]


def test_score_adds_boxes_over_pairs_and_flags_unchanged_ones():
    """Two hits of three truths and one false box: precision 2/3, recall 2/3."""
    square = (0, 0, 10, 10)
    outcomes = [
        judge("a", "m", "g", [square, (50, 50, 5, 5)], [square, (80, 80, 9, 9)]),
        judge("b", "m", "g", [square], [square]),
        judge("c", "m", "g", [], []),
    ]
    got = score(outcomes)
    assert (got.precision, got.recall, got.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (got.unchanged, got.flagged) == (1, 0)
    assert score([judge("d", "m", "g", [square], [])]).flagged == 1


def test_the_tight_score_asks_for_more_overlap():
    """A box of twice the area counts at 0.3 but not above 0.5."""
    outcome = judge("a", "m", "g", [(0, 0, 10, 21)], [(0, 0, 10, 10)])
    assert (outcome.hits, outcome.tight_hits) == (1, 0)


def test_growing_boxes_is_what_deeppcb_needs():
    """A tight box of 6 px against a truth of 22 px counts only once it is grown by 8."""
    true, tight = (100, 100, 22, 22), (108, 108, 6, 6)
    assert match([tight], [true], 0.33) == []
    assert match([grow(tight, 8)], [true], 0.33) == [(0, 0)]


def test_kinds_are_judged_on_matched_boxes_only():
    """The kind of a false box counts nowhere; an accepted kind is told apart from the right one."""
    outcome = judge(
        "a", "m", "g", [(0, 0, 10, 10), (50, 50, 9, 9)], [(0, 0, 10, 10)],
        said=["changed", "moved"], kinds=[("added", ("changed",))],
    )  # fmt: skip
    got = score([outcome])
    assert (got.kinds, got.kinds_right, got.kinds_accepted) == (1, 0, 1)
