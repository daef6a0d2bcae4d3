"""The wallet's file: one SQLite database, its safety settings and its transactions."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from integrations.wallet.refusals import Refusal
from integrations.wallet.tables import FUNDING, SCHEMA_VERSION, ledger_accounts, metadata

LOCK_WAIT_SECONDS: Final = 5.0
CONNECTIONS: Final = 16
WRITES: Final = "wallet_writes"


class WalletStore:
    """Opens the file, makes its tables when it is new, and hands out transactions.

    Raises ValueError for a file that another version of the wallet wrote.
    """

    def __init__(self, path: Path, lock_wait_seconds: float = LOCK_WAIT_SECONDS) -> None:
        _keep_a_log(path)
        self._engine = _engine(path, lock_wait_seconds)
        self._lock_wait_seconds = lock_wait_seconds
        self._turn = threading.Lock()
        try:
            with self.writing() as connection:
                _prepare(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first statement on.

        What it reads is therefore still true when it writes. Commits at the end, rolls back on
        any exception. A file that stays locked, or fails, is 503 RECORD_UNAVAILABLE: not executed.
        """
        writer = self._engine.execution_options(**{WRITES: True})
        with self._next_turn(), _or_unavailable(), writer.begin() as open_:
            yield open_

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the file, which waits for no writer."""
        with _or_unavailable(), self._engine.connect() as open_:
            yield open_

    @contextmanager
    def _next_turn(self) -> Iterator[None]:
        """Writers of this process queue here, for SQLite makes them wait by sleeping and asking.

        Writers of other processes are kept apart by the file's own lock.
        """
        if not self._turn.acquire(timeout=self._lock_wait_seconds):
            raise _unavailable()
        try:
            yield
        finally:
            self._turn.release()


@contextmanager
def _or_unavailable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolExhausted) as error:
        raise _unavailable() from error


def _unavailable() -> Refusal:
    return Refusal(
        "RECORD_UNAVAILABLE",
        "the wallet's record cannot be reached now; nothing was done, try again",
    )


def _keep_a_log(path: Path) -> None:
    """Has a new file keep a write-ahead log, one opener after another.

    Two that change it at once do not wait for each other: SQLite tells one of them at once that
    the file is locked. The file beside it is locked instead, since closing the database's own file
    would drop the locks that this process holds on it.
    """
    with path.with_name(f"{path.name}.opening").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")


def _engine(path: Path, lock_wait_seconds: float) -> Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=lock_wait_seconds,
        connect_args={"timeout": lock_wait_seconds},
        # A failed statement is logged without the family's name that was in it.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _begin)
    return engine


def _settle(connection: Any, _record: object) -> None:
    # The driver's own idea of when to begin would take the write lock too late.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found == SCHEMA_VERSION:
        return
    if found != 0 or sa.inspect(connection).get_table_names():
        raise ValueError(
            f"the wallet's file has schema {found}, and this wallet reads {SCHEMA_VERSION}"
        )
    metadata.create_all(connection)
    connection.execute(
        ledger_accounts.insert().values(
            ledger_account=FUNDING, kind="funding", balance=0, last_sequence=0
        )
    )
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
