"""Clients that compare one pair over and over, by Locust: started by ``bench.load`` in a process of its own.

Prints one JSON object: what each answer was, when it came and how long it took.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import gevent
from locust import FastHttpUser, task
from locust.env import Environment
from urllib3 import encode_multipart_formdata

COMPARE = "/api/evaluations"
WARM_SECONDS = 2  # until all clients have begun; what is answered before does not count
LAST_SECONDS = 60  # for those who still wait when the time is over


class Client(FastHttpUser):  # type: ignore[misc]
    """Sends the pair, and when told that the server is busy comes back after the time it was told."""

    network_timeout = connection_timeout = 90.0
    max_retries = 0
    body = b""
    content_type = ""
    patient = True
    answers: list[dict[str, object]] = []  # noqa: RUF012  # all clients write into one list

    @task  # type: ignore[untyped-decorator]
    def compare(self) -> None:
        """Send the pair once and note the answer."""
        started = time.monotonic()
        headers = {"Content-Type": self.content_type, "Accept": "application/json"}
        with self.client.post(COMPARE, data=self.body, headers=headers, catch_response=True) as response:
            ended = time.monotonic()
            answer = _read(response)
            answer.update(started=started, ended=ended)
            self.answers.append(answer)
            response.success()  # what counts as a failure is for the report to say
        if self.patient and answer.get("retry_after"):
            gevent.sleep(float(str(answer["retry_after"])))


def _read(response: object) -> dict[str, object]:
    """Take what matters from an answer; status 0 stands for a broken connection."""
    status = int(getattr(response, "status_code", 0) or 0)
    text = getattr(response, "text", None) or ""
    try:
        content = json.loads(text)
    except ValueError:
        content = {}
    if status == 201:
        regions = [[*region["before"].values()] for region in content["regions"]]
        return {"status": 201, "id": content["id"], "verdict": content["verdict"], "regions": regions}
    problem = content.get("error", {}).get("code") or str(getattr(response, "error", ""))[:200] or text[:200]
    return {"status": status, "code": problem, "retry_after": getattr(response, "headers", {}).get("Retry-After")}


def main() -> None:
    """Let so many clients work for so many seconds, then wait for those that were not answered yet."""
    parser = argparse.ArgumentParser(prog="python -m bench.load_clients", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--impatient", action="store_true", help="ask again at once when the server is busy")
    arguments = parser.parse_args()
    files = {side: (path.name, path.read_bytes()) for side in ("before", "after") for path in [vars(arguments)[side]]}
    Client.body, Client.content_type = encode_multipart_formdata(files)
    Client.patient = not arguments.impatient
    environment = Environment(user_classes=[Client], host=arguments.address, stop_timeout=LAST_SECONDS)
    runner = environment.create_local_runner()
    runner.start(arguments.clients, spawn_rate=100)
    gevent.sleep(WARM_SECONDS)
    started = time.monotonic()
    gevent.sleep(arguments.seconds)
    ended = time.monotonic()
    runner.quit()
    print(json.dumps({"started": started, "ended": ended, "answers": Client.answers}))


if __name__ == "__main__":
    main()
