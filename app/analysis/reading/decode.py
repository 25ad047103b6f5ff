"""Decode: the bytes of a file to upright sRGB pixels, or a clear refusal."""

import hashlib
import io
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from app.analysis.model import Limits, Picture, UInt8Array
from app.analysis.reading import colour
from app.analysis.reading.orientation import read_orientation, turn_upright
from app.analysis.reading.rasters import Raster, read_raster
from app.errors import CorruptImage, ImageDiffError, MissingFile, SideTooLong, TooManyPixels, UnsupportedFormat

# OpenCV 4.10 and 4.11 give the pixels of the image decoded before when a JPEG is cut (opencv/opencv#26488).
if tuple(int(part) for part in cv2.__version__.split(".")[:2]) < (4, 12):
    raise ImportError(f"OpenCV {cv2.__version__} is unsafe for truncated images; 4.12 or later is needed.")

pillow_heif.register_heif_opener()
# _check_size holds every header against Limits, in words and before a pixel is decoded; Pillow's own check
# knows neither the limits nor the sides.
Image.MAX_IMAGE_PIXELS = None

NAMES = {
    "PNG": "PNG",
    "JPEG": "JPEG",
    "WEBP": "WebP",
    "GIF": "GIF",
    "BMP": "BMP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "HEIF": "HEIC",
}
"""The formats that are read: Pillow's name and the public one."""
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}


def decode(data: bytes, *, name: str, limits: Limits | None = None) -> Picture:
    """Decode an image file.

    Parameters
    ----------
    data : bytes
        The whole file. Only its content decides the format, never a name.
    name : str
        What errors call the image, such as "before".
    limits : Limits, optional
        Sides and pixels allowed; compared with the header before any pixel is decoded.

    Returns
    -------
    Picture
        RGB, sRGB, upright, alpha flattened on white; `notes` say what was done to get there.

    Raises
    ------
    MissingFile, UnsupportedFormat, CorruptImage, SideTooLong, TooManyPixels
        With a sentence that begins with `name`.
    """
    if not data:
        raise MissingFile(f"{name} is empty.")
    kind = _sniff(data)
    if kind is None:
        *most, last = NAMES.values()
        raise UnsupportedFormat(f"{name} is not an image that can be read; send {', '.join(most)} or {last}.")
    limits = limits or Limits()
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            _check_size(image.size, name, limits)
            raster = read_raster(data, image, name)
            _check_size(raster.array.shape[1::-1], name, limits)  # HEIC may turn out larger than its header said
            return _finish(raster, data, image, name, kind)
    except (ImageDiffError, MemoryError):
        raise
    except Exception as error:  # decoders of hostile bytes raise nearly anything: OSError, SyntaxError, cv2.error ...
        raise CorruptImage(f"{name} is truncated or damaged and cannot be read as {NAMES[kind]}.") from error


def _sniff(data: bytes) -> str | None:
    """Name the format by its first bytes, in Pillow's words; None when it is not allowed."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith(b"BM"):
        return "BMP"
    if data[4:8] == b"ftyp":
        return _sniff_heif(data)
    return None


def _sniff_heif(data: bytes) -> str | None:
    """Tell AVIF from HEIC by the brands in the file type box."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in (8, *range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _check_size(size: tuple[int, ...], name: str, limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        limit = f"{limits.max_pixels / 1e6:g}"
        raise TooManyPixels(f"{name} is {width} × {height} pixels; the limit is {limit} megapixels.")
    if max(width, height) > limits.max_side:
        raise SideTooLong(f"{name} is {width} × {height} pixels; the limit is {limits.max_side} pixels a side.")


def _finish(raster: Raster, data: bytes, image: Image.Image, name: str, kind: str) -> Picture:
    """Turn upright, bring to sRGB, split off alpha and depth, and say so."""
    notes = list(raster.notes)
    if kind != "JPEG" and getattr(image, "is_animated", False):
        notes.append("several pages, first page used" if kind == "TIFF" else "animated, first frame used")
    array, note = turn_upright(raster.array, read_orientation(data, image))
    notes.append(note)
    if raster.profile is not None:
        array, note = colour.to_srgb(array, raster.profile)
        notes.append(note)
    pixels, alpha, deep = _split(array)
    notes.append("" if alpha is None else "alpha flattened on white")
    return Picture(
        pixels=pixels,
        alpha=alpha,
        deep=deep,
        name=name,
        format=NAMES[kind],
        sha256=hashlib.sha256(data).hexdigest(),
        encoded_bytes=len(data),
        notes=tuple(note for note in notes if note),
    )


def _split(array: Any) -> tuple[UInt8Array, UInt8Array | None, Any]:
    """Give RGB of 8 bits flattened on white, alpha of 8 bits unless all is opaque, RGB of 16 bits if there are."""
    alpha = None
    if array.ndim == 2:
        array = cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    if array.shape[2] == 4:
        array, alpha = _flatten(array)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array), alpha, None
    return colour.to_8_bits(array), None if alpha is None else colour.to_8_bits(alpha), array


def _flatten(rgba: Any) -> tuple[Any, Any]:
    """Lay RGBA over white, rounded to the nearest level; alpha is None when every pixel is opaque."""
    full = int(np.iinfo(rgba.dtype).max)
    alpha = np.ascontiguousarray(rgba[..., 3])
    rgb = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
    if alpha.min() == full:
        return rgb, None
    wide = np.uint32 if full == 255 else np.uint64
    for top in range(0, len(rgb), 128):  # strips keep the wide integers small
        part = alpha[top : top + 128]
        if part.min() == full:
            continue
        weight = part[..., None].astype(wide)
        mixed = rgb[top : top + 128] * weight + full * (full - weight)
        rgb[top : top + 128] = (mixed + full // 2) // full
    return rgb, alpha
