"""Mark what the evidence proves: from strong places into their weaker neighbours, from fine scales to coarse ones."""

from typing import Any

import cv2
import numpy as np

from app.analysis.evidence.weighing import Evidence
from app.analysis.model import FloatArray, UInt8Array

SEED = 2.2
"""Thresholds that prove a change ..."""
JOINT = 1.6
"""... or do so at two scales at once, as their mean: noise hardly ever peaks in one place at both ..."""
GROW = 1.1
"""... and those that its neighbours need to belong to it."""
PLAIN = 5.0
"""Score from which a piece may be smaller than chance makes them."""
SHARE_OF_PEAK = 0.45
SMEAR = np.ones((5, 5), np.uint8)
"""A coarse scale smears: what belongs to a change exceeds this share of the peak in its neighbourhood."""
REACH = 0.01
"""Share of the picture's longer side within which a change is carried on into its edges."""


def find_mask(evidence: Evidence, shape: tuple[int, int], least: int) -> UInt8Array:
    """Mark what is changed, from fine to coarse: a coarse scale only adds what finer ones do not explain.

    Parameters
    ----------
    evidence : Evidence
    shape : (height, width) of the finest scale.
    least : int
        Pixels that a piece needs at the finest scale, unless a coarser one finds it too.

    Returns
    -------
    mask : array (height, width), uint8
        255 where something is changed.

    References
    ----------
    Canny 1986, "A computational approach to edge detection" (hysteresis).
    """
    mask = np.zeros(shape, np.uint8)
    size = (shape[1], shape[0])
    for level, score in enumerate(evidence.levels):
        if level == 0:
            mask |= _hysteresis(score, None, least)
            mask |= _edges_of(mask, evidence.plain)
            continue
        if level == 1 and len(evidence.levels) > 2:
            score = _jointly(score, evidence.levels[2])
        if score.max() <= SEED:
            continue
        explained = cv2.dilate(
            cv2.resize(mask, (score.shape[1], score.shape[0]), interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8)
        )
        left = np.where(explained > 0, 0, score)
        if left.max() <= SEED:
            continue
        left = left.astype(np.float32)
        full, peaks = (
            cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (left, cv2.dilate(left, SMEAR))
        )
        mask |= _hysteresis(full, peaks)
    return mask


def geometric_mean(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """Give the geometric mean of what two scales show in one place.

    Parameters
    ----------
    fine, coarse : array (H, W) and a smaller one, float32
        Scores in units of the threshold, 0 and up, over the same picture.

    Returns
    -------
    array (H, W), float32
        0 and up, at the finer scale.
    """
    around = cv2.resize(coarse, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.sqrt(fine * around), np.float32)


def _jointly(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """Raise what two scales show to the threshold of one."""
    joint = geometric_mean(fine, coarse) / JOINT
    return np.where(joint > 1, np.maximum(fine, SEED * joint), fine)


def _edges_of(mask: UInt8Array, plain: FloatArray) -> Any:
    """Add what differs around a change: its edges, which neighbours explain; but no chain of single pixels.

    Those run along every edge that is a hair out of place, and would carry one change into the next.
    """
    reach = 2 * max(3, round(REACH * max(mask.shape))) + 1
    near = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    broad = cv2.morphologyEx((plain > GROW).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return cv2.bitwise_and(near, broad * np.uint8(255))


def _hysteresis(score: Any, peaks: Any, least: int = 1) -> Any:
    """Keep weak neighbours of strong seeds; where ``peaks`` around are given, only what is no smear of them."""
    weak = (score > GROW).astype(np.uint8)
    labels: Any
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    places = np.flatnonzero(weak)  # few: the rest of the picture need not be looked at again
    piece, level = labels.ravel()[places], score.ravel()[places]
    strong = level > SEED
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, piece[strong], level[strong])
    size = np.bincount(piece, minlength=count)
    proven = (peak > SEED) & (size * np.maximum(1, peak / PLAIN) >= least)
    kept = proven[piece]
    if peaks is not None:
        kept &= level > SHARE_OF_PEAK * np.minimum(peak[piece], peaks.ravel()[places])
    mask = np.zeros(weak.size, np.uint8)
    mask[places[kept]] = 255
    return mask.reshape(weak.shape)
