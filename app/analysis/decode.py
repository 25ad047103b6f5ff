"""Decode: the bytes of a file to upright sRGB pixels, or a clear refusal."""

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from app.analysis import colour
from app.analysis.model import Limits, Picture, UInt8Array, UInt16Array
from app.errors import CorruptImage, ImageDiffError, MissingFile, SideTooLong, TooManyPixels, UnsupportedFormat

# OpenCV 4.10 and 4.11 give the pixels of the image decoded before when a JPEG is cut (opencv/opencv#26488).
if tuple(int(part) for part in cv2.__version__.split(".")[:2]) < (4, 12):
    raise ImportError(f"OpenCV {cv2.__version__} is unsafe for truncated images; 4.12 or later is needed.")

pillow_heif.register_heif_opener()
# `_check_size` holds every header against Limits, in words, before a pixel is decoded; Pillow's own check
# would only say "exceeds limit", and as a warning below twice its limit.
Image.MAX_IMAGE_PIXELS = None

FORMATS = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
_WORDS = {"PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP", "GIF": "GIF", "BMP": "BMP", "TIFF": "TIFF", "AVIF": "AVIF"}
_WORDS["HEIF"] = "HEIC"
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
_ORIENTATION = 0x0112
_DNG_VERSION = 0xC612
_TURNS = {
    2: "mirrored left to right",
    3: "turned by 180°",
    4: "mirrored top to bottom",
    5: "mirrored and turned 90° counter-clockwise",
    6: "turned 90° clockwise",
    7: "mirrored and turned 90° clockwise",
    8: "turned 90° counter-clockwise",
}


@dataclass(frozen=True, slots=True)
class _Raster:
    """Pixels as the file holds them: 1 (grey), 3 or 4 channels (RGB order), uint8 or uint16."""

    array: UInt8Array | UInt16Array
    notes: tuple[str, ...] = ()


def decode(data: bytes, *, name: str, limits: Limits = Limits()) -> Picture:  # noqa: B008 (frozen)
    """Decode an image file.

    Parameters
    ----------
    data : bytes
        The whole file. Only its content decides the format, never a name.
    name : str
        What errors call the image, such as "before".
    limits : Limits
        Sides and pixels allowed; compared with the header before any pixel is decoded.

    Returns
    -------
    Picture
        RGB, sRGB, upright, alpha flattened on white; `notes` say what was done to get there.

    Raises
    ------
    MissingFile, UnsupportedFormat, CorruptImage, SideTooLong, TooManyPixels
        With a sentence that begins with `name`.

    Notes
    -----
    PNG and JPEG are decoded by OpenCV, which is fast and refuses every cut file; the rest by Pillow.
    """
    if not data:
        raise MissingFile(f"{name} is empty.")
    kind = _sniff(data)
    if kind is None:
        raise UnsupportedFormat(f"{name} is not an image this service reads; send {FORMATS}.")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            _check_size(image.size, name, limits)
            return _decode(data, image, kind, name, limits)
    except ImageDiffError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # decoders of hostile bytes raise nearly anything: OSError, SyntaxError, cv2.error ...
        raise CorruptImage(f"{name} is truncated or damaged and cannot be read as {_WORDS[kind]}.") from error


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
    return _sniff_heif(data)


