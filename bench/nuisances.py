"""What a camera, a file format or a second look does to a picture without anything having changed.

A nuisance is named by its parts joined with "+": ``rotate+jpeg60``. Geometry is one homography from pixels of
*after* to pixels of the scene; then come blur, light, exposure, noise, size and the file format, in that order.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.sensor import photographed

Pixels = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]
Rng = np.random.Generator
Frame = tuple[int, int, int, int]

NUISANCES = (
    "none", "jpeg90", "jpeg60", "noise", "blur", "exposure", "light", "shift", "rotate", "perspective", "phone",
    "resize",
)  # fmt: skip
RESAVED = 75
MEDIAN_CUT, OCTREE = Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE
GEOMETRIC = ("shift", "rotate", "perspective", "phone", "camera")
FILLS = ("scene", "scene", "black", "white", "replicate")


def parts_of(name: str) -> tuple[str, ...]:
    """Split a nuisance into its parts; "phone" stays one word."""
    return tuple(name.split("+"))


def pairs_of() -> tuple[str, ...]:
    """Give every combination of two nuisances of the list that is not a repetition."""
    single = [name for name in NUISANCES if name not in ("none", "phone")]
    return tuple(
        f"{a}+{b}"
        for i, a in enumerate(single)
        for b in single[i + 1 :]
        if not (a.startswith("jpeg") and b.startswith("jpeg"))
    )


def camera(name: str, frame: Frame, rng: Rng) -> Matrix:
    """Give the homography from pixels of *after* to pixels of the scene."""
    x, y, width, height = frame
    total = np.eye(3)
    for part in parts_of(name):
        total = total @ _move(part, width, height, rng)
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float) @ total


def _move(part: str, width: int, height: int, rng: Rng) -> Matrix:
    if part == "shift":
        offset = rng.uniform(-0.02, 0.02, 2) * width
        if rng.random() < 0.5:
            offset = np.round(offset)
        return np.array([[1, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1]], float)
    if part == "rotate":
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), rng.uniform(0.97, 1.03))
        return np.vstack([turn, [0, 0, 1]])
    if part in ("perspective", "phone", "camera"):
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = corners + rng.uniform(-0.03, 0.03, (4, 2)).astype(np.float32) * (width, height)
        return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), float)
    return np.eye(3)


def visible(matrix: Matrix, frame: Frame, shape: tuple[int, int], margin: float = 0.008) -> Pixels:
    """Mark (255) the pixels of the scene that both views show, less a thin margin."""
    x, y, width, height = frame
    edge = max(2, round(margin * width))
    seen = np.full((height, width), 0, np.uint8)
    seen[edge:-edge, edge:-edge] = 255
    there = cv2.warpPerspective(seen, matrix, (shape[1], shape[0]), flags=cv2.INTER_NEAREST)
    here = np.zeros(shape, np.uint8)
    here[y + edge : y + height - edge, x + edge : x + width - edge] = 255
    return np.asarray(here & there, np.uint8)


def look(scene: Pixels, matrix: Matrix, frame: Frame, name: str, rng: Rng) -> Pixels:
    """Render what the second camera sees; beyond *before*'s edge comes the scene, or black, white or the last pixel."""
    x, y, width, height = frame
    fill = str(rng.choice(FILLS))
    method = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
    offset = matrix[:2, 2]
    if np.array_equal(matrix[:2, :2], np.eye(2)) and np.array_equal(offset, np.round(offset)):
        method = cv2.INTER_NEAREST
    if not any(part in GEOMETRIC for part in parts_of(name)):
        return scene[y : y + height, x : x + width].copy()
    border = {"black": cv2.BORDER_CONSTANT, "white": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}
    if fill == "scene":
        source, to_source, mode = scene, matrix, cv2.BORDER_REFLECT
    else:
        source = scene[y : y + height, x : x + width]
        to_source = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]], float) @ matrix
        mode = border[fill]
    value = (255, 255, 255) if fill == "white" else (0, 0, 0)
    flags = method | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(source, to_source, (width, height), flags=flags, borderMode=mode, borderValue=value),
        np.uint8,
    )


def _noise(image: npt.NDArray[np.float32], sigma: float, rng: Rng) -> npt.NDArray[np.float32]:
    return np.asarray(image + rng.normal(0, sigma, image.shape), np.float32)


