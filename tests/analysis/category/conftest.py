"""What tests of the category share: a description of the tiny models, pictures of one colour, regions."""

from typing import Any

import numpy as np
import pytest

from app.analysis.category.description import Description
from app.analysis.model import Box, Region
from tests.tiny_models import SIDE

LABELS = ("red", "green", "blue", "bright")


def describe(**changes: Any) -> Description:
    """Describe the tiny models; pixels come in as they are."""
    facts: dict[str, Any] = {
        "source": "test", "model": "m.onnx", "model_sha256": "0" * 64, "labels": "l.txt", "labels_sha256": "0" * 64,
        "input": "picture", "width": SIDE, "height": SIDE, "layout": "NCHW", "color_order": "RGB",
        "scale": 1.0, "mean": (0, 0, 0), "std": (1, 1, 1), "has_background": False,
        "scores": "scores", "outputs": "logits", "embedding": "pooled",
    }  # fmt: skip
    return Description(**(facts | changes))


def flat(red: int, green: int, blue: int, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """Make a picture of one colour."""
    return np.full((*shape, 3), (red, green, blue), np.uint8)


CROPS = [(flat(250, 0, 0, (9, 30)), flat(0, 250, 0, (12, 28))), (flat(0, 0, 250), flat(0, 0, 250))]


def region(number: int, before: Box, strength: float, after: Box | None = None) -> Region:
    """Make a region of which only place and strength matter."""
    return Region(number, before, after or before, before.width * before.height, 0.0, strength, "changed")


@pytest.fixture
def photo() -> np.ndarray:
    """A picture of the input's size with every byte value in it."""
    return np.random.default_rng(5).permutation(SIDE * SIDE * 3).astype(np.uint8).reshape(SIDE, SIDE, 3)
