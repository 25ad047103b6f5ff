"""Distances, names and sentences of pictures: against NumPy, with models made here."""

import json
import math
from typing import Any

import numpy as np
import pytest

from app.analysis.category import classifier as category
from app.analysis.category.classifier import Category, Classifier, Unavailable, not_installed, sentence
from app.analysis.category.network import Network
from tests import tiny_models
from tests.analysis.category.conftest import CROPS, LABELS, describe, flat


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
