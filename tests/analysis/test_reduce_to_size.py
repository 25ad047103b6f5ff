"""Pictures that are halved before they are reduced look and lie as those reduced in one go."""

import cv2
import numpy as np
import pytest

from app.analysis.resize import reduce_to_size


def _picture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, (height // 20, width // 20, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize("size", [(290, 218), (146, 110), (130, 98)])
def test_halving_first_gives_nearly_the_average_over_areas(size: tuple[int, int]) -> None:
    """The mean difference is a level or two where tones span all 256, and nothing moves by a hundredth of a pixel."""
    picture = _picture(600, 800)
    direct = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    apart = reduce_to_size(picture, size).astype(np.float32) - direct
    assert np.abs(apart).mean() < 2
    for slope in np.gradient(direct, axis=(0, 1)):
        assert abs(float((slope * apart).sum() / (slope * slope).sum())) < 0.01


@pytest.mark.parametrize("shape", [(601, 800), (600, 801)])
def test_no_odd_row_or_column_is_left_out(shape: tuple[int, int]) -> None:
    """A side that cannot be halved is averaged in one go."""
    picture = _picture(620, 820)[: shape[0], : shape[1]]
    expected = cv2.resize(picture, (150, 110), interpolation=cv2.INTER_AREA)
    assert np.array_equal(reduce_to_size(picture, (150, 110)), expected)
