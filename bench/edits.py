"""Real differences with exact truth: each edit changes *before*, *after* or both scenes inside known boxes.

A truth box is the tight box of the pixels that differ by more than 6 levels; an edit that can hardly
be seen, or whose box is not the asked size, is thrown away and drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bench.editors import EDITORS, Pixels, Rng, Spot, blend, shape
from bench.scoring import overlap

Box = tuple[int, int, int, int]

TRUTH_LEVEL = 6  # a pixel belongs to the truth when it differs by more than this
SEEN_LEVEL = 12  # and counts as seen when it differs by more than this
ONE_BOX = 0.6  # overlap of the truth box and the box of what differs strongly: below it, people would disagree


@dataclass(frozen=True)
class Truth:
    """One true difference: its box (x, y, width, height), its kind, other kinds as right, and the edit's name."""

    box: Box
    kind: str
    also: tuple[str, ...]
    edit: str


@dataclass(frozen=True)
class Profile:
    """What edits look like: side as a share of the picture's width, and how much must be seen."""

    smallest: float
    largest: float
    editors: tuple[str, ...]
    seen_share: float = 0.5


PROFILES = {
    "default": Profile(0.03, 0.11, (
        "paste", "paste", "remove", "inpaint", "recolour", "recolour", "tint", "clone", "text", "letter", "dot",
        "moved", "brightness",
    )),
    "small": Profile(0.01, 0.03, ("faint", "faint", "faint", "faint", "faint", "dot")),
    "retouch": Profile(0.012, 0.07, (
        "remove", "inpaint", "inpaint", "recolour", "recolour", "clone", "brightness", "tint", "moved", "paste",
    )),
    "large": Profile(0.35, 0.8, ("paste", "clone", "recolour", "tint", "brightness")),
}  # fmt: skip
SEEN_SHARE = {"text": 0.15, "letter": 0.15}


def difference(before: Pixels, after: Pixels) -> Pixels:
    """Give the largest difference over the channels, per pixel."""
    return np.asarray(cv2.absdiff(before, after).max(axis=2), np.uint8)


def _tight(diff: Pixels, level: float) -> Box | None:
    x, y, width, height = cv2.boundingRect((diff > level).astype(np.uint8))
    return (x, y, width, height) if width and height else None


def _overlaps(box: Box, others: list[Box], gap: int) -> bool:
    x, y, width, height = box
    return any(
        x - gap < ox + ow and ox - gap < x + width and y - gap < oy + oh and oy - gap < y + height
        for ox, oy, ow, oh in others
    )


def _place(rng: Rng, allowed: Pixels, size: tuple[int, int], taken: list[Box], gap: int) -> Box | None:
    """Find a box of a size (width, height) that lies wholly where allowed and keeps its distance."""
    width, height = size
    x0, y0, w, h = cv2.boundingRect(allowed)
    for _ in range(40):
        if w <= width + 2 or h <= height + 2:
            return None
        x, y = int(rng.integers(x0, x0 + w - width)), int(rng.integers(y0, y0 + h - height))
        box = (x, y, width, height)
        if allowed[y : y + height, x : x + width].all() and not _overlaps(box, taken, gap):
            return box
    return None


def _crop(image: Pixels, box: Box) -> Pixels:
    x, y, width, height = box
    return image[y : y + height, x : x + width]


def _donor(rng: Rng, picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Cut a patch of a size out of a picture, the liveliest of three."""
    width, height = min(size[0], picture.shape[1]), min(size[1], picture.shape[0])
    patches = []
    for _ in range(3):
        x, y = (int(rng.integers(0, limit + 1)) for limit in (picture.shape[1] - width, picture.shape[0] - height))
        patches.append(picture[y : y + height, x : x + width])
    best = max(patches, key=lambda patch: float(patch.std()))
    return np.asarray(cv2.resize(best, size), np.uint8)


def _apply(name: str, before: Pixels, after: Pixels, boxes: list[Box], donor: Pixels, rng: Rng) -> None:
    if name == "moved":
        patch = _donor(rng, donor, boxes[0][2:])
        mask = shape(rng, *patch.shape[:2])
        blend(_crop(before, boxes[0]), patch, mask)
        blend(_crop(after, boxes[1]), patch, mask)
        return
    source = after if name == "clone" else donor
    patch = _donor(rng, source, boxes[0][2:])
    EDITORS[name][0](Spot(_crop(before, boxes[0]), _crop(after, boxes[0]), patch, rng))


def _truths(name: str, before: Pixels, after: Pixels, boxes: list[Box], least: float) -> list[Truth] | None:
    """Measure the tight boxes; None when one is too faint or too small for its profile."""
    _, kind, also = EDITORS.get(name, (None, "moved", ()))
    truths = []
    for box in boxes:
        diff = difference(_crop(before, box), _crop(after, box))
        tight = _tight(diff, TRUTH_LEVEL)
        if tight is None:
            return None
        inside = _crop(diff, tight)
        strong = _tight(diff, max(SEEN_LEVEL - 2, 0.35 * float(np.percentile(inside, 95))))
        if strong is None or overlap(tight, strong) < ONE_BOX:
            return None
        seen = (inside > (SEEN_LEVEL if least > 0.4 else SEEN_LEVEL - 2)).mean()
        wanted = SEEN_SHARE.get(name, least)
        smaller = 0.6 if name not in SEEN_SHARE else 0.3
        if seen < wanted or tight[2] < smaller * box[2] - 2 or tight[3] < smaller * box[3] - 2:
            return None
        truths.append(Truth((box[0] + tight[0], box[1] + tight[1], tight[2], tight[3]), kind, also, name))
    return truths


def make_edits(
    scene: Pixels, donor: Pixels, allowed: Pixels, frame_width: int, count: int, profile: str, seed: int
) -> tuple[Pixels, Pixels, list[Truth]]:
    """Edit a scene ``count`` times: the scene as it was, as it is now, and the truth in pixels of the scene.

    ``allowed`` (uint8, nonzero where both cameras look) keeps edits in view; the same seed tries the same
    edits in the same order whatever is allowed.
    """
    rules = PROFILES[profile]
    before, after = scene.copy(), scene.copy()
    truths: list[Truth] = []
    taken: list[Box] = []
    gap = max(6, round(0.025 * frame_width))
    for number in range(count):
        wanted = str(np.random.default_rng([seed, number]).choice(rules.editors))
        for attempt in range(60):
            rng = np.random.default_rng([seed, number, attempt])
            name = wanted if attempt < 40 else str(rng.choice(rules.editors))
            side = frame_width * rng.uniform(rules.smallest, rules.largest) / (1 if profile != "default" else 1.03)
            aspect = rng.uniform(0.75, 1.33)
            size = max(4, round(side * aspect**0.5)), max(4, round(side / aspect**0.5))
            first = _place(rng, allowed, size, taken, gap)
            second = _place(rng, allowed, size, [*taken, first], gap) if first and name == "moved" else None
            if first is None or (name == "moved" and second is None):
                continue
            boxes = [first] if second is None else [first, second]
            kept = [(_crop(before, box).copy(), _crop(after, box).copy()) for box in boxes]
            _apply(name, before, after, boxes, donor, rng)
            found = _truths(name, before, after, boxes, rules.seen_share)
            if found is not None:
                truths += found
                taken += boxes
                break
            for box, (old_before, old_after) in zip(boxes, kept, strict=True):
                _crop(before, box)[:], _crop(after, box)[:] = old_before, old_after
    return before, after, truths
