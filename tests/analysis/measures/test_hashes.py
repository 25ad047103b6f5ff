"""The five hashes are ImageHash's own, work on any size, and move with what people see."""

from typing import Any

import cv2
import imagehash
import numpy as np
import pytest
from PIL import Image
from skimage import data

from app.analysis.measures.hashes import hash_distances

THEIRS = {
    "average": imagehash.average_hash,
    "difference": imagehash.dhash,
    "perceptual": imagehash.phash,
    "wavelet": imagehash.whash,
    "color": imagehash.colorhash,
}


def small(image: Any) -> Any:
    return np.ascontiguousarray(image[:400, :500])


@pytest.mark.parametrize("name", THEIRS)
def test_distances_are_imagehashs(name: str) -> None:
    """On images that need no reduction every distance is exactly the library's."""
    before, after = small(data.astronaut()), small(data.coffee())
    theirs = THEIRS[name](Image.fromarray(before)) - THEIRS[name](Image.fromarray(after))
    ours = hash_distances(before, after)[name]
    assert ours.distance == theirs
    assert ours.bits == THEIRS[name](Image.fromarray(before)).hash.size
    assert ours.similarity == pytest.approx(1 - theirs / ours.bits)


@pytest.mark.parametrize("name", THEIRS)
def test_reducing_large_images_first_changes_few_bits(name: str) -> None:
    photo = cv2.resize(data.astronaut(), (1800, 1500), interpolation=cv2.INTER_CUBIC)
    other = cv2.resize(data.chelsea(), (1800, 1500), interpolation=cv2.INTER_CUBIC)
    theirs = THEIRS[name](Image.fromarray(photo)) - THEIRS[name](Image.fromarray(other))
    assert abs(hash_distances(photo, other)[name].distance - theirs) <= 3


def test_equal_images_have_no_distance() -> None:
    for value in hash_distances(data.astronaut(), data.astronaut()).values():
        assert (value.distance, value.similarity) == (0, 1)


def test_the_same_photo_is_nearer_than_another_one() -> None:
    photo = data.astronaut()
    same = hash_distances(photo, cv2.GaussianBlur(photo, (5, 5), 1))
    other = hash_distances(photo, data.coffee())
    for name in THEIRS:
        assert same[name].distance < other[name].distance


def test_images_of_two_sizes_are_compared() -> None:
    photo = data.astronaut()
    for value in hash_distances(photo, cv2.resize(photo, (300, 300), interpolation=cv2.INTER_AREA)).values():
        assert value.similarity > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 700), (1, 20_000), (20_000, 3)])
def test_any_size_has_hashes(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    distances = hash_distances(image, image.copy())
    assert list(distances) == list(THEIRS)
    assert all(value.distance == 0 for value in distances.values())
