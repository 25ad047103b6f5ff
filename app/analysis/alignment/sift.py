"""Match SIFT keypoints: for pictures that lie too far apart to be tracked, or were taken from two places."""

import cv2
import numpy as np

from app.analysis.alignment.homographies import MIN_INLIERS, homography, sane
from app.analysis.geometry import FloatMatrix, Points
from app.analysis.model import UInt8Array

SURE_MATCHES, SURE_SHARE = 40, 0.6
"""Matches, and share of them, that must agree on two places of the camera; chance gives a few."""


def sift_matches(before: UInt8Array, after: UInt8Array) -> tuple[Points, Points]:
    """Match SIFT keypoints (Lowe's ratio test), each place once.

    Where pictures have little in common, many keypoints match the same one, and any geometry explains that.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    source, target : array (n, 2), float32
        Places (x, y) in both; empty where either has fewer than `MIN_INLIERS` keypoints.

    References
    ----------
    Lowe 2004, "Distinctive image features from scale-invariant keypoints",
    https://doi.org/10.1023/B:VISI.0000029664.99615.94
    """
    detector = cv2.SIFT.create(2000)
    keys_before, described_before = detector.detectAndCompute(before, None)
    keys_after, described_after = detector.detectAndCompute(after, None)
    if described_before is None or described_after is None or min(len(keys_before), len(keys_after)) < MIN_INLIERS:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(described_before, described_after, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.75 * pair[1].distance]
    source = np.array([keys_before[match.queryIdx].pt for match in good], np.float32).reshape(-1, 2)
    target = np.array([keys_after[match.trainIdx].pt for match in good], np.float32).reshape(-1, 2)
    for side in (0, 1):
        _, once = np.unique(np.rint((source, target)[side]), axis=0, return_index=True)
        once.sort()
        source, target = source[once], target[once]
    return source, target


def sift_guess(before: UInt8Array, after: UInt8Array) -> FloatMatrix | None:
    """Guess from SIFT matches: finds large moves, turns and changes of scale.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    array (3, 3), float64, or None
        Maps *before* to *after*, to a pixel or two; None where too few matches agree, or no camera does that.
    """
    source, target = sift_matches(before, after)
    if len(source) < MIN_INLIERS:
        return None
    matrix, mask = homography(source, target, 2.0)
    if matrix is None or mask.sum() < max(MIN_INLIERS, 0.15 * len(source)):
        return None
    return sane(matrix, before.shape, after.shape)


def seen_from_elsewhere(before: UInt8Array, after: UInt8Array) -> bool:
    """Say whether two pictures show one scene from two places: matches all over agree on where the camera was.

    Parameters
    ----------
    before, after : array (H, W), uint8
        Grey, any two sizes.

    Returns
    -------
    bool

    References
    ----------
    Hartley and Zisserman 2004, "Multiple View Geometry in Computer Vision", chapter 11 (the fundamental matrix).
    """
    source, target = sift_matches(before, after)
    if len(source) < SURE_MATCHES:
        return False
    matrix, mask = cv2.findFundamentalMat(source, target, cv2.USAC_MAGSAC, 1.0, 0.999, 2000)
    return matrix is not None and int(mask.sum()) >= max(SURE_MATCHES, SURE_SHARE * len(source))
