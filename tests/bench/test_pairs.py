"""Made pairs are what they say: the truth is where pixels differ, and the same name gives the same pair."""

import cv2
import numpy as np
import pytest
from PIL import Image

from bench import accuracy, nuisances, photos
from bench.cases import from_spec
from bench.edits import TRUTH_LEVEL, difference
from bench.methods import absolute, pixelmatch, read
from bench.pairs import Spec, make, plan
from bench.scoring import judge


def test_the_two_sets_share_no_picture():
    """Nothing that the comparison was tuned on is in the reported table."""
    assert not set(photos.names("tune")) & set(photos.names("report"))
    tune, report = plan("tune"), plan("report")
    assert not {spec.seed for spec in tune} & {spec.seed for spec in report}
    assert {spec.nuisance for spec in report} == set(nuisances.NUISANCES)


def test_pairs_can_be_made_from_a_folder_of_photos(tmp_path):
    """The same edits and nuisances on photos that nobody tuned on; patches come from the other photos there."""
    for name, shipped in (("a.png", "coffee.png"), ("b.JPG", "rocket.jpg")):
        Image.fromarray(photos.original(shipped)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no photo")
    options = accuracy.arguments(["--photos", str(tmp_path), "--quick", "--methods", "ours"])
    cases = [maker() for maker in accuracy.makers(options)]
    assert {case.id.split("-")[0] for case in cases} == {"a", "b"}
    assert any(case.boxes for case in cases)
    assert photos.siblings(str(tmp_path.resolve() / "a.png")) == [str(tmp_path.resolve() / "b.JPG")]
    (tmp_path / "a.png").unlink()
    with pytest.raises(SystemExit, match="holds 1 photos; two are needed"):
        accuracy.makers(options)


@pytest.mark.parametrize("photo", ["coffee.png", "flower.jpg", "board-1"])
def test_without_a_nuisance_pixels_differ_inside_the_truth_boxes_and_nowhere_else(photo):
    """Every box is tight around changed pixels, and no pixel outside the boxes changed visibly."""
    pair = make(Spec(photo, 5, "none", "default", 4))
    diff = difference(read(pair.before), read(pair.after))
    assert len(pair.truths) >= 4
    for truth in pair.truths:
        x, y, width, height = truth.box
        inside = diff[y : y + height, x : x + width] > TRUTH_LEVEL
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
        diff[y : y + height, x : x + width] = 0
    assert diff.max() <= TRUTH_LEVEL


def test_edits_have_the_asked_size_and_keep_their_distance():
    """Default edits are 3 to 11 % of the width, small ones 1 to 3 %; boxes do not touch."""
    for profile, low, high in (("default", 0.015, 0.14), ("small", 0.004, 0.04), ("large", 0.15, 1.0)):
        pair = make(Spec("coffee.png", 9, "none", profile, 5))
        width = read(pair.before).shape[1]
        boxes = [truth.box for truth in pair.truths]
        assert all(low * width <= max(box[2:]) <= high * width for box in boxes), profile
        alone = judge("a", "m", "g", boxes, boxes)
        assert alone.hits == len(boxes)
        grown = np.zeros(read(pair.before).shape[:2], np.uint8)
        for x, y, w, h in boxes:
            grown[y : y + h, x : x + w] += 1
        assert grown.max() == 1


@pytest.mark.parametrize("nuisance", [*nuisances.NUISANCES, "camera"])
def test_unchanged_pairs_hold_no_edit_and_every_nuisance_does_something(nuisance):
    """Without edits, only "none" leaves the pixels alone."""
    pair = make(Spec("flower.jpg", 3, nuisance, "default", 0))
    assert pair.truths == ()
    before, after = read(pair.before), read(pair.after)
    equal = before.shape == after.shape and np.array_equal(before, after)
    assert equal == (nuisance == "none")


def test_what_is_saved_again_was_a_jpeg_before_and_comes_back_nearly_as_it_was():
    """At its own quality rounding changes few pixels, where the first saving changes most."""
    pair = make(Spec("flower.jpg", 3, "resaved", "default", 0))
    unequal = (difference(read(pair.before), read(pair.after)) > 0).mean()
    assert 0 < unequal < 0.25


def test_the_same_three_give_the_same_pair():
    """Files, boxes and matrix repeat to the byte."""
    spec = Spec("chelsea.png", 4, "rotate+jpeg60", "default", 3)
    assert make(spec) == make(spec)


def test_the_matrix_says_where_before_went():
    """Warping *after* back with the pair's own matrix brings an unchanged pair together."""
    for nuisance in ("shift", "rotate", "perspective", "resize"):
        pair = make(Spec("flower.jpg", 6, nuisance, "default", 0))
        before, after = read(pair.before), read(pair.after)
        size = before.shape[1::-1]
        back = cv2.warpPerspective(after, np.array(pair.matrix), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        inner = (slice(60, -60), slice(60, -60))
        assert np.median(cv2.absdiff(before, back)[inner]) <= 3, nuisance


def test_truths_lie_where_both_pictures_look():
    """No edit is asked for where the second camera did not look."""
    for seed in range(4):
        pair = make(Spec("grace_hopper.jpg", seed, "phone", "default", 5))
        height, width = read(pair.after).shape[:2]
        for truth in pair.truths:
            x, y, w, h = truth.box
            corners = np.array([[[x, y]], [[x + w, y]], [[x + w, y + h]], [[x, y + h]]], np.float64)
            there = cv2.perspectiveTransform(corners, np.array(pair.matrix)).reshape(-1, 2)
            assert there.min() >= 0 and there[:, 0].max() <= width and there[:, 1].max() <= height


def test_the_usual_methods_find_plain_edits_and_flag_noise():
    """The baselines work as they do elsewhere: fine on a clean pair, lost after a shift."""
    clean = from_spec(Spec("coffee.png", 5, "none", "default", 3))
    shifted = from_spec(Spec("coffee.png", 5, "shift", "default", 0))
    for method in (absolute, pixelmatch):
        found = method(clean.before, clean.after).boxes
        assert judge("a", "m", "g", found, clean.boxes or ()).hits >= 3
        assert method(shifted.before, shifted.after).boxes
