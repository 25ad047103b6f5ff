"""What is measured: our own evaluation, and the usual methods beside it, all as "two pictures in, boxes out"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Answer:
    """Boxes in pixels of *before*, the same in pixels of *after* where a method gives them, and what else it says."""

    boxes: tuple[Box, ...]
    after_boxes: tuple[Box, ...] = ()
    matrix: tuple[tuple[float, ...], ...] | None = None
    kinds: tuple[str, ...] = ()
    verdict: str | None = None
    note: str = ""
    summary: str = ""
    timings: dict[str, float] = field(default_factory=dict)


Method = Callable[[bytes, bytes], Answer]


def read(data: bytes) -> Pixels:
    """Decode a file to RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("not an image")
    return np.ascontiguousarray(bgr[..., ::-1])


def read_both(before: bytes, after: bytes) -> tuple[Pixels, Pixels]:
    """Decode both, *after* brought to the size of *before*, as the usual services do."""
    a, b = read(before), read(after)
    if a.shape != b.shape:
        b = np.asarray(cv2.resize(b, (a.shape[1], a.shape[0])), np.uint8)
    return a, b


def boxes_of(mask: npt.NDArray[np.bool_] | Pixels, least_area: int = 40) -> tuple[Box, ...]:
    """Give the boxes of the outer contours above an area."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    kept = [contour for contour in contours if cv2.contourArea(contour) > least_area]
    return tuple(tuple(int(v) for v in cv2.boundingRect(contour)) for contour in kept)  # type: ignore[misc]


def ours(before: bytes, after: bytes) -> Answer:
    """Image Diff at its defaults."""
    return ours_with()(before, after)


def ours_with(**options: object) -> Method:
    """Image Diff with some options."""
    from app.analysis.evaluate import evaluate
    from app.analysis.model import Options

    def run(before: bytes, after: bytes) -> Answer:
        result = evaluate(before, after, Options(**options))  # type: ignore[arg-type]
        boxes = tuple((r.before.x, r.before.y, r.before.width, r.before.height) for r in result.regions)
        after_boxes = tuple((r.after.x, r.after.y, r.after.width, r.after.height) for r in result.regions)
        kinds = tuple(region.kind for region in result.regions)
        found = result.alignment
        note = f"{found.model} ({found.reason})" if found.reason else found.model
        note += "" if found.same_scene else "; not the same scene"
        note += "; tone" if result.tone.applied else ""
        return Answer(
            boxes, after_boxes, found.matrix, kinds, result.verdict, note, result.summary, dict(result.timings_ms)
        )

    return run


def grey_ssim(before: bytes, after: bytes) -> Answer:
    """The usual web service: SSIM of the grey images, Otsu's threshold, contours above 40 pixels."""
    a, b = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in read_both(before, after))
    _, full = structural_similarity(a, b, full=True)
    levels = np.clip(full * 255, 0, 255).astype(np.uint8)
    _, mask = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return Answer(() if np.array_equal(a, b) else boxes_of(mask))


def colour_quantile(before: bytes, after: bytes) -> Answer:
    """Like diff_spotter: blur, SSIM in colour, the 5 % least similar pixels, the 15 largest contours."""
    a, b = (cv2.GaussianBlur(image, (5, 5), 0) for image in read_both(before, after))
    _, full = structural_similarity(a, b, full=True, channel_axis=2)
    worst = full.min(axis=2)
    limit = min(float(np.quantile(worst, 0.05)), 0.95)
    found = boxes_of(worst < limit)
    return Answer(tuple(sorted(found, key=lambda box: -box[2] * box[3])[:15]))


def absolute(before: bytes, after: bytes) -> Answer:
    """Absolute difference above 20 in any channel, opened, dilated."""
    a, b = read_both(before, after)
    mask = (cv2.absdiff(a, b).max(axis=2) > 20).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return Answer(boxes_of(cv2.dilate(mask, np.ones((7, 7), np.uint8))))


def pixelmatch(before: bytes, after: bytes) -> Answer:
    """Pixelmatch's rule at its default threshold of 0.1, anti-aliased pixels left out; touching pixels make a box."""
    from bench.pixelmatch import differing

    mask = differing(*read_both(before, after)).astype(np.uint8)
    return Answer(boxes_of(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), 0))


USUAL: dict[str, Method] = {
    "grey SSIM + Otsu": grey_ssim,
    "colour SSIM + 5 % quantile": colour_quantile,
    "absolute difference": absolute,
    "pixelmatch's rule": pixelmatch,
}
OURS = "Image Diff"
