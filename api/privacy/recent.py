"""A bounded store of what was used last, which also forgets what was not looked up for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """At most `limit` values by name, each for at most `kept_for`. Thread-safe."""

    def __init__(self, limit: int, kept_for: timedelta, clock: Callable[[], datetime]) -> None:
        self._limit, self._kept_for, self._clock = limit, kept_for, clock
        self._kept: OrderedDict[str, tuple[T, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> T | None:
        """The value, unless it is too old. Being used does not make it younger."""
        now = self._clock()
        with self._lock:
            found = self._kept.get(name)
            if found is None:
                return None
            # A clock that was set back makes nothing live longer.
            if not timedelta(0) <= now - found[1] < self._kept_for:
                del self._kept[name]
                return None
            self._kept.move_to_end(name)
            return found[0]

    def put(self, entries: Iterable[tuple[str, T]]) -> None:
        """Keeps values; those that were not used for longest make room."""
        now = self._clock()
        with self._lock:
            for name, value in entries:
                self._kept[name] = (value, now)
                self._kept.move_to_end(name)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def drop(self, gone: Callable[[str, T], bool]) -> None:
        """Lets go of every entry of which that is true."""
        with self._lock:
            for name in [name for name, (value, _) in self._kept.items() if gone(name, value)]:
                del self._kept[name]

    def __len__(self) -> int:
        return len(self._kept)
