"""Measure two pictures as given: norms, hashes and features, which no alignment or tone has touched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2

from app.analysis.changed import Changed
from app.analysis.measures.features import Matches, match_keypoints
from app.analysis.measures.hashes import hash_distances
from app.analysis.measures.metrics import find_measured_changes, measure
from app.analysis.model import HashDistance, Metrics, Picture
from app.analysis.resize import factor_for, reduce_both, reduce_by
from app.analysis.threads import in_threads


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of two pictures as given; which matches agree only the alignment can say."""

    metrics: Metrics
    hashes: dict[str, HashDistance]
    matches: Matches


def given_changes(first: Picture, second: Picture) -> Changed | None:
    """Find the unequal pixels of two pictures, alpha and 16 bits included.

    Parameters
    ----------
    first, second : Picture
        Any two sizes.

    Returns
    -------
    Changed or None
        None when they have two sizes.
    """
    if first.pixels.shape != second.pixels.shape:
        return None
    return find_measured_changes(
        first.pixels, second.pixels, alpha=(first.alpha, second.alpha), deep=(first.deep, second.deep)
    )


def measure_given(first: Picture, second: Picture, changed: Changed | None) -> Given:
    """Measure two pictures, of which the second is only brought to the size of the first.

    Parameters
    ----------
    first, second : Picture
        Any two sizes.
    changed : Changed, optional
        What `given_changes` gave for them.

    Returns
    -------
    Given

    Notes
    -----
    Edges, encoded sizes, hashes and keypoints look at the same reduced pictures, of which nothing that is equal is
    made twice.
    """
    if changed is None:
        pictures, factors = (first, second), [factor_for(picture.pixels.shape) for picture in (first, second)]
        small = in_threads(lambda index: reduce_by(pictures[index].pixels, factors[index]), range(2))
        reduced = None
    else:
        reduced = reduce_both(first.pixels, second.pixels, changed)
        small, factors = list(reduced[:2]), [reduced.factor] * 2
    tasks: tuple[Callable[[], Any], ...] = (
        lambda: match_keypoints(small[0], small[1], (factors[0], factors[1])),
        lambda: hash_distances(small[0], small[1]),
        lambda: measure(  # last: another core that becomes idle meanwhile can take parts of it
            first.pixels,
            _sized(second.pixels, first),
            alpha=(first.alpha, _sized(second.alpha, first)),
            deep=(first.deep, _sized(second.deep, first)),
            changed=changed,
            reduced=reduced,
        ),
    )
    matches, hashes, metrics = in_threads(lambda index: tasks[index](), range(len(tasks)))
    return Given(metrics, hashes, matches)


def _sized(pixels, first: Picture):  # type: ignore[no-untyped-def]
    if pixels is None or pixels.shape[:2] == first.pixels.shape[:2]:
        return pixels
    interpolation = cv2.INTER_AREA if pixels.shape[0] > first.height else cv2.INTER_LINEAR
    return cv2.resize(pixels, (first.width, first.height), interpolation=interpolation)
