"""Many rows in few statements: every row arrives, in the form in which one alone would."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Column, Date, MetaData, String, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from api.store.bulk import insert_rows
from api.store.columns import Moment
from api.store.database import Database

NOTES = Table(
    "notes", MetaData(),
    Column("id", String(26), primary_key=True), Column("day", Date), Column("at", Moment()),
    Column("text", Text),
)  # fmt: skip
COLUMNS = ("at", "id", "day", "text")
AT = datetime(2026, 9, 21, 16, 0, 0, 5, tzinfo=UTC)


def row(number: int):
    told = number % 3 > 0
    return AT if told else None, f"id-{number:05}", date(2026, 2, 28) if told else None, "é 100 %"


@pytest.fixture
def database(database_url: str):
    found = Database(database_url)
    with found.write() as tx:
        NOTES.create(tx.connection)
    yield found
    with found.write() as tx:
        NOTES.drop(tx.connection)
    found.close()


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 500, 511, 512, 513, 1_300])
def test_every_row_is_there_as_it_was_given(database: Database, count: int) -> None:
    rows = [row(number) for number in range(count)]
    with database.write() as tx:
        insert_rows(tx.connection, NOTES, COLUMNS, rows)
        stored = select(*(NOTES.c[name] for name in COLUMNS)).order_by(NOTES.c.id)
        assert [tuple(each) for each in tx.connection.execute(stored)] == rows


def test_a_row_is_stored_in_the_form_that_one_alone_would_have(database: Database) -> None:
    with database.write() as tx:
        insert_rows(tx.connection, NOTES, COLUMNS, [row(1)])
        alone = dict(zip(COLUMNS, row(2), strict=True))
        tx.connection.execute(insert(NOTES), alone)
        raw = tx.connection.exec_driver_sql("SELECT day, at, text FROM notes ORDER BY id").all()
    assert raw[0] == raw[1]


def test_one_bad_row_leaves_none(database: Database) -> None:
    rows = [row(number) for number in range(100)]
    with pytest.raises(IntegrityError), database.write() as tx:
        insert_rows(tx.connection, NOTES, COLUMNS, [*rows, rows[7]])
    with database.read() as tx:
        assert tx.connection.execute(select(NOTES)).all() == []
