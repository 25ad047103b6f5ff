"""Bent paper and lenses that bow straight lines: no change; what really differs is found all the same."""

from dataclasses import asdict

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pydantic import TypeAdapter
from skimage import data

from app.analysis import evaluate
from app.analysis.alignment.bend import EXPONENTS, bent_map, moved
from app.analysis.alignment.bending import find_bend
from app.analysis.alignment.framing import box_in_after
from app.analysis.alignment.warping import warp_to_before
from app.analysis.encoding import encode_jpeg, encode_png
from app.analysis.geometry import Points, mapped
from app.analysis.model import BENT, IDENTITY, Alignment, Bend, Box, UInt8Array

PHOTO: UInt8Array = np.asarray(cv2.resize(data.coffee(), (900, 600), interpolation=cv2.INTER_AREA), np.uint8)
TURNED = np.array([[0.99, 0.05, -8.0], [-0.05, 0.99, 22.0], [1e-5, -2e-5, 1.0]])


def displaced(
    image: UInt8Array, right: npt.ArrayLike, down: npt.ArrayLike, matrix: npt.ArrayLike = IDENTITY
) -> UInt8Array:
    """Show at each place what lies some pixels right and down of it, then seen through a matrix (to the scene)."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    there = (x + right).astype(np.float32), (y + down).astype(np.float32)
    bent = cv2.remap(image, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    size = image.shape[1::-1]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(bent, np.array(matrix, float), size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(1).normal(0, 2, warped.shape)
    return np.clip(warped + noise, 0, 255).astype(np.uint8)


def bowed(image: UInt8Array, bow: float, matrix: npt.ArrayLike = IDENTITY) -> UInt8Array:
    height, width = image.shape[:2]
    v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    share = bow * (u * u + v * v) / 2
    return displaced(image, u * share * width / 2, v * share * height / 2, matrix)


def waved(image: UInt8Array, high: float) -> UInt8Array:
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    return displaced(image, high * np.sin(y / image.shape[0] * 5), high * np.sin(1 + x / image.shape[1] * 6))


def page() -> UInt8Array:
    image = np.full((700, 520, 3), 243, np.uint8)
    for line in range(26):
        cv2.putText(
            image, f"Item {line * 7919 % 1000} of {line}", (30, 40 + 25 * line), 0, 0.6, (40, 40, 45), 1, cv2.LINE_AA
        )
        cv2.putText(image, f"{line * 104729 % 9973}.00", (390, 40 + 25 * line), 0, 0.6, (40, 40, 45), 1, cv2.LINE_AA)
    return image


PAIRS = {
    "barrel": (PHOTO, bowed(PHOTO, 0.015)),
    "pincushion": (PHOTO, bowed(PHOTO, -0.015)),
    "a lens, from another place": (PHOTO, bowed(PHOTO, 0.012, TURNED)),
    "a photo bent in waves": (PHOTO, waved(PHOTO, 3.5)),
    "a page bent in waves": (page(), waved(page(), 2.5)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_bend_is_no_change(name: str) -> None:
    before, after = PAIRS[name]
    found = evaluate(encode_png(before), encode_png(after))
    assert found.alignment.reason == BENT
    assert found.alignment.inliers is not None and found.alignment.inliers > 100
    assert found.verdict == "equivalent", found.regions
    assert "Bent paper or a lens evened out" in found.summary


def test_an_edit_is_found_where_it_is_in_both_pictures() -> None:
    edited = PHOTO.copy()
    cv2.circle(edited, (820, 540), 20, (30, 160, 60), -1, cv2.LINE_AA)
    found = evaluate(encode_png(PHOTO), encode_png(bowed(edited, 0.02, TURNED)))
    assert len(found.regions) == 1
    region = found.regions[0]
    assert abs(region.before.x + region.before.width / 2 - 820) <= 2
    assert abs(region.before.y + region.before.height / 2 - 540) <= 2
    green = np.argwhere((np.abs(found.pictures[1].pixels.astype(int) - (30, 160, 60)) < 40).all(axis=2))
    y, x = np.median(green, axis=0)
    assert abs(region.after.x + region.after.width / 2 - x) <= 2
    assert abs(region.after.y + region.after.height / 2 - y) <= 2


def test_what_one_matrix_explains_is_not_bent() -> None:
    found = evaluate(encode_png(PHOTO), encode_png(displaced(PHOTO, 0, 0, TURNED)))
    assert found.alignment.bend == ()
    assert found.alignment.model == "homography"
    assert found.verdict == "equivalent"


def test_a_thing_that_was_pressed_and_pulled_is_a_change_and_no_bend() -> None:
    y, x = np.mgrid[0:600, 0:900]
    hill = np.exp(-((x - 430) ** 2 + (y - 300) ** 2) / 2 / 45**2)
    found = evaluate(encode_png(PHOTO), encode_png(displaced(PHOTO, 14 * hill, -10 * hill)))
    assert found.alignment.bend == ()
    assert found.verdict == "different"


def test_few_points_tell_of_no_bend() -> None:
    grey = np.ascontiguousarray(PHOTO[..., 1])
    places = np.random.default_rng(1).uniform(50, 500, (40, 2)).astype(np.float32)
    assert find_bend(grey, grey, np.eye(3), (places, places + 2)) == ((), 0)


def test_points_that_agree_on_no_smooth_bend_tell_of_none() -> None:
    grey = np.ascontiguousarray(PHOTO[..., 1])
    random = np.random.default_rng(1)
    places = random.uniform(50, 500, (400, 2)).astype(np.float32)
    off = random.normal(0, 1.5, places.shape).astype(np.float32)
    assert find_bend(grey, grey, np.eye(3), (places, places + off)) == ((), 0)


def test_rows_that_came_are_no_bend() -> None:
    """A polynomial comes near a step, too, but for the points around it."""
    before = np.asarray(cv2.resize(data.astronaut(), (819, 819), interpolation=cv2.INTER_CUBIC), np.uint8)
    after = np.vstack([before[:409], np.full((8, 819, 3), 200, np.uint8), before[409:-8]])
    found = evaluate(encode_jpeg(before), encode_jpeg(np.ascontiguousarray(after)))
    assert found.alignment.bend == ()
    assert found.verdict == "different"


def followed(bow: float) -> tuple[Points, Points]:
    """Give places all over the photo, and where `bowed` puts them."""
    size = np.array([900, 600]) / 2
    places = np.random.default_rng(1).uniform(40, [860, 560], (400, 2))
    there = places.copy()
    for _ in range(20):
        share = (((there - size) / size) ** 2).sum(axis=1, keepdims=True) / 2
        there = places - bow * share * (there - size)
    return places.astype(np.float32), there.astype(np.float32)


def bend_of(bow: float, after: UInt8Array) -> tuple[Bend, int]:
    grey_before, grey_after = (np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)) for image in (PHOTO, after))
    return find_bend(grey_before, grey_after, np.eye(3), followed(bow))


def test_only_a_bend_that_is_worth_it_and_that_paper_or_a_lens_may_make_is_taken() -> None:
    assert bend_of(0.02, bowed(PHOTO, 0.02))[1] > 200
    assert bend_of(0.001, bowed(PHOTO, 0.001)) == ((), 0)
    assert bend_of(0.25, bowed(PHOTO, 0.25)) == ((), 0)


def test_a_bend_must_be_seen_where_its_points_are() -> None:
    after = bowed(PHOTO, 0.02)
    after[:, 330:] = np.random.default_rng(2).integers(0, 256, after[:, 330:].shape)
    assert bend_of(0.02, after) == ((), 0)


BEND = tuple((0.01 * (i == 3) - 0.004 * (i == j), 0.008 * (j == 2) + 0.003 * (i == 1)) for i, j in EXPONENTS)


@pytest.mark.parametrize("shape", [(300, 417), (97, 60), (129, 130)])
def test_maps_of_some_rows_follow_bend_and_matrix(shape: tuple[int, int]) -> None:
    height, width = shape
    top, end = height // 3, height - 1
    x, y = bent_map(TURNED, BEND, shape, (top, end))
    assert x.shape == y.shape == (end - top, width)
    rows, columns = np.mgrid[top:end, 0:width]
    places = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    there = mapped(TURNED, (places + moved(BEND, places, shape)).astype(np.float32))
    assert np.abs(x.ravel() - there[:, 0]).max() < 0.08
    assert np.abs(y.ravel() - there[:, 1]).max() < 0.08


def test_what_lies_outside_after_is_not_valid() -> None:
    right = tuple((0.25 if (i, j) == (0, 0) else 0.0, 0.0) for i, j in EXPONENTS)
    pixels, valid = warp_to_before(PHOTO, Alignment("homography", bend=right), (600, 900))
    assert (valid[:, :674] == 255).all()
    assert (valid[:, 676:] == 0).all()
    assert (pixels[:, :600] == PHOTO[:, 225:825]).all()


def test_a_box_moves_with_the_bend() -> None:
    right = tuple((0.1 if (i, j) == (0, 0) else 0.0, 0.0) for i, j in EXPONENTS)
    box = box_in_after(Box(20, 30, 40, 50), Alignment("homography", bend=right), (200, 300), (200, 300))
    assert box == Box(50, 30, 40, 50)


def test_an_alignment_is_the_same_when_it_comes_back_from_json() -> None:
    alignment = Alignment("homography", bend=BEND)
    text = TypeAdapter(dict).dump_json(asdict(alignment))
    assert TypeAdapter(Alignment).validate_json(text) == alignment