def _sniff_heif(data: bytes) -> str | None:
    """Tell AVIF from HEIC by the brands of the file type box."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return None
    end = min(struct.unpack(">I", data[:4])[0], 256)
    brands = {data[at : at + 4] for at in (8, *range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _check_size(size: tuple[int, int], name: str, limits: Limits) -> None:
    width, height = size
    if max(width, height) > limits.max_side:
        raise SideTooLong(
            f"{name} is {width} × {height} pixels; the limit is {limits.max_side} pixels a side."  # noqa: RUF001
        )
    if width * height > limits.max_pixels:
        limit = f"{limits.max_pixels / 1e6:g}"
        raise TooManyPixels(f"{name} is {width} × {height} pixels; the limit is {limit} megapixels.")  # noqa: RUF001


def _decode(data: bytes, image: Image.Image, kind: str, name: str, limits: Limits) -> Picture:
    raster = _with_opencv(data, image, kind) or _with_pillow(image, name)
    height, width = raster.array.shape[:2]
    _check_size((width, height), name, limits)  # HEIC may turn out larger than its header said
    notes = list(raster.notes)
    if getattr(image, "is_animated", False) and kind != "JPEG":
        notes.append("animated, first frame used" if kind != "TIFF" else "several pages, first page used")
    array = _upright(raster.array, _orientation(data, image, kind), notes)
    array = _to_srgb(array, image, notes)
    return _finish(array, data, name, kind, notes)


# --- reading pixels -------------------------------------------------------------------------------------------


def _with_opencv(data: bytes, image: Image.Image, kind: str) -> _Raster | None:
    """Decode PNG, JPEG and deep TIFF with OpenCV; None when this file is better left to Pillow."""
    deep = _is_deep(data, image, kind)
    if kind == "JPEG" and image.mode in ("L", "RGB"):
        flags = cv2.IMREAD_GRAYSCALE if image.mode == "L" else cv2.IMREAD_COLOR_RGB
    elif kind == "PNG" and (deep or not (image.mode in ("L", "1") and "transparency" in image.info)):
        plain = image.mode == "RGB" and "transparency" not in image.info and not deep
        flags = cv2.IMREAD_COLOR_RGB if plain else cv2.IMREAD_UNCHANGED
    elif kind == "TIFF" and deep:
        flags = cv2.IMREAD_UNCHANGED
    else:
        return None
    array: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if array is None or array.shape[1::-1] != image.size:
        raise ValueError("OpenCV cannot read it, or sees another size than Pillow")
    if flags == cv2.IMREAD_UNCHANGED and array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_BGR2RGB if array.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    if deep and array.ndim == 2 and isinstance(image.info.get("transparency"), int):
        opaque = np.where(array == image.info["transparency"], 0, 65535).astype(np.uint16)
        array = np.dstack([array, array, array, opaque])
    return _Raster(array)


def _is_deep(data: bytes, image: Image.Image, kind: str) -> bool:
    """Tell whether a PNG or TIFF holds 16 whole-number bits per channel of RGB or grey."""
    if kind == "PNG":
        return data[24] == 16
    tags: Any = getattr(image, "tag_v2", None)
    if tags is None:
        return False
    if _DNG_VERSION in tags:
        raise UnsupportedFormat("Camera raw files are not read; export a JPEG, PNG or TIFF first.")
    unsigned = set(tags.get(339, (1,))) <= {1}
    return set(tags.get(258, (1,))) == {16} and unsigned and tags.get(262) in (1, 2)


def _with_pillow(image: Image.Image, name: str) -> _Raster:
    """Decode with Pillow into grey, RGB or RGBA."""
    image.load()
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return _from_numbers(np.asarray(image), name)
    if image.mode in ("CMYK", "LAB"):
        rgb, note = colour.to_rgb(image)
        return _Raster(np.asarray(rgb), (note,))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return _Raster(np.asarray(image.convert("RGBA")))
    if image.mode in ("1", "L"):
        return _Raster(np.asarray(image.convert("L")))
    return _Raster(np.asarray(image.convert("RGB")))


def _from_numbers(values: Any, name: str) -> _Raster:
    """Bring one channel of whole or floating point numbers to 16 bits, by the range it evidently uses."""
    low, high = float(np.min(values)), float(np.max(values))
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or high > 65535:
        raise UnsupportedFormat(f"{name} holds numbers outside 0 to 65535; export it as an 8-bit or 16-bit image.")
    if values.dtype.kind != "f":
        return _Raster(values.astype(np.uint16))
    full = 1.0 if high <= 1 else 255.0 if high <= 255 else 65535.0
    deep = np.rint(values.astype(np.float64) * (65535.0 / full)).astype(np.uint16)
    return _Raster(deep, (f"floating point values read as 0 to {full:g}",))


# --- after decoding -------------------------------------------------------------------------------------------


def _orientation(data: bytes, image: Image.Image, kind: str) -> int:
    """Give the EXIF orientation, 1 to 8; anything unreadable is 1."""
    try:
        if kind == "PNG":  # Pillow would decode the whole PNG to look for one behind the pixels
            exif = Image.Exif()
            exif.load(image.info.get("exif") or _late_exif(data))
        else:
            exif = image.getexif()
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1
    return value if value in _TURNS else 1


def _late_exif(data: bytes) -> bytes:
    """Find an eXIf chunk anywhere in a PNG."""
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"eXIf":
            return b"Exif\0\0" + data[at + 8 : at + 8 + length]
        at += 12 + length
    return b""


def _upright(array: Any, orientation: int, notes: list[str]) -> Any:
    if orientation == 1:
        return array
    notes.append(f"{_TURNS[orientation]} as its EXIF orientation asks")
    if orientation in (5, 6, 7, 8):
        array = cv2.transpose(array)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return array if flip is None else cv2.flip(array, flip)


def _to_srgb(array: Any, image: Image.Image, notes: list[str]) -> Any:
    """Apply an embedded profile, unless it was applied already or describes sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode in ("CMYK", "LAB"):
        return array
    try:
        converted, note = colour.to_srgb(array, profile)
    except (OSError, ValueError, TypeError):  # lcms refuses it; browsers then show the picture as sRGB, so do we
        notes.append("colour profile unreadable and ignored")
        return array
    if note:
        notes.append(note)
    return converted


def _finish(array: Any, data: bytes, name: str, kind: str, notes: list[str]) -> Picture:
    """Split off alpha and depth."""
    deep = None
    if array.ndim == 2:
        array = cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    alpha = None
    if array.shape[2] == 4:
        array, alpha = _flatten(array)
        if alpha is not None:
            notes.append("alpha flattened on white")
    if array.dtype == np.uint16:
        deep, array = array, _to_8_bit(array)
        alpha = None if alpha is None else _to_8_bit(alpha)
    return Picture(
        pixels=np.ascontiguousarray(array),
        alpha=alpha,
        deep=deep,
        name=name,
        format=_WORDS[kind],
        sha256=hashlib.sha256(data).hexdigest(),
        encoded_bytes=len(data),
        notes=tuple(notes),
    )


def _to_8_bit(deep: Any) -> UInt8Array:
    """Scale 0..65535 to 0..255 and round (257 = 65535 / 255)."""
    return cv2.convertScaleAbs(deep, alpha=1 / 257)  # type: ignore[return-value]


def _flatten(rgba: Any) -> tuple[Any, Any]:
    """Lay RGBA over white, rounded to the nearest level; alpha is None when every pixel is opaque."""
    full = np.iinfo(rgba.dtype).max
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
