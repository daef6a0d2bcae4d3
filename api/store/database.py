"""The database: one engine, and transactions that either write (alone, at once) or read."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from api.errors import Refusal
from api.privacy.vault import Vault
from api.store.outages import Outages, overloaded
from api.store.transaction import Transaction

BUSY_SECONDS: Final = 10
"""How long a writer waits for its turn before it is told that the service is overloaded."""
POOL_SIZE: Final = 10
POOL_OVERFLOW: Final = 20
_POSTGRES_OPTIONS: Final = (
    f"-c lock_timeout={BUSY_SECONDS}s -c statement_timeout=30s -c timezone=utc "
    # Whatever the server's default is: what is acknowledged must outlive its end.
    "-c synchronous_commit=on"
)


class Database:
    """`sqlite:///file` or `postgresql://...`. Thread-safe; one a process.

    SQLite: WAL, synchronous=FULL, foreign keys, and writers begin IMMEDIATE one after another.
    PostgreSQL: read committed, with row locks taken by the repositories.
    """

    def __init__(self, url: str | URL, vault: Vault | None = None) -> None:
        self.vault = vault  # None: nothing about people can be written or read
        self.url = _with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        # SQLite has one writer anyway; waiting for it here is fair, its own busy loop is not.
        self._turn = threading.Lock()
        self._outages = Outages()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may write: committed when the block ends, undone when it raises.

        A Refusal that keeps its record is raised after the commit. Refusal OVERLOADED when the
        store stays busy longer than BUSY_SECONDS, RECORD_UNAVAILABLE when it cannot write.
        """
        recorded: Refusal | None = None
        with self._take_turn(), self._outages.refused(), self._connect(writes=True) as connection:
            tx = Transaction(connection, self.vault)
            try:
                yield tx
            except Refusal as refusal:
                if not refusal.keeps_record:
                    raise
                recorded = refusal
        self._outages.over()
        tx.boxes.committed()
        if recorded is not None:
            raise recorded

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads. Refusals as `write`."""
        with self._outages.refused(), self._connect(writes=False) as connection:
            yield Transaction(connection, self.vault)

    def scrub(self) -> None:
        """Has the database overwrite what was deleted, as far as it can be told to.

        Destroyed keys would otherwise lie in free pages, the write-ahead log or dead rows for a
        while. What backups hold is out of reach: they end with their own time.
        """
        if self.is_sqlite:
            # Past SQLAlchemy, which would begin a transaction: a checkpoint cannot run in one.
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()
            return
        with self.engine.connect() as opened:
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM data_keys")

    def ping(self) -> None:
        """Raises unless the database answers: Refusals as `read`."""
        with self.read() as tx:
            tx.connection.exec_driver_sql("SELECT 1").scalar_one()

    def close(self) -> None:
        """Gives back all connections."""
        self.engine.dispose()

    @contextmanager
    def _connect(self, *, writes: bool) -> Iterator[Connection]:
        with self.engine.connect() as opened:
            connection = opened.execution_options(esa_writes=writes)
            with connection.begin():
                yield connection

    @contextmanager
    def _take_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise overloaded()
        try:
            yield
        finally:
            self._turn.release()


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text reaches the logs, and parameters hold people
        connect_args={"options": _POSTGRES_OPTIONS},
    )


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("a SQLite database needs a file, such as `sqlite:///var/esa.db`")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin a transaction of its own kind; ours are begun in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is freed is overwritten: erased keys must not lie about
        "recursive_triggers=ON",  # else REPLACE would delete rows past the append-only triggers
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that becomes a writer can fail at once with "database is locked", so writers begin
    # as such.
    writes = connection.get_execution_options().get("esa_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
