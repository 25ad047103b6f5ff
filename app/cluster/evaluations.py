"""How the web service hands evaluations to the cluster: the caller waits as if the work were done here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cluster.connection import Connection
from app.cluster.tasks import read_files, run_folder, write_files
from app.settings import MOST_SLOTS
from app.worker import GRACE_SECONDS


class Cluster:
    """Stands where ``app.worker.Workers`` does, for functions that work in a folder."""

    def __init__(self, address: str) -> None:
        self._connection = Connection(address)

    def slots(self) -> int:
        """Count how many evaluations may be under way at once."""
        return min(self._connection.slots(), MOST_SLOTS)

    def call(self, function: Callable[..., Any], *args: Any, seconds: float) -> Any:
        """Send the files of the folder, the first argument, to a worker; put beside them what it made of them."""
        folder: Path = args[0]
        # The worker keeps the deadline, kill included; what is waited longer is for the way there and back.
        result, made = self._connection.run(
            run_folder, function, read_files(folder), args[1:], seconds, seconds=seconds + 4 * GRACE_SECONDS
        )
        write_files(folder, made)
        return result

    def close(self) -> None:
        """Let go of the scheduler."""
        self._connection.close()
