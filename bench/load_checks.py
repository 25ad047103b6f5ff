"""What ``bench.load`` asks beside its clients: is the service there, and is everything there that it promised?"""

from __future__ import annotations

import http.client
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import requests
from PIL import Image

from app.analysis import Evaluation

PAUSE_SECONDS = 0.05
BROKEN = float("inf")  # what an answer that did not come took


class Prober:
    """Asks for one address about twenty times a second and notes how long each answer took."""

    def __init__(self, port: int, path: str) -> None:
        self.milliseconds: list[float] = []
        self._port, self._path = port, path
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(PAUSE_SECONDS):
            started = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.request("GET", self._path)
                answer = connection.getresponse()
                answer.read()
                well = answer.status == 200
            except OSError:
                well = False
            finally:
                connection.close()
            self.milliseconds.append(1000 * (time.perf_counter() - started) if well else BROKEN)


def check_kept(address: str, answers: list[dict[str, Any]], expected: Evaluation) -> list[str]:
    """Fetch what every 201 promised: the same JSON again, and in turns one of its pictures; give what is wrong."""
    numbered = list(enumerate(answers))
    with requests.Session() as session, ThreadPoolExecutor(2) as threads:
        session.trust_env = False
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=2))
        found = threads.map(lambda pair: _check(session, address, pair[1], pair[0], expected), numbered)
        return [sentence for sentence in found if sentence]


def _check(session: requests.Session, address: str, answer: dict[str, Any], number: int, expected: Evaluation) -> str:
    regions = [list(asdict(region.before).values()) for region in expected.regions]
    if (answer["verdict"], answer["regions"]) != (expected.verdict, regions):
        return f"{answer['id']}: {answer['verdict']} with {len(answer['regions'])} regions"
    kept = session.get(f"{address}/api/evaluations/{answer['id']}", timeout=60)
    if kept.status_code != 200 or [[*region["before"].values()] for region in kept.json()["regions"]] != regions:
        return f"{answer['id']}: its JSON answers {kept.status_code}"
    links = sorted(kept.json()["images"].items())
    name, link = links[number % len(links)]
    picture = session.get(f"{address}{link}", timeout=60)
    try:
        with Image.open(io.BytesIO(picture.content)) as image:
            image.load()
    except OSError:
        return f"{answer['id']}: its picture {name} answers {picture.status_code}"
    return ""
