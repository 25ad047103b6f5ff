"""Look at one region and its surroundings: cut out, reduced, and how much it stands out of them."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, FloatArray, UInt8Array
from app.analysis.neighbours import SQUARE, gradient
from app.analysis.resize import reduce_to_size
from app.analysis.sampling import worst_channel

BoolArray = npt.NDArray[np.bool_]

BLENDED = 2
"""Pixels on either side of an outline that may show a mixture of inside and outside."""


@dataclass(frozen=True, slots=True)
class View:
    """One region with its surroundings, reduced.

    ``before`` and ``after`` are RGB, shape (h, w, 3), float32, 0 to 255; ``inside`` marks the region, shape
    (h, w), bool; never empty. ``own_before`` and ``own_after`` are what the surroundings do not lead one to expect:
    each image less a smooth filling of the inside, signed, in levels.
    """

    before: FloatArray
    after: FloatArray
    inside: BoolArray
    own_before: FloatArray
    own_after: FloatArray


class Standing(NamedTuple):
    """How one-sidedly a region stands out of its surroundings: -1 in *before* only, 0 in both, 1 in *after* only.

    ``inside`` and ``outline`` are the votes of the pixels inside and of those along the outline, ``votes`` their mean;
    ``step`` is the amount along the outline.
    """

    amount: float
    votes: float
    inside: float
    outline: float
    step: float


def look_at(before: UInt8Array, after: UInt8Array, box: Box, members: UInt8Array, side: int) -> View:
    """Cut a region out with a margin and reduce it.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in the frame of *before*, tone evened.
    box : Box
        Of the region.
    members : array (height, width) of the box, uint8
        255 in the region, at least once.
    side : int
        Pixels that the longer side of the box has afterwards, at most.

    Returns
    -------
    View
        The margin is a quarter of the longer side, at least 8 pixels, as far as the picture goes.
    """
    margin = max(8, max(box.width, box.height) // 4)
    top, left = max(0, box.y - margin), max(0, box.x - margin)
    window = slice(top, box.y + box.height + margin), slice(left, box.x + box.width + margin)
    was, now = before[window], after[window]
    mask = np.zeros(was.shape[:2], np.float32)
    mask[box.y - top : box.y - top + box.height, box.x - left : box.x - left + box.width] = members
    scale = side / max(box.width, box.height)
    if scale < 1:
        size = max(4, round(was.shape[1] * scale)), max(4, round(was.shape[0] * scale))
        was, now, mask = (reduce_to_size(image, size) for image in (was, now, mask))
    inside = np.asarray(mask > min(127.0, float(mask.max()) / 2), np.bool_)
    seen_was, seen_now = was.astype(np.float32), now.astype(np.float32)
    own_was, own_now = (image - _filled_in(image, inside) for image in (seen_was, seen_now))
    return View(seen_was, seen_now, inside, own_was, own_now)


def core(mask: BoolArray) -> BoolArray:
    """Give a mask less the pixels along its outline, as far as enough is left.

    Parameters
    ----------
    mask : array (h, w), bool

    Returns
    -------
    array (h, w), bool
        Less up to `BLENDED` pixels; the very same where fewer than 30 pixels or a fifth would be left.
    """
    inside = mask.astype(np.uint8)
    for width in range(BLENDED, 0, -1):
        smaller = cv2.erode(inside, SQUARE, iterations=width, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        if smaller.sum() >= max(30, 0.2 * inside.sum()):
            return np.asarray(smaller > 0, np.bool_)
    return mask


def stands_out(view: View) -> Standing:
    """Say which image stands out of its surroundings.

    Parameters
    ----------
    view : View

    Returns
    -------
    Standing
        Each number -1 to 1.

    Notes
    -----
    Two signs are averaged: how far the inside lies from a smooth filling of the hole, and how strong the step
    across the outline is. ``amount`` compares their means. ``votes`` adds up pixel by pixel: where a thing stands
    in one image only nearly all pixels vote for that image; where one thing took the place of another each wins
    somewhere.
    """
    far = worst_channel(view.own_before[view.inside]), worst_channel(view.own_after[view.inside])
    step = _steps(view)
    inside, outline = _votes(*far), _votes(*step)
    stepped = _one_sided(*step, 0.3)
    return Standing((_one_sided(*far, 1.0) + stepped) / 2, (inside + outline) / 2, inside, outline, stepped)


def _one_sided(was: FloatArray, now: FloatArray, floor: float) -> float:
    first, second = float(was.mean()), float(now.mean())
    return (second - first) / (second + first + floor)


def _votes(was: FloatArray, now: FloatArray) -> float:
    return float((now - was).sum() / max(float(np.abs(now - was).sum()), 1e-6))


def _filled_in(image: FloatArray, inside: BoolArray) -> FloatArray:
    """Fill the inside (and what is blended with it) smoothly from the surroundings.

    The known is reduced until no hole is left, and then enlarged into the holes.
    """
    hole = cv2.dilate(inside.astype(np.uint8), SQUARE, iterations=BLENDED)
    weight = (hole == 0).astype(np.float32)
    levels = [(cv2.multiply(image, _on_three_channels(weight)), weight)]
    while min(levels[-1][1].shape) > 2 and float(levels[-1][1].min()) < 1e-3:
        levels.append((cv2.pyrDown(levels[-1][0]), cv2.pyrDown(levels[-1][1])))
    total, weight = levels.pop()
    filled = total / np.maximum(weight, 1e-6)[..., None]
    for total, weight in reversed(levels):
        larger = cv2.pyrUp(filled, dstsize=(weight.shape[1], weight.shape[0]))
        filled = cv2.add(total, cv2.multiply(_on_three_channels(1 - weight), larger))
    return np.asarray(filled, np.float32)


def _on_three_channels(weight: FloatArray) -> FloatArray:
    """Repeat (h, w) to (h, w, 3): OpenCV multiplies that in half the time in which NumPy broadcasts."""
    return np.asarray(cv2.merge((weight, weight, weight)), np.float32)


def _steps(view: View) -> tuple[FloatArray, FloatArray]:
    """Give the step in levels per pixel across the outline, at each pixel along it, of both images."""
    across, down = gradient(cv2.GaussianBlur(view.inside.astype(np.float32), (0, 0), 1.5))
    steep = np.sqrt(across**2 + down**2)
    along = steep > 0
    if not along.any():  # the region is all there is
        return np.zeros(1, np.float32), np.zeros(1, np.float32)

    def steps(image: FloatArray) -> FloatArray:
        steps_across, steps_down = gradient(cv2.GaussianBlur(image, (0, 0), 1.0))
        across_it = worst_channel(steps_across * across[..., None] + steps_down * down[..., None])
        return np.asarray(across_it[along] / steep[along].mean(), np.float32)

    return steps(view.before), steps(view.after)
