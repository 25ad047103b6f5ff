"""Make the sample pairs in static/samples: ``python -m bench.make_samples`` (needs Chromium and scikit-image).

The photo is scikit-image's ``coffee`` (CC0, by Rachel Michetti); the two pages are made here.
"""

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from playwright.sync_api import sync_playwright
from skimage import data

Pixels = npt.NDArray[np.uint8]
SOURCES = Path(__file__).parent / "samples"
TARGET = Path(__file__).parent.parent / "static" / "samples"

SAMPLES = [
    {
        "name": "photo",
        "title": "A photo, taken twice",
        "before": "coffee-before.jpg",
        "after": "coffee-after.jpg",
        "description": "The second shot is turned, darker and compressed harder. Four things on the table changed.",
    },
    {
        "name": "screenshot",
        "title": "A screenshot, before and after a release",
        "before": "dashboard-before.png",
        "after": "dashboard-after.png",
        "description": "Same page, same size: a few numbers, a badge and one bar are not what they were.",
    },
    {
        "name": "document",
        "title": "An invoice, scanned and photographed",
        "before": "invoice-before.jpg",
        "after": "invoice-after.jpg",
        "description": "The scan is flat, the photo is skewed and unevenly lit. Three figures were altered.",
    },
]


def polygon(pixels: Pixels, corners: list[tuple[float, float]], color: tuple[int, int, int]) -> None:
    """Fill a polygon with smooth edges."""
    points = np.round(np.array(corners) * 16).astype(np.int32)
    cv2.fillPoly(pixels, [points], color, lineType=cv2.LINE_AA, shift=4)


def shade(pixels: Pixels, centre: tuple[int, int], axes: tuple[int, int], strength: float) -> Pixels:
    """Darken a soft ellipse: the shadow of a thing lying there."""
    mask = np.zeros(pixels.shape[:2], np.float32)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, strength, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 7)
    return (pixels * (1 - mask[..., None])).astype(np.uint8)


def add_sugar(pixels: Pixels, x: int, y: int) -> Pixels:
    """Put a sugar cube on the saucer."""
    pixels = shade(pixels, (x + 8, y + 44), (52, 22), 0.55)
    left, right, top = (x - 40, y), (x + 40, y), (x, y - 22)
    front, depth = (x, y + 24), 44
    polygon(pixels, [left, top, right, front], (246, 238, 226))
    polygon(pixels, [left, front, (front[0], front[1] + depth), (left[0], left[1] + depth)], (206, 186, 166))
    polygon(pixels, [front, right, (right[0], right[1] + depth), (front[0], front[1] + depth)], (168, 142, 120))
    grain = np.random.default_rng(7).normal(0, 7, (96, 96, 1))
    patch = pixels[y - 26 : y + 70, x - 48 : x + 48]
    bright = patch.min(axis=2, keepdims=True) > 110
    patch[:] = np.clip(patch + grain * bright, 0, 255).astype(np.uint8)
    return pixels


def add_bean(pixels: Pixels, x: int, y: int, angle: float) -> Pixels:
    """Drop a coffee bean on the table."""
    pixels = shade(pixels, (x + 5, y + 10), (30, 16), 0.5)
    cv2.ellipse(pixels, (x, y), (31, 20), angle, 0, 360, (62, 32, 18), -1, cv2.LINE_AA)
    cv2.ellipse(pixels, (x - 4, y - 6), (18, 8), angle, 0, 360, (98, 58, 36), -1, cv2.LINE_AA)
    cv2.ellipse(pixels, (x, y), (27, 4), angle + 8, 0, 360, (30, 14, 8), -1, cv2.LINE_AA)
    area = pixels[y - 40 : y + 40, x - 40 : x + 40]
    area[:] = cv2.GaussianBlur(area, (0, 0), 1.2)
    return pixels


