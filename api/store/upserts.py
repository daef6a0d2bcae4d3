"""The one statement that the two databases spell alike but SQLAlchemy keeps apart."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Inserts a row unless its key is taken; says whether it did.

    On PostgreSQL it waits for another transaction that is inserting the same key.
    """
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table).values(**values).on_conflict_do_nothing()
    # The count of rows is not told by every driver; a row that comes back was inserted.
    key = next(iter(table.primary_key))
    return connection.execute(statement.returning(key)).first() is not None
