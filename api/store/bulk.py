"""Many rows in few statements.

A statement with many rows is one step of the database: SQLite gives other threads their turn once
for all of them instead of once a row, which under load costs more than the inserting.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Date, Table

from api.store.columns import STORED_MOMENT, Moment

_PARAMETERS: Final = 2_000
"""Values in one statement; every SQLite takes more, and longer statements are no quicker."""


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> None:
    """Inserts rows of values in the order of the columns.

    Values are given as they are stored: JSON as its text, but moments aware and days as days.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    mark = "?" if is_sqlite else "%s"
    written = _writers(table, columns) if is_sqlite else ()
    for begin, end in _parts(len(rows), _PARAMETERS // len(columns)):
        part = rows[begin:end]
        values = [value for row in part for value in row]
        for place, write in written:
            values[place :: len(columns)] = map(write, values[place :: len(columns)])
        statement = _statement(table.name, columns, len(part), mark)
        connection.exec_driver_sql(statement, tuple(values))


def _parts(rows: int, most: int) -> Iterator[tuple[int, int]]:
    """From where to where: parts of 64, 32, 16 ... 1 rows, so that the database knows each of the
    few statements already."""
    begin, size = 0, 1 << (most.bit_length() - 1)
    while begin < rows:
        while begin + size > rows:
            size //= 2
        yield begin, begin + size
        begin += size


@lru_cache(maxsize=8)
def _writers(
    table: Table, columns: tuple[str, ...]
) -> tuple[tuple[int, Callable[[Any], str | None]], ...]:
    """What SQLite keeps as text, by its place: moments and days."""
    writers = {Moment: _moment, Date: _day}
    found = ((place, writers.get(type(table.c[name].type))) for place, name in enumerate(columns))
    return tuple((place, write) for place, write in found if write is not None)


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).strftime(STORED_MOMENT)


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


@lru_cache(maxsize=64)
def _statement(table: str, columns: tuple[str, ...], rows: int, mark: str) -> str:
    """Names come from the tables of this package, never from a caller."""
    row = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608
