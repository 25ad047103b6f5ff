"""`python -m app worker SCHEDULER`: a worker of a Dask cluster, which comes back by itself when the scheduler does."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from typing import Any

from app.commands.arguments import count, processors
from app.errors import BadRequest

RETRY_SECONDS = 2.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("worker", help="compare images for a Dask scheduler")
    parser.add_argument("scheduler", help="its address, such as tcp://scheduler:8786")
    parser.add_argument(
        "--slots", type=count, default=processors(), metavar="N", help="comparisons at once (all processors)"
    )
    parser.add_argument("--host", help="address under which other machines of the cluster reach this one")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        print("Install what requirements-cluster.txt names first.", file=sys.stderr)
        return 2
    from app.cluster.connection import check_address
    from app.cluster.tasks import warm_up

    try:
        check_address(arguments.scheduler)
    except BadRequest as error:
        print(f"worker: {error.message}", file=sys.stderr)
        return 2
    warm_up(arguments.slots)
    asyncio.run(_work(arguments))
    return 0


async def _work(arguments: argparse.Namespace) -> None:
    """Be a worker of the scheduler again and again: Dask's own ends when the scheduler goes."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        try:
            await _until_either(_worker(arguments), stopped)
        except (OSError, TimeoutError) as error:
            print(f"No scheduler at {arguments.scheduler}: {error}", file=sys.stderr, flush=True)
            await asyncio.wait([stopped], timeout=RETRY_SECONDS)


def _worker(arguments: argparse.Namespace) -> Any:
    """Make the worker; the children that compute have a memory limit of their own, so it needs none."""
    import dask
    from distributed import Worker

    from app.cluster.tasks import abandon

    class AbandoningWorker(Worker):
        """Waits for nothing when it ends: what is under way is run again elsewhere."""

        async def close(self, *args: Any, **options: Any) -> Any:
            abandon(arguments.slots)
            return await super().close(*args, **options)

    dask.config.set({"distributed.worker.profile.enabled": False, "distributed.comm.timeouts.connect": "5s"})
    return AbandoningWorker(
        arguments.scheduler, nthreads=arguments.slots, host=arguments.host, memory_limit=0, dashboard=False
    )


async def _until_either(worker: Any, stopped: "asyncio.Task[Any]") -> None:
    """Work until the scheduler is lost or the process is told to stop, be it while it looks for the scheduler."""
    working = asyncio.create_task(_serve(worker))
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _serve(worker: Any) -> None:
    try:
        await worker
        await worker.finished()
    finally:
        await worker.close()
