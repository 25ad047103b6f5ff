"""Names and distances of pictures: against NumPy with models made here, and with the real one where it lies."""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from skimage import data

from app.analysis.category import classifier as category
from app.analysis.category.classifier import Category, Classifier, Unavailable, not_installed, region_crops, sentence
from app.analysis.category.network import CPU, CUDA, Description, Network
from app.analysis.model import Box, Region
from app.errors import ModelUnusable
from app.model_install import install
from app.model_store import load_classifier
from tests import tiny_models
from tests.analysis.pictures import encoded, opened
from tests.tiny_models import SIDE

LABELS = ("red", "green", "blue", "bright")
REAL = Path(__file__).parents[3].parent / "shared" / "models"


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


@pytest.fixture
def photo() -> np.ndarray:
    """A picture of the input's size with every byte value in it."""
    return np.random.default_rng(5).permutation(SIDE * SIDE * 3).astype(np.uint8).reshape(SIDE, SIDE, 3)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(
    ("scale", "mean", "std"),
    [
        (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        (1.0, (128.0, 128.0, 128.0), (128.0, 128.0, 128.0)),
        (1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    ],
)
def test_the_network_gets_the_values_that_numpy_computes_to_the_last_bit(
    photo: np.ndarray, order: Any, layout: Any, scale: float, mean: Any, std: Any
) -> None:
    description = describe(layout=layout, color_order=order, scale=scale, mean=mean, std=std)
    seen, _ = Network(tiny_models.echo(layout=layout), description, 4).run([photo])
    pixels = photo[:, :, ::-1] if order == "BGR" else photo
    expected = ((pixels.astype(np.float64) * scale - np.array(mean)) / np.array(std)).astype(np.float32)
    expected = expected.transpose(2, 0, 1) if layout == "NCHW" else expected
    assert np.array_equal(seen[0], expected.ravel())


def test_a_larger_picture_is_reduced_by_the_averages_of_its_areas() -> None:
    large = np.random.default_rng(3).integers(0, 256, (6 * SIDE, 4 * SIDE, 3)).astype(np.uint8)
    seen, _ = Network(tiny_models.echo(layout="NHWC"), describe(layout="NHWC"), 4).run([large])
    expected = large.reshape(SIDE, 6, SIDE, 4, 3).mean(axis=(1, 3))
    assert np.abs(seen[0].reshape(SIDE, SIDE, 3) - expected).max() <= 0.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (3, 5), (SIDE, 2000)])
def test_pictures_of_any_shape_fit_the_input(shape: tuple[int, int]) -> None:
    seen, _ = Network(tiny_models.echo(), describe(), 4).run([flat(10, 20, 30, shape)])
    assert set(seen[0]) == {10, 20, 30}


def test_a_thin_picture_is_averaged_along_its_long_side() -> None:
    stripes = np.zeros((4, 64 * SIDE, 3), np.uint8)
    stripes[:, ::2] = 200  # sampling single pixels would give 0 or 200
    seen, _ = Network(tiny_models.echo(), describe(), 4).run([stripes])
    assert set(seen[0]) == {100}


def test_the_embedding_is_the_pooled_features_and_distances_are_those_of_numpy(photo: np.ndarray) -> None:
    other = flat(200, 100, 50)
    answer = Classifier(tiny_models.channel_means(), describe(), LABELS).compare(photo, other)
    first, second = photo.reshape(-1, 3).mean(axis=0), np.array([200, 100, 50])
    cosine = 1 - first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    assert answer.cosine_distance == pytest.approx(cosine, abs=1e-6)
    assert answer.euclidean_distance == pytest.approx(np.linalg.norm(first - second), rel=1e-6)
    assert answer.provider == "cpu"
    assert answer.reason is None


def test_equal_pictures_have_distance_zero_and_opposite_ones_the_largest() -> None:
    classifier = Classifier(tiny_models.channel_means(), describe(mean=(128, 128, 128)), LABELS)
    same = classifier.compare(flat(9, 99, 199), flat(9, 99, 199))
    assert same.euclidean_distance == 0
    assert same.cosine_distance == pytest.approx(0, abs=1e-12)
    assert classifier.compare(flat(28, 28, 28), flat(228, 228, 228)).cosine_distance == pytest.approx(2)


def test_an_embedding_of_zeros_has_no_angle_and_the_answer_says_so() -> None:
    answer = Classifier(tiny_models.channel_means(), describe(), LABELS).compare(flat(0, 0, 0), flat(3, 4, 0))
    assert answer.cosine_distance is None
    assert answer.sentence is None
    assert answer.euclidean_distance == pytest.approx(5)
    assert "all zero" in (answer.reason or "")


