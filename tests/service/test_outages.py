"""A database that cannot do what it is asked for now: 503 for callers, one alert for operations."""

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from api.errors import Refusal
from api.store.database import Database

READ_ONLY = {True: "PRAGMA query_only=ON", False: "SET TRANSACTION READ ONLY"}


def write_where_only_reading_is_allowed(database: Database) -> Refusal:
    """What a disk that was mounted read-only, or a server that only follows, comes to."""
    with pytest.raises(Refusal) as refused:
        _write(database, READ_ONLY[database.is_sqlite], "DELETE FROM leases")
    database.engine.dispose()
    return refused.value


def _write(database: Database, *statements: str) -> None:
    with database.write() as tx:
        for statement in statements:
            tx.connection.exec_driver_sql(statement)


def test_a_store_that_cannot_write_is_told_as_an_outage(database: Database) -> None:
    refused = write_where_only_reading_is_allowed(database)
    assert (refused.error_code, refused.status) == ("RECORD_UNAVAILABLE", 503)
    assert refused.retry_after
    assert "again later" in refused.message


def test_operations_hear_once_of_an_outage_and_once_of_its_end(database: Database) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            write_where_only_reading_is_allowed(database)
        for _ in range(2):
            _write(database, "DELETE FROM leases")
    assert [(entry["event"], entry.get("alert")) for entry in logs] == [
        ("the record cannot be reached or written", True),
        ("the record can be written again", None),
    ]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM nothing", "INSERT INTO leases (id) VALUES (NULL)", "DELETE leases"],
)
def test_a_fault_of_ours_is_no_outage(database: Database, statement: str) -> None:
    with capture_logs() as logs, pytest.raises(DBAPIError):
        _write(database, statement)
    assert logs == []


def test_a_server_that_is_not_there_is_an_outage_for_readers_too(postgres_url: str) -> None:
    database = Database(postgres_url.replace("esa-pg-", "no-such-folder-"))
    with pytest.raises(Refusal, match="RECORD_UNAVAILABLE"):
        database.ping()
