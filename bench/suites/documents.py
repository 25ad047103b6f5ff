"""Documents and cards photographed by hand on a table, against their scan: strong perspective, falling light, noise."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from bench import nuisances, photos
from bench.cases import Case, Maker
from bench.edits import make_edits

Pixels = npt.NDArray[np.uint8]
PAPERS = {
    "tune": ("document-1", "card-1", "page.png", "chart-1"),
    "report": ("document-2", "card-2", "text.png", "chart-2"),
}
TABLES = {"tune": ("coffee.png", "brick.png"), "report": ("gravel.png", "grass.png")}


def makers(which: str, quick: bool = False) -> Iterable[Maker]:
    """Give some takes of every paper, from gentle to steep."""
    base = 51 if which == "tune" else 1051
    takes = range(2 if quick else 6)
    return [partial(make, which, name, base + take, (3 * take + 1) % 5) for name in PAPERS[which] for take in takes]


def make(which: str, name: str, seed: int, count: int) -> Case:
    """Scan a paper, change it, lay it on a table and photograph it."""
    rng = np.random.default_rng(photos.seed_of("paper", name, seed))
    paper = photos.scene(name, seed) if name != "text.png" else _enlarged(name)
    height, width = paper.shape[:2]
    edge = round(0.03 * width)
    allowed = np.zeros((height, width), np.uint8)
    allowed[edge:-edge, edge:-edge] = 255
    donor = photos.original(photos.PHOTOS[which][seed % 5])
    before, now, truths = make_edits(paper, donor, allowed, width, count, "default", photos.seed_of(name, seed))
    steep = (seed % 3 + 1) / 3
    photo = _photograph(now, str(rng.choice(TABLES[which])), steep, rng)
    boxes = tuple(truth.box for truth in truths)
    kinds = tuple((truth.kind, truth.also) for truth in truths)
    group = ("gentle", "tilted", "steep")[seed % 3]
    return Case(
        f"{name.split('.')[0]}-{seed}-{group}-{count}", group, nuisances.encode_at(before, None), photo, boxes, kinds
    )


def _enlarged(name: str) -> Pixels:
    return np.asarray(cv2.resize(photos.original(name), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _photograph(paper: Pixels, table: str, steep: float, rng: np.random.Generator) -> bytes:
    height, width = paper.shape[:2]
    size = (1600, 1200) if width > height else (1200, 1600)
    ground = cv2.resize(photos.original(table), size, interpolation=cv2.INTER_CUBIC)
    fit = 0.82 * min(size[0] / width, size[1] / height)
    inner_w, inner_h = width * fit, height * fit
    left, top = (size[0] - inner_w) / 2, (size[1] - inner_h) / 2
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (inner_w, inner_h) + (left, top)
    corners = corners + rng.uniform(-0.09, 0.09, (4, 2)) * steep * (inner_w, inner_h)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), rng.uniform(-9, 9) * steep, 1.0)
    corners = (corners @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(flat, corners)
    source = cv2.GaussianBlur(paper, (0, 0), max(0.3, 0.45 / fit)) if fit < 1 else paper
    laid = cv2.warpPerspective(source, matrix, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(cover, (0, 0), 12)[..., None] / np.float32(255) * 0.25
    mixed = ground * (1 - shadow) * (1 - cover[..., None] / 255) + laid * (cover[..., None] / np.float32(255))
    lit = _falloff(mixed.astype(np.float32), rng)
    lit = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.4, 0.8)) + rng.normal(0, 3, lit.shape)
    return nuisances.encode_at(np.clip(lit + 0.5, 0, 255).astype(np.uint8), 85)


def _falloff(image: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Light from one side, warm or cold, down to 60 % at the far corner."""
    height, width = image.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(-0.2, 1.2, 2) * (width, height)
    distance = np.hypot(xs - cx, ys - cy) / np.hypot(width, height)
    light = 1.02 - rng.uniform(0.15, 0.4) * distance
    colour = np.array([1, 1, 1], np.float32) + rng.uniform(-0.06, 0.06, 3).astype(np.float32)
    return np.asarray(image * light[..., None] * colour, np.float32)