def test_probabilities_of_logits_are_their_softmax_best_first() -> None:
    answer = Classifier(tiny_models.channel_means(), describe(), LABELS).compare(flat(250, 100, 0), flat(0, 0, 250))
    logits = {"red": 5.0, "green": 2.0, "blue": 0.0, "bright": 3.5}
    total = sum(math.exp(value) for value in logits.values())
    assert [guess.label for guess in answer.before] == ["red", "bright", "green", "blue"]
    assert [guess.probability for guess in answer.before] == pytest.approx(
        [math.exp(logits[guess.label]) / total for guess in answer.before], rel=1e-5
    )
    assert answer.after[0].label == "blue"


def test_logits_far_from_zero_do_not_overflow() -> None:
    model = tiny_models.channel_means(weights=tiny_models.WEIGHTS * 1e4)
    answer = Classifier(model, describe(), LABELS).compare(flat(255, 0, 0), flat(0, 255, 0))
    assert answer.before[0].probability == pytest.approx(1)


def test_probabilities_of_the_graph_are_taken_as_they_are() -> None:
    plain = Classifier(tiny_models.channel_means(), describe(), LABELS)
    ready = Classifier(tiny_models.channel_means(softmax=True), describe(outputs="probabilities"), LABELS)
    pictures = flat(250, 100, 0), flat(0, 0, 250)
    for one, other in zip(plain.compare(*pictures).before, ready.compare(*pictures).before, strict=True):
        assert one.label == other.label
        assert one.probability == pytest.approx(other.probability, rel=1e-5)


@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_the_background_class_is_never_named_and_shifts_no_label(outputs: Any) -> None:
    model = tiny_models.channel_means(softmax=outputs == "probabilities")
    labels = ("background", "green", "blue", "bright")
    classifier = Classifier(model, describe(has_background=True, outputs=outputs), labels)
    whole = Classifier(model, describe(outputs=outputs), LABELS)
    pictures = flat(250, 100, 0), flat(0, 250, 0)
    answer, full = classifier.compare(*pictures), whole.compare(*pictures)
    assert [guess.label for guess in answer.before] == ["bright", "green", "blue"]
    assert answer.after[0].label == "green"
    expected = [guess.probability for guess in full.before if guess.label != "red"]
    assert [guess.probability for guess in answer.before] == expected


def test_at_most_five_classes_are_named() -> None:
    weights = np.random.default_rng(0).random((3, 12), np.float32)
    classifier = Classifier(tiny_models.channel_means(weights=weights), describe(), [str(n) for n in range(12)])
    assert len(classifier.compare(flat(1, 2, 3), flat(4, 5, 6)).before) == 5


CROPS = [(flat(250, 0, 0, (9, 30)), flat(0, 250, 0, (12, 28))), (flat(0, 0, 250), flat(0, 0, 250))]


def test_whole_pictures_and_regions_go_through_the_network_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(tiny_models.channel_means(), describe(), LABELS)
    sizes = []
    original = Network._run_batch

    def count(self: Network, batch: Any) -> Any:
        sizes.append(len(batch))
        return original(self, batch)

    monkeypatch.setattr(Network, "_run_batch", count)
    answer = classifier.compare(flat(9, 9, 9), flat(7, 7, 7), CROPS, ids=[4, 2])
    assert sizes == [6]
    assert [region.id for region in answer.regions] == [4, 2]
    first, second = answer.regions
    assert (first.before[0].label, first.after[0].label) == ("red", "green")
    assert first.cosine_distance == pytest.approx(1)
    assert first.euclidean_distance == pytest.approx(math.hypot(250, 250), rel=1e-6)
    assert second.euclidean_distance == 0


@pytest.mark.parametrize("fixed_reshape", [False, True])
def test_a_graph_for_one_picture_is_run_one_by_one_with_the_same_answer(fixed_reshape: bool) -> None:
    model = tiny_models.channel_means(batch=1, fixed_reshape=fixed_reshape)
    one_by_one = Classifier(model, describe(), LABELS).compare(*CROPS[0], CROPS)
    at_once = Classifier(tiny_models.channel_means(), describe(), LABELS).compare(*CROPS[0], CROPS)
    assert one_by_one == at_once


def test_regions_are_named_in_words_only_where_the_guess_is_confident() -> None:
    weights = tiny_models.WEIGHTS.copy()
    weights[2, 2] = 0.0  # nothing speaks for blue
    classifier = Classifier(tiny_models.channel_means(weights=weights), describe(), LABELS)
    sure, unsure = flat(250, 0, 0), flat(0, 0, 250)
    both, one, none = classifier.compare(sure, sure, [(sure, sure), (unsure, sure), (unsure, unsure)]).regions
    assert both.before[0].probability > category.CONFIDENT > none.before[0].probability
    assert both.sentence == "before: red (91%); after: red (91%)"
    assert one.sentence == "after: red (91%)"
    assert none.sentence is None


