"""Make the image files that tests need: every format, depth and orientation, and broken or hostile ones."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()
Pixels = npt.NDArray[Any]


def photo(height: int = 48, width: int = 64, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Smooth colourful pixels, RGB, different in every corner, so that turns and swaps show."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    picture[: height // 4, : width // 4] = (250, 20, 30)
    return np.asarray(picture, np.uint8)


def encode(pixels: Pixels, kind: str = "PNG", **options: Any) -> bytes:
    """Encode grey, RGB or RGBA uint8 pixels with Pillow."""
    return save(Image.fromarray(pixels), kind, **options)


def save(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def encode_16_bit(pixels: Pixels, kind: str = "png") -> bytes:
    """Encode grey, RGB or RGBA uint16 pixels as PNG or TIFF."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    return cv2.imencode("." + kind, pixels)[1].tobytes()


def exif(orientation: int = 1, *, gps: bool = False) -> bytes:
    """Give an EXIF block; with GPS it says Greenwich."""
    block = Image.Exif()
    block[0x0112] = orientation
    if gps:
        block[0x010F] = "SECRET CAMERA"
        block.get_ifd(0x8825).update({1: "N", 2: (51.0, 28.0, 40.0), 3: "W", 4: (0.0, 0.0, 5.0)})
    return block.tobytes()


def turned_file(upright: Pixels, orientation: int, kind: str) -> bytes:
    """Store a picture so that applying its EXIF orientation gives `upright` back."""
    undo = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }[orientation]
    stored = np.ascontiguousarray(undo(upright))
    options: dict[str, Any] = {"exif": exif(orientation)}
    if kind == "JPEG":
        options |= {"quality": 100, "subsampling": 0}
    if kind == "WEBP":
        options["lossless"] = True
    if kind in ("AVIF", "HEIF"):
        options["quality"] = 100
    return encode(stored, kind, **options)


def with_tiff_tag(data: bytes, tag: int, value: int) -> bytes:
    """Append a copy of a little-endian TIFF's directory with one short tag more."""
    assert data[:4] == b"II*\0"
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries = [entry for entry in entries if int.from_bytes(entry[:2], "little") != tag]
    entries.append(tag.to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little"))
    entries[-1] += value.to_bytes(2, "little") + b"\0\0"
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    padded = data + b"\0" * (len(data) % 2)
    directory = len(entries).to_bytes(2, "little") + b"".join(entries) + bytes(4)
    return padded[:4] + len(padded).to_bytes(4, "little") + padded[8:] + directory


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def linear_profile(name: str = "Linear test light") -> bytes:
    """An RGB profile with the primaries of sRGB and no tone curve: level 128 is half the light."""
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(1.0))
    return _profile(b"RGB ", b"XYZ ", b"mntr", name, _colorants_of(srgb_profile()) | curves)


def linear_grey_profile() -> bytes:
    """A grey profile without a tone curve."""
    return _profile(b"GRAY", b"XYZ ", b"mntr", "Linear test grey", {b"kTRC": _gamma(1.0)})


def cmyk_profile() -> bytes:
    """A CMYK profile in which full ink of any kind is dark grey (Lab 20, 0, 0) and paper is white."""
    corners = b"".join(bytes([51 if index else 255, 128, 128]) for index in range(16))
    curve = bytes(range(256))
    identity = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + curve * 4 + corners + curve * 3
    return _profile(b"CMYK", b"Lab ", b"prtr", "Test ink", {b"A2B0": table})


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _colorants_of(profile: bytes) -> dict[bytes, bytes]:
    """Read the colorants out of a profile."""
    (count,) = struct.unpack(">I", profile[128:132])
    entries = [struct.unpack(">4sII", profile[at : at + 12]) for at in range(132, 132 + 12 * count, 12)]
    return {name: profile[at : at + size] for name, at, size in entries if name in (b"rXYZ", b"gXYZ", b"bXYZ")}


def _profile(space: bytes, connection: bytes, kind: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    """Build a version 2 ICC profile: header, tag table, tags (four bytes aligned)."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    text = name.encode("ascii") + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": description, b"wtpt": b"XYZ \0\0\0\0" + white, **tags}
    at, table, body = 132 + 12 * len(tags), b"", b""
    for key, value in tags.items():
        table += struct.pack(">4sII", key, at + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02400000, kind, space, connection)
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + white
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


# --- PNG by hand ----------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def insert_chunk(png: bytes, kind: bytes, body: bytes, *, before: bytes = b"IDAT") -> bytes:
    """Put one more chunk before the first of a kind."""
    at = png.index(before) - 4
    return png[:at] + chunk(kind, body) + png[at:]


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def bomb_png(width: int, height: int) -> bytes:
    """A black RGB PNG of any size in few bytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png_header(width, height) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def empty_png(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that no pixel backs."""
    return png_header(width, height) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def text_bomb_png(kind: bytes) -> bytes:
    """A PNG with a zTXt, iTXt or iCCP chunk that unpacks to 64 MB."""
    packed = zlib.compress(bytes(64_000_000), 9)
    head = {b"zTXt": b"key\0\0", b"iCCP": b"profile\0\0", b"iTXt": b"key\0\1\0\0\0"}[kind]
    return insert_chunk(encode(photo()), kind, head + packed)


def many_chunks_png(count: int = 20_000) -> bytes:
    """A PNG with thousands of text chunks."""
    png = encode(photo())
    at = png.index(b"IDAT") - 4
    return png[:at] + chunk(b"tEXt", b"key\0value") * count + png[at:]


def bomb_webp() -> bytes:
    """34 bytes that promise 16383 × 16383 pixels (lossless, one colour)."""
    bits = (16382) | (16382 << 14)
    body = b"\x2f" + struct.pack("<I", bits) + bytes.fromhex("888888080000000000")
    payload = b"VP8L" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(payload)) + b"WEBP" + payload


# --- what is no picture, or not only one ----------------------------------------------------------------------


def foreign_files() -> dict[str, bytes]:
    """Files of formats that are refused, by name."""
    return {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "html": b"<!doctype html><script>alert(1)</script>",
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(64),
        "jp2": cv2.imencode(".jp2", photo())[1].tobytes(),
        "j2k": bytes.fromhex("ff4fff51002f0000") + bytes(64),
        "ppm": b"P6 2 2 255\n" + bytes(12),
        "hdr": b"#?RADIANCE\n\n-Y 2 +X 2\n" + bytes(16),
        "ico": b"\0\0\1\0\1\0" + bytes(64),
        "text": b"not an image at all",
        "zeros": bytes(512),
    }


def polyglots() -> dict[str, bytes]:
    """Real pictures with something else attached."""
    jpeg, png = encode(photo(), "JPEG"), encode(photo())
    return {
        "html after PNG": png + b"<script>alert(1)</script>",
        "php after JPEG": jpeg + b"<?php system($_GET['c']); ?>",
        "script in a PNG comment": insert_chunk(png, b"tEXt", b"Comment\0<script>alert(1)</script>"),
        "php in a JPEG comment": encode(photo(), "JPEG", comment=b"<?php evil(); ?>"),
        "zip after GIF": encode(photo(), "GIF") + b"PK\3\4" + bytes(30),
    }
