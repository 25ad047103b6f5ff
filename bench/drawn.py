"""Pictures drawn by program: document, screenshot, chart, card, circuit board, sky, tiles."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

WORDS = """
river window paper quiet signal north garden invoice total amount harbour seven light measure copper
account order street mountain letter winter number yellow station delivery price machine before after
page result value open close system people water stone carbon figure table chapter section report
""".split()  # noqa: SIM905 (words read better than literals)
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=200)
def font(size: int, name: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """Give a font that ships with matplotlib."""
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), max(6, size))


def words(rng: np.random.Generator, count: int) -> str:
    """Give some words."""
    return " ".join(str(word) for word in rng.choice(WORDS, count))


def draw(kind: str, width: int, seed: int) -> Pixels:
    """Draw one picture as RGB; the same arguments give the same picture."""
    painters = {
        "document": _document, "screenshot": _screenshot, "chart": _chart, "card": _card,
        "board": _board, "sky": _sky, "tiles": _tiles,
    }  # fmt: skip
    return painters[kind](np.random.default_rng(seed), width)


def _paragraph(pen: ImageDraw.ImageDraw, rng: np.random.Generator, box: tuple[int, int, int, int], size: int,
               face: str = "DejaVuSerif", ink: Colour = (25, 25, 30)) -> None:  # fmt: skip
    left, top, right, bottom = box
    y = top
    while y + size < bottom:
        line = words(rng, 1)
        while pen.textlength(line + " measures", font=font(size, face)) < right - left:
            line += " " + words(rng, 1)
        pen.text((left, y), line, font=font(size, face), fill=ink)
        y += int(size * 1.5)


def _document(rng: np.random.Generator, width: int) -> Pixels:
    height = int(width * rng.uniform(1.0, 1.4))
    image = Image.new("RGB", (width, height), (252, 251, 248))
    pen = ImageDraw.Draw(image)
    unit = width // 40
    pen.text(
        (3 * unit, 3 * unit), words(rng, 3).title(), font=font(int(2 * unit), "DejaVuSans-Bold"), fill=(20, 30, 60)
    )
    _paragraph(pen, rng, (3 * unit, 7 * unit, 37 * unit, height // 3), int(0.8 * unit))
    top = height // 3 + unit
    for row in range(7):
        y = top + row * 2 * unit
        pen.line((3 * unit, y, 37 * unit, y), fill=(90, 90, 90), width=max(1, unit // 16))
        for column in range(4):
            value = words(rng, 2) if column == 0 else f"{rng.integers(10, 9999) / 100:.2f}"
            pen.text(
                (3 * unit + column * 9 * unit, y + unit // 2), value, font=font(int(0.9 * unit)), fill=(30, 30, 30)
            )
    _paragraph(pen, rng, (3 * unit, top + 16 * unit, 37 * unit, height - 5 * unit), int(0.8 * unit))
    pen.ellipse((28 * unit, height - 9 * unit, 35 * unit, height - 2 * unit), outline=(170, 40, 60), width=unit // 4)
    return np.asarray(image)


def _screenshot(rng: np.random.Generator, width: int) -> Pixels:
    height = int(width * rng.uniform(0.6, 0.85))
    accent = tuple(int(v) for v in rng.integers(30, 200, 3))
    image = Image.new("RGB", (width, height), (245, 246, 248))
    pen = ImageDraw.Draw(image)
    unit = width // 64
    pen.rectangle((0, 0, width, 4 * unit), fill=accent)
    pen.text(
        (2 * unit, unit), words(rng, 2).title(), font=font(int(1.6 * unit), "DejaVuSans-Bold"), fill=(255, 255, 255)
    )
    pen.rectangle((0, 4 * unit, 12 * unit, height), fill=(38, 42, 51))
    for row in range(height // (3 * unit)):
        y = 6 * unit + row * 3 * unit
        pen.ellipse((unit, y, 2 * unit, y + unit), fill=tuple(int(v) for v in rng.integers(80, 255, 3)))
        pen.text((3 * unit, y), words(rng, 1), font=font(unit), fill=(210, 214, 222))
    for row in range(3):
        for column in range(3):
            x, y = 14 * unit + column * 16 * unit, 6 * unit + row * 13 * unit
            pen.rounded_rectangle(
                (x, y, x + 15 * unit, y + 12 * unit), unit // 2, fill=(255, 255, 255), outline=(215, 218, 224)
            )
            pen.text(
                (x + unit, y + unit),
                words(rng, 2).title(),
                font=font(int(1.1 * unit), "DejaVuSans-Bold"),
                fill=(30, 34, 40),
            )
            _paragraph(
                pen,
                rng,
                (x + unit, y + 3 * unit, x + 14 * unit, y + 8 * unit),
                int(0.8 * unit),
                "DejaVuSans",
                (90, 96, 108),
            )
            pen.rounded_rectangle((x + unit, y + 9 * unit, x + 6 * unit, y + 11 * unit), unit // 3, fill=accent)
            pen.text((x + 2 * unit, int(y + 9.4 * unit)), words(rng, 1), font=font(unit), fill=(255, 255, 255))
    return np.asarray(image)


def _chart(rng: np.random.Generator, width: int) -> Pixels:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, width * 0.7 / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for _ in range(4):
        left.plot(np.cumsum(rng.normal(0, 1, 60)), label=words(rng, 1))
    left.legend()
    left.grid(True)
    left.set_title(words(rng, 3))
    labels = [str(word) for word in rng.choice(WORDS, 6, replace=False)]
    right.bar(labels, rng.uniform(1, 9, 6), color=[tuple(rng.uniform(0.1, 0.9, 3)) for _ in labels])
    right.tick_params(axis="x", rotation=45)
    right.set_title(words(rng, 3))
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _card(rng: np.random.Generator, width: int) -> Pixels:
    height = int(width * 0.63)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = 12 * np.sin(xs / width * 40 + 3 * np.sin(ys / height * 9)) + 8 * np.sin(ys / height * 60)
    base = rng.integers(150, 225, 3).astype(np.float32)
    ground = base + waves[..., None] * np.array([1, 0.6, -0.5], np.float32) + (xs / width * 30)[..., None]
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    unit = width // 40
    pen.rectangle((0, 0, width, 4 * unit), fill=(30, 60, 120))
    pen.text((2 * unit, unit), "IDENTITY CARD", font=font(int(1.8 * unit), "DejaVuSans-Bold"), fill=(255, 255, 255))
    skin = tuple(int(v) for v in rng.integers(120, 220, 3))
    pen.rectangle((3 * unit, 6 * unit, 13 * unit, 19 * unit), fill=(205, 215, 225), outline=(80, 80, 80))
    pen.ellipse((5 * unit, 14 * unit, 11 * unit, 22 * unit), fill=(60, 70, 110))
    pen.rectangle((2 * unit, 19 * unit + 1, 14 * unit, 22 * unit), fill=tuple(int(v) for v in base))
    pen.ellipse((6 * unit, 8 * unit, 10 * unit, 14 * unit), fill=skin, outline=(70, 50, 40))
    for row, label in enumerate(("Surname", "Given names", "Born", "Number")):
        y = 6 * unit + row * int(3.2 * unit)
        value = f"{rng.integers(10**7, 10**8)}" if row > 1 else words(rng, 1).upper()
        pen.text((15 * unit, y), label, font=font(int(0.8 * unit)), fill=(60, 70, 90))
        pen.text((15 * unit, y + unit), value, font=font(int(1.5 * unit), "DejaVuSansMono-Bold"), fill=(15, 15, 25))
    code = "P<" + words(rng, 4).upper().replace(" ", "<<")
    pen.text((2 * unit, height - 3 * unit), code[:34], font=font(int(1.6 * unit), "DejaVuSansMono"), fill=(20, 20, 20))
    return np.asarray(image)


def _board(rng: np.random.Generator, width: int) -> Pixels:
    size = min(width, 900)
    board = np.zeros((size, size), np.uint8)
    pitch = size // 24
    for _ in range(60):
        x, y = (int(v) * pitch for v in rng.integers(1, 23, 2))
        for _ in range(int(rng.integers(1, 4))):
            dx, dy = [(1, 0), (0, 1), (1, 1), (1, -1)][int(rng.integers(4))]
            length = int(rng.integers(2, 9)) * pitch
            end = (x + dx * length, y + dy * length)
            cv2.line(board, (x, y), end, 255, max(3, pitch // 4))
            x, y = end
    for _ in range(70):
        x, y = (int(v) * pitch for v in rng.integers(1, 23, 2))
        cv2.circle(board, (x, y), pitch // 2, 255, -1)
        cv2.circle(board, (x, y), pitch // 5, 0, -1)
    return cv2.cvtColor(board, cv2.COLOR_GRAY2RGB).astype(np.uint8)


def _sky(rng: np.random.Generator, width: int) -> Pixels:
    height = int(width * 0.66)
    top, low = np.array([70, 120, 190], np.float32), np.array([205, 220, 235], np.float32)
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image = np.broadcast_to(top * (1 - ramp) + low * ramp, (height, width, 3)).copy()
    coarse = rng.normal(0, 1, (6, 9)).astype(np.float32)
    clouds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image += np.clip(clouds, 0, 1)[..., None] * 35
    ridge = cv2.resize(rng.uniform(0.72, 0.9, (1, 14)).astype(np.float32), (width, 1), interpolation=cv2.INTER_CUBIC)[0]
    hill = np.arange(height)[:, None] > (ridge * height)[None]
    image[hill] = rng.integers(40, 90, 3).astype(np.float32)
    image += rng.normal(0, 1.2, image.shape).astype(np.float32)
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def _tiles(rng: np.random.Generator, width: int) -> Pixels:
    height = int(width * 0.7)
    image = np.empty((height, width, 3), np.float32)
    image[:] = rng.integers(90, 140, 3)
    step = width // 16
    colour = rng.integers(130, 220, 3).astype(np.float32)
    for row, y in enumerate(range(0, height, step // 2)):
        for x in range(-(row % 2) * step // 2, width, step):
            shade = colour + rng.normal(0, 7)
            image[max(y + 3, 0) : y + step // 2 - 1, max(x + 3, 0) : max(x + step - 1, 0)] = shade
    image += cv2.GaussianBlur(rng.normal(0, 9, image.shape).astype(np.float32), (0, 0), 0.8)
    return np.clip(image, 0, 255).astype(np.uint8)