WRONG: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "not ONNX": (b"GIF89a", {}, "cannot be loaded"),
    "empty": (b"", {}, "cannot be loaded"),
    "cut off": (tiny_models.channel_means()[:-200], {}, "cannot be loaded"),
    "input name": (tiny_models.channel_means(), {"input": "data"}, "inputs are picture; its description says data"),
    "size": (tiny_models.channel_means(), {"width": 32}, r"description says .* \(3, 16, 32\)"),
    "layout": (tiny_models.channel_means(), {"layout": "NHWC"}, r"description says .* \(16, 16, 3\)"),
    "scores": (tiny_models.channel_means(), {"scores": "prob"}, "no output prob; it has scores, pooled"),
    "embedding": (tiny_models.channel_means(outputs=["scores"]), {}, "no output pooled; it has scores"),
    "fixed batch": (tiny_models.channel_means(batch=4), {}, "any number of pictures"),
    "hidden batch": (tiny_models.channel_means(fixed_reshape=True), {}, "cannot be run"),
    "logits": (tiny_models.channel_means(softmax=True), {}, "gives logits, but its numbers do add up to 1"),
    "probabilities": (
        tiny_models.channel_means(), {"outputs": "probabilities"}, "gives probabilities, but its numbers do not add up",
    ),
    "not a number": (tiny_models.channel_means(weights=tiny_models.WEIGHTS * np.float32("nan")), {}, "output scores"),
    "one number for all": (
        tiny_models.serialised(
            [helper.make_node("ReduceMean", ["picture"], ["pooled"]), helper.make_node("Abs", ["pooled"], ["scores"])],
            ["batch", 3, SIDE, SIDE], {"scores": [1, 1, 1, 1], "pooled": [1, 1, 1, 1]}, [],
        ), {}, "not one row of numbers per picture",
    ),
    "doubles": (
        tiny_models.serialised(
            [helper.make_node("Flatten", ["picture"], [name]) for name in ("scores", "pooled")],
            ["batch", 3, SIDE, SIDE], {"scores": ["batch", 768], "pooled": ["batch", 768]}, [], TensorProto.DOUBLE,
        ), {}, r"tensor\(double\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_model_that_is_damaged_or_differs_from_its_description_is_refused_with_the_reason(case: str) -> None:
    model, changes, reason = WRONG[case]
    with pytest.raises(ModelUnusable, match=reason):
        Classifier(model, describe(**changes), LABELS)


def test_labels_that_are_too_few_are_refused_with_both_numbers() -> None:
    with pytest.raises(ModelUnusable, match="tells 4 classes apart, but there are 3 labels"):
        Classifier(tiny_models.channel_means(), describe(), LABELS[:3])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"layout": "CHW"}, "layout"),
        ({"std": [1, 0, 1]}, "std.1"),
        ({"mean": [1, 2]}, "mean.2"),
        ({"width": 100_000}, "width"),
        ({"model": "../../etc/passwd"}, "model"),
        ({"model_sha256": "abc"}, "model_sha256"),
        ({"extra": 1}, "extra"),
        ({"labels": "m.onnx"}, "file"),
    ],
)
def test_a_wrong_description_is_refused_and_the_field_named(change: dict[str, Any], field: str) -> None:
    text = json.dumps(json.loads(describe().model_dump_json()) | change)
    with pytest.raises(ModelUnusable, match=f"wrong at {field}:"):
        Description.from_json(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"scale": NaN}', "\x00"])
def test_a_description_that_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(ModelUnusable, match="description is wrong"):
        Description.from_json(text)


def test_a_description_survives_being_written_and_read() -> None:
    assert Description.from_json(describe(scale=1 / 255).model_dump_json()) == describe(scale=1 / 255)