def _exposure(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    gain, gamma = rng.uniform(0.85, 1.15, 2)
    return np.asarray(255 * np.clip(image * gain / 255, 0, 1) ** gamma, np.float32)


def _lens(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """Bow straight lines: the corners move in or out by half a per cent to one and a half of half the diagonal."""
    height, width = image.shape[:2]
    v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    bow = rng.uniform(0.005, 0.015) * rng.choice([-1, 1]) * (u * u + v * v) / 2
    return _moved(image, u * bow * width / 2, v * bow * height / 2)


def _bent(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """Bend as paper does: waves of half a length to one and a quarter, 0.2 to 0.5 % of the width high."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    high, phase, waves = rng.uniform(0.002, 0.005) * width, rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.25)
    across, down = (np.sin(2 * np.pi * waves * place + phase) for place in (y / height, x / width))
    return _moved(image, 0.5 * high * across, high * down)


def _moved(image: npt.NDArray[np.float32], right: npt.ArrayLike, down: npt.ArrayLike) -> npt.NDArray[np.float32]:
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    there = (x + right).astype(np.float32), (y + down).astype(np.float32)
    return np.asarray(cv2.remap(image, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _contrast(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """Brightness ±15 levels, contrast ±15 % and an S-shaped or counter-S-shaped curve."""
    lifted = (image - 128) * rng.uniform(0.85, 1.15) + 128 + rng.uniform(-15, 15)
    share = np.clip(lifted / 255, 0, 1)
    return np.asarray(255 * (share + rng.uniform(-0.35, 0.35) * share * (1 - share) * (2 * share - 1)), np.float32)


def _saturation(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """Make colours stronger or paler by up to a quarter of their distance from grey."""
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(grey[..., None] + rng.uniform(0.75, 1.25) * (image - grey[..., None]), np.float32)


def _light(image: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """Multiply by a smooth field between 0.82 and 1.18: a slope, a lamp, or slow waves."""
    height, width = image.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    ys, xs = ys / height, xs / width
    kind = rng.integers(3)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        field = np.cos(angle) * xs + np.sin(angle) * ys
    elif kind == 1:
        cx, cy = rng.uniform(0, 1, 2)
        field = -((xs - cx) ** 2 + (ys - cy) ** 2) * rng.choice([-1, 1])
    else:
        coarse = rng.normal(0, 1, (3, 3)).astype(np.float32)
        field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    field = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    return np.asarray(image * (1 - 0.18 + 0.36 * field)[..., None], np.float32)


def photograph(image: Pixels, name: str, rng: Rng) -> Pixels:
    """Apply everything but geometry and the file format."""
    parts = parts_of(name)
    out = image.astype(np.float32)
    if "lens" in parts:
        out = _lens(out, rng)
    if "bent" in parts:
        out = _bent(out, rng)
    if "blur" in parts:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.6, 1.1)).astype(np.float32)
    if "light" in parts:
        out = _light(out, rng)
    if "exposure" in parts or "phone" in parts:
        out = _exposure(out, rng)
    if "contrast" in parts:
        out = _contrast(out, rng)
    if "saturation" in parts:
        out = _saturation(out, rng)
    if "whitebalance" in parts:
        out = np.asarray(out * rng.uniform(0.9, 1.1, 3), np.float32)
    if "camera" in parts:
        out = photographed(out, rng)
    if "noise" in parts or "phone" in parts:
        out = _noise(out, 5, rng)
    if "noiseboth" in parts:
        out = _noise(out, 4, rng)
    out8 = np.clip(out + 0.5, 0, 255).astype(np.uint8) if out.dtype != np.uint8 else out
    if "resize" in parts:
        factor = rng.uniform(0.5, 1.5)
        # Most programs interpolate when they make pictures smaller, too, and let thin lines come and go.
        methods = [cv2.INTER_LINEAR, cv2.INTER_CUBIC, *([cv2.INTER_AREA] if factor < 1 else [])]
        method = int(rng.choice(methods))
        size = (round(out8.shape[1] * factor), round(out8.shape[0] * factor))
        out8 = np.asarray(cv2.resize(out8, size, interpolation=method), np.uint8)
    if "palette" in parts:
        out8 = _palette(out8, rng)
    return np.asarray(out8, np.uint8)


def _palette(image: Pixels, rng: Rng) -> Pixels:
    """Reduce to a palette of the picture's own 96 to 256 colours, as GIF and small PNG files do; half are dithered."""
    colours, chosen_by = int(rng.choice([96, 128, 192, 256, 256])), int(rng.choice([MEDIAN_CUT, OCTREE]))
    whole = Image.fromarray(image)
    reduced = whole.quantize(colours, method=chosen_by, kmeans=int(rng.integers(2)))
    if rng.random() < 0.5:
        reduced = whole.quantize(palette=reduced, dither=Image.Dither.FLOYDSTEINBERG)
    return np.array(reduced.convert("RGB"))


def encode(image: Pixels, name: str) -> bytes:
    """Give the file: JPEG at the quality the nuisance names, else PNG."""
    parts = parts_of(name)
    qualities = {"jpeg60": 60, "jpeg90": 90, "phone": 80, "camera": 85, "resaved": RESAVED}
    return encode_at(image, next((quality for part, quality in qualities.items() if part in parts), None))


def saved(image: Pixels) -> Pixels:
    """Give what a JPEG of the image shows, which "resaved" saves once more."""
    file = np.frombuffer(encode_at(image, RESAVED), np.uint8)
    return np.ascontiguousarray(cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1])


def encode_at(image: Pixels, quality: int | None) -> bytes:
    """Encode RGB as JPEG of a quality, or as PNG for None."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    if quality is None:
        return bytes(cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
