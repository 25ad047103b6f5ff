"""`python -m app model`: install the category model, or say which one is installed."""

import argparse
import sys
from pathlib import Path

from app.analysis.category.description import Description
from app.errors import ModelUnusable
from app.model_download import LABELS, MODEL, Download, fetch
from app.model_install import install
from app.model_store import load_classifier, read_description
from app.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("model", help="the network that names what a picture shows")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    install_parser = actions.add_parser("install", help="download MobileNetV2, or take a file, and install it")
    install_parser.add_argument("--from", dest="model", type=Path, metavar="FILE", help="an ONNX file; no download")
    install_parser.add_argument("--labels", type=Path, metavar="FILE", help="its labels, one class a line")
    install_parser.add_argument(
        "--normalisation", choices=["auto", "imagenet", "tensorflow"], default="auto",
        help="what --from expects of a pixel p: imagenet (p/255 − mean)/std, tensorflow (p − 128)/128; "
        "auto: tensorflow when there is a background class",
    )  # fmt: skip
    install_parser.set_defaults(action=_install)
    status_parser = actions.add_parser("status", help="say which model is installed and whether it works")
    status_parser.set_defaults(action=_status)
    for sub in (install_parser, status_parser):
        sub.add_argument("--folder", type=Path, help="where the model lies (default: the setting IMAGE_DIFF_MODEL)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Install or report; give the exit status."""
    try:
        folder: Path = arguments.folder or Settings.from_environment().model
        return int(arguments.action(arguments, folder))
    except ModelUnusable as error:
        print(error.message, file=sys.stderr)
        return 1


def _install(arguments: argparse.Namespace, folder: Path) -> int:
    if (arguments.model is None) != (arguments.labels is None):
        raise ModelUnusable("--from and --labels belong together: give both, or neither to download MobileNetV2.")
    if arguments.model is None:
        model, labels, source = _fetch(MODEL), _fetch(LABELS), f"{MODEL.name} of the ONNX Model Zoo"
        description = install(folder, model, labels, source=source, normalisation="imagenet")
    else:
        model, labels, source = _read(arguments.model), _read(arguments.labels), arguments.model.name
        description = install(folder, model, labels, source=source, normalisation=arguments.normalisation)
    print(f"Installed in {folder}:\n{_describe(description)}")
    return 0


def _status(arguments: argparse.Namespace, folder: Path) -> int:
    settings = Settings.from_environment()
    classifier = load_classifier(folder, settings.model_provider, settings.model_threads)
    print(f"Installed in {folder}:\n{_describe(read_description(folder))}\n  runs on: {classifier.provider}")
    return 0


def _describe(description: Description) -> str:
    numbers = ", ".join(f"{value:g}" for value in (description.scale, *description.mean, *description.std))
    return (
        f"  model: {description.source}\n"
        f"  input: {description.input}, {description.width} × {description.height} {description.color_order}, "
        f"{description.layout}; scale, mean, std: {numbers}\n"
        f"  background class: {'yes' if description.has_background else 'no'}; scores: {description.outputs}\n"
        f"  SHA-256: {description.model_sha256}"
    )


def _fetch(wanted: Download) -> bytes:
    """Download with a line of progress: kept up to date on a terminal, one line in a log."""
    megabytes = f"{wanted.size / 1e6:.1f} MB"
    if not sys.stderr.isatty():
        print(f"Downloading {wanted.name} ({megabytes})", file=sys.stderr)
        return fetch(wanted)

    def show(received: int) -> None:
        print(f"\rDownloading {wanted.name}: {received / wanted.size:4.0%} of {megabytes}", end="", file=sys.stderr)

    try:
        return fetch(wanted, show)
    finally:
        print(file=sys.stderr)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"{path} cannot be read: {error.strerror}.") from error