def test_cuda_is_refused_where_onnx_runtime_has_no_gpu_support(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    with pytest.raises(ModelUnusable, match="onnxruntime-gpu"):
        Classifier(tiny_models.channel_means(), describe(), LABELS, provider="cuda")


@pytest.fixture
def offered_gpu(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Make ONNX Runtime offer a GPU that turns out not to work, and note what sessions ask for."""
    asked: list[list[str]] = []
    real = onnxruntime.InferenceSession

    def session(model: bytes, options: Any, providers: list[str]) -> Any:
        asked.append(providers)
        assert options.intra_op_num_threads == 3
        return real(model, options, providers=[CPU])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    return asked


def test_auto_asks_for_the_gpu_and_says_what_ran_in_the_end(offered_gpu: list[list[str]]) -> None:
    classifier = Classifier(tiny_models.channel_means(), describe(), LABELS, provider="auto", threads=3)
    assert offered_gpu == [[CUDA, CPU]]
    assert classifier.compare(flat(1, 1, 1), flat(2, 2, 2)).provider == "cpu"


def test_cpu_does_not_touch_the_gpu(offered_gpu: list[list[str]]) -> None:
    Classifier(tiny_models.channel_means(), describe(), LABELS, provider="cpu", threads=3)
    assert offered_gpu == [[CPU]]


def test_cuda_that_does_not_start_is_an_error_and_no_silent_change(offered_gpu: list[list[str]]) -> None:
    with pytest.raises(ModelUnusable, match="could not use the GPU"):
        Classifier(tiny_models.channel_means(), describe(), LABELS, provider="cuda", threads=3)


def test_a_run_that_fails_gives_the_reason_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(tiny_models.channel_means(), describe(), LABELS)

    class Broken:
        def run(self, *_: Any) -> Any:
            raise RuntimeError("out of memory\nsecond line")

    monkeypatch.setattr(classifier._network, "_session", Broken())
    answer = classifier.compare(flat(1, 1, 1), flat(2, 2, 2))
    assert answer == Category(reason="The category model cannot be run: out of memory")


def test_without_a_model_the_answer_says_how_to_install_one() -> None:
    answer = not_installed().to_dict()
    assert "python -m app model install" in answer["reason"]
    assert answer["cosine_distance"] is None
    assert answer["before"] == answer["after"] == answer["regions"] == ()
    assert Unavailable("broken").compare(flat(1, 1, 1), flat(1, 1, 1)) == Category(reason="broken")


def test_the_answer_becomes_plain_json_with_the_names_of_the_contract() -> None:
    answer = Classifier(tiny_models.channel_means(), describe(), LABELS).compare(*CROPS[0], CROPS)
    read = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert {"cosine_distance", "euclidean_distance", "before", "after", "reason"} <= read.keys()
    assert read["before"][0].keys() == {"label", "probability"}
    assert read["regions"][0].keys() >= {"id", "before", "after", "cosine_distance"}


def test_the_sentence_follows_the_distance() -> None:
    texts = [sentence(value) or "" for value in (0.0, 0.079, 0.081, 0.39, 0.41, 2.0)]
    assert ["nearly the same" in text for text in texts] == [True, True, False, False, False, False]
    assert ["alike" in text for text in texts] == [False, False, True, True, False, False]
    assert ["different subjects" in text for text in texts] == [False, False, False, False, True, True]


def region(number: int, before: Box, strength: float, after: Box | None = None) -> Region:
    """Make a region of which only place and strength matter."""
    return Region(number, before, after or before, before.width * before.height, 0.0, strength, "changed")


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


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A MobileNetV2 trained on ImageNet; it is not part of the project."""
    if not (REAL / "mobilenet_v2.onnx").exists():
        pytest.skip("no real model beside the checkout")
    folder = tmp_path_factory.mktemp("model")
    model, labels = (REAL / "mobilenet_v2.onnx").read_bytes(), (REAL / "labels.txt").read_bytes()
    assert install(folder, model, labels, source="test").has_background
    return load_classifier(folder)


def test_the_real_model_knows_coffee_a_cat_and_a_rocket(real: Classifier) -> None:
    coffee = real.compare(data.coffee(), data.chelsea())
    assert coffee.before[0].label == "espresso"
    assert "cat" in coffee.after[0].label
    assert real.compare(data.rocket(), data.coffee()).before[0].label == "missile"
    assert real._network.run([data.coffee()])[0].shape == (1, 1280)


def test_a_real_copy_is_far_nearer_than_another_picture(real: Classifier) -> None:
    coffee, cat = data.coffee(), data.chelsea()
    near, far = real.compare(coffee, opened(encoded(coffee, 60))), real.compare(coffee, cat)
    assert near.cosine_distance is not None
    assert far.cosine_distance is not None
    assert near.cosine_distance < far.cosine_distance / 10
    assert near.euclidean_distance < far.euclidean_distance / 3
    assert "nearly the same" in (near.sentence or "")
    assert "different subjects" in (far.sentence or "")


def test_the_real_model_sees_what_replaced_an_object(real: Classifier) -> None:
    before = data.camera()
    before = np.dstack([before] * 3)
    after = before.copy()
    after[100:300, 100:400] = cv2.resize(data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    ids, crops = region_crops(before, after, [region(7, Box(100, 100, 300, 200), 1.0)])
    found = real.compare(before, after, crops, ids).regions[0]
    assert (found.id, found.after[0].label) == (7, "espresso")
    assert found.cosine_distance is not None
    assert found.cosine_distance > category.ALIKE


def test_the_real_model_gives_the_same_numbers_alone_and_in_a_batch(real: Classifier) -> None:
    pictures = [data.coffee(), data.chelsea(), data.rocket()]
    together, _ = real._network.run(pictures)
    alone = np.concatenate([real._network.run([picture])[0] for picture in pictures])
    assert np.allclose(together, alone, rtol=1e-4, atol=1e-4)
