"""Group commit: many small writes share one transaction, and each waits until it is durable.

One thread takes what is waiting, writes it in one transaction and only then tells the writers.
While it commits, the next group gathers, so that load makes groups larger instead of slower. The
queue is bounded: who finds it full waits a while and is then told that the service is overloaded;
nothing is dropped, and nothing is acknowledged before its commit.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from api.errors import Refusal
from api.store.database import Database
from api.store.transaction import Transaction

QUEUE_LIMIT: Final = 4_096
GROUP_LIMIT: Final = 512
STOP_SECONDS: Final = 30

Write = Callable[[Transaction], Any]


class GroupCommit:
    """Writes for one database. Thread-safe; `close` finishes what was accepted."""

    def __init__(self, database: Database, queue_limit: int = QUEUE_LIMIT) -> None:
        self._database = database
        self._waiting: queue.Queue[tuple[Write, Future[Any]] | None] = queue.Queue(queue_limit)
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, write: Write) -> "Future[Any]":
        """Accepts a write; its future ends when it is durable, or with what stopped it.

        The write may only add rows: it is run again, alone, when another one of its group fails.
        Refusal OVERLOADED at once when the queue is full.
        """
        done: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise Refusal("OVERLOADED", "the service is stopping; send the request again")
            self._start()
            try:
                self._waiting.put_nowait((write, done))
            except queue.Full:
                raise Refusal(
                    "OVERLOADED", "the service is busy; send the same request again in a moment"
                ) from None
        return done

    def close(self) -> None:
        """Accepts nothing more, writes what was accepted, and ends."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._waiting.put(None)
            thread.join(STOP_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            first = self._waiting.get()
            if first is None:
                return
            group = [first]
            while len(group) < GROUP_LIMIT:
                try:
                    item = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    ended = True
                    break
                group.append(item)
            self._write(group)

    def _write(self, group: list[tuple[Write, "Future[Any]"]]) -> None:
        try:
            with self._database.write() as tx:
                results = [write(tx) for write, _ in group]
        except BaseException as error:
            if len(group) == 1:
                group[0][1].set_exception(_as_refusal(error))
                return
            # One of them failed and took the others with it: each gets a transaction of its own.
            for one in group:
                self._write([one])
            return
        for (_, done), result in zip(group, results, strict=True):
            done.set_result(result)


def _as_refusal(error: BaseException) -> BaseException:
    """A store that cannot write is an outage to be retried, not a fault of the request."""
    if isinstance(error, DBAPIError):
        return Refusal(
            "RECORD_UNAVAILABLE", "the record cannot be written now; send the request again later"
        )
    return error
