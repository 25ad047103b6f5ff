"""Which regions are cut out of both pictures to be named, and how much around them."""

import numpy as np

from app.analysis.category.classifier import region_crops
from app.analysis.model import Box
from tests.analysis.category.conftest import region


def test_the_six_strongest_regions_are_cut_out_of_both_pictures_with_a_margin() -> None:
    rows, columns = np.mgrid[:200, :300]
    before = np.stack([rows, columns % 256, np.zeros_like(rows)], axis=2).astype(np.uint8)
    after = before[:, ::-1].copy()
    regions = [region(n, Box(40, 20, 40, 20), n / 10, Box(100, 60, 40, 20)) for n in range(1, 9)]
    ids, crops = region_crops(before, after, regions)
    assert ids == [8, 7, 6, 5, 4, 3]
    assert np.array_equal(crops[0][0], before[19:41, 38:82])
    assert np.array_equal(crops[0][1], after[59:81, 98:142])


def test_crops_end_at_the_edges_and_regions_without_pixels_are_left_out() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    inside, edge = Box(10, 10, 20, 20), Box(-10, 80, 60, 60)
    ids, crops = region_crops(
        picture, picture[:50], [
            region(1, edge, 0.9, Box(0, 30, 60, 60)), region(2, inside, 0.8, Box(10, 60, 20, 20)),
            region(3, Box(0, 0, 15, 99), 0.7), region(4, Box(60, 60, 20, 20), 0.6, Box(-90, 5, 20, 20)),
        ],
    )  # fmt: skip
    assert ids == [1]
    assert [side.shape for side in crops[0]] == [(23, 53, 3), (23, 63, 3)]
    (upright,) = region_crops(picture, picture, [region(1, Box(80, -10, 60, 60), 0.9)])[1]
    assert upright[0].shape == (53, 23, 3)
