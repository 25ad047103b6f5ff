"""Real differences with exact truth: each edit changes *before*, *after* or both scenes inside known boxes.

A truth box is the tight box of the pixels that differ by more than 6 levels; an edit that can hardly
be seen, or whose box is not the asked size, is thrown away and drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bench.drawn import font

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
Rng = np.random.Generator

TRUTH_LEVEL = 6  # a pixel belongs to the truth when it differs by more than this
SEEN_LEVEL = 12  # and counts as seen when it differs by more than this


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


@dataclass
class Spot:
    """Where an editor works: the crops of both scenes (written in place), and what it may use."""

    before: Pixels
    after: Pixels
    donor: Pixels
    rng: Rng


def _shape(rng: Rng, height: int, width: int) -> npt.NDArray[np.float32]:
    """Give a soft-edged mask: rectangle, rounded rectangle or ellipse."""
    mask = np.zeros((height, width), np.float32)
    kind = rng.integers(3)
    if kind == 0:
        mask[1:-1, 1:-1] = 1
    elif kind == 1:
        radius = max(1, min(height, width) // 4)
        mask[1:-1, radius:-radius] = 1
        mask[radius:-radius, 1:-1] = 1
        for y in (radius, height - 1 - radius):
            for x in (radius, width - 1 - radius):
                cv2.circle(mask, (x, y), radius - 1, 1.0, -1)
    else:
        cv2.ellipse(mask, (width // 2, height // 2), (width // 2 - 1, height // 2 - 1), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (3, 3), 0)[..., None].astype(np.float32)


def _blend(onto: Pixels, new: npt.NDArray[np.floating] | Pixels, mask: npt.NDArray[np.float32]) -> None:
    mixed = onto + (np.asarray(new, np.float32) - onto) * mask
    onto[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _colour(rng: Rng, away_from: Pixels) -> npt.NDArray[np.float32]:
    """Give a colour that stands out from the mean of some pixels."""
    mean = away_from.reshape(-1, 3).mean(axis=0)
    while True:
        colour = rng.integers(0, 256, 3).astype(np.float32)
        if np.abs(colour - mean).max() > 60:
            return colour


def _paste(spot: Spot) -> None:
    _blend(spot.after, spot.donor, _shape(spot.rng, *spot.after.shape[:2]))


def _remove(spot: Spot) -> None:
    """The object was in *before* only: a patch of another picture is taken away again."""
    _blend(spot.before, spot.donor, _shape(spot.rng, *spot.before.shape[:2]))


def _inpaint(spot: Spot) -> None:
    """Part of the picture is filled from its surroundings."""
    mask = (_shape(spot.rng, *spot.after.shape[:2])[..., 0] > 0.3).astype(np.uint8)
    spot.after[:] = cv2.inpaint(spot.after, mask, 5, cv2.INPAINT_TELEA)


def _recolour(spot: Spot) -> None:
    """Another hue; what has hardly any colour gets some."""
    hsv = cv2.cvtColor(spot.after, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(spot.rng.integers(25, 155))) % 180
    hsv[..., 1] = np.maximum(hsv[..., 1], 70)
    _blend(spot.after, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), _shape(spot.rng, *spot.after.shape[:2]))


def _tint(spot: Spot) -> None:
    share = spot.rng.uniform(0.3, 0.6)
    colour = _colour(spot.rng, spot.after)
    _blend(spot.after, colour, _shape(spot.rng, *spot.after.shape[:2]) * np.float32(share))


def _brightness(spot: Spot) -> None:
    gain = spot.rng.choice([spot.rng.uniform(0.5, 0.75), spot.rng.uniform(1.3, 1.7)])
    lit = np.clip(spot.after.astype(np.float32) * gain, 0, 255)
    _blend(spot.after, lit, _shape(spot.rng, *spot.after.shape[:2]))


def _write(crop: Pixels, text: str, size: int, colour: npt.NDArray[np.float32], name: str = "DejaVuSans-Bold") -> None:
    from PIL import Image, ImageDraw

    image = Image.fromarray(crop)
    middle = (crop.shape[1] // 2, crop.shape[0] // 2)
    ImageDraw.Draw(image).text(middle, text, font=font(size, name), fill=tuple(int(v) for v in colour), anchor="mm")
    crop[:] = np.asarray(image)


def _text(spot: Spot) -> None:
    """A word that fills the width is written on the picture."""
    text = "".join(chr(int(v)) for v in spot.rng.integers(65, 91, int(spot.rng.integers(2, 5))))
    size = int(spot.after.shape[1] / (0.75 * len(text)))
    _write(spot.after, text, size, _colour(spot.rng, spot.after))


def _letter(spot: Spot) -> None:
    """A letter stands in both and is another one in *after*."""
    first, second = spot.rng.choice(list("ABEGHKMRSW3580"), 2, replace=False)
    size = int(1.25 * min(spot.after.shape[:2]))
    colour = _colour(spot.rng, spot.after)
    _write(spot.before, str(first), size, colour)
    _write(spot.after, str(second), size, colour)


def _dot(spot: Spot) -> None:
    height, width = spot.after.shape[:2]
    mask = np.zeros((height, width), np.float32)
    cv2.circle(mask, (width // 2, height // 2), max(1, min(height, width) // 2 - 1), 1.0, -1)
    _blend(spot.after, _colour(spot.rng, spot.after), mask[..., None])


def _faint(spot: Spot) -> None:
    """A shape is lighter or darker, or more of one colour, by 12 to 25 levels."""
    step = spot.rng.uniform(14, 25) * spot.rng.choice([-1, 1])
    channels = spot.rng.choice([(1, 1, 1), (1, 1, 1), (1, 0.2, 0.2), (0.2, 1, 0.2)])
    shifted = spot.after.astype(np.float32) + step * np.asarray(channels, np.float32)
    _blend(spot.after, np.clip(shifted, 0, 255), _shape(spot.rng, *spot.after.shape[:2]))


EDITORS: dict[str, tuple[Callable[[Spot], None], str, tuple[str, ...]]] = {
    "paste": (_paste, "added", ("changed",)),
    "clone": (_paste, "added", ("changed", "moved")),
    "remove": (_remove, "removed", ("changed",)),
    "inpaint": (_inpaint, "removed", ("changed",)),
    "recolour": (_recolour, "colour", ()),
    "tint": (_tint, "colour", ()),
    "brightness": (_brightness, "colour", ()),
    "text": (_text, "added", ()),
    "letter": (_letter, "changed", ()),
    "dot": (_dot, "added", ("colour",)),
    "faint": (_faint, "colour", ("added", "removed")),
}
PROFILES = {
    "default": Profile(0.03, 0.11, (
        "paste", "paste", "remove", "inpaint", "recolour", "recolour", "tint", "clone", "text", "letter", "dot",
        "moved", "brightness",
    )),
    "small": Profile(0.01, 0.03, ("faint", "faint", "faint", "faint", "faint", "dot")),
    "retouch": Profile(0.012, 0.07, (
        "remove", "inpaint", "inpaint", "recolour", "recolour", "clone", "brightness", "tint", "moved", "paste",
    )),
}  # fmt: skip
SEEN_SHARE = {"text": 0.15, "letter": 0.15}


def difference(before: Pixels, after: Pixels) -> Pixels:
    """Give the largest difference over the channels, per pixel."""
    return np.asarray(cv2.absdiff(before, after).max(axis=2), np.uint8)


def _tight(diff: Pixels) -> Box | None:
    x, y, width, height = cv2.boundingRect((diff > TRUTH_LEVEL).astype(np.uint8))
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
        mask = _shape(rng, *patch.shape[:2])
        _blend(_crop(before, boxes[0]), patch, mask)
        _blend(_crop(after, boxes[1]), patch, mask)
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
        tight = _tight(diff)
        if tight is None:
            return None
        inside = _crop(diff, tight)
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
