"""Who wants the same thing at the same time takes turns; who wants something else does not wait."""

import threading
from collections.abc import Hashable
from weakref import WeakValueDictionary

_locks: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
_mutex = threading.Lock()


def turn_for(*what: Hashable) -> threading.Lock:
    """Give the lock of a thing; it is there as long as somebody holds it or waits for it."""
    with _mutex:
        return _locks.setdefault(what, threading.Lock())
