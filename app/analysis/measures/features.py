"""Features: ORB keypoints of both images, their cross-checked matches, and a picture of those."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Features, UInt8Array
from app.analysis.resize import factor_for, reduce_by, reduce_to, scale_by
from app.analysis.threads import in_threads

LONGEST_SIDE = 640
"""ORB was made for, and measured at, 640 × 480."""
KEYPOINTS = 500
DRAWN_SIDE = 1000
NEAR = 3.0
_SMALLEST = 32  # ORB's patch is 31 pixels wide
_DRAWN = 120
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matches:
    """Keypoints matched between two images.

    Attributes:
        keypoints_before, keypoints_after: how many were found.
        before, after: shape (n, 2), float64: (x, y) of each matched pair, in pixels of the given images.
        inliers: shape (n,), bool: the pairs that agree on how the images lie.
        near: how close a match must lie to agree, in pixels of *after*.
        reason: why there are none, in words; None when there are some.
    """

    keypoints_before: int
    keypoints_after: int
    before: Points
    after: Points
    inliers: npt.NDArray[np.bool_]
    near: float = NEAR
    reason: str | None = None


def summarise(found: Matches) -> Features:
    """Count what `with_inliers` gives.

    Parameters
    ----------
    found : Matches

    Returns
    -------
    Features
        ``match_rate`` is matches / the smaller number of keypoints; None where there is no keypoint.
    """
    fewer = min(found.keypoints_before, found.keypoints_after)
    rate = len(found.before) / fewer if fewer else None
    return Features(
        found.keypoints_before,
        found.keypoints_after,
        len(found.before),
        int(found.inliers.sum()),
        rate,
        found.reason,
    )


def find_matches(before: UInt8Array, after: UInt8Array) -> Matches:
    """Match ORB keypoints of two images, each reduced to at most 640 pixels a side.

    Parameters
    ----------
    before, after : ndarray
        RGB, shape (height, width, 3), uint8; the sizes may differ.

    Returns
    -------
    Matches
        None of them an inlier yet: `with_inliers` says which are.

    Notes
    -----
    Descriptors are compared by Hamming distance and kept when each is the other's nearest (cross-check).

    References
    ----------
    Rublee, Rabaud, Konolige, Bradski: ORB: an efficient alternative to SIFT or SURF. ICCV 2011.
    https://doi.org/10.1109/ICCV.2011.6126544
    """
    factors = factor_for(before.shape), factor_for(after.shape)
    reduced = reduce_by(before, factors[0])
    other = reduced if before is after else reduce_by(after, factors[1])
    return match_keypoints(reduced, other, factors)


def match_keypoints(before: UInt8Array, after: UInt8Array, factors: tuple[int, int] = (1, 1)) -> Matches:
    """Match as `find_matches` does, images that are reduced already.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB; the sizes may differ.
    factors : (before, after)
        By how much each was reduced.

    Returns
    -------
    Matches
        In pixels of the full images all the same; none of them an inlier yet.
    """
    looked_at = [before] if before is after else [before, after]
    keypoints = in_threads(lambda index: _keypoints(looked_at[index], factors[index]), range(len(looked_at)))
    (points_before, descriptors_before, _), (points_after, descriptors_after, scale_after) = keypoints[0], keypoints[-1]
    found = len(points_before), len(points_after)
    if 0 in found:
        return _none(found, _why_none(before, after, found))
    first, second = cross_checked(descriptors_before, descriptors_after)
    agreed = np.zeros(len(first), np.bool_)
    return Matches(*found, points_before[first], points_after[second], agreed, NEAR * scale_after)


def cross_checked(before: UInt8Array, after: UInt8Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Match binary descriptors where each is the other's nearest by Hamming distance.

    Parameters
    ----------
    before, after : ndarray
        Shape (n, 32) and (m, 32), uint8, at least one row each.

    Returns
    -------
    tuple of ndarray
        Shape (k,) each: the rows of *before* and of *after* that match, as ``cv2.BFMatcher`` with ``crossCheck`` gives
        them, which measures every distance twice.
    """
    words = np.ascontiguousarray(before).view(np.uint64), np.ascontiguousarray(after).view(np.uint64)
    distance = np.zeros((len(before), len(after)), np.uint16)
    for ours, theirs in zip(words[0].T, words[1].T, strict=True):
        distance += np.bitwise_count(ours[:, None] ^ theirs)
    nearest, back = distance.argmin(axis=1), distance.argmin(axis=0)
    first = np.flatnonzero(back[nearest] == np.arange(len(nearest)))
    return first, nearest[first]


