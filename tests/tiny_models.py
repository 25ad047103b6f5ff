"""Small ONNX models whose answers can be worked out by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
WEIGHTS = np.array([[0.02, 0.0, 0.0, 0.01], [0.0, 0.02, 0.0, 0.01], [0.0, 0.0, 0.02, 0.01]], np.float32)


def channel_means(
    *,
    batch: int | str = "batch",
    layout: str = "NCHW",
    softmax: bool = False,
    weights: np.ndarray = WEIGHTS,
    outputs: Sequence[str] = ("scores", "pooled"),
    fixed_reshape: bool = False,
    as_exported: bool = False,
    side: int = SIDE,
) -> bytes:
    """A model that pools each channel to its mean (the embedding) and mixes the three means to class scores.

    With ``fixed_reshape`` the graph says in a constant that there is one picture, so it can never take two.
    ``as_exported`` writes it as some exporters do: a mean over two axes, the shape worked out in the graph, and the
    weights listed among the inputs.
    """
    nodes = []
    source = "picture"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2]))
        source = "planes"
    if as_exported:
        nodes.append(helper.make_node("ReduceMean", [source], ["pooled"], axes=[2, 3], keepdims=1))
    else:
        nodes.append(helper.make_node("GlobalAveragePool", [source], ["pooled"]))
    constants = [numpy_helper.from_array(weights, "weights")]
    if fixed_reshape:
        constants.append(numpy_helper.from_array(np.array([1, len(weights)], np.int64), "shape"))
        nodes.append(helper.make_node("Reshape", ["pooled", "shape"], ["flat"]))
    elif as_exported:
        numbers = {"first": np.array(0), "axes": np.array([0]), "rest": np.array([-1])}
        constants += [numpy_helper.from_array(value, name) for name, value in numbers.items()]
        nodes += [
            helper.make_node("Shape", ["pooled"], ["sizes"]),
            helper.make_node("Gather", ["sizes", "first"], ["count"], axis=0),
            helper.make_node("Unsqueeze", ["count", "axes"], ["counts"]),
            helper.make_node("Concat", ["counts", "rest"], ["shape"], axis=0),
            helper.make_node("Reshape", ["pooled", "shape"], ["flat"]),
        ]
    else:
        nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "weights"], ["logits"]))
    nodes.append(helper.make_node("Softmax" if softmax else "Identity", ["logits"], ["scores"]))
    shape = [batch, 3, side, side] if layout == "NCHW" else [batch, side, side, 3]
    shapes = {"scores": [batch, weights.shape[1]], "pooled": [batch, 3, 1, 1]}
    listed = [helper.make_tensor_value_info("weights", TensorProto.FLOAT, weights.shape)] if as_exported else []
    return serialised(nodes, shape, {name: shapes[name] for name in outputs}, constants, more_inputs=listed)


def echo(*, layout: str = "NCHW", batch: int | str = "batch") -> bytes:
    """A model whose embedding is its input, value by value, and whose scores are the first four values of it."""
    shape = [batch, 3, SIDE, SIDE] if layout == "NCHW" else [batch, SIDE, SIDE, 3]
    constants = [
        numpy_helper.from_array(np.array([value], np.int64), name) for name, value in (("0", 0), ("1", 1), ("4", 4))
    ]
    nodes = [
        helper.make_node("Flatten", ["picture"], ["pooled"]),
        helper.make_node("Slice", ["pooled", "0", "4", "1"], ["scores"]),
    ]
    return serialised(nodes, shape, {"scores": [batch, 4], "pooled": [batch, 3 * SIDE * SIDE]}, constants)


def serialised(
    nodes: list[Any], shape: list[int | str], outputs: dict[str, list[int | str]], constants: list[Any],
    kind: int = TensorProto.FLOAT, more_inputs: Sequence[Any] = (),
) -> bytes:  # fmt: skip
    """Put a graph with one input, ``picture``, into a file that this ONNX Runtime reads."""
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("picture", kind, shape), *more_inputs],
        [helper.make_tensor_value_info(name, kind, sizes) for name, sizes in outputs.items()],
        constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
