"""Fetch the files of the ONNX Model Zoo's MobileNetV2, known by size and SHA-256."""

import http.client
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import ModelUnusable
from app.model_store import sha256

# The commit pins the path; what is trusted is the hash. The zoo gave up its GitHub downloads in 2025
# (they still answered in October 2026); the same files live on under the second address.
_ZOO = "https://github.com/onnx/models/raw/c5cae0f1942c8d7727372c7b1f6b485aa39e4421/validated/vision/classification"
_HUB = "https://huggingface.co/onnxmodelzoo/mobilenetv2-12/resolve/main"
_CHUNK = 1 << 16

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Download:
    """A file and where it can be had; the addresses are tried in turn."""

    name: str
    urls: tuple[str, ...]
    size: int
    sha256: str


MODEL = Download(
    name="mobilenetv2-12.onnx",
    urls=(f"{_ZOO}/mobilenet/model/mobilenetv2-12.onnx", f"{_HUB}/mobilenetv2-12.onnx"),
    size=13_964_571,
    sha256="c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5",
)
LABELS = Download(
    name="synset.txt",
    urls=(
        f"{_ZOO}/synset.txt",
        "https://raw.githubusercontent.com/onnx/models/main/validated/vision/classification/synset.txt",
    ),
    size=31_675,
    sha256="acf75ef0abe89694b19056e0796401068b459c457baa30335f240c7692857355",
)


def fetch(wanted: Download, progress: Progress = lambda received: None, *, timeout: float = 30.0) -> bytes:
    """Download a file and check it; ModelUnusable tells what happened at each address."""
    problems = []
    for url in wanted.urls:
        try:
            content = _read(url, wanted.size, progress, timeout)
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{url}: {_reason(error)}")
            continue
        if sha256(content) == wanted.sha256:
            return content
        problems.append(f"{url}: not the expected file (its SHA-256 differs)")
    raise ModelUnusable(
        f"{wanted.name} could not be downloaded.\n  " + "\n  ".join(problems) + "\n"
        "Without a network, fetch model and labels elsewhere and give them with --from FILE --labels FILE."
    )


def _read(url: str, size: int, progress: Progress, timeout: float) -> bytes:
    """Read at most one byte more than the file should have: enough to see that it is too long."""
    request = urllib.request.Request(url, headers={"User-Agent": "image-diff"})
    content = bytearray()
    with urllib.request.urlopen(request, timeout=timeout) as response:
        while chunk := response.read(min(_CHUNK, size + 1 - len(content))):
            content += chunk
            progress(len(content))
    return bytes(content)


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", None)
    return str(inner or error) or type(error).__name__
