"""Draw what others and Image Diff find in three pairs: ``python -m bench.showcase docs/beside-others.webp``."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bench import methods, pairs
from bench.cases import from_spec

Pixels = npt.NDArray[np.uint8]
SAMPLES = Path(__file__).parent.parent / "static" / "samples"
SHOWN = {"grey SSIM + Otsu": methods.grey_ssim, "pixelmatch's rule": methods.pixelmatch, "Image Diff": methods.ours}
WIDTH, HEIGHT, GAP, HEAD = 340, 250, 8, 30
RED, INK = (230, 20, 60), (40, 40, 48)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def shown_pairs() -> list[tuple[bytes, bytes]]:
    """Give two of the shipped pairs and a re-saved screenshot of the report set."""
    files = [[next(SAMPLES.glob(f"{name}-{side}.*")) for side in ("before", "after")] for name in ("coffee", "invoice")]
    resaved = next(
        spec
        for spec in pairs.plan("report", nuisance="jpeg60")
        if spec.photo.startswith("screenshot") and from_spec(spec).boxes
    )
    case = from_spec(resaved)
    return [(before.read_bytes(), after.read_bytes()) for before, after in files] + [(case.before, case.after)]


def fitted(image: Pixels, boxes: tuple[methods.Box, ...] = ()) -> Pixels:
    """Fit a picture into a cell, with boxes drawn on it."""
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    for box in boxes:
        x, y, width, height = (round(value * scale) for value in box)
        corner = max(1, x - 3), max(1, y - 3)
        end = min(size[0] - 2, x + width + 2), min(size[1] - 2, y + height + 2)
        cv2.rectangle(small, corner, end, RED, 2, cv2.LINE_AA)
    cell = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = small
    return cell


def row(before: bytes, after: bytes) -> list[Pixels]:
    """Give a pair, and what each method marks in it."""
    first, second = methods.read(before), methods.read(after)
    found = [method(before, after).boxes for method in SHOWN.values()]
    return [fitted(first), fitted(second), *(fitted(first, boxes) for boxes in found)]


def main(path: str) -> None:
    """Write the picture."""
    heads = ["before", "after", *SHOWN]
    gap = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    rows = [np.hstack([part for cell in row(*pair) for part in (cell, gap)]) for pair in shown_pairs()]
    head = np.full((HEAD, rows[0].shape[1], 3), 255, np.uint8)
    for number, words in enumerate(heads):
        cv2.putText(head, words, (number * (WIDTH + GAP) + 4, 20), FONT, 0.55, INK, 1, cv2.LINE_AA)
    line = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    sheet = np.vstack([head, *(part for one in rows for part in (one, line))])
    cv2.imwrite(path, sheet[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 82])


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["docs/beside-others.webp"]))
