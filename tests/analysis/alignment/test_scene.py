"""Another scene, a mirror image and a turned copy are recognised; the same scene is never called another."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Evaluation
from tests.analysis.pictures import encoded

Pixels = npt.NDArray[np.uint8]


def photo(name: str, side: int = 420) -> Pixels:
    pixels = getattr(data, name)()
    pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels
    scale = side / max(pixels.shape)
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def compared(before: Pixels, after: Pixels, quality: int | None = None) -> Evaluation:
    return evaluate(encoded(before), encoded(np.ascontiguousarray(after), quality))


@pytest.mark.parametrize(("first", "second"), [("astronaut", "coffee"), ("camera", "coins"), ("page", "chelsea")])
def test_two_photos_of_different_things_are_said_to_be_not_the_same_scene(first: str, second: str) -> None:
    before, after = photo(first), photo(second)
    found = compared(before, after, 90)
    assert not found.alignment.same_scene
    assert found.alignment.model == "none"
    assert (found.verdict, found.summary.split(":")[0]) == ("different", "Not the same scene")
    (region,) = found.regions
    assert region.before == Box(0, 0, before.shape[1], before.shape[0])
    assert region.after == Box(0, 0, after.shape[1], after.shape[0])
    assert region.kind == "changed"


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera", "page", "chelsea"])
@pytest.mark.parametrize("nuisance", ["half replaced", "noise", "blur", "dark", "negative", "tiny"])
def test_the_same_scene_is_never_called_another(name: str, nuisance: str) -> None:
    before = photo(name)
    after = before.copy()
    if nuisance == "half replaced":
        half = after.shape[1] // 2
        after[:, half:] = cv2.resize(photo("coins"), (after.shape[1] - half, after.shape[0]))
    elif nuisance == "noise":
        after = np.clip(after + np.random.default_rng(1).normal(0, 30, after.shape), 0, 255).astype(np.uint8)
    elif nuisance == "blur":
        after = np.asarray(cv2.GaussianBlur(after, (0, 0), 4))
    elif nuisance == "dark":
        after = (after * 0.4).astype(np.uint8)
    elif nuisance == "negative":
        after = 255 - after
    else:
        before = np.asarray(cv2.resize(before, (40, 40), interpolation=cv2.INTER_AREA))
        after = np.asarray(cv2.GaussianBlur(before, (0, 0), 1))
    assert compared(before, after, 60).alignment.same_scene


@pytest.mark.parametrize("size", [16, 200])
def test_pictures_without_texture_are_different_but_not_another_scene(size: int) -> None:
    ramp = np.tile(np.linspace(0, 255, size)[None, :, None], (size, 1, 3)).astype(np.uint8)
    for before, after in ((np.full_like(ramp, 255), np.full_like(ramp, 20)), (ramp, ramp.swapaxes(0, 1)[::-1])):
        assert compared(before, after).alignment.same_scene


TURNS = [
    (cv2.ROTATE_90_CLOCKWISE, "turned 90° clockwise"),
    (cv2.ROTATE_90_COUNTERCLOCKWISE, "turned 90° counterclockwise"),
    (cv2.ROTATE_180, "turned 180°"),
]


@pytest.mark.parametrize(("turn", "words"), TURNS)
@pytest.mark.parametrize("quality", [None, 80])
def test_a_turned_copy_is_equivalent_and_said_to_be_turned(turn: int, words: str, quality: int | None) -> None:
    found = compared(photo("coffee"), np.asarray(cv2.rotate(photo("coffee"), turn)), quality)
    assert (found.verdict, found.alignment.reason) == ("equivalent", words)
    assert words in found.summary.lower()


def test_a_turned_copy_without_loss_has_a_matrix_of_whole_numbers() -> None:
    before = photo("coffee")
    found = compared(before, np.asarray(cv2.rotate(before, cv2.ROTATE_90_CLOCKWISE)))
    assert found.alignment.matrix == ((0, -1, before.shape[0] - 1), (1, 0, 0), (0, 0, 1))
    assert found.as_compared.zero_norm == 0


def test_an_edit_in_a_turned_and_resized_copy_is_found() -> None:
    after = photo("coffee")
    cv2.rectangle(after, (60, 50), (100, 80), (20, 200, 40), -1)
    turned = cv2.resize(cv2.rotate(after, cv2.ROTATE_90_CLOCKWISE), None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    (region,) = compared(photo("coffee"), np.asarray(turned), 90).regions
    assert abs(region.before.x - 60) <= 4
    assert abs(region.before.y - 50) <= 4


@pytest.mark.parametrize(("axis", "words"), [(1, "mirrored left to right"), (0, "mirrored top to bottom")])
@pytest.mark.parametrize("quality", [None, 80])
def test_a_mirrored_copy_is_different_as_a_whole_and_nowhere_else(axis: int, words: str, quality: int | None) -> None:
    before = photo("astronaut")
    found = compared(before, np.flip(before, axis), quality)
    assert (found.verdict, found.alignment.reason) == ("different", words)
    assert found.summary.lower().startswith(words)
    (region,) = found.regions
    assert (region.kind, region.before) == ("moved", Box(0, 0, before.shape[1], before.shape[0]))


def test_an_edit_in_a_mirrored_copy_is_a_region_besides_the_whole() -> None:
    after = photo("astronaut")
    cv2.circle(after, (100, 300), 16, (250, 220, 0), -1)
    whole, edit = compared(photo("astronaut"), after[:, ::-1], 90).regions
    assert whole.kind == "moved"
    assert abs(edit.before.x - 84) <= 4
    assert abs(edit.after.x - (420 - 117)) <= 4
