"""Weigh the difference of two images that lie over each other, at five scales, against their own noise.

A pixel counts only as far as it lies outside the range of its neighbours in the other image (both ways round),
which forgives a pixel of misregistration and another anti-aliasing. What is left is held against the noise of
this very pair: compression, resampling and blur all grow with local contrast, so places are sorted by contrast,
and blocks all over the picture vote on what is normal. Coarser scales average noise away and find what is faint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from app.analysis.evidence.losses import by_level, lost, ringing
from app.analysis.evidence.noise import calm_places, noise_by_contrast, noise_in_busy_places
from app.analysis.evidence.smear import equally_smeared
from app.analysis.model import FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE, outside, span
from app.analysis.sampling import strongest_channel
from app.analysis.sharpness import blur_apart, blurred, blurred_as_light
from app.analysis.threads import in_threads

LEVELS = 5
CONTRAST_EDGES = (3, 6, 12, 24, 48, 96)
"""Local contrast is sorted into bins at these grey levels: noise is judged against its like."""
FLOOR_LUMA = (6.0, 4.0, 3.0, 2.5, 2.2)
FLOOR_CHROMA = (None, 5.0, 4.0, 3.0, 2.5)
"""Lowest threshold per scale in grey levels; colour is subsampled in most files and not judged at full size."""
FLOORS = (FLOOR_LUMA, FLOOR_CHROMA, FLOOR_CHROMA)
CHROMA_SHARE = 0.6
"""Share of its lowest thresholds that is enough for colour which compression hardly touched ..."""
COARSE = 1.75
"""... and levels by which colour beside edges differs from which it needs all of them ..."""
COARSE_AT = 2
"""... told at this scale."""
AVERAGED_AT = 3
"""The scale at which a large change tells itself from noise."""
BACKING = 1.5
SPREAD = 0.1
"""Pixels by which edges may be wider in one image; over text that changes what a coarse scale sees."""
BINARISED = 0.3
"""The same where a threshold decided between black and white, and with it where every edge is."""
ANY_GREYS, RESAMPLED_GREYS = 0.1, 0.3
"""Greys for each pixel of ink or paper, whichever is rarer, up to which a picture is black and white, and up to which
it is when it was laid over another such: of drawn letters half of the ink is grey."""
MISFITS, MOST_MISFIT = 2.0, 6.0
"""Times what exposure and light leave unchanged places that a difference must be, and levels of that at most."""
BINS = len(CONTRAST_EDGES) + 1
BIN_OF = np.digitize(np.arange(256), CONTRAST_EDGES).astype(np.uint8)


Scale = tuple[list[Any], list[Any], Any, int, Any]
"""Planes of both images at one scale, what can be judged there, which it is, and how busy it is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Difference in units of its threshold.

    Attributes:
        levels: at each scale, each half the one before: what no neighbour in the other image explains.
        plain: at full size: the difference as it is, which a change carries on into its edges.
        planes: luma and chroma of both images, equally sharp, at full size.
        binarised: whether a threshold decided between black and white in both, and with it where every edge is.
    """

    levels: list[FloatArray]
    plain: FloatArray
    planes: tuple[Sequence[UInt8Array], Sequence[UInt8Array]] = ((), ())
    binarised: bool = False


def find_evidence(before: UInt8Array, after: UInt8Array, valid: UInt8Array, misfit: float = 0.0) -> Evidence:
    """Judge every pixel at five scales.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame, tone evened.
    valid : array (H, W), uint8
        0 where nothing can be judged.
    misfit : float
        What evening the tone leaves of unchanged places, 0 to 1.

    Returns
    -------
    Evidence
        Scores in units of the threshold, 0 and up, float32.
    """
    pixels = before, after
    planes = in_threads(lambda index: _planes(pixels[index]), range(2))
    sigma, in_light = blur_apart(planes[0][0], planes[1][0], valid)
    if sigma:
        sharper = 0 if sigma > 0 else 1
        if in_light:
            planes[sharper] = _planes(blurred_as_light(pixels[sharper], abs(sigma)))
        else:
            planes[sharper] = [blurred(plane, abs(sigma)) for plane in planes[sharper]]
    return weigh(*equally_smeared(planes[0], planes[1], valid), valid, misfit)


def _planes(pixels: UInt8Array) -> Any:
    """Give luma and chroma of a picture."""
    return cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb))


def weigh(
    before: Sequence[UInt8Array], after: Sequence[UInt8Array], valid: UInt8Array, misfit: float = 0.0
) -> Evidence:
    """Judge every pixel of luma and chroma, as `find_evidence` does.

    Parameters
    ----------
    before, after : sequence of three array (H, W), uint8
        Luma and both chroma (YCrCb), in one frame, tone evened, equally sharp.
    valid : array (H, W), uint8
        0 where nothing can be judged.
    misfit : float
        As in `find_evidence`.

    Returns
    -------
    Evidence
        Scores in units of the threshold, 0 and up, float32.
    """
    planes: list[Any] = list(before)
    planes_after: list[Any] = list(after)
    seen: Any = valid
    edges: list[Any] = [cv2.morphologyEx(side[0], cv2.MORPH_GRADIENT, SQUARE) for side in (planes, planes_after)]
    first_edges = edges
    greys = sorted(_share_of_greys(side[0]) for side in (before, after))
    binarised = greys[0] < ANY_GREYS and greys[1] < RESAMPLED_GREYS
    scales: list[Scale] = []
    for level in range(LEVELS):
        if min(seen.shape) < 4 and level:
            break
        spread = BINARISED if binarised and level > 1 else SPREAD
        busy = spread * np.minimum(*edges) if level else None
        scales.append((planes, planes_after, seen, level, busy))
        edges = [_halved(edge) for edge in edges]
        planes, planes_after = ([_halved(plane) for plane in side] for side in (planes, planes_after))
        seen = np.where(cv2.pyrDown(seen) >= 254, 255, 0).astype(np.uint8)
    voters = _voters(scales)
    chroma_share = _chroma_share(*scales[COARSE_AT][:2], voters[COARSE_AT]) if len(scales) > COARSE_AT else 1.0
    least = MISFITS * min(255 * misfit, MOST_MISFIT)
    tasks: list[Callable[[], Any]] = [
        partial(_score_level, *scale, voting, chroma_share, least) for scale, voting in zip(scales, voters, strict=True)
    ]
    tasks.append(partial(_plain, before[0], after[0], np.minimum(*first_edges), valid, voters[0]))
    *scores, plain = in_threads(lambda index: tasks[index](), range(len(tasks)))
    if len(scores) > 1:
        scores[0] = _backed(scores[0], scores[1])
    return Evidence(scores, plain, (before, after), binarised)


def _voters(scales: Sequence[Scale]) -> list[Any]:
    """Mark for each scale where noise is learned: where something is seen and a coarse scale sees no large change."""
    seen = [scale[2] for scale in scales]
    if len(scales) <= AVERAGED_AT:
        return seen
    before, after, judged, *_ = scales[AVERAGED_AT]
    apart = [_excess(a, b, judged, None)[0] for a, b in zip(before, after, strict=True)]
    calm = calm_places(strongest_channel(cv2.merge(apart)), judged)
    if calm is None:
        return seen
    sized = (cv2.resize(calm, part.shape[::-1], interpolation=cv2.INTER_NEAREST) for part in seen)
    return [cv2.bitwise_and(part, places) for part, places in zip(seen, sized, strict=True)]


def _share_of_greys(luma: UInt8Array) -> float:
    """Give how many pixels are neither black nor white for each dark or bright one, as far as a ninth of them tells."""
    sample = luma[::3, ::3]
    greys, dark = ((sample > 24) & (sample < 231)).mean(), (sample < 128).mean()
    return float(greys / max(min(dark, 1 - dark), 1 / sample.size))


def _halved(plane: Any) -> Any:
    """Halve a plane; from there on levels have fractions, which faint differences are made of."""
    return cv2.pyrDown(plane.astype(np.float32, copy=False))


def _backed(fine: FloatArray, coarse: FloatArray) -> Any:
    """Believe the finest scale only as far as the next one backs it.

    Resampling makes thin lines fainter and wider but keeps their sum: one scale up the two are equal again.
    """
    around = cv2.dilate(coarse, SQUARE)
    limit = cv2.resize(BACKING * around, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.min(fine, limit, dst=limit)


def _score_level(
    before: list[Any],
    after: list[Any],
    seen: Any,
    level: int,
    busy: Any,
    voting: Any,
    chroma_share: float,
    least: float,
) -> FloatArray:
    """Judge one scale: how far is each pixel outside its neighbours in the other image, in thresholds."""
    seen, voting = (cv2.erode(part, SQUARE, borderValue=255) for part in (seen, voting))
    score: Any = None
    luma_contrast: Any = None
    for a, b, floors, share in zip(before, after, FLOORS, (1.0, chroma_share, chroma_share), strict=True):
        floor = floors[level]
        if floor is None:
            continue
        excess, contrast, own = _excess(a, b, seen, luma_contrast)
        luma_contrast = contrast if luma_contrast is None else luma_contrast
        bins = cv2.LUT(ringing(contrast, level), BIN_OF)
        noise = np.maximum(noise_by_contrast(excess, bins, voting, BINS), max(share * floor, least))
        limit = lost(contrast, busy, own, level, chroma_share == 1.0)
        limit = cv2.max(limit, by_level(noise, bins), dst=limit)
        excess = cv2.divide(excess, limit, dst=limit, dtype=cv2.CV_32F)
        score = excess if score is None else cv2.max(score, excess, dst=score)
    return np.asarray(score)


def _excess(a: Any, b: Any, seen: Any, luma_contrast: Any) -> tuple[Any, Any, Any]:
    """Give how far pixels of a plane lie outside their neighbours, local contrast, and that of colour by itself."""
    spans = span(a), span(b)
    ranges = [cv2.subtract(high, low) for low, high in spans]
    contrast: Any = cv2.convertScaleAbs(cv2.min(*ranges))
    own: Any = None
    if luma_contrast is not None:
        # Subsampled colour is smeared over its neighbours: the busiest of them says what noise to expect.
        contrast = cv2.max(luma_contrast, cv2.dilate(contrast, SQUARE))
        own = cv2.dilate(cv2.max(*ranges), SQUARE)
    del ranges  # as large as a picture at full size
    excess = outside(a, b, *spans)
    excess[seen == 0] = 0
    return excess, contrast, own


def _chroma_share(before: list[Any], after: list[Any], seen: Any) -> float:
    """Give the share of the lowest thresholds that colour needs: less than 1 when compression left it alone."""
    luma_contrast = _excess(before[0], after[0], seen, None)[1]
    most = 0.0
    for a, b in zip(before[1:], after[1:], strict=True):
        excess, contrast, _ = _excess(a, b, seen, luma_contrast)
        noise = noise_in_busy_places(excess, cv2.LUT(contrast, BIN_OF), seen, BINS)
        if noise is None:
            return 1.0
        most = max(most, noise)
    return min(1.0, max(CHROMA_SHARE, most / COARSE))


def _plain(before: UInt8Array, after: UInt8Array, contrast: Any, seen: UInt8Array, voting: Any) -> Any:
    """Judge the difference of each pixel by itself, beside its contrast."""
    difference: Any = cv2.absdiff(before, after)
    difference[seen == 0] = 0
    bins = cv2.LUT(cv2.convertScaleAbs(contrast), BIN_OF)
    noise = noise_by_contrast(difference, bins, voting, BINS)
    return cv2.divide(difference, by_level(np.maximum(noise, FLOOR_LUMA[0]), bins), dtype=cv2.CV_32F)
