"""What we are timed against: reading the files, the plain scikit-image way, and odiff."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import imagehash
import numpy as np
import skimage.io
from PIL import Image
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from bench.methods import Answer, boxes_of, read_both


def decode_both(before: bytes, after: bytes) -> None:
    """Only read both files, one after the other."""
    for data in (before, after):
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def scikit_image_way(before: bytes, after: bytes) -> bytes:
    """Do what the usual web service does: SSIM with its full map, contours, four hashes, an overlay as PNG."""
    a, b = (skimage.io.imread(io.BytesIO(data))[..., :3] for data in (before, after))
    if a.shape != b.shape:
        b = cv2.resize(b, (a.shape[1], a.shape[0]))
    grey_a, grey_b = ((rgb2gray(image) * 255).astype(np.uint8) for image in (a, b))
    _, full = structural_similarity(grey_a, grey_b, full=True)
    levels = (np.clip(full, 0, 1) * 255).astype(np.uint8)
    _, mask = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for kind in (imagehash.average_hash, imagehash.dhash, imagehash.phash, imagehash.whash):
        _ = kind(Image.fromarray(a)) - kind(Image.fromarray(b))
    overlay = b.copy()
    for contour in contours:
        if cv2.contourArea(contour) > 40:
            x, y, width, height = cv2.boundingRect(contour)
            cv2.rectangle(overlay, (x, y), (x + width, y + height), (255, 0, 0), 2)
    out = io.BytesIO()
    Image.fromarray(overlay).save(out, "PNG")
    return out.getvalue()


def find_odiff(folder: Path) -> Path | None:
    """Install odiff with npm into a folder that is not committed; None (and a word) where that cannot be done.

    Gives the program itself, without the script in JavaScript that npm puts before it.
    """
    program = "node_modules/@odiff/*/odiff*"
    found = sorted(path for path in folder.glob(program) if path.suffix in ("", ".exe"))
    if found:
        return found[0]
    npm = shutil.which("npm")
    if npm is None:
        print("odiff is left out: there is no npm here", file=sys.stderr)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), "odiff-bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted(path for path in folder.glob(program) if path.suffix in ("", ".exe"))
    if done.returncode or not found:
        print(f"odiff is left out: npm could not install it: {done.stderr.strip()[:200]}", file=sys.stderr)
        return None
    return found[0]


def run_odiff(binary: Path, before: Path, after: Path, diff: Path, *options: str) -> tuple[float, str]:
    """Time one whole process of odiff that writes its picture, in seconds; and what it printed."""
    command = [str(binary), str(before), str(after), str(diff), *options]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - started, (done.stdout + done.stderr).strip()


def odiff(before: bytes, after: bytes, *, binary: Path) -> Answer:
    """Odiff with anti-aliased pixels left out, as a method: touching pixels of its mask make a box."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "a.png", Path(folder) / "b.png", Path(folder) / "diff.png"
        for path, pixels in zip(files, read_both(before, after), strict=False):
            cv2.imwrite(str(path), pixels[..., ::-1])
        run_odiff(binary, *files, "--antialiasing", "--diff-mask")
        if not files[2].exists():  # nothing differs
            return Answer(())
        mask = cv2.imread(str(files[2]), cv2.IMREAD_UNCHANGED)
    changed = (mask[..., 3] > 0).astype(np.uint8)
    return Answer(boxes_of(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), 0))
