"""Make a folder for the category model from an ONNX file and its labels: describe, complete, try, write."""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime

from app.analysis.category.classifier import Classifier
from app.analysis.category.description import Description
from app.analysis.category.network import CPU, ORT_ERRORS
from app.analysis.model import FloatArray
from app.errors import ModelUnusable
from app.model_store import labels_as_bytes, sha256, write_model

Normalisation = Literal["auto", "imagenet", "tensorflow"]

# How the two families of pretrained networks want a pixel p (0 to 255): (p × scale − mean) / std.
_IMAGENET = (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_TENSORFLOW = (1.0, (128.0, 128.0, 128.0), (128.0, 128.0, 128.0))
_BACKGROUND = {"background", "__background__", "dummy"}
_DEFAULT_SIDE = 224


@dataclass(frozen=True, slots=True)
class _Graph:
    """What the ONNX file says about itself."""

    model: bytes
    input: str
    width: int
    height: int
    layout: Literal["NCHW", "NHWC"]
    scores: str
    embedding: str

    def grey(self, levels: Sequence[float]) -> FloatArray:
        """Make one plain input picture for each level."""
        size = (3, self.height, self.width) if self.layout == "NCHW" else (self.height, self.width, 3)
        return np.stack([np.full(size, level, np.float32) for level in levels])


def install(
    folder: Path, model: bytes, labels: bytes, *, source: str, normalisation: Normalisation = "auto"
) -> Description:
    """Write model, labels and description to the folder, or raise ModelUnusable and leave it as it was."""
    graph = _complete(model)
    scores = np.concatenate([_run(graph, graph.grey([level]))[0] for level in (0.0, 0.5)])
    names, has_background = _match(_names(labels), scores.shape[1])
    if normalisation == "auto":  # ImageNet's background class is TensorFlow's habit
        normalisation = "tensorflow" if has_background else "imagenet"
    scale, mean, std = _TENSORFLOW if normalisation == "tensorflow" else _IMAGENET
    adds_up = bool((scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=0.01))
    hashes = sha256(graph.model), sha256(labels_as_bytes(names))
    description = Description.of(
        source=source, model=f"model-{hashes[0][:12]}.onnx", model_sha256=hashes[0],
        labels=f"labels-{hashes[1][:12]}.txt", labels_sha256=hashes[1],
        input=graph.input, width=graph.width, height=graph.height, layout=graph.layout, color_order="RGB",
        scale=scale, mean=mean, std=std, has_background=has_background,
        scores=graph.scores, outputs="probabilities" if adds_up else "logits", embedding=graph.embedding,
    )  # fmt: skip
    Classifier(graph.model, description, names, provider="cpu")  # what cannot be loaded is not installed
    write_model(folder, description, graph.model, names)
    return description


def _complete(content: bytes) -> _Graph:
    """Add the pooled features to the outputs, and let a graph made for one picture take any number if it can."""
    onnx = _import_onnx()
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except importlib.import_module("google.protobuf.message").DecodeError as error:
        raise ModelUnusable("This is not an ONNX model.") from error
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, TypeError) as error:
        raise ModelUnusable(f"This is not a whole ONNX model: {_first_line(error)}.") from error
    input_name, layout, size = _input_of(model.graph)
    embedding = _pooled(model.graph)
    if embedding not in {value.name for value in model.graph.output}:
        model.graph.output.append(_value_info(onnx, model, embedding))
    facts = (input_name, size[1], size[0], layout, model.graph.output[0].name, embedding)
    as_given = _Graph(model.SerializeToString(), *facts)
    _free_batch(model.graph)
    any_number = _Graph(model.SerializeToString(), *facts)
    return any_number if _takes_many(any_number, as_given) else as_given


def _import_onnx() -> Any:
    try:
        import onnx
        import onnx.shape_inference
    except ImportError as error:
        raise ModelUnusable(
            "Installing a model needs the package onnx (running one does not). Get it with: pip install onnx"
        ) from error
    return onnx


def _input_of(graph: Any) -> tuple[str, Literal["NCHW", "NHWC"], tuple[int, int]]:
    """Find the picture input: name, layout, (height, width)."""
    constants = {value.name for value in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    shapes = [[dim.dim_value or None for dim in value.type.tensor_type.shape.dim] for value in inputs]
    if len(inputs) != 1 or len(shapes[0]) != 4 or not graph.output:
        raise ModelUnusable("The model does not take one batch of pictures and nothing else.")
    shape = shapes[0]
    if shape[1] == 3:
        layout, sides = "NCHW", shape[2:]
    elif shape[3] == 3:
        layout, sides = "NHWC", shape[1:3]
    else:
        raise ModelUnusable(f"The model's input {inputs[0].name} has no side of three colour channels.")
    return inputs[0].name, layout, (sides[0] or _DEFAULT_SIDE, sides[1] or _DEFAULT_SIDE)  # type: ignore[return-value]


def _pooled(graph: Any) -> str:
    """Find the features that the classes are told from: the last average over the picture."""
    pooled = [node.output[0] for node in graph.node if node.op_type in ("GlobalAveragePool", "ReduceMean")]
    if not pooled:
        raise ModelUnusable("The model pools no features (it has no GlobalAveragePool), so there is no embedding.")
    return str(pooled[-1])


def _value_info(onnx: Any, model: Any, name: str) -> Any:
    """Give type and shape of an inner value."""
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    known = [value for value in inferred if value.name == name]
    return known[0] if known else onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * 4)


def _free_batch(graph: Any) -> None:
    constants = {value.name for value in graph.initializer}
    for value in [*graph.input, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        if value.name not in constants and len(dims) > 0 and dims[0].dim_value == 1:
            dims[0].dim_param = "batch"
    del graph.value_info[:]  # shapes noted on the way say 1 as well


def _takes_many(candidate: _Graph, reference: _Graph) -> bool:
    """Try two pictures at once: True when each comes out as it does alone."""
    levels = (-0.5, 0.75)
    try:
        both = _run(candidate, candidate.grey(levels))
        alone = [_run(reference, reference.grey([level])) for level in levels]
    except ModelUnusable:
        return False
    return all(
        len(both[output]) == 2 and np.allclose(both[output][row], alone[row][output][0], rtol=1e-3, atol=1e-4)
        for output in (0, 1) for row in (0, 1)
    )  # fmt: skip


def _run(graph: _Graph, pictures: FloatArray) -> list[FloatArray]:
    """Give scores and embedding, one flat row per picture."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(graph.model, options, providers=[CPU])
        outputs = session.run([graph.scores, graph.embedding], {graph.input: pictures})
    except ORT_ERRORS as error:
        raise ModelUnusable(f"ONNX Runtime cannot run this model: {_first_line(error)}") from error
    return [np.asarray(output, np.float32).reshape(len(output), -1) for output in outputs]


def _names(content: bytes) -> list[str]:
    """Read labels: one class a line, perhaps after a WordNet id; the first of several names is kept."""
    try:
        lines = content.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ModelUnusable("The labels are not text in UTF-8.") from error
    names = [re.sub(r"^n\d{8}\s+", "", line.strip()).split(",")[0].strip() for line in lines]
    if not names or not all(name and name.isprintable() for name in names):
        raise ModelUnusable("The labels hold an empty or unprintable line.")
    return names


def _match(names: list[str], classes: int) -> tuple[list[str], bool]:
    """Give one name per class, and whether the first class is the background."""
    if len(names) == classes:
        return names, names[0].lower() in _BACKGROUND
    if len(names) == classes - 1:
        return ["background", *names], True
    raise ModelUnusable(f"The model tells {classes} classes apart, but there are {len(names)} labels.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
