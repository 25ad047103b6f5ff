"""Read the pixels of an opened image file with the library that is fastest or sees most bits, else with Pillow."""

import io
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import kornia_rs
import numpy as np
import pillow_heif
import simplejpeg  # type: ignore[import-untyped]
from PIL import Image

from app.analysis.model import UInt8Array, UInt16Array
from app.analysis.reading import colour
from app.errors import UnsupportedFormat

_DNG_VERSION, _EXTRA_SAMPLES, _BITS, _SAMPLE_FORMAT, _PHOTOMETRIC = 50706, 338, 258, 339, 262
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSPECIFIED, _PREMULTIPLIED = 0, 1
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_PNG_KINDS = {0: "mono", 2: "rgb", 6: "rgba"}
"""Colour types of PNG that hold their pixels as they are, by kornia's names."""


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels in file order: grey (height, width), or RGB or RGBA (height, width, 3 or 4); uint8 or uint16.

    ``profile`` is the ICC profile that still has to be applied; ``notes`` say what was done.
    """

    array: UInt8Array | UInt16Array
    profile: bytes | None
    notes: tuple[str, ...] = ()


class _UnreadByOpenCV(ValueError):
    """OpenCV gives no reason; Pillow may still read the file, or say what is wrong with it."""


def read_raster(data: bytes, image: Image.Image, name: str) -> Raster:
    """Read the first frame of an image that Pillow has opened but not decoded.

    Parameters
    ----------
    data : bytes
        The whole file.
    image : PIL.Image.Image
        The same file, opened.
    name : str
        What errors call the image.

    Returns
    -------
    Raster

    Raises
    ------
    UnsupportedFormat
        The file holds something that is no picture of 8 or 16 bits: camera raw, numbers out of range.
    Exception
        Whatever the decoder raises for damaged data.
    """
    profile = image.info.get("icc_profile") or None
    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
        array, notes = _jpeg(data, image)
        return Raster(array, profile, notes)
    array = _with_opencv(data, image, name)
    if array is None:
        array = _deep_heif(data, image)
    if array is not None:
        return Raster(array, profile)
    image.load()
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        array, notes = _from_numbers(image, name)
        return Raster(array, None, notes)
    if image.mode in ("CMYK", "LAB"):
        rgb, note = colour.to_rgb(image)
        return Raster(np.asarray(rgb), None, (note,))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return Raster(np.asarray(image.convert("RGBA")), profile)
    return Raster(np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), profile)


def _with_opencv(data: bytes, image: Image.Image, name: str) -> Any:
    """Decode PNG, WebP and deep TIFF and AVIF; None when the file is better left to Pillow."""
    if image.format == "PNG":
        try:
            return _png(data, image)
        except _UnreadByOpenCV:
            # Pillow also reads what only lacks its end, but gives no more than 8 bits.
            if data[24] == 16 or not _only_lacks_end(data):
                raise
            return None
    if image.format == "WEBP" and not image.is_animated:  # type: ignore[attr-defined]
        return _imdecode(data, image, cv2.IMREAD_COLOR_RGB if image.mode == "RGB" else cv2.IMREAD_UNCHANGED)
    if image.format == "TIFF" and _is_deep_tiff(image, name):
        return _deep_tiff(data, image)
    if image.format == "AVIF" and _avif_bits(data) > 8:
        return _deep_avif(data, image)
    return None


def _imdecode(data: bytes, image: Image.Image, flags: int) -> Any:
    """Decode in RGB order and without turning (but TIFF is always turned); cut JPEG, PNG and WebP are refused."""
    array: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if array is None:
        raise _UnreadByOpenCV
    if array.shape[1::-1] != image.size:
        raise ValueError("OpenCV sees another size than Pillow")
    if flags == cv2.IMREAD_UNCHANGED and array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_BGR2RGB if array.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return array


def _jpeg(data: bytes, image: Image.Image) -> tuple[Any, tuple[str, ...]]:
    """Decode JPEG, and say when the decoder met damage; flipped bytes that make another valid file nobody can know."""
    grey = image.mode == "L"
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        same = (width, height) == image.size  # what was held against the limits
        array: Any = simplejpeg.decode_jpeg(data, "GRAY" if grey else "RGB", strict=True) if same else None
    except ValueError as error:
        array = _imdecode(data, image, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB)
        return array, (f"may be damaged: {str(error).strip()[:120]}",)
    if array is None:
        raise ValueError("libjpeg sees another size than Pillow")
    return (array[..., 0] if grey else array), ()


def _png(data: bytes, image: Image.Image) -> Any:
    if data[12:16] != b"IHDR":
        raise ValueError("the first chunk is not IHDR")
    array = _plain_png(data, image)
    return _other_png(data, image) if array is None else array


def _plain_png(data: bytes, image: Image.Image) -> Any:
    """Decode PNG of 8 bits, whole and with nothing special to it, in a third of OpenCV's time; None for any other."""
    plain = data[24] == 8 and data[28] == 0 and data.endswith(_PNG_END)  # 8 bits, not interlaced
    kind = _PNG_KINDS.get(data[25]) if plain else None
    if kind is None or "transparency" in image.info or image.is_animated:  # type: ignore[attr-defined]
        return None
    try:
        array = kornia_rs.io.decode_image_png_u8(data, image.size[::-1], kind)
    except Exception:  # kornia raises nothing narrower; OpenCV may be more patient, and has the last word
        return None
    return array[..., 0] if kind == "mono" else array


