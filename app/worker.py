"""Run work in child processes that can be killed, one call at a time each.

A native call that hangs cannot be stopped from inside its process, and a crash or a memory leak there must not take
other requests along. ``concurrent.futures`` cannot kill a worker, and Pebble's pool, which can, never works again
after its idle workers were killed from outside (tried with 5.2.3), which is what an out-of-memory killer does.
"""

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from app.errors import Busy, ImageDiffError, TimedOut

Result = TypeVar("Result")
GRACE_SECONDS = 1.0  # between the deadline that the work checks itself and the kill
CALLS_PER_CHILD = 500  # then a fresh one, so that memory cannot creep

# A helper process that has loaded the analysis forks the children: a fresh one is there in milliseconds.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["app.jobs"])


class ChildCrashed(RuntimeError):
    """A child ended by itself: a crash in native code."""


class Child:
    """One process and the pipe to it."""

    def __init__(self, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(
            target=_serve, args=(theirs, initializer, initargs), name="image-diff", daemon=True
        )
        self._process.start()
        theirs.close()
        self.calls = 0

    def call(self, function: Callable[..., Result], *args: Any, seconds: float) -> Result:
        """Run a function in the child; when time is up the child is killed."""
        self.calls += 1
        try:
            self._pipe.send((function, args, seconds + GRACE_SECONDS))
            if not self._pipe.poll(seconds + 2 * GRACE_SECONDS):
                raise TimedOut
            succeeded, value = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(GRACE_SECONDS)
            if self._process.exitcode == -signal.SIGALRM:
                raise TimedOut from None
            if self._process.exitcode == -signal.SIGKILL:  # nobody else kills: the system ran out of memory
                raise Busy("The server ran out of memory for this; try again in a moment.") from None
            raise ChildCrashed(f"the child ended with exit code {self._process.exitcode}") from None
        if succeeded:
            return value  # type: ignore[no-any-return]
        raise value

    def is_usable(self) -> bool:
        """Say whether it lives and is not due for replacement; from an idle child nothing comes but its end."""
        return not self._pipe.poll() and self.calls < CALLS_PER_CHILD

    def kill(self) -> None:
        """Kill it while another thread waits for its answer, which is then an error."""
        with suppress(ValueError):  # it was ended meanwhile
            self._process.kill()

    def end(self) -> None:
        """Kill it and forget it."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


class Workers:
    """Up to ``count`` children, started when first needed; the one used last is used first."""

    def __init__(self, count: int, *, initializer: Callable[..., None], initargs: tuple[Any, ...] = ()) -> None:
        self._count = count
        self._initializer = initializer
        self._initargs = initargs
        self._mutex = threading.Lock()
        self._owner = -1
        self._free: queue.LifoQueue[Child | None] = queue.LifoQueue()
        self._at_work: set[Child] = set()

    def call(self, function: Callable[..., Result], *args: Any, seconds: float) -> Result:
        """Run a function of a module in a child, and give what it returns or raises."""
        free = self._own_queue()
        child = free.get()
        try:
            if child is None or not child.is_usable():
                if child is not None:
                    child.end()
                child = None
                child = Child(self._initializer, self._initargs)
            working = child
            self._at_work.add(working)
            try:
                return working.call(function, *args, seconds=seconds)
            except (Busy, TimedOut, ChildCrashed):
                child = None
                raise
            finally:
                self._at_work.discard(working)
                if child is None:
                    working.end()
        finally:
            free.put(child)

    def warm_up(self) -> None:
        """Start the first child now: with it comes the process that the others are forked from in milliseconds."""
        self.call(os.getpid, seconds=60)

    def abandon(self) -> None:
        """Kill the children at work: nobody waits for their answers any more."""
        for child in tuple(self._at_work):
            child.kill()

    def close(self) -> None:
        """End all children that are not at work."""
        free = self._own_queue()
        while not free.empty():
            child = free.get_nowait()
            if child is not None:
                child.end()

    def _own_queue(self) -> queue.LifoQueue[Child | None]:
        """Give the children of this process: those of a parent that forked are not ours."""
        with self._mutex:
            if self._owner != os.getpid():
                self._owner = os.getpid()
                self._free = queue.LifoQueue()
                for _ in range(self._count):
                    self._free.put(None)
            return self._free


def _serve(pipe: Connection, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
    """Answer calls until the other end closes. The alarm kills even a native call that holds the interpreter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which closes the pipe
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    initializer(*initargs)
    while True:
        try:
            function, args, seconds = pipe.recv()
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answer = (True, function(*args))
        except (ImageDiffError, OSError, MemoryError) as error:
            answer = (False, error)
        except Exception:  # a traceback does not travel, nor does every error: the text does
            answer = (False, RuntimeError(traceback.format_exc()))
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send(answer)
        except OSError:  # the parent is gone
            return
