"""From pixels to files: PNG, WebP, JPEG and GIF, made from pixels alone, so without EXIF, profile or text."""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from app.analysis.model import UInt8Array

BLINK_MS = 700


def with_alpha(flat: UInt8Array, alpha: UInt8Array | None) -> Any:
    """Undo flattening on white, so that the picture over white looks as it was compared.

    Parameters
    ----------
    flat : array (H, W, 3), uint8
        RGB, flattened on white.
    alpha : array (H, W), uint8, or None
        255 is opaque; None where all is.

    Returns
    -------
    array (H, W, 4), uint8
        RGBA; the very same RGB when there is no alpha.
    """
    if alpha is None:
        return flat
    both = np.dstack([flat, alpha])
    mixed = (alpha > 0) & (alpha < 255)  # mostly few: floats of all pixels would take three times the picture
    colour = 255 - (255 - flat[mixed].astype(np.float32)) / (alpha[mixed].astype(np.float32)[:, None] / 255)
    both[mixed, :3] = np.clip(np.rint(colour), 0, 255).astype(np.uint8)
    return both


def encode_png(pixels: UInt8Array) -> bytes:
    """Encode grey, RGB or RGBA as PNG: OpenCV's default filter and level, which are its fastest.

    Parameters
    ----------
    pixels : ndarray
        uint8 or uint16, shape (height, width) or (height, width, 3 or 4), in the order red, green, blue (, alpha).

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ValueError
        When the array is something else, such as floats or an empty picture.
    """
    known = pixels.dtype in (np.uint8, np.uint16) and (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    )
    if not known or not pixels.size:
        raise ValueError(
            f"pixels should be uint8 or uint16 of shape (height, width[, 3 or 4]), not {pixels.dtype} {pixels.shape}."
        )
    pixels = np.ascontiguousarray(pixels)
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)  # type: ignore[assignment]
    return cv2.imencode(".png", pixels)[1].tobytes()


def encode_webp(pixels: UInt8Array, *, quality: int = 82) -> bytes:
    """Encode grey, RGB or RGBA as WebP, at its fastest.

    Parameters
    ----------
    pixels : array (H, W) or (H, W, 3 or 4), uint8
        No side above 16,383 pixels, which is all that WebP can hold.
    quality : int
        0 to 100; 100 keeps every pixel as it is.

    Returns
    -------
    bytes
        A WebP file.
    """
    buffer = io.BytesIO()
    exact = quality == 100  # for lossless files "quality" is the effort
    settings = {"lossless": True, "exact": True, "quality": 0, "method": 0} if exact else {"method": 1}
    Image.fromarray(pixels).save(buffer, "WEBP", **({"quality": quality} | settings))
    return buffer.getvalue()


def encode_jpeg(pixels: UInt8Array) -> bytes:
    """Encode as JPEG, for readers that know nothing newer.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.

    Returns
    -------
    bytes
        A JPEG file of quality 85.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def encode_blink(first: UInt8Array, second: UInt8Array) -> bytes:
    """Encode two frames as a GIF with one palette and no dither, so that equal pixels do not flicker.

    Parameters
    ----------
    first, second : array (H, W, 3), uint8
        RGB, of one size.

    Returns
    -------
    bytes
        A GIF file that shows each for `BLINK_MS` in turn, without end.
    """
    both = Image.fromarray(np.vstack([first, second])).quantize(256, method=Image.Quantize.MEDIANCUT)
    frames = [both.crop((0, top, both.width, top + len(first))) for top in (0, len(first))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=BLINK_MS, loop=0, optimize=False)
    return buffer.getvalue()