def with_inliers(found: Matches, expected: Points | None = None) -> Matches:
    """Mark the matches that agree on how the images lie.

    Parameters
    ----------
    found : Matches
    expected : ndarray, optional
        Shape (n, 2), float64: where in *after* each matched point of *before* should be, NaN for nowhere. Without it
        one homography is fitted to the matches themselves.

    Returns
    -------
    Matches
        Inliers lie within 3 pixels of the reduced image.
    """
    inliers = _fitted(found) if expected is None else np.hypot(*(expected - found.after).T) <= found.near
    return replace(found, inliers=np.asarray(inliers, np.bool_))


def _none(found: tuple[int, int], reason: str) -> Matches:
    empty = np.empty((0, 2))
    return Matches(*found, empty, empty, np.empty(0, np.bool_), reason=reason)


def _why_none(before: UInt8Array, after: UInt8Array, found: tuple[int, int]) -> str:
    for name, image, count in (("before", before, found[0]), ("after", after, found[1])):
        if count == 0 and min(image.shape[:2]) < _SMALLEST:
            return f"{name} is too small for keypoints: they need {_SMALLEST} pixels a side."
    return f"{'before' if found[0] == 0 else 'after'} has no corners, so no keypoints."


def _keypoints(pixels: UInt8Array, factor: int) -> tuple[Points, Any, float]:
    """Give ORB keypoints (x, y) in pixels of the full image, their descriptors, and full pixels per reduced pixel."""
    height, width = pixels.shape[:2]
    if min(height, width) < _SMALLEST:  # OpenCV 5 raises below its patch size
        return np.empty((0, 2)), None, 1.0
    grey: Any = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)  # first: one channel is reduced in less than half the time
    # Linear interpolation reduces the rest less smoothly than areas do, but ten times faster; corners do not mind.
    reduced, (across, down) = reduce_to(grey, LONGEST_SIDE, cv2.INTER_LINEAR)
    step = across * factor, down * factor
    if min(reduced.shape) < _SMALLEST:
        return np.empty((0, 2)), None, max(step)
    keypoints, descriptors = cv2.ORB.create(KEYPOINTS).detectAndCompute(reduced, None)
    if descriptors is None:
        return np.empty((0, 2)), None, max(step)
    points = np.array([point.pt for point in keypoints], np.float64)
    return (points + 0.5) * step - 0.5, descriptors, max(step)


def _fitted(found: Matches) -> npt.NDArray[np.bool_]:
    """Mark the matches that one homography explains."""
    count = len(found.before)
    if count < 8:  # four points always fit a homography; fewer than eight say nothing
        return np.zeros(count, np.bool_)
    _, kept = cv2.findHomography(
        found.before, found.after, cv2.USAC_MAGSAC, found.near, maxIters=2000, confidence=0.999
    )
    return np.zeros(count, np.bool_) if kept is None else kept.ravel().astype(np.bool_)


def draw_matches(before: UInt8Array, after: UInt8Array, found: Matches) -> UInt8Array:
    """Draw both images side by side with a line between each matched pair.

    Parameters
    ----------
    before, after : ndarray
        RGB, shape (height, width, 3), uint8.
    found : Matches
        Green lines are inliers, red ones are not; at most 120 are drawn.

    Returns
    -------
    ndarray
        RGB, uint8; each image at most 1000 pixels a side, both at the same scale.
    """
    scale = min(1.0, DRAWN_SIDE / max(*before.shape[:2], *after.shape[:2]))
    left, right = (scale_by(image, scale) for image in (before, after))
    offset = left.shape[1]
    canvas = np.full((max(left.shape[0], right.shape[0]), offset + right.shape[1], 3), 255, np.uint8)
    canvas[: left.shape[0], :offset] = left
    canvas[: right.shape[0], offset:] = right
    for index in _chosen(found.inliers):
        colour = (0, 200, 80) if found.inliers[index] else (230, 40, 60)
        start = tuple(np.rint(found.before[index] * scale).astype(int).tolist())
        x, y = np.rint(found.after[index] * scale).astype(int).tolist()
        cv2.line(canvas, start, (x + offset, y), colour, 1, cv2.LINE_AA)
        cv2.circle(canvas, start, 3, colour, 1, cv2.LINE_AA)
        cv2.circle(canvas, (x + offset, y), 3, colour, 1, cv2.LINE_AA)
    return canvas


def _chosen(inliers: npt.NDArray[np.bool_]) -> list[int]:
    """Choose evenly among the matches so that the picture stays readable; inliers are drawn last, on top."""
    count = len(inliers)
    few = np.unique(np.linspace(0, count - 1, min(count, _DRAWN)).round().astype(int)) if count else np.arange(0)
    return [int(index) for index in sorted(few, key=lambda index: bool(inliers[index]))]
