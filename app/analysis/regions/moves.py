"""Find what moved: the content of one region of *after* that *before* showed in another region, or a bit further."""

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, FloatArray, UInt8Array
from app.analysis.regions.views import Standing, View, core
from app.analysis.resize import scaled_size
from app.analysis.sampling import worst_channel

BoolArray = npt.NDArray[np.bool_]
MaskedBox = tuple[Box, UInt8Array]

SIDE = 48
"""Longer side in pixels at which a region is searched in another one."""
TRIED = 4
"""Other regions searched for the content of one region, the most similar in colour first."""
UNEXPLAINED = 0.5
"""Share of the squared change, and of the content's own variance, that may remain when both are laid over."""
BLANK = 4.0
"""Standard deviation in levels below which content has no structure that could be recognised."""
SAME_PLACE = 0.5
"""Intersection over union of the content found elsewhere and the region there."""
EXPLAINED = 0.8
"""Share of a region that a shift of its own content must explain."""
ONE_SIDED = 0.2
"""How much a region may stand out in the wrong image only and still be where something went, or came from."""


def find_moves(
    before: UInt8Array, after: UInt8Array, found: list[MaskedBox], views: list[View], standing: list[Standing]
) -> set[int]:
    """Find the regions whose content went from one place to another.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in the frame of *before*, tone evened.
    found : list of (Box, array (height, width), uint8)
        Box of each region and its members in it (255).
    views : list of View
        Each region with its surroundings.
    standing : list of Standing
        In which image each stands out.

    Returns
    -------
    set of int
        Positions in ``found``; where something came from and where it went are both in it.
    """
    moved = {i for i, view in enumerate(views) if abs(standing[i].amount) < 3 * ONE_SIDED and _shifted_inside(view)}
    came = [i for i in range(len(found)) if standing[i].amount > -ONE_SIDED]
    left = [j for j in range(len(found)) if standing[j].amount < ONE_SIDED]
    now = {i: _colour(after, found[i]) for i in came}
    was = {j: _colour(before, found[j]) for j in left}
    for i in came:
        alike = [j for j in left if j != i and _alike_in_size(found[i][0], found[j][0])]
        alike.sort(key=lambda j: float(np.abs(now[i] - was[j]).sum()))
        for j in alike[:TRIED]:
            if _came_from(before, after, found[i], found[j]):
                moved |= {i, j}
                break
    return moved


def _colour(image: UInt8Array, region: MaskedBox) -> npt.NDArray[np.float64]:
    box, members = region
    return np.array(cv2.mean(image[box.slices], members)[:3])


def _alike_in_size(a: Box, b: Box) -> bool:
    return max(a.width, b.width) <= 2 * min(a.width, b.width) and max(a.height, b.height) <= 2 * min(a.height, b.height)


def _came_from(before: UInt8Array, after: UInt8Array, here: MaskedBox, there: MaskedBox) -> bool:
    """Say whether *before* showed in one region what *after* shows in another, and the outlines agree."""
    (box, members), (other, others) = here, there
    scale = min(1.0, SIDE / max(box.width, box.height))
    content, mask = _cut(after, box, scale), _reduced(members, scale)
    replaced = _cut(before, box, scale)
    slack_x = abs(box.width - other.width) + max(3, box.width // 4)
    slack_y = abs(box.height - other.height) + max(3, box.height // 4)
    left, top = max(0, other.x - slack_x), max(0, other.y - slack_y)
    right = min(before.shape[1], other.x + other.width + slack_x)
    bottom = min(before.shape[0], other.y + other.height + slack_y)
    searched = _cut(before, Box(left, top, right - left, bottom - top), scale)
    if not mask.any() or searched.shape[0] < content.shape[0] or searched.shape[1] < content.shape[1]:
        return False
    sure = core(mask)
    inside = content[sure]
    change = float(((inside - replaced[sure]) ** 2).sum())
    structure = float(((inside - inside.mean(axis=0)) ** 2).sum())
    noise = inside.size * BLANK**2
    allowed = min(change, structure if structure > noise else 2 * noise)
    weight = np.repeat(sure[..., None].astype(np.float32), 3, axis=2)
    remains, _, (x, y), _ = cv2.minMaxLoc(cv2.matchTemplate(searched, content, cv2.TM_SQDIFF, mask=weight))
    if remains > UNEXPLAINED * allowed:
        return False
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    canvas[other.y - top : other.y - top + other.height, other.x - left : other.x - left + other.width] = others
    gone = _reduced(canvas, scale)
    came = np.zeros(gone.shape, np.bool_)
    height, width = min(mask.shape[0], gone.shape[0] - y), min(mask.shape[1], gone.shape[1] - x)
    came[y : y + height, x : x + width] = mask[:height, :width]
    return float((came & gone).sum()) > SAME_PLACE * float((came | gone).sum())


def _cut(image: UInt8Array, box: Box, scale: float) -> FloatArray:
    part = image[box.slices]
    small = cv2.resize(part, scaled_size(part.shape, scale), interpolation=cv2.INTER_AREA) if scale < 1 else part
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.float32)


def _reduced(mask: UInt8Array, scale: float) -> BoolArray:
    small = cv2.resize(mask, scaled_size(mask.shape, scale), interpolation=cv2.INTER_AREA) if scale < 1 else mask
    return np.asarray(small > 127, np.bool_)


def _shifted_inside(view: View) -> bool:
    """Say whether a region holds a thing at both its old and its new place, and little else."""
    x, y = _shift(view.own_before * view.inside[..., None], view.own_after * view.inside[..., None])
    if max(abs(x), abs(y)) < 2:
        return False
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    size = (view.inside.shape[1], view.inside.shape[0])
    carried = cv2.warpAffine(view.before, move, size, flags=cv2.INTER_NEAREST)
    from_inside = cv2.warpAffine(view.inside.astype(np.uint8), move, size, flags=cv2.INTER_NEAREST) > 0
    change = worst_channel(view.after - view.before) ** 2
    remains = worst_channel(view.after - np.asarray(carried, np.float32)) ** 2
    new = (remains < UNEXPLAINED * change) & from_inside & view.inside
    back = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
    old = cv2.warpAffine(new.astype(np.uint8), back, size, flags=cv2.INTER_NEAREST) > 0
    return float((new | old).sum()) > EXPLAINED * float(view.inside.sum())


def _shift(was: FloatArray, now: FloatArray) -> tuple[int, int]:
    """Give the shift (x, y) in whole pixels that carries one image best onto the other, by its liveliest channel."""
    height, width = was.shape[:2]
    rows, columns = cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width)
    channel = int(np.abs(now).sum(axis=(0, 1)).argmax())
    first, second = (
        cv2.dft(cv2.copyMakeBorder(image[..., channel], 0, rows - height, 0, columns - width, cv2.BORDER_CONSTANT))
        for image in (now, was)
    )
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.idft(cv2.mulSpectrums(first, second, flags=0, conjB=True)))
    return x - columns * (x > width), y - rows * (y > height)
