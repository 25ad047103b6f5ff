"""Turn a picture upright as its EXIF orientation asks."""

import struct
from typing import Any

import cv2
from PIL import Image

_ORIENTATION = 0x0112
_TURNS = {
    2: "mirrored left to right",
    3: "turned by 180°",
    4: "mirrored top to bottom",
    5: "mirrored and turned 90° counter-clockwise",
    6: "turned 90° clockwise",
    7: "mirrored and turned 90° clockwise",
    8: "turned 90° counter-clockwise",
}
_FLIP = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


def read_orientation(data: bytes, image: Image.Image) -> int:
    """Give what is left to do to turn a picture upright.

    Parameters
    ----------
    data : bytes
        The whole file.
    image : PIL.Image.Image
        The same file, opened.

    Returns
    -------
    int
        1 (nothing) to 8, as EXIF numbers them; 1 for TIFF and HEIC, which are turned while they are decoded.

    References
    ----------
    CIPA DC-008 (Exif 2.32), tag 0x0112 "Orientation".
    """
    if image.format in ("TIFF", "HEIF"):
        return 1
    try:
        if image.format == "PNG":  # getexif would decode the whole PNG to look for a chunk behind the pixels
            exif = Image.Exif()
            exif.load(image.info.get("exif") or _find_exif_chunk(data))
        else:
            exif = image.getexif()
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1
    return value if value in _TURNS else 1


def _find_exif_chunk(png: bytes) -> bytes:
    """Find an eXIf chunk anywhere in a PNG."""
    at = 8
    while at + 8 <= len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"eXIf":
            return b"Exif\0\0" + png[at + 8 : at + 8 + length]
        at += 12 + length
    return b""


def turn_upright(array: Any, orientation: int) -> tuple[Any, str]:
    """Mirror and turn pixels as an orientation asks.

    Parameters
    ----------
    array : array (H, W) or (H, W, C), uint8 or uint16
    orientation : int
        1 to 8.

    Returns
    -------
    upright : array
        The very same for 1; from 5 on height and width are swapped.
    note : str
        What was done, in words; empty for nothing.
    """
    if orientation == 1:
        return array, ""
    if orientation >= 5:
        array = cv2.transpose(array)
    if orientation in _FLIP:
        array = cv2.flip(array, _FLIP[orientation])
    return array, f"{_TURNS[orientation]} as its EXIF orientation asks"
