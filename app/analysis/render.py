"""Render: the pictures of an evaluation, each made from arrays when it is first asked for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from app.analysis.alignment.bend import to_after
from app.analysis.alignment.framing import places_in_after
from app.analysis.drawing.overlays import Mark, annotate
from app.analysis.drawing.previews import LONGEST_PREVIEW, aligned_pixels, preview, preview_aligned, warp
from app.analysis.encoding import encode_blink, encode_jpeg, encode_png, encode_webp, with_alpha
from app.analysis.geometry import shifting
from app.analysis.measures.features import draw_matches, find_matches, with_inliers
from app.analysis.model import Alignment, Evaluation, Maps, Options, Picture, Region
from app.analysis.resize import reduce_to, scale_by
from app.errors import NotFound

LARGEST_PAIR = 16_000_000
LARGEST_HEAT = 4_000_000
LONGEST_BLINK = 800
CARD = 1200, 630  # what places that show links ask for
GAP = 16
_PAPER = 245


@dataclass(frozen=True, slots=True)
class Scene:
    """What the pictures show.

    Attributes:
        before, after: the two decoded images, each in its own frame.
        alignment: how *after* lies over *before*.
        options: colour, thickness and style of overlays.
        regions: the differences; boxes in both frames, outlines in that of *before*.
        maps: mask and heat, in the frame of *before*.
    """

    before: Picture
    after: Picture
    alignment: Alignment
    options: Options
    regions: tuple[Region, ...]
    maps: Maps

    @classmethod
    def of(cls, evaluation: Evaluation) -> "Scene":
        """Take what an evaluation has.

        Parameters
        ----------
        evaluation : Evaluation

        Returns
        -------
        Scene
            Of the same arrays; nothing is copied.
        """
        one = evaluation
        return cls(*one.pictures, one.alignment, one.options, one.regions, one.maps)


def render(name: str, scene: Scene) -> bytes:
    """Make one picture.

    Parameters
    ----------
    name : str
        One of `NAMES` or `FOR_REPORTS`.
    scene : Scene
        What to show.

    Returns
    -------
    bytes
        A PNG, a GIF, a JPEG or a WebP, as the name says; made from pixels alone, so without EXIF, profile or text.

    Raises
    ------
    NotFound
        There is no picture of that name.

    Notes
    -----
    "before.png", "after.png" and "aligned.png" keep transparency. Overlays and the mask have the size of their
    image; "side-by-side.png" and "heatmap.png" are reduced to 16 and 4 megapixels, "blink.gif" to 800 pixels a
    side, "matches.png" to 1000 for each image, previews and what reports hold to 1600; "card.jpeg" is the pair in
    1200 × 630.
    """
    try:
        make = (_MAKERS | _FOR_REPORTS)[name]
    except KeyError:
        raise NotFound("There is no picture of that name.") from None
    return make(scene)


def _before(scene: Scene) -> bytes:
    return encode_png(with_alpha(scene.before.pixels, scene.before.alpha))


def _after(scene: Scene) -> bytes:
    return encode_png(with_alpha(scene.after.pixels, scene.after.alpha))


def _aligned(scene: Scene) -> bytes:
    return encode_png(aligned_pixels(scene.after, scene.alignment, scene.before.pixels.shape[:2]))


def _marks_before(scene: Scene) -> list[Mark]:
    return [Mark(region.id, region.before, _outlines(region)) for region in scene.regions]


def _marks_after(scene: Scene) -> list[Mark]:
    bend, shape = scene.alignment.bend, scene.before.pixels.shape
    return [
        Mark(
            region.id,
            region.after,
            tuple(to_after(outline, _matrix_of(scene, region), bend, shape) for outline in _outlines(region)),
        )
        for region in scene.regions
    ]


def _matrix_of(scene: Scene, region: Region) -> Any:
    """Give the matrix that brings the outlines of a region into *after*; where rows moved, they moved with its box."""
    if not scene.alignment.bands:
        return np.array(scene.alignment.matrix, np.float64)
    return shifting(region.after.x - region.before.x, region.after.y - region.before.y)


def _outlines(region: Region) -> tuple[Any, ...]:
    """Give the outlines of a region, (n, 2) each, in *before*."""
    return tuple(np.array(contour, np.float64).reshape(-1, 2) for contour in region.contours)


def _overlay_before(scene: Scene) -> bytes:
    return encode_png(annotate(scene.before.pixels, _marks_before(scene), scene.options))


def _overlay_after(scene: Scene) -> bytes:
    return encode_png(annotate(scene.after.pixels, _marks_after(scene), scene.options))


def _mask(scene: Scene) -> bytes:
    return encode_png(scene.maps.mask)


def _small_mask(scene: Scene) -> bytes:
    """Reduce the mask so that nothing is lost that is marked, be it one pixel."""
    small, _ = reduce_to(scene.maps.mask, LONGEST_PREVIEW)
    return encode_png(np.where(small > 0, np.uint8(255), np.uint8(0)))


def _heatmap(scene: Scene) -> bytes:
    before = scene.before
    return encode_png(_heat(scene, _factor(before.height * before.width, LARGEST_HEAT)))


def _small_heatmap(scene: Scene) -> bytes:
    return encode_webp(_heat(scene, min(1.0, LONGEST_PREVIEW / max(scene.before.height, scene.before.width))))


def _heat(scene: Scene, scale: float) -> Any:
    """Lay the difference, in a perceptual colour map, over a dimmed grey *before*."""
    small = scale_by(scene.before.pixels, scale)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    heat = cv2.resize(scene.maps.heat, grey.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours = cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    base = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=0.4), cv2.COLOR_GRAY2RGB)
    # the threshold (128) is where a difference begins to hide the picture beneath it entirely
    return _blend(base, colours, cv2.convertScaleAbs(heat, alpha=2.0))


def _blend(base: Any, top: Any, opacity: Any) -> Any:
    """Mix two pictures by an opacity per pixel, 0 to 255."""
    weight = cv2.cvtColor(opacity, cv2.COLOR_GRAY2RGB)
    shown = cv2.multiply(top, weight, scale=1 / 255)
    return cv2.add(shown, cv2.multiply(base, cv2.bitwise_not(weight), scale=1 / 255))


def _matches(scene: Scene) -> bytes:
    before, after = scene.before.pixels, scene.after.pixels
    found = find_matches(before, after)
    expected = places_in_after(found.before, scene.alignment, before.shape)
    return encode_png(draw_matches(before, after, with_inliers(found, expected)))


def _side_by_side(scene: Scene) -> bytes:
    before, after = scene.before.pixels, scene.after.pixels
    size = max(before.shape[0], after.shape[0]) * (before.shape[1] + after.shape[1])
    scale = _factor(size, LARGEST_PAIR)
    left = annotate(before, _marks_before(scene), scene.options, scale=scale)
    right = annotate(after, _marks_after(scene), scene.options, scale=scale)
    height, width = max(left.shape[0], right.shape[0]), left.shape[1] + GAP + right.shape[1]
    canvas = np.full((height, width, 3), _PAPER, np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], left.shape[1] + GAP :] = right
    return encode_png(canvas)


def _factor(size: int, largest: int) -> float:
    return min(1.0, math.sqrt(largest / size))


def _blink(scene: Scene) -> bytes:
    """Show *before* and aligned *after* in turn; where *after* shows nothing, *before* stays."""
    before = scene.before.pixels
    aligned, valid = warp(scene.after, scene.alignment, before.shape[:2])
    scale = min(1.0, LONGEST_BLINK / max(before.shape[:2]))
    first, second, opacity = (scale_by(picture, scale) for picture in (before, aligned, valid))
    return encode_blink(first, np.where((opacity == 255)[..., None], second, first))


def _card(scene: Scene) -> bytes:
    """Lay both marked pictures into the frame that places which show links ask for."""
    width, height = CARD
    canvas = np.full((height, width, 3), _PAPER, np.uint8)
    room = (width - 3 * GAP) // 2, height - 2 * GAP
    for index, (picture, marks) in enumerate(
        ((scene.before, _marks_before(scene)), (scene.after, _marks_after(scene)))
    ):
        scale = min(1.0, room[0] / picture.width, room[1] / picture.height)
        drawn = annotate(picture.pixels, marks, scene.options, scale=scale)[: room[1], : room[0]]
        left = GAP + index * (room[0] + GAP) + (room[0] - drawn.shape[1]) // 2
        top = (height - drawn.shape[0]) // 2
        canvas[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return encode_jpeg(canvas)


_MAKERS: dict[str, Callable[[Scene], bytes]] = {
    "before.png": _before,
    "after.png": _after,
    "aligned.png": _aligned,
    "overlay-before.png": _overlay_before,
    "overlay-after.png": _overlay_after,
    "mask.png": _mask,
    "heatmap.png": _heatmap,
    "matches.png": _matches,
    "side-by-side.png": _side_by_side,
    "blink.gif": _blink,
    "card.jpeg": _card,
    "preview-before.webp": lambda scene: preview(scene.before),
    "preview-after.webp": lambda scene: preview(scene.after),
    "preview-aligned.webp": lambda scene: preview_aligned(scene.after, scene.alignment, scene.before.pixels.shape[:2]),
}
_FOR_REPORTS: dict[str, Callable[[Scene], bytes]] = {
    "small-mask.png": _small_mask,
    "small-heatmap.webp": _small_heatmap,
}
NAMES = tuple(_MAKERS)
FOR_REPORTS = tuple(_FOR_REPORTS)
PREVIEWS = tuple(name for name in NAMES if name.startswith("preview-"))
