"""What an edit paints: patches, colours, letters and dots, each inside the two crops it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bench.drawn import font

Pixels = npt.NDArray[np.uint8]
Rng = np.random.Generator


@dataclass
class Spot:
    """Where an editor works: the crops of both scenes (written in place), and what it may use."""

    before: Pixels
    after: Pixels
    donor: Pixels
    rng: Rng


def shape(rng: Rng, height: int, width: int) -> npt.NDArray[np.float32]:
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


def blend(onto: Pixels, new: npt.NDArray[np.floating] | Pixels, mask: npt.NDArray[np.float32]) -> None:
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
    blend(spot.after, spot.donor, shape(spot.rng, *spot.after.shape[:2]))


def _remove(spot: Spot) -> None:
    """The object was in *before* only: a patch of another picture is taken away again."""
    blend(spot.before, spot.donor, shape(spot.rng, *spot.before.shape[:2]))


def _inpaint(spot: Spot) -> None:
    """Part of the picture is filled from its surroundings."""
    mask = (shape(spot.rng, *spot.after.shape[:2])[..., 0] > 0.3).astype(np.uint8)
    spot.after[:] = cv2.inpaint(spot.after, mask, 5, cv2.INPAINT_TELEA)


def _recolour(spot: Spot) -> None:
    """Another hue; what has hardly any colour gets one, the same everywhere (its own hue is chance)."""
    hsv = cv2.cvtColor(spot.after, cv2.COLOR_RGB2HSV)
    turn = int(spot.rng.integers(25, 155))
    hsv[..., 0] = np.where(hsv[..., 1] < 60, turn, (hsv[..., 0].astype(int) + turn) % 180)
    hsv[..., 1] = np.maximum(hsv[..., 1], 70)
    blend(spot.after, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), shape(spot.rng, *spot.after.shape[:2]))


def _tint(spot: Spot) -> None:
    share = spot.rng.uniform(0.3, 0.6)
    colour = _colour(spot.rng, spot.after)
    blend(spot.after, colour, shape(spot.rng, *spot.after.shape[:2]) * np.float32(share))


def _brightness(spot: Spot) -> None:
    gain = spot.rng.choice([spot.rng.uniform(0.5, 0.75), spot.rng.uniform(1.3, 1.7)])
    lit = np.clip(spot.after.astype(np.float32) * gain, 0, 255)
    blend(spot.after, lit, shape(spot.rng, *spot.after.shape[:2]))


def _write(crop: Pixels, text: str, size: int, colour: npt.NDArray[np.float32], name: str = "DejaVuSans-Bold") -> None:
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
    first, second = spot.rng.choice(list("AHKMSTUVXZ2479"), 2, replace=False)
    size = int(1.25 * min(spot.after.shape[:2]))
    colour = _colour(spot.rng, spot.after)
    _write(spot.before, str(first), size, colour)
    _write(spot.after, str(second), size, colour)


def _dot(spot: Spot) -> None:
    height, width = spot.after.shape[:2]
    mask = np.zeros((height, width), np.float32)
    cv2.circle(mask, (width // 2, height // 2), max(1, min(height, width) // 2 - 1), 1.0, -1)
    blend(spot.after, _colour(spot.rng, spot.after), mask[..., None])


def _faint(spot: Spot) -> None:
    """A shape is lighter or darker, or more of one colour, by 12 to 25 levels."""
    step = spot.rng.uniform(14, 25) * spot.rng.choice([-1, 1])
    channels = spot.rng.choice([(1, 1, 1), (1, 1, 1), (1, 0.2, 0.2), (0.2, 1, 0.2)])
    shifted = spot.after.astype(np.float32) + step * np.asarray(channels, np.float32)
    blend(spot.after, np.clip(shifted, 0, 255), shape(spot.rng, *spot.after.shape[:2]))


# What each does, the kind of change it is, and other kinds as right.
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
