"""Mutation fuzzing: `python -m tests.fuzz --seconds 300`. Every file and form that is damaged by chance gets an answer
that was meant: no crash, no hang, no 5xx, no more memory than allowed. What fails is kept in test-results/fuzz."""

import argparse
import hashlib
import json
import logging
import random
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app import create_app, jobs
from app.analysis import Limits
from app.errors import ImageDiffError
from app.settings import Settings
from app.web.services import NAME, Services
from app.worker import Workers
from tests import picture_factory as factory

KEPT = Path("test-results/fuzz")
SECONDS = 5.0
MEMORY = 1_500_000_000
LIMITS = Limits(max_pixels=4_000_000, max_side=8_000, max_canvas=8_000_000)
TEXTS = (
    "",
    "0",
    "-1",
    "1e999",
    "nan",
    "\0",
    "%s%n",
    "'",
    "<b>",
    "../..",
    "é" * 50,
    "9" * 400,
    "1,2,3,4;",
    "#ffffff",
    "auto",
)
MEANT = {200, 201, 303, 400, 403, 404, 405, 413, 415, 422}


def seeds() -> list[bytes]:
    """Give small files of every kind that is read, and hostile ones."""
    photo = factory.photo()
    files = [factory.encode(photo, kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")]
    files += [factory.encode(photo[..., 0], kind) for kind in ("PNG", "JPEG", "TIFF")]
    files += [
        factory.encode(photo, "TIFF", compression=how) for how in ("tiff_lzw", "jpeg", "packbits", "tiff_deflate")
    ]
    files += [factory.encode(photo, "PNG", icc_profile=factory.srgb_profile())]
    files += [factory.encode(photo, "JPEG", exif=factory.exif(6, gps=True), progressive=True)]
    files += [factory.turned_file(photo, 5, "WEBP")]
    files += list(factory.polyglots().values()) + list(factory.foreign_files().values())
    return files


def mutate(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Damage a file in one to four ways."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(MUTATIONS)(data, others, chance)
    return data


def _flip(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[_place(changed, chance)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


def _number(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Write a number where a length or a size may be."""
    at = _place(data, chance)
    form = chance.choice((">I", "<I", ">H", "<H"))
    value = chance.choice((0, 1, 0x7FFF, 0xFFFF, chance.randrange(65536)))
    if form[1] == "I":
        value = chance.choice((value, 0x7FFFFFFF, 0xFFFFFFFF, 100_000, chance.randrange(2**32)))
    packed = struct.pack(form, value)
    return data[:at] + packed + data[at + len(packed) :]


def _place(data: bytes | bytearray, chance: random.Random) -> int:
    """Choose a byte, often one of the header."""
    return chance.randrange(min(len(data), chance.choice((64, 512, 10**9))) or 1)


def _cut(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _drop(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at + chance.choice((1, 4, 100)) :]


def _repeat(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at : at + chance.choice((4, 30, 300))] * chance.choice((2, 9, 200)) + data[at:]


def _splice(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _mend(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Give the chunks of a PNG right checksums, so that damage reaches what lies behind them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    mended, at = bytearray(data), 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        end = at + 8 + length
        if end + 4 > len(data):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(mended)


MUTATIONS = (_flip, _flip, _number, _number, _cut, _drop, _repeat, _splice, _mend, _mend)


class Fuzzer:
    """Throws damaged files at the decoder, and damaged forms at the service."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.files = seeds()
        self.folder = folder
        self.workers = Workers(1, initializer=jobs.prepare, initargs=(1, MEMORY))
        self.app = create_app(Settings(store=folder / "store", model=folder / "none", max_pixels=LIMITS.max_pixels))
        self.service: Services = self.app.extensions[NAME]
        self.service.call = self.workers.call
        self.answers: Counter[str] = Counter()
        self.found = 0

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for target in self._targets():
            if time.monotonic() > end:
                break
            target()
        self.workers.close()

    def _targets(self) -> Iterator[Callable[[], None]]:
        while True:
            yield from (self.decode,) * 8
            yield self.post

    def decode(self) -> None:
        """Decode one damaged file in a child."""
        data = mutate(self.chance.choice(self.files), self.files, self.chance)
        path = self.folder / "image"
        path.write_bytes(data)
        try:
            self.workers.call(jobs.describe_image, path, LIMITS, seconds=SECONDS)
        except ImageDiffError as error:
            self._count("decode " + error.code, data, bad=error.status >= 500)
        except Exception as error:
            self._count(f"decode {type(error).__name__}", data, bad=True, note=str(error))
        else:
            self._count("decode well", data)

    def post(self) -> None:
        """Post one damaged form."""
        fields: dict[str, Any] = {side: FileStorage(BytesIO(self._file()), self._text()) for side in self._sides()}
        if self.chance.random() < 0.5:
            for name in self.chance.sample(("align", "sensitivity", "ignore", "color", "again", "sample", "x"), 2):
                fields[name] = self._text()
        boundary, body = encode_multipart(fields)
        if self.chance.random() < 0.4:
            body = mutate(body, self.files, self.chance)
        headers = {"Accept": self.chance.choice(("text/html", "*/*", "nonsense;;q=,"))}
        address = self.chance.choice(("/evaluations", "/api/evaluations", "/api/uploads"))
        answer = self.app.test_client().post(
            address, data=body, content_type=f"multipart/form-data; boundary={boundary}", headers=headers
        )
        bad = answer.status_code not in MEANT
        self._count(f"form {answer.status_code}", body, bad=bad, note=f"{address} {boundary} {answer.text[:200]}")
        if answer.status_code == 201 and "images" in (answer.json or {}):
            for link in answer.json["images"].values():
                picture = self.app.test_client().get(link)
                self._count(f"picture {picture.status_code}", body, bad=picture.status_code != 200, note=link)

    def _sides(self) -> list[str]:
        if self.chance.random() < 0.7:
            return ["before", "after"]
        return self.chance.sample(("before", "after", "file", "file[0]", "other"), self.chance.randint(0, 3))

    def _file(self) -> bytes:
        data = self.chance.choice(self.files)
        return data if self.chance.random() < 0.6 else mutate(data, self.files, self.chance)

    def _text(self) -> str:
        return self.chance.choice(TEXTS)

    def _count(self, answer: str, data: bytes, *, bad: bool = False, note: str = "") -> None:
        self.answers[answer] += 1
        if bad:
            self.found += 1
            KEPT.mkdir(parents=True, exist_ok=True)
            name = KEPT / hashlib.sha256(data).hexdigest()[:16]
            name.write_bytes(data)
            name.with_suffix(".txt").write_text(f"{answer}\n{note}\n")
            print(f"FOUND {answer}: {name}\n  {note[-400:]}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed makes the same files")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        logging.disable(logging.INFO)
        warnings.simplefilter("ignore")
        fuzzer = Fuzzer(Path(folder), arguments.seed)
        fuzzer.run(arguments.seconds)
    print(json.dumps(dict(sorted(fuzzer.answers.items())), indent=1))
    print(f"{sum(fuzzer.answers.values())} tries, {fuzzer.found} found")
    return 1 if fuzzer.found else 0


if __name__ == "__main__":
    sys.exit(main())
