"""A model that is damaged or differs from its description is refused, with the reason."""

import json
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from app.analysis.category.classifier import Classifier
from app.analysis.category.description import Description
from app.errors import ModelUnusable
from tests import tiny_models
from tests.analysis.category.conftest import LABELS, describe
from tests.tiny_models import SIDE

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
