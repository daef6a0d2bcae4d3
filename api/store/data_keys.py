"""Queries about data keys: one row a key, found by the blind index of whom it is about."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update

from api.store import tables
from api.store.records import DataKeyRow
from api.store.rows import Rows, values_of
from api.store.upserts import insert_new


class DataKeys(Rows[DataKeyRow]):
    table, record = tables.data_keys, DataKeyRow

    def named(self, ids: Iterable[str]) -> list[DataKeyRow]:
        """The keys with these ids, destroyed ones too."""
        return self.all(select(self.table).where(self.table.c.id.in_(sorted(set(ids)))))

    def of_subject(self, indexes: Sequence[str]) -> list[DataKeyRow]:
        """Every key of a subject, oldest first; `indexes` under each master key."""
        mine = select(self.table).where(self.table.c.subject.in_(indexes))
        return self.all(mine.order_by(self.table.c.copy, self.table.c.id))

    def add_new(self, row: DataKeyRow) -> bool:
        """Adds a key; False when another transaction made that copy for the subject first."""
        return insert_new(self.connection, self.table, values_of(row))

    def add_all(self, rows: Iterable[DataKeyRow]) -> None:
        """Adds keys of subjects that nobody else can be making a key for."""
        values = [values_of(row) for row in rows]
        if values:
            self.connection.execute(insert(self.table), values)

    def destroy(self, ids: Iterable[str], at: datetime) -> None:
        """Leaves of each key that it was there, and nothing that opens anything."""
        columns = self.table.c
        self.connection.execute(
            update(self.table)
            .where(columns.id.in_(sorted(set(ids))), columns.wrapped.is_not(None))
            .values(wrapped=None, owner=None, erased_at=at)
        )

    def under_others(self, master_key: str, limit: int) -> list[DataKeyRow]:
        """Keys that are not wrapped under that master key, locked."""
        columns = self.table.c
        query = select(self.table).where(
            columns.master_key != master_key, columns.wrapped.is_not(None)
        )
        return self.all(query.order_by(columns.id).limit(limit).with_for_update())

    def by_master_key(self) -> dict[str, int]:
        """How many keys each master key wraps."""
        columns = self.table.c
        query = (
            select(columns.master_key, func.count())
            .where(columns.wrapped.is_not(None))
            .group_by(columns.master_key)
        )
        return {name: int(count) for name, count in self.connection.execute(query)}
