"""Bring the colours of an embedded ICC profile to sRGB."""

import io
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from app.analysis.threads import in_threads

# Relative colorimetric with black point compensation is what browsers and Photoshop use for photos.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def to_srgb(array: Any, profile: bytes) -> tuple[Any, str]:
    """Convert pixels from `profile` to sRGB.

    Parameters
    ----------
    array : ndarray
        uint8 or uint16; shape (height, width) for grey, or (height, width, 3 or 4) for RGB and RGBA.
    profile : bytes
        The ICC profile.

    Returns
    -------
    converted : ndarray
        Pixels in sRGB; the very same array when `profile` describes sRGB to within one level.
    note : str
        What was done, in words; empty for nothing.

    Notes
    -----
    A profile that cannot be used is ignored, and the note says so: browsers then show sRGB, and so do we.
    """
    grey = array.ndim == 2
    try:
        transform, name, same = _transform(profile, "L" if grey else "RGB")
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return array, "colour profile unreadable and ignored"
    if same:
        return array, ""
    note = f"colours converted from {name} to sRGB"
    if array.dtype == np.uint16:  # Pillow's lcms has no mode for 48 bits a pixel
        array = to_8_bits(array)
        note += " at 8 bits"
    rgb = _apply(transform, array if grey else array[..., :3])
    if not grey and array.shape[2] == 4:
        rgb = np.dstack([rgb, array[..., 3]])
    return rgb, note


def to_8_bits(deep: Any) -> Any:
    """Scale 0..65535 to 0..255 and round to the nearest (65535 / 255 = 257).

    Parameters
    ----------
    deep : array (H, W) or (H, W, C), uint16

    Returns
    -------
    array of its shape, uint8
    """
    return cv2.convertScaleAbs(deep, alpha=1 / 257)


def to_rgb(image: Image.Image) -> tuple[Image.Image, str]:
    """Convert a CMYK or Lab image to sRGB by its profile, or by the plain formula when it has none.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, of mode CMYK or LAB.

    Returns
    -------
    converted : PIL.Image.Image
        Of mode RGB.
    note : str
        What was done, in words.
    """
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _convert(image, lab), "colours converted from Lab to sRGB"
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return _convert(image, source), f"colours converted from {_name(source)} (CMYK) to sRGB"
        except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
            return image.convert("RGB"), "CMYK converted without its profile, which is unreadable"
    return image.convert("RGB"), "CMYK converted without a profile"


def _convert(image: Image.Image, source: Any) -> Image.Image:
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, source, srgb, _INTENT, outputMode="RGB", flags=_FLAGS)
    if converted is None:
        raise ValueError("the profile gives no pixels")
    return converted


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> tuple[Any, str, bool]:
    """Build the transform to sRGB, its profile's name, and whether it leaves colours as they are."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", _INTENT, _FLAGS)
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    if mode == "L":
        probe, expected = levels[None], np.dstack([levels[None]] * 3)
    else:
        probe = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, 256, 3)
        expected = probe
    change = np.abs(np.asarray(transform.apply(Image.fromarray(probe))).astype(int) - expected)
    return transform, _name(source), bool(change.max() <= 1)


def _name(profile: Any) -> str:
    """Give the profile's description, printable and short, as it is shown to people."""
    try:
        text = ImageCms.getProfileDescription(profile)
    except ImageCms.PyCMSError:
        text = ""
    text = "".join(letter for letter in text if letter.isprintable()).strip()
    return text[:60] or "an unnamed profile"


def _apply(transform: Any, pixels: Any) -> Any:
    """Transform in strips on the cores that are idle; lcms releases the interpreter lock."""
    strips = np.array_split(pixels, max(1, pixels.shape[0] // 128))

    def apply(index: int) -> Any:
        return np.asarray(transform.apply(Image.fromarray(np.ascontiguousarray(strips[index]))))

    return np.vstack(in_threads(apply, range(len(strips))))
