"""What the children do: evaluate the pair in a folder, draw a picture of it. Files in, files out."""

import os
import resource
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import TypeAdapter

from app.analysis import Deadline, Limits, Options, Region, evaluate
from app.analysis.category.network import Provider
from app.analysis.drawing.previews import aligned_pixels
from app.analysis.encoding import with_alpha
from app.analysis.model import Alignment, Maps
from app.analysis.reading.decode import decode
from app.analysis.render import PREVIEWS, Scene, render
from app.errors import TooManyPixels
from app.model_store import classifier_for

MASK, HEAT = "mask.png", "heat.png"
NICENESS = 10  # who answers requests goes before who computes
DRAWN_FROM = ("before", "after", MASK, HEAT)
UNPACKED = {"before": "before", "after": "after", "aligned": "after", "mask": MASK}  # picture: file it comes from


def prepare(at_once: int, max_memory_bytes: int) -> None:
    """Share the processors between the children that work at once, bound the memory of this one, keep the log clean."""
    cv2.setNumThreads(max(1, (os.cpu_count() or 1) // at_once))
    cv2.utils.logging.setLogLevel(0)  # what is wrong with a file goes to who sent it
    warnings.simplefilter("ignore")
    os.nice(NICENESS)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # libraries in C print what is wrong with a file
    resource.setrlimit(resource.RLIMIT_DATA, (max_memory_bytes, max_memory_bytes))


@contextmanager
def within_memory() -> Iterator[None]:
    """Say in words that the bound of ``prepare`` was met."""
    try:
        yield
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
            raise
        raise TooManyPixels("These images need more memory than this server gives to one comparison.") from error


@within_memory()
def evaluate_folder(
    folder: Path,
    names: tuple[str, str],
    options: Options,
    limits: Limits,
    model: tuple[Path, Provider, int],
    seconds: float,
) -> dict[str, Any]:
    """Evaluate ``before`` and ``after`` of a folder, leave mask and heat there, give the JSON."""
    evaluation = evaluate(
        (folder / "before").read_bytes(),
        (folder / "after").read_bytes(),
        options,
        Deadline(seconds),
        names=names,
        limits=limits,
        classifier=classifier_for(*model),
    )
    _write_png(folder / MASK, evaluation.maps.mask)
    _write_png(folder / HEAT, evaluation.maps.heat)
    _write_previews(folder / "pictures", Scene.of(evaluation))
    return evaluation.to_dict()


@within_memory()
def draw_picture(folder: Path, record: dict[str, Any], name: str, target: Path, limits: Limits) -> None:
    """Draw one picture of the evaluation that a folder keeps."""
    scene = Scene(
        before=decode((folder / "before").read_bytes(), name="before", limits=limits),
        after=decode((folder / "after").read_bytes(), name="after", limits=limits),
        alignment=_read(Alignment, record["alignment"]),
        options=_read(Options, record["options"]),
        regions=_read(tuple[Region, ...], record["regions"]),
        maps=Maps(_read_png(folder / MASK), _read_png(folder / HEAT)),
    )
    target.write_bytes(render(name, scene))


@within_memory()
def unpack_picture(folder: Path, record: dict[str, Any], name: str, target: Path, limits: Limits) -> None:
    """Write the pixels of one picture (of ``UNPACKED``) as they are, so that tiles need no decoding of the whole."""
    file = UNPACKED[name]
    if file == MASK:
        np.save(target, _read_png(folder / MASK))
        return
    picture = decode((folder / file).read_bytes(), name=file, limits=limits)
    if name == "aligned":
        shape = record["before"]["height"], record["before"]["width"]
        np.save(target, aligned_pixels(picture, _read(Alignment, record["alignment"]), shape))
    else:
        np.save(target, with_alpha(picture.pixels, picture.alpha))


@within_memory()
def describe_image(path: Path, limits: Limits) -> dict[str, Any]:
    """Decode an upload, so that what cannot be compared is refused at once; give its public facts."""
    return decode(path.read_bytes(), name="file", limits=limits).describe()


def _read(kind: Any, value: Any) -> Any:
    """Make the value that its JSON came from."""
    return TypeAdapter(kind).validate_python(value)


def _write_previews(folder: Path, scene: Scene) -> None:
    """Draw what a browser shows first while the pixels are at hand."""
    folder.mkdir()
    with ThreadPoolExecutor(len(PREVIEWS)) as pool:
        for name, content in zip(PREVIEWS, pool.map(render, PREVIEWS, repeat(scene)), strict=True):
            (folder / name).write_bytes(content)


def _write_png(path: Path, pixels: Any) -> None:
    path.write_bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def _read_png(path: Path) -> Any:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
