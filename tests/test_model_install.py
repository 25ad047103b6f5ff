"""`python -m app model`: download, completion of the graph, and a folder that is whole or untouched."""

import argparse
import http.server
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from app import model_store
from app.analysis.category.classifier import Classifier, Unavailable
from app.commands import model as command
from app.errors import ModelUnusable
from app.model_download import Download, fetch
from app.model_install import install
from app.model_store import SIDECAR, classifier_for, load_classifier, read_description, sha256
from tests import tiny_models
from tests.tiny_models import SIDE

MODEL = tiny_models.channel_means(outputs=["scores"])
LABELS = b"n00000001 red, scarlet\nn00000002 green\nn00000003 blue, azure\nn00000004 bright\n"
REAL = Path(__file__).parents[1].parent / "shared" / "models"


def picture(red: int, green: int, blue: int) -> np.ndarray:
    """Make a picture of one colour."""
    return np.full((SIDE, SIDE, 3), (red, green, blue), np.uint8)


def run(*words: str) -> int:
    """Run the command as `python -m app` does."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["model", *words])
    return int(arguments.run(arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for the model that does not exist yet."""
    return tmp_path / "model"


def content(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_installed_model_embeds_and_names(folder: Path) -> None:
    description = install(folder, MODEL, LABELS, source="tiny")
    assert description.outputs == "logits"
    assert not description.has_background
    assert description.mean == (0.485, 0.456, 0.406)
    answer = load_classifier(folder).compare(picture(255, 0, 0), picture(0, 0, 255))
    assert [guess.label for guess in (answer.before[0], answer.after[0])] == ["red", "blue"]
    values = (np.array([255, 0, 0]) / 255 - description.mean) / description.std
    values -= (np.array([0, 0, 255]) / 255 - description.mean) / description.std
    assert answer.euclidean_distance == pytest.approx(np.linalg.norm(values), rel=1e-5)
    assert len(content(folder)) == 3


def test_a_graph_for_one_picture_is_changed_to_take_any_number(folder: Path) -> None:
    description = install(folder, tiny_models.channel_means(batch=1, outputs=["scores"]), LABELS, source="tiny")
    graph = onnx.load(str(folder / description.model)).graph
    values = [*graph.input, *graph.output]
    assert [value.name for value in values] == ["picture", "scores", "pooled"]
    assert all(value.type.tensor_type.shape.dim[0].dim_value == 0 for value in values)


def test_a_graph_that_can_take_only_one_picture_stays_so_and_works(folder: Path) -> None:
    model = tiny_models.channel_means(batch=1, outputs=["scores"], fixed_reshape=True)
    description = install(folder, model, LABELS, source="tiny")
    graph = onnx.load(str(folder / description.model)).graph
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    answer = load_classifier(folder).compare(picture(255, 0, 0), picture(0, 0, 255))
    assert [guess.label for guess in (answer.before[0], answer.after[0])] == ["red", "blue"]


def test_a_model_that_has_the_pooled_output_already_is_taken_as_it_is(folder: Path) -> None:
    whole = tiny_models.channel_means()
    description = install(folder, whole, LABELS, source="tiny")
    assert (description.scores, description.embedding) == ("scores", "pooled")
    outputs = onnx.load(str(folder / description.model)).graph.output
    assert [value.name for value in outputs] == ["scores", "pooled"]


def test_a_mean_over_axes_and_weights_among_the_inputs_are_understood(folder: Path) -> None:
    description = install(folder, tiny_models.channel_means(as_exported=True, outputs=["scores"]), LABELS, source="t")
    assert (description.input, description.embedding) == ("picture", "pooled")
    answer = load_classifier(folder).compare(picture(255, 0, 0), picture(0, 0, 255))
    assert [guess.label for guess in (answer.before[0], answer.after[0])] == ["red", "blue"]


def test_channels_last_are_recognised(folder: Path) -> None:
    model = tiny_models.channel_means(layout="NHWC", outputs=["scores"])
    description = install(folder, model, LABELS, source="tiny")
    assert (description.layout, description.width, description.height) == ("NHWC", SIDE, SIDE)
    answer = load_classifier(folder).compare(picture(0, 255, 0), picture(0, 0, 255))
    assert answer.before[0].label == "green"


@pytest.mark.parametrize("labels", [b"background\ngreen\nblue\nbright\n", b"green\nblue\nbright"])
def test_a_background_class_is_recognised_with_or_without_its_line(folder: Path, labels: bytes) -> None:
    model = tiny_models.channel_means(softmax=True, outputs=["scores"])
    description = install(folder, model, labels, source="tiny")
    assert description.has_background
    assert description.outputs == "probabilities"
    assert description.mean == (128, 128, 128)
    answer = load_classifier(folder).compare(picture(255, 0, 0), picture(0, 255, 0))
    assert len(answer.before) == 3
    assert answer.after[0].label == "green"


def test_the_normalisation_can_be_chosen(folder: Path) -> None:
    assert install(folder, MODEL, LABELS, source="tiny", normalisation="tensorflow").scale == 1


UNUSABLE: dict[str, tuple[bytes, bytes, str]] = {
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), LABELS, "not an ONNX model|not a whole ONNX model"),
    "nothing": (b"", LABELS, "not a whole ONNX model"),
    "half a model": (MODEL[: len(MODEL) // 2], LABELS, "not an ONNX model"),
    "no features": (tiny_models.echo(), LABELS, "no GlobalAveragePool"),
    "scores that are not numbers": (
        tiny_models.channel_means(weights=tiny_models.WEIGHTS * np.float32("nan")),
        LABELS,
        "not one row of numbers",
    ),
    "an input too small to show anything": (tiny_models.channel_means(side=8), LABELS, "wrong at width"),
    "two inputs": (
        tiny_models.serialised(
            [onnx.helper.make_node("GlobalAveragePool", ["picture"], ["pooled"])],
            ["batch", 3, SIDE, SIDE],
            {"pooled": ["batch", 3, 1, 1]},
            [],
            more_inputs=[onnx.helper.make_tensor_value_info("mask", onnx.TensorProto.FLOAT, ["batch", 1])],
        ),
        LABELS,
        "one batch of pictures and nothing else",
    ),
    "too few labels": (MODEL, b"red\n", "tells 4 classes apart, but there are 1 labels"),
    "no labels": (MODEL, b"", "empty or unprintable"),
    "an empty label": (MODEL, b"red\n\nblue\nbright\n", "empty or unprintable"),
    "labels that are no text": (MODEL, b"\xff\xfe\x00\x01\n", "UTF-8"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_files_that_cannot_work_are_refused_with_the_reason_and_leave_nothing(folder: Path, case: str) -> None:
    model, labels, reason = UNUSABLE[case]
    with pytest.raises(ModelUnusable, match=reason):
        install(folder, model, labels, source="tiny")
    assert not folder.exists()


def test_a_failed_installation_leaves_the_installed_model_as_it_was(folder: Path) -> None:
    install(folder, MODEL, LABELS, source="tiny")
    before = content(folder)
    with pytest.raises(ModelUnusable):
        install(folder, MODEL, b"red\n", source="tiny")
    assert content(folder) == before


@pytest.mark.parametrize("first", [True, False])
def test_a_disk_that_fills_up_while_writing_leaves_the_folder_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if not first:
        install(folder, tiny_models.channel_means(weights=tiny_models.WEIGHTS * 2), LABELS, source="older")
    before = content(folder)
    original = model_store._write_whole

    def fill_up(path: Path, data: bytes) -> None:
        if path.name == SIDECAR:
            raise OSError(28, "No space left on device")
        original(path, data)

    monkeypatch.setattr(model_store, "_write_whole", fill_up)
    with pytest.raises(ModelUnusable, match="No space left on device"):
        install(folder, MODEL, LABELS, source="tiny")
    assert content(folder) == before
    assert folder.exists() != first


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelUnusable, match="cannot be written"):
        install(tmp_path / "file" / "model", MODEL, LABELS, source="tiny")


def test_a_new_model_replaces_the_old_one_and_its_files(folder: Path) -> None:
    old = install(folder, tiny_models.channel_means(weights=tiny_models.WEIGHTS * 2), LABELS, source="older")
    new = install(folder, MODEL, LABELS, source="newer")
    assert old.model != new.model
    assert content(folder).keys() == {SIDECAR, new.model, new.labels}
    assert read_description(folder) == new


def test_without_the_package_onnx_the_error_says_what_to_get(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelUnusable, match="pip install onnx"):
        install(folder, MODEL, LABELS, source="tiny")


def test_a_process_loads_the_model_once_and_again_after_a_new_installation(folder: Path) -> None:
    install(folder, MODEL, LABELS, source="tiny")
    loaded = classifier_for(folder)
    assert isinstance(loaded, Classifier)
    assert classifier_for(folder) is loaded
    install(folder, tiny_models.channel_means(weights=tiny_models.WEIGHTS * 2), LABELS, source="newer")
    assert classifier_for(folder) is not loaded


def test_a_model_that_is_installed_later_is_found_without_a_restart(folder: Path) -> None:
    missing = classifier_for(folder)
    assert isinstance(missing, Unavailable)
    assert "python -m app model install" in missing.reason
    install(folder, MODEL, LABELS, source="tiny")
    assert isinstance(classifier_for(folder), Classifier)


def damage_model(folder: Path) -> None:
    """Change one byte of the model."""
    path = folder / read_description(folder).model
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a changed model": (damage_model, "SHA-256 differs"),
    "no model": (lambda folder: (folder / read_description(folder).model).unlink(), "cannot be read"),
    "other labels": (lambda folder: (folder / read_description(folder).labels).write_text("a\n"), "SHA-256 differs"),
    "an empty description": (lambda folder: (folder / SIDECAR).write_text(""), "description is wrong"),
    "a description for something else": (
        lambda folder: (folder / SIDECAR).write_text((folder / SIDECAR).read_text().replace('"picture"', '"data"')),
        "its description says data",
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_folder_is_reported_as_a_reason_and_by_status(
    folder: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, reason = DAMAGES[case]
    install(folder, MODEL, LABELS, source="tiny")
    damage(folder)
    answer = classifier_for(folder).compare(picture(1, 1, 1), picture(2, 2, 2))
    assert reason in (answer.reason or "")
    assert run("status", "--folder", str(folder)) == 1
    assert reason in capsys.readouterr().err


class Server(http.server.ThreadingHTTPServer):
    """Serves what is put into ``files``: path -> (body, length that the header promises)."""

    files: dict[str, tuple[bytes, int]]

    def offer(self, path: str, body: bytes, length: int | None = None) -> str:
        """Put a file there and give its address."""
        self.files[path] = body, len(body) if length is None else length
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET from ``server.files``."""

    def do_GET(self) -> None:
        files = self.server.files  # type: ignore[attr-defined]
        body, length = files.get(self.path, (b"gone", 4))
        self.send_response(200 if self.path in files else 404)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine for the length of a test."""
    found = Server(("127.0.0.1", 0), Handler)
    found.files = {}
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def download(data: bytes, *urls: str) -> Download:
    """Describe a file that should be had from these addresses."""
    return Download("tiny.onnx", urls, len(data), sha256(data))


def test_a_download_is_whole_and_its_progress_ends_at_its_size(server: Server) -> None:
    data = bytes(range(256)) * 1000
    seen: list[int] = []
    assert fetch(download(data, server.offer("/file", data)), seen.append) == data
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == len(data)


def test_the_second_address_is_used_when_the_first_has_something_else(server: Server) -> None:
    wrong = server.offer("/pointer", b"version https://git-lfs.github.com/spec/v1")
    assert fetch(download(b"model", wrong, server.offer("/file", b"model"))) == b"model"


def test_a_wrong_hash_a_missing_file_and_no_server_are_each_named(server: Server) -> None:
    wrong, missing = server.offer("/wrong", b"nodel"), server.offer("/x", b"").replace("/x", "/missing")
    with pytest.raises(ModelUnusable) as caught:
        fetch(download(b"model", wrong, missing, "http://127.0.0.1:9/model"), timeout=5)
    lines = caught.value.message.splitlines()
    assert "not the expected file" in lines[1]
    assert "Not Found" in lines[2]
    assert "refused" in lines[3]
    assert "--from FILE --labels FILE" in lines[4]


def test_a_connection_that_breaks_off_and_an_endless_file_are_errors(server: Server) -> None:
    short = server.offer("/short", b"mod", length=5)
    endless = server.offer("/endless", b"model" * 100_000)
    seen: list[int] = []
    with pytest.raises(ModelUnusable, match="could not be downloaded"):
        fetch(download(b"model", short, endless), seen.append)
    assert max(seen) == len(b"model") + 1


def test_install_downloads_checks_and_installs(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MODEL", download(MODEL, server.offer("/model", MODEL)))
    monkeypatch.setattr(command, "LABELS", download(LABELS, server.offer("/labels", LABELS)))
    assert run("install", "--folder", str(folder)) == 0
    assert "tiny.onnx of the ONNX Model Zoo" in capsys.readouterr().out
    assert run("status", "--folder", str(folder)) == 0
    assert "runs on: cpu" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["MODEL", "LABELS"])
def test_an_install_whose_download_fails_leaves_nothing_behind(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    monkeypatch.setattr(command, "MODEL", download(MODEL, server.offer("/model", MODEL)))
    monkeypatch.setattr(command, "LABELS", download(LABELS, server.offer("/labels", LABELS)))
    monkeypatch.setattr(command, broken, download(b"other", server.offer("/other", b"nodel")))
    assert run("install", "--folder", str(folder)) == 1
    assert "not the expected file" in capsys.readouterr().err
    assert list(folder.parent.iterdir()) == []


def test_progress_is_shown_on_a_terminal(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert command._fetch(download(MODEL, server.offer("/model", MODEL))) == MODEL
    assert "\rDownloading tiny.onnx: 100% of" in capsys.readouterr().err


def test_install_from_files_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.onnx").write_bytes(MODEL)
    (tmp_path / "a.txt").write_bytes(LABELS)
    files = ("--from", str(tmp_path / "a.onnx"), "--labels", str(tmp_path / "a.txt"))
    assert run("install", *files, "--folder", str(tmp_path / "model")) == 0
    assert "a.onnx" in capsys.readouterr().out
    assert isinstance(classifier_for(tmp_path / "model"), Classifier)


def test_the_folder_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_DIFF_MODEL", str(tmp_path / "here"))
    install(tmp_path / "here", MODEL, LABELS, source="tiny")
    assert run("status") == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("status",), "python -m app model install"),
        (("install", "--from", "a.onnx"), "belong together"),
        (("install", "--labels", "a.txt"), "belong together"),
        (("install", "--from", "missing.onnx", "--labels", "missing.txt"), "missing.onnx cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr_with_status_1(
    folder: Path, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--folder", str(folder)) == 1
    assert reason in capsys.readouterr().err
    assert not folder.exists()


def test_the_real_model_installs_from_its_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (REAL / "mobilenet_v2.onnx").exists():
        pytest.skip("no real model beside the checkout")
    files = ("--from", str(REAL / "mobilenet_v2.onnx"), "--labels", str(REAL / "labels.txt"))
    assert run("install", *files, "--folder", str(folder)) == 0
    assert "background class: yes; scores: probabilities" in capsys.readouterr().out
    assert run("status", "--folder", str(folder)) == 0
