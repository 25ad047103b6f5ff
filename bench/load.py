"""How the service holds under load: ``python -m bench.load``; this machine only, bounded, under four minutes.

Starts the real service on a port of its own, lets more and more clients compare a 2-megapixel pair, asks for /health
and a style sheet meanwhile, and fetches afterwards what every 201 promised. Exit status 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from app.analysis import Evaluation, evaluate
from bench import large, load_report, service
from bench.load_checks import Prober, check_kept

OUT = Path(__file__).parent / "out"
CLIENTS = (1, 2, 4, 8, 16, 64)


@dataclass
class Step:
    """What one number of clients got."""

    clients: int
    seconds: float
    done_ms: list[float]
    busy: int
    busy_ms: list[float]
    failures: dict[str, int]
    wrong: list[str]
    health_ms: list[float]
    static_ms: list[float]
    load_average: float
    memory: dict[str, int]

    @property
    def throughput(self) -> float:
        """Comparisons answered in a second."""
        return len(self.done_ms) / self.seconds


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="for each number of clients")
    parser.add_argument("--clients", type=lambda text: [int(part) for part in text.split(",")], default=list(CLIENTS))
    parser.add_argument("--quick", action="store_true", help="1, 4 and 64 clients, six seconds each")
    parser.add_argument("--impatient", action="store_true", help="clients ask again at once when the server is busy")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for what is written")
    parser.add_argument("--png", action="store_true", help="PNG files, which are larger, instead of JPEG")
    arguments = parser.parse_args(argv)
    if arguments.quick:
        arguments.seconds, arguments.clients = 6.0, [1, 4, 64]
    return arguments


def run_step(
    running: service.Service, pair: tuple[Path, Path], clients: int, options: argparse.Namespace, expected: Evaluation
) -> Step:
    """Let so many clients work, look at the service meanwhile and at its answers afterwards."""
    command = [sys.executable, "-m", "bench.load_clients", running.address, *map(str, pair)]
    command += ["--clients", str(clients), "--seconds", str(options.seconds)]
    with Prober(running.port, "/health") as health, Prober(running.port, "/static/css/style.css") as static:
        done = subprocess.run(
            command + ["--impatient"] * options.impatient, stdout=subprocess.PIPE, text=True, check=True
        )
    load = Path("/proc/loadavg").read_text().split()[0]
    memory = service.resident_bytes(running.process)
    result = json.loads(done.stdout.splitlines()[-1])
    answers: list[dict[str, Any]] = result["answers"]
    within = [answer for answer in answers if result["started"] <= answer["ended"] <= result["ended"]]
    done_answers = [answer for answer in answers if answer["status"] == 201]
    refused = [answer for answer in answers if answer.get("code") == "busy"]
    failed = Counter(
        f"{answer['status']} {answer['code']}"
        for answer in answers
        if answer["status"] != 201 and answer["code"] != "busy"
    )
    return Step(
        clients,
        result["ended"] - result["started"],
        [_milliseconds(answer) for answer in within if answer["status"] == 201],
        len(refused),
        [_milliseconds(answer) for answer in refused],
        dict(failed),
        check_kept(running.address, done_answers, expected),
        health.milliseconds,
        static.milliseconds,
        float(load),
        memory,
    )


def _milliseconds(answer: dict[str, Any]) -> float:
    return float(1000 * (answer["ended"] - answer["started"]))


def write_pair(folder: Path, *, png: bool) -> tuple[tuple[Path, Path], Evaluation]:
    """Make the pair, and evaluate it here: what the service must say of it."""
    files = large.photo_pair(large.SIZES["2 MP"], "aligned", jpeg=not png)
    paths = tuple(folder / f"{side}.{'png' if png else 'jpg'}" for side in ("before", "after"))
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return (paths[0], paths[1]), evaluate(*files)


def warm_up(address: str, pair: tuple[Path, Path]) -> None:
    """Compare a few times, so that the children are there."""
    for _ in range(4):
        files = {side: path.read_bytes() for side, path in zip(("before", "after"), pair, strict=True)}
        requests.post(f"{address}/api/evaluations", files=files, timeout=90).raise_for_status()


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write the table; 1 when a promise of the service was broken."""
    options = arguments(argv)
    options.out.mkdir(exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, service.running() as running:
        pair, expected = write_pair(Path(folder), png=options.png)
        warm_up(running.address, pair)
        steps = []
        for clients in options.clients:
            steps.append(run_step(running, pair, clients, options, expected))
            print(load_report.row(steps[-1]), flush=True)
    broken = load_report.write(options.out, steps, options, pair[0].suffix[1:], time.monotonic() - started)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