def _other_png(data: bytes, image: Image.Image) -> Any:
    depth, transparent = data[24], image.info.get("transparency")
    plain = image.mode == "RGB" and transparent is None and depth == 8
    array = _imdecode(data, image, cv2.IMREAD_COLOR_RGB if plain else cv2.IMREAD_UNCHANGED)
    if array.ndim == 2 and isinstance(transparent, int):  # OpenCV overlooks a transparent level of grey
        # Pillow has scaled it for one bit, but not for two and four
        level = transparent if depth in (1, 16) else transparent * 255 // (2**depth - 1)
        alpha = np.where(array == level, 0, np.iinfo(array.dtype).max).astype(array.dtype)
        array = np.dstack([array, array, array, alpha])
    return array


def _only_lacks_end(data: bytes) -> bool:
    """Say whether a PNG consists of whole chunks with right checksums and lacks just the last, which holds nothing."""
    at, kind = 8, b""
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return False
        at = end
    return at == len(data) and kind == b"IDAT"


def _is_deep_tiff(image: Image.Image, name: str) -> bool:
    """Tell whether a TIFF holds 16-bit whole numbers of RGB or grey."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    if _DNG_VERSION in tags:
        raise UnsupportedFormat(f"{name} is a camera raw file; export it as JPEG, PNG or TIFF first.")
    unsigned = set(tags.get(_SAMPLE_FORMAT, (1,))) <= {1}
    return set(tags.get(_BITS, (1,))) == {16} and unsigned and tags.get(_PHOTOMETRIC) in (_BLACK_IS_ZERO, _RGB)


def _deep_tiff(data: bytes, image: Image.Image) -> Any:
    array = _imdecode(data, image, cv2.IMREAD_UNCHANGED)
    if array.ndim == 2 or array.shape[2] == 3:
        return array
    extra = image.tag_v2.get(_EXTRA_SAMPLES)  # type: ignore[attr-defined]
    if extra == (_UNSPECIFIED,):
        return np.ascontiguousarray(array[..., :3])
    if extra == (_PREMULTIPLIED,):
        alpha = np.maximum(array[..., 3:], 1).astype(np.float64)
        array[..., :3] = np.rint(np.minimum(array[..., :3] * (65535 / alpha), 65535))
    return array


def _avif_bits(data: bytes) -> int:
    """Read the bits per channel from the configuration of the AV1 codec."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _deep_avif(data: bytes, image: Image.Image) -> Any:
    """Spread 10 or 12 bits over 16."""
    array = _imdecode(data, image, cv2.IMREAD_UNCHANGED).astype(np.float32)
    return np.rint(array * (65535 / (2 ** _avif_bits(data) - 1))).astype(np.uint16)


def _deep_heif(data: bytes, image: Image.Image) -> Any:
    """Decode HEIC of more than 8 bits, which Pillow would reduce to 8."""
    if image.format != "HEIF" or image.info.get("bit_depth", 8) <= 8:
        return None
    heif = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    return np.array(heif[heif.primary_index])


def _from_numbers(image: Image.Image, name: str) -> tuple[UInt16Array, tuple[str, ...]]:
    """Bring one channel of whole or floating point numbers to 16 bits, by the range it evidently uses."""
    values: Any = np.asarray(image)
    low, high = float(np.min(values)), float(np.max(values))
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or high > 65535:
        raise UnsupportedFormat(f"{name} holds numbers outside 0 to 65535; export it as an 8-bit or 16-bit image.")
    notes: tuple[str, ...] = ()
    if values.dtype.kind == "f":
        full = 1 if high <= 1 else 255 if high <= 255 else 65535
        values = np.rint(values.astype(np.float64) * (65535 / full))
        notes = (f"floating point values read as 0 to {full}",)
    values = values.astype(np.uint16)
    tags: Any = getattr(image, "tag_v2", {})
    return (65535 - values if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else values), notes