def paint_out(pixels: Pixels, corners: list[tuple[int, int]]) -> Pixels:
    """Remove what lies inside a polygon."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 255)
    return cv2.inpaint(pixels, mask, 5, cv2.INPAINT_TELEA).astype(np.uint8)


def make_photo() -> tuple[Pixels, Pixels]:
    """Give the cup of coffee, and a second shot of it with four edits."""
    shot = cv2.resize(data.coffee(), None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
    edited = paint_out(shot.copy(), [(432, 494), (478, 494), (478, 536), (432, 536)])
    edited = add_sugar(edited, 272, 520)
    edited = add_bean(edited, 1030, 660, -35)
    edited = add_bean(edited, 1092, 250, 20)
    turn = cv2.getRotationMatrix2D((600, 400), 0.8, 1.012)
    turn[:, 2] += (7, -5)
    edited = cv2.warpAffine(edited, turn, (1200, 800), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    edited = np.clip(edited * np.array([0.88, 0.91, 0.95]) + 2, 0, 255).astype(np.uint8)
    return shot[24:-24, 24:-24], edited[24:-24, 24:-24]


def make_pages(name: str, width: int, height: int) -> tuple[Pixels, Pixels]:
    """Give an own page as Chromium draws it, without and with its changes."""
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        shots = []
        for state in ("before", "after"):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{(SOURCES / name).resolve().as_uri()}#{state}")
            encoded = np.frombuffer(page.screenshot(), np.uint8)
            shots.append(cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8))
            page.close()
        browser.close()
    return shots[0], shots[1]


def photograph(page: Pixels) -> Pixels:
    """Lay a page on a table and look at it from above, a little askew, by a window."""
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[52, 66], [width - 70, 40], [width - 34, height - 46], [28, height - 30]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    rng = np.random.default_rng(3)
    table = cv2.resize(rng.normal(0, 1, (height // 4, width // 90)).astype(np.float32), (width, height))
    scene = np.array([116, 88, 66]) + table[..., None] * 9
    flat = cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (width, height))[..., None] / 255
    scene = scene * (1 - inside) + flat * inside
    rows, columns = np.mgrid[0:height, 0:width]
    light = 1.02 - 0.22 * (columns / width) ** 1.5 - 0.10 * (rows / height)
    scene = scene * light[..., None] * np.array([1.0, 0.97, 0.91]) + rng.normal(0, 2.2, scene.shape)
    return cv2.GaussianBlur(np.clip(scene, 0, 255).astype(np.uint8), (0, 0), 0.6).astype(np.uint8)


def save(name: str, pixels: Pixels, quality: int = 88) -> None:
    """Write one file and check that it stays small enough to ship."""
    path = TARGET / name
    jpeg = path.suffix == ".jpg"
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality] if jpeg else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), parameters)
    size = path.stat().st_size
    print(f"{name}: {pixels.shape[1]} x {pixels.shape[0]}, {size / 1000:.0f} kB")
    if size > 300_000:
        raise SystemExit(f"{name} is larger than 300 kB")


def save_card(sample: dict[str, str]) -> None:
    """Write the small picture of a pair that the upload page shows: both sides, cut to one shape."""
    width, height = 319, 240
    halves = []
    for side in ("before", "after"):
        pixels = cv2.imread(str(TARGET / sample[side]))
        scale = max(width / pixels.shape[1], height / pixels.shape[0])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left = (small.shape[1] - width) // 2
        halves.append(small[:height, left : left + width])
    gap = np.full((height, 2, 3), 255, np.uint8)
    path = TARGET / f"{sample['name']}-card.webp"
    cv2.imwrite(str(path), cv2.hconcat([halves[0], gap, halves[1]]), [cv2.IMWRITE_WEBP_QUALITY, 80])
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Write all pairs and their list."""
    TARGET.mkdir(parents=True, exist_ok=True)
    before, after = make_photo()
    save("coffee-before.jpg", before, 88)
    save("coffee-after.jpg", after, 74)
    before, after = make_pages("dashboard.html", 1200, 640)
    save("dashboard-before.png", before)
    save("dashboard-after.png", after)
    before, after = make_pages("invoice.html", 1000, 1020)
    scanned = cv2.GaussianBlur(before, (0, 0), 0.7).astype(np.uint8)
    save("invoice-before.jpg", scanned, 85)
    save("invoice-after.jpg", photograph(after), 76)
    for sample in SAMPLES:
        save_card(sample)
    (TARGET / "samples.json").write_text(json.dumps(SAMPLES, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
