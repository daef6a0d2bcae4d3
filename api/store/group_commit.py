"""Group commit: what many callers write at one time shares one transaction, and each is told when
it is durable.

One thread takes what is waiting, writes all of it in one transaction and only then tells who
waits. While it commits, the next group gathers, so that load makes groups larger instead of slower.
The queue is bounded: who finds it full is told that the service is overloaded; nothing is dropped,
and nothing is acknowledged before its commit.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Generic, TypeAlias, TypeVar

from api.errors import Refusal
from api.store.database import Database
from api.store.outages import is_of_the_store
from api.store.transaction import Transaction

Item = TypeVar("Item")
Result = TypeVar("Result")

QUEUE_LIMIT: Final = 4_096
GROUP_LIMIT: Final = 512
STOP_SECONDS: Final = 30

WriteAll: TypeAlias = Callable[[Transaction, Sequence[Item]], Sequence[Result]]


class GroupCommit(Generic[Item, Result]):
    """Writes of one kind for one database. Thread-safe; `close` finishes what was accepted.

    write_all: writes items in one transaction and gives a result for each. It may only add rows: it
    is run again for each item alone when a group fails.
    """

    def __init__(
        self,
        database: Database,
        write_all: WriteAll[Item, Result],
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._database = database
        self._write_all = write_all
        self._waiting: queue.Queue[tuple[Item, Future[Result]] | None] = queue.Queue(queue_limit)
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, item: Item) -> "Future[Result]":
        """Accepts an item; its future ends when it is durable, or with what stopped it.

        Refusal OVERLOADED at once when the queue is full.
        """
        done: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise Refusal("OVERLOADED", "the service is stopping; send the request again")
            self._start()
            try:
                self._waiting.put_nowait((item, done))
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

    def _write(self, group: list[tuple[Item, "Future[Result]"]]) -> None:
        try:
            with self._database.write() as tx:
                results = self._write_all(tx, [item for item, _ in group])
        except BaseException as error:
            if len(group) == 1 or is_of_the_store(error):
                for _, done in group:
                    done.set_exception(error)
                return
            # One of them failed and took the others with it: each gets a transaction of its own.
            for one in group:
                self._write([one])
            return
        for (_, done), result in zip(group, results, strict=True):
            done.set_result(result)
