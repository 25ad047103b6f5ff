"""The network gets what its description asks for, on the processor or the GPU that was chosen."""

from typing import Any

import numpy as np
import onnxruntime
import pytest

from app.analysis.category.classifier import Category, Classifier
from app.analysis.category.network import CPU, CUDA, Network
from app.errors import ModelUnusable
from tests import tiny_models
from tests.analysis.category.conftest import LABELS, describe, flat
from tests.tiny_models import SIDE


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
