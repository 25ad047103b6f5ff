"""One scene from two places: near things move apart from far ones, so no transform lays all over each other."""

from itertools import combinations

import cv2
import numpy as np
import pytest

from app.analysis.alignment import align, sift
from app.analysis.alignment.sift import seen_from_elsewhere
from tests.analysis.alignment.test_scene import Pixels, compared, photo

NAMES = ("astronaut", "chelsea", "camera", "coins", "coffee", "page")
NEARNESS = (5, 11, 2, 8, 12, 3, 9, 1, 10, 6, 4, 7)


def grey(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def posts(aside: int) -> Pixels:
    """Posts at many distances, seen by someone who steps aside: the nearer they are, the farther they move."""
    scene = np.full((480, 640, 3), 120, np.uint8)
    for number, near in enumerate(NEARNESS):
        whole = cv2.resize(photo(NAMES[number % len(NAMES)], 900), (700, 900))
        post = whole[number * 61 % 300 :, number * 97 % 400 :][:480, :110]
        left = 52 * number - aside * near
        start, stop = max(0, left), min(640, left + 110)
        if start < stop:
            scene[:, start:stop] = post[:, start - left : stop - left]
    return scene


def boards(step: float) -> Pixels:
    """A wall, and two boards before it that cover more than half of it, from a place some steps on."""
    scene = np.zeros((480, 640, 3), np.uint8)
    wall = np.asarray(cv2.resize(photo("astronaut", 900), (900, 700)))
    _put(wall, scene, 0.01 * step, 1.0, (-100 - 4 * step, -100))
    for name, left, growth in (("coins", 20, 0.012), ("camera", 360, 0.02)):
        board = np.asarray(cv2.resize(photo(name, 400), (250, 440)))
        grown = 1 + growth * step
        _put(board, scene, 0.01 * step, grown, (left - 12 * step * grown, 20 + 3 * step))
    return scene


def _put(pixels: Pixels, scene: Pixels, turn: float, grown: float, corner: tuple[float, float]) -> None:
    c, s = grown * np.cos(turn), grown * np.sin(turn)
    matrix, size = np.array([[c, -s, corner[0]], [s, c, corner[1]]]), scene.shape[1::-1]
    laid, on = (cv2.warpAffine(one, matrix, size) for one in (pixels, np.full(pixels.shape[:2], 255, np.uint8)))
    scene[on > 250] = laid[on > 250]


@pytest.mark.parametrize("step", [1.5, 2, 2.5])
@pytest.mark.parametrize("quality", [None, 95])
def test_what_lies_in_one_plane_is_laid_over_itself(step: float, quality: int | None) -> None:
    """Fewer than half of the points agree on any one plane; the whole picture was called different."""
    found = compared(boards(0), boards(step), quality)
    assert found.alignment.model != "none"
    assert found.alignment.same_scene
    assert sum(region.share for region in found.regions) < 0.1


@pytest.mark.parametrize("aside", [5, 12, 20])
def test_matches_agree_on_where_the_camera_was(aside: int) -> None:
    assert seen_from_elsewhere(grey(posts(0)), grey(posts(aside)))


@pytest.mark.parametrize(("first", "second"), list(combinations(NAMES, 2)))
def test_matches_of_different_scenes_agree_on_nothing(first: str, second: str) -> None:
    assert not seen_from_elsewhere(grey(photo(first)), grey(photo(second)))


def test_matches_by_chance_agree_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    places = np.random.default_rng(4).uniform(0, 400, (2, 300, 2)).astype(np.float32)
    monkeypatch.setattr(sift, "sift_matches", lambda *_: (places[0], places[1]))
    assert not seen_from_elsewhere(grey(posts(0)), grey(posts(0)))


@pytest.mark.parametrize("other", [posts(12), photo("coffee")], ids=["elsewhere", "something else"])
def test_it_is_told_apart_from_another_scene(other: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be laid over each other, words say which of the two it is."""
    monkeypatch.setattr(align, "find_track", lambda *_: None)
    monkeypatch.setattr(align, "is_unrelated", lambda *_: True)
    found = compared(posts(0), other, 95)
    assert not found.alignment.same_scene
    assert [region.before.width for region in found.regions] == [640]
    elsewhere = other.shape == posts(0).shape
    assert found.summary.split(":")[0] == ("Not the same view" if elsewhere else "Not the same scene")
    assert ("one scene from two places" in (found.alignment.reason or "")) is elsewhere
