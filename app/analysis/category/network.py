"""An ONNX network that labels and embeds pictures, checked against its description."""

from collections.abc import Sequence
from typing import Any, Literal, cast

import cv2
import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from app.analysis.category.description import Description
from app.analysis.model import FloatArray, UInt8Array
from app.errors import ModelUnusable

Provider = Literal["auto", "cpu", "cuda"]

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
# ONNX Runtime's errors share no base class of their own.
ORT_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(cast(type[Exception], getattr(ort_errors, name)) for name in (
        "EPFail", "EngineError", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf",
        "NotImplemented", "RuntimeException",
    )),
)  # fmt: skip


class Network:
    """A session of ONNX Runtime for one described model.

    Parameters
    ----------
    model : bytes
        The ONNX file.
    description : Description
        Checked against the graph here, with one trial picture.
    classes : int
        Number of labels, the background class included.
    provider : {"auto", "cpu", "cuda"}
        "auto" takes the GPU when ONNX Runtime offers one; "cuda" insists on it.
    threads : int
        Threads of one run; 1 runs on the calling thread alone.

    Raises
    ------
    ModelUnusable
        The file is no ONNX model, differs from its description, or the provider is not there.
    """

    def __init__(
        self, model: bytes, description: Description, classes: int, *, provider: Provider = "auto", threads: int = 1
    ) -> None:
        self.description = description
        self._session = _open_session(model, provider, threads)
        self.provider: Literal["cpu", "cuda"] = "cuda" if self._session.get_providers()[0] == CUDA else "cpu"
        if provider == "cuda" and self.provider != "cuda":
            raise ModelUnusable("ONNX Runtime could not use the GPU (cuda); choose auto or cpu.")
        self._one_by_one = _check_names_and_shapes(self._session, description)
        self._table = _value_table(description)
        self._try_out(classes)

    def run(self, images: Sequence[UInt8Array]) -> tuple[FloatArray, FloatArray]:
        """Embed and score pictures in one batch (one by one when the graph allows no other).

        Parameters
        ----------
        images : sequence of ndarray
            RGB, shape (height, width, 3), uint8, any size.

        Returns
        -------
        embeddings : ndarray
            Shape (pictures, features), float32.
        scores : ndarray
            Shape (pictures, classes), float32, as the graph gives them.

        Raises
        ------
        ModelUnusable
            The run failed, or gave something else than finite numbers for each picture.
        """
        batch = np.stack([self.prepare(image) for image in images])
        step = 1 if self._one_by_one else len(batch)
        parts = [self._run_batch(batch[start : start + step]) for start in range(0, len(batch), step)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def prepare(self, image: UInt8Array) -> FloatArray:
        """Make the input values of one picture.

        Parameters
        ----------
        image : array (H, W, 3), uint8
            RGB, of any size.

        Returns
        -------
        array (3, height, width) for NCHW, else (height, width, 3), float32
            (pixel × scale − mean) / std, as the description says.

        Notes
        -----
        The whole picture is fitted to the input, so its proportions may change. Measured with MobileNetV2 on
        photographs of known content, this labels as well as the usual centre crop and loses nothing at the edges.
        """
        small = _resize(image, self.description.width, self.description.height)
        if self.description.color_order == "BGR":
            small = small[:, :, ::-1]
        planes = [self._table[channel][small[:, :, channel]] for channel in range(3)]
        return np.stack(planes, axis=0 if self.description.layout == "NCHW" else 2)

    def _run_batch(self, batch: FloatArray) -> tuple[FloatArray, FloatArray]:
        names = [self.description.embedding, self.description.scores]
        try:
            outputs = self._session.run(names, {self.description.input: batch})
        except ORT_ERRORS as error:
            raise ModelUnusable(f"The category model cannot be run: {_first_line(error)}") from error
        for name, values in zip(names, outputs, strict=True):
            if values.ndim < 2 or len(values) != len(batch) or not np.isfinite(values).all():
                shape = "×".join(map(str, values.shape))
                raise ModelUnusable(f"The model's output {name} ({shape}) is not one row of numbers per picture.")
        embeddings, scores = (np.asarray(values, dtype=np.float32).reshape(len(batch), -1) for values in outputs)
        return embeddings, scores

    def _try_out(self, classes: int) -> None:
        """Run one grey picture: shows a wrong description now and not in the middle of an evaluation."""
        grey = np.full((self.description.height, self.description.width, 3), 128, np.uint8)
        _, scores = self.run([grey] if self._one_by_one else [grey, grey])
        if scores.shape[1] != classes:
            raise ModelUnusable(f"The model tells {scores.shape[1]} classes apart, but there are {classes} labels.")
        sums_to_one = bool((scores >= 0).all() and abs(float(scores[0].sum()) - 1) < 0.01)
        if sums_to_one != (self.description.outputs == "probabilities"):
            found = "do" if sums_to_one else "do not"
            raise ModelUnusable(
                f"The description says that {self.description.scores} gives {self.description.outputs}, "
                f"but its numbers {found} add up to 1."
            )


def _open_session(model: bytes, provider: Provider, threads: int) -> Any:
    available = onnxruntime.get_available_providers()
    if provider == "cuda" and CUDA not in available:
        raise ModelUnusable("This ONNX Runtime has no GPU support (cuda); install onnxruntime-gpu or choose auto.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what matters is raised
    wanted = [CUDA, CPU] if provider != "cpu" and CUDA in available else [CPU]
    try:
        return onnxruntime.InferenceSession(model, options, providers=wanted)
    except ORT_ERRORS as error:
        raise ModelUnusable(f"The model file cannot be loaded: {_first_line(error)}") from error


def _check_names_and_shapes(session: Any, description: Description) -> bool:
    """Compare graph and description; give True when the graph takes only one picture at a time."""
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = [value.name for value in session.get_outputs()]
    if list(inputs) != [description.input]:
        raise ModelUnusable(f"The model's inputs are {', '.join(inputs)}; its description says {description.input}.")
    for name in (description.scores, description.embedding):
        if name not in outputs:
            raise ModelUnusable(f"The model has no output {name}; it has {', '.join(outputs)}.")
    value = inputs[description.input]
    size = (description.height, description.width)
    expected = (3, *size) if description.layout == "NCHW" else (*size, 3)
    fits = len(value.shape) == 4 and all(
        not isinstance(given, int) or given == wanted for given, wanted in zip(value.shape[1:], expected, strict=True)
    )
    if value.type != "tensor(float)" or not fits or (isinstance(value.shape[0], int) and value.shape[0] != 1):
        raise ModelUnusable(
            f"The model's input {value.name} is {value.type} {value.shape}; its description says "
            f"one or any number of pictures of {expected} in tensor(float)."
        )
    return isinstance(value.shape[0], int)


def _value_table(description: Description) -> FloatArray:
    """Input value of every channel (3) and pixel value (256), computed in float64 and rounded once."""
    pixel = np.arange(256, dtype=np.float64)[None, :] * description.scale
    mean, std = (np.array(values, dtype=np.float64)[:, None] for values in (description.mean, description.std))
    return ((pixel - mean) / std).astype(np.float32)


def _resize(image: UInt8Array, width: int, height: int) -> UInt8Array:
    """Shrink by area averages, then enlarge the sides that are still too short (INTER_AREA alone mixes the two up)."""
    shrunk = cv2.resize(image, (min(width, image.shape[1]), min(height, image.shape[0])), interpolation=cv2.INTER_AREA)
    if shrunk.shape[:2] != (height, width):
        shrunk = cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(UInt8Array, shrunk)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
