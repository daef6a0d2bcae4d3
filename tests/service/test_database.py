"""The database: durable by default, one writer at a time on SQLite, moments in UTC, no floats."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError

from api.errors import Refusal
from api.privacy.envelope import Sealed
from api.store import database as module
from api.store.columns import canonical_json
from api.store.database import Database
from api.store.migration import migrate
from api.store.records import Agreement, CallerRow, Student

NOON = datetime(2026, 9, 21, 12, tzinfo=ZoneInfo("America/New_York"))


def student(id: str, at: datetime = NOON) -> Student:
    return Student(id, Sealed("e1.of.nobody"), None, None, {"grade": 4}, at)


def test_sqlite_is_durable_and_checks_its_keys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a folder' / 'esa.db'}")
    with database.read() as tx:
        asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        said = [tx.connection.exec_driver_sql(f"PRAGMA {one}").scalar() for one in asked]
    database.close()
    assert said == ["wal", 2, 1, 1]  # 2 = FULL


@pytest.mark.postgres
def test_postgres_is_durable_whatever_its_default_says(postgres_database: Database) -> None:
    with postgres_database.write() as tx:
        tx.connection.exec_driver_sql("ALTER DATABASE postgres SET synchronous_commit = off")
    postgres_database.engine.dispose()
    try:
        with postgres_database.read() as tx:
            said = tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        assert said == "on"
    finally:
        with postgres_database.write() as tx:
            tx.connection.exec_driver_sql("ALTER DATABASE postgres RESET synchronous_commit")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_would_be_gone_at_the_end_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database(url)


def test_a_moment_comes_back_in_utc_and_keeps_its_microseconds(database: Database) -> None:
    moment = datetime(2026, 9, 21, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-4)))
    with database.write() as tx:
        tx.students.add(student("s-1", moment))
    with database.read() as tx:
        kept = tx.students.get("s-1")
    assert kept is not None
    assert kept.created_at.isoformat() == "2026-09-22T03:30:00.123456+00:00"


def test_a_moment_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.write() as tx:
        tx.students.add(student("s-1", datetime(2026, 9, 21)))  # noqa: DTZ001 - that is the test


def test_canonical_json_is_the_same_for_equal_values_and_knows_no_float() -> None:
    assert canonical_json({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'
    for value in (1.0, {"a": [0.5]}, float("nan")):
        with pytest.raises(TypeError, match="float"):
            canonical_json(value)


def test_an_exception_undoes_everything(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            tx.students.add(student("s-1"))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as tx:
        assert tx.students.get("s-1") is None


def test_a_refusal_that_belongs_to_the_record_is_raised_after_the_commit(
    database: Database,
) -> None:
    def refuse(*, keeps_record: bool) -> None:
        with database.write() as tx:
            tx.students.add(student("kept" if keeps_record else "lost"))
            raise Refusal("NOT_PAYABLE", "denied", keeps_record=keeps_record)

    for keeps_record in (True, False):
        with pytest.raises(Refusal):
            refuse(keeps_record=keeps_record)
    with database.read() as tx:
        assert tx.students.get("kept") is not None
        assert tx.students.get("lost") is None


def test_a_reader_cannot_see_what_is_not_committed(database: Database) -> None:
    with database.write() as tx:
        tx.students.add(student("s-1"))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(look, database).result() is None
    assert look(database) is not None


def look(database: Database) -> Student | None:
    with database.read() as tx:
        return tx.students.get("s-1")


def test_rows_need_what_they_point_at(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.agreements.add(Agreement("a-1", "nobody", 2027, {}, NOON))


def test_a_change_of_a_row_that_is_not_there_is_noticed(database: Database) -> None:
    with database.write() as tx, pytest.raises(KeyError, match="nobody"):
        tx.students.change("nobody", name="x")


def test_a_writer_that_waits_too_long_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    with database.write() as tx:
        tx.callers.add(CallerRow("c-1", "One", [], None, NOON))
        with ThreadPoolExecutor(1) as pool:
            waited = pool.submit(_write_the_same, database)
            error = waited.exception()
    assert isinstance(error, Refusal)
    assert (error.error_code, error.status) == ("OVERLOADED", 503)


def _write_the_same(database: Database) -> None:
    with database.write() as tx:
        if not database.is_sqlite:
            tx.connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        tx.callers.add(CallerRow("c-1", "Other", [], None, NOON))


def test_another_process_that_writes_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    path = tmp_path / "esa.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.engine.dispose()

    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    event.listen(database.engine, "connect", hurry)
    with pytest.raises(Refusal, match="OVERLOADED"), database.write() as tx:
        tx.students.add(student("s-1"))
    other.execute("ROLLBACK")
    other.close()
    with database.write() as tx:
        tx.students.add(student("s-1"))
    database.close()


def test_writers_in_threads_take_turns(database: Database) -> None:
    barrier = threading.Barrier(4)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(5):
            with database.write() as tx:
                tx.students.add(student(f"s-{number}-{turn}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with database.read() as tx:
        assert len(tx.students.page([], None, 100)) == 20


def test_a_database_that_was_never_migrated_says_so(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'esa.db'}")
    database.ping()
    with pytest.raises(DatabaseError), database.read() as tx:
        tx.students.get("s-1")
    database.close()
