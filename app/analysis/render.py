"""Render: the pictures of an evaluation, each made from arrays when it is first asked for."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from app.analysis.align import warp_to_before
from app.analysis.features import draw_matches, find_matches
from app.analysis.model import Alignment, Maps, Options, Picture, Region, UInt8Array
from app.analysis.overlays import Mark, annotate
from app.analysis.resize import scale_by
from app.errors import NotFound

LARGEST_PAIR = 16_000_000
LARGEST_HEAT = 8_000_000
LONGEST_BLINK = 800
LONGEST_PREVIEW = 1600
BLINK_MS = 700
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


def render(name: str, scene: Scene) -> bytes:
    """Make one picture.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    scene : Scene
        What to show.

    Returns
    -------
    bytes
        A PNG, for "blink.gif" a GIF, for previews a WebP; made from pixels alone, so without EXIF, profile or text.

    Raises
    ------
    NotFound
        There is no picture of that name.

    Notes
    -----
    "before.png", "after.png" and "aligned.png" keep transparency. Overlays and the mask have the size of their
    image; "side-by-side.png" and "heatmap.png" are reduced to 16 and 8 megapixels, "blink.gif" to 800 pixels a
    side, "matches.png" to 1000 for each image and previews to 1600.
    """
    try:
        make = _MAKERS[name]
    except KeyError:
        raise NotFound("There is no picture of that name.") from None
    return make(scene)


def encode_png(pixels: UInt8Array) -> bytes:
    """Encode grey, RGB or RGBA as PNG: OpenCV's default filter and level, which are its fastest."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)  # type: ignore[assignment]
    return cv2.imencode(".png", pixels)[1].tobytes()


def _before(scene: Scene) -> bytes:
    return encode_png(_with_alpha(scene.before.pixels, scene.before.alpha))


def _after(scene: Scene) -> bytes:
    return encode_png(_with_alpha(scene.after.pixels, scene.after.alpha))


def _aligned(scene: Scene) -> bytes:
    pixels, alpha = _warp(scene)
    return encode_png(_with_alpha(pixels, None if alpha.min() == 255 else alpha))


def _warp(scene: Scene) -> tuple[Any, Any]:
    """Bring *after* into the frame of *before*; transparent where it has nothing to show."""
    shape = scene.before.pixels.shape[:2]
    pixels, valid = warp_to_before(scene.after.pixels, scene.alignment, shape)
    if scene.after.alpha is None:
        return pixels, valid
    alpha, _ = warp_to_before(scene.after.alpha, scene.alignment, shape)
    return pixels, cv2.min(valid, alpha)


def _with_alpha(flat: UInt8Array, alpha: UInt8Array | None) -> Any:
    """Undo flattening on white, so that the picture over white looks as it was compared."""
    if alpha is None:
        return flat
    opacity = np.maximum(alpha, 1).astype(np.float32)[..., None] / 255
    colour = 255 - (255 - flat.astype(np.float32)) / opacity
    return np.dstack([np.clip(np.rint(colour), 0, 255).astype(np.uint8), alpha])


def _marks_before(scene: Scene) -> list[Mark]:
    return [Mark(region.id, region.before, _outlines(region, np.eye(3))) for region in scene.regions]


def _marks_after(scene: Scene) -> list[Mark]:
    return [Mark(region.id, region.after, _outlines(region, _to_after(scene, region))) for region in scene.regions]


def _to_after(scene: Scene, region: Region) -> Any:
    """Give the matrix that brings the outlines of a region into *after*; where rows moved, they moved with its box."""
    if not scene.alignment.bands:
        return np.array(scene.alignment.matrix, np.float64)
    moved = region.after.x - region.before.x, region.after.y - region.before.y
    return np.array([[1, 0, moved[0]], [0, 1, moved[1]], [0, 0, 1]], np.float64)


def _outlines(region: Region, matrix: Any) -> tuple[Any, ...]:
    """Map the outlines of a region by a matrix."""
    return tuple(
        cv2.perspectiveTransform(np.array(contour, np.float64).reshape(1, -1, 2), matrix)[0]
        for contour in region.contours
    )


def _overlay_before(scene: Scene) -> bytes:
    return encode_png(annotate(scene.before.pixels, _marks_before(scene), scene.options))


def _overlay_after(scene: Scene) -> bytes:
    return encode_png(annotate(scene.after.pixels, _marks_after(scene), scene.options))


def _mask(scene: Scene) -> bytes:
    return encode_png(scene.maps.mask)


def _heatmap(scene: Scene) -> bytes:
    """Lay the difference, in a perceptual colour map, over a dimmed grey *before*."""
    before = scene.before.pixels
    small = scale_by(before, _factor(before.shape[0] * before.shape[1], LARGEST_HEAT))
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    heat = cv2.resize(scene.maps.heat, grey.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours = cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    base = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=0.4), cv2.COLOR_GRAY2RGB)
    # the threshold (128) is where a difference begins to hide the picture beneath it entirely
    return encode_png(_blend(base, colours, cv2.convertScaleAbs(heat, alpha=2.0)))


def _blend(base: Any, top: Any, opacity: Any) -> Any:
    """Mix two pictures by an opacity per pixel, 0 to 255."""
    weight = cv2.cvtColor(opacity, cv2.COLOR_GRAY2RGB)
    shown = cv2.multiply(top, weight, scale=1 / 255)
    return cv2.add(shown, cv2.multiply(base, cv2.bitwise_not(weight), scale=1 / 255))


def _matches(scene: Scene) -> bytes:
    before, after = scene.before.pixels, scene.after.pixels
    return encode_png(draw_matches(before, after, find_matches(before, after, scene.alignment)))


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
    aligned, valid = _warp(scene)
    before = scene.before.pixels
    scale = min(1.0, LONGEST_BLINK / max(before.shape[:2]))
    first, second, opacity = (scale_by(picture, scale) for picture in (before, aligned, valid))
    return _encode_gif(first, np.where((opacity == 255)[..., None], second, first))


def _encode_gif(first: Any, second: Any) -> bytes:
    """Encode two frames with one palette and no dither, so that equal pixels do not flicker."""
    both = Image.fromarray(np.vstack([first, second])).quantize(256, method=Image.Quantize.MEDIANCUT)
    frames = [both.crop((0, top, both.width, top + len(first))) for top in (0, len(first))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=BLINK_MS, loop=0, optimize=False)
    return buffer.getvalue()


def _preview(pixels: Any, alpha: Any) -> bytes:
    """Encode a reduced copy as WebP, which is small enough to be seen at once on a slow line."""
    small = scale_by(pixels, min(1.0, LONGEST_PREVIEW / max(pixels.shape[:2])))
    if alpha is not None:
        small = _with_alpha(small, scale_by(alpha, min(1.0, LONGEST_PREVIEW / max(pixels.shape[:2]))))
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "WEBP", quality=82, method=1)
    return buffer.getvalue()


def _preview_aligned(scene: Scene) -> bytes:
    pixels, alpha = _warp(scene)
    return _preview(pixels, None if alpha.min() == 255 else alpha)


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
    "preview-before.webp": lambda scene: _preview(scene.before.pixels, scene.before.alpha),
    "preview-after.webp": lambda scene: _preview(scene.after.pixels, scene.after.alpha),
    "preview-aligned.webp": _preview_aligned,
}
NAMES = tuple(_MAKERS)
