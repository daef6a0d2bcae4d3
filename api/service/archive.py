"""Deciders of stored releases, so that a decision is explained under the release that made it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from api.errors import Refusal, problem
from api.store.transaction import Transaction
from engine.decide.decider import AnyDecider
from engine.language.problems import Refused

KEPT_RELEASES: Final = 16


class Archive:
    """Loads stored releases on demand and keeps the last few. Thread-safe."""

    def __init__(
        self, current: AnyDecider, load: Callable[[Mapping[str, bytes]], AnyDecider]
    ) -> None:
        self.current = current
        self._load = load
        self._kept: OrderedDict[str, AnyDecider] = OrderedDict()
        self._lock = threading.Lock()

    def decider(self, tx: Transaction, release_id: str) -> AnyDecider:
        """The decider of a stored release.

        Refusal NOT_FOUND for one that was never stored, RECORD_UNAVAILABLE for one that this
        version of the engine no longer reads as it was read then.
        """
        if release_id == self.current.release.hash:
            return self.current
        with self._lock:
            kept = self._kept.get(release_id)
            if kept is not None:
                self._kept.move_to_end(release_id)
                return kept
        decider = self._read(tx, release_id)
        with self._lock:
            self._kept[release_id] = decider
            while len(self._kept) > KEPT_RELEASES:
                self._kept.popitem(last=False)
        return decider

    def _read(self, tx: Transaction, release_id: str) -> AnyDecider:
        files = tx.releases.files(release_id)
        if not files:
            raise Refusal(
                "NOT_FOUND",
                f"no release `{release_id[:64]}` is stored",
                [problem("release", "unknown", "name the whole hash of a published release")],
            )
        try:
            decider = self._load(files)
        except Refused:
            raise _unreadable(release_id) from None
        if decider.release.hash != release_id:
            raise _unreadable(release_id)
        return decider


def _unreadable(release_id: str) -> Refusal:
    return Refusal(
        "RECORD_UNAVAILABLE",
        f"release `{release_id[:7]}` was made for another version of the engine",
        [problem("release", "cannot be read", "explain it with the version that decided it")],
    )
