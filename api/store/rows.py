"""One repository over one table: frozen records in, frozen records out."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, insert, or_, select, update

T = TypeVar("T")


class Rows(Generic[T]):
    """Rows of `table` as `record`, whose field names are the column names; `id` is the key."""

    table: ClassVar[Table]
    record: type[T]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, row: T) -> None:
        """Inserts one row."""
        self.connection.execute(insert(self.table).values(values_of(row)))

    def get(self, id: str) -> T | None:
        """The row, or None."""
        return self.first(select(self.table).where(self.table.c.id == id))

    def lock(self, id: str) -> T | None:
        """The row, held until the transaction ends. SQLite has locked the whole file already."""
        return self.first(select(self.table).where(self.table.c.id == id).with_for_update())

    def change(self, id: str, **columns: object) -> None:
        """Sets columns of one row; KeyError when there is no such row."""
        changed = self.connection.execute(
            update(self.table).where(self.table.c.id == id).values(**columns)
        )
        if changed.rowcount != 1:
            raise KeyError(f"no row `{id}` in {self.table.name}")

    def first(self, query: Select[Any]) -> T | None:
        """The first row of a query over this table."""
        row = self.connection.execute(query).first()
        return None if row is None else self.record(**row._mapping)

    def all(self, query: Select[Any]) -> list[T]:
        """All rows of a query over this table."""
        return [self.record(**row._mapping) for row in self.connection.execute(query)]

    def where(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """A query over this table, by id."""
        return select(self.table).where(*conditions).order_by(self.table.c.id)

    def page(
        self, conditions: Iterable[ColumnElement[bool]], after: str | None, limit: int
    ) -> list[T]:
        """Rows by falling id from after the cursor on: one more than `limit`, to see the end."""
        query = select(self.table).where(*conditions).order_by(self.table.c.id.desc())
        if after is not None:
            query = query.where(self.table.c.id < after)
        return self.all(query.limit(limit + 1))


def values_of(row: object) -> dict[str, Any]:
    """A record's fields by column name, without copying what is in them."""
    return {field.name: getattr(row, field.name) for field in fields(row)}  # type: ignore[arg-type]  # every record is a dataclass


def before(columns: Sequence[Any], values: Sequence[object]) -> ColumnElement[bool]:
    """Rows that come before these values in rising order of the columns: a cursor's condition."""
    alternatives = []
    for index in range(len(columns)):
        same = [columns[place] == values[place] for place in range(index)]
        alternatives.append(and_(*same, columns[index] < values[index]))
    return or_(*alternatives)
