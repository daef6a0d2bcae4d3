"""Queries of the outbox: what is to be told to the provider, leased row by row."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, func, select, update

from api.store import tables
from api.store.records import Outbound, OutboxRow
from api.store.rows import Rows, values_of
from api.store.upserts import insert_new


class Outbox(Rows[OutboxRow]):
    table, record = tables.outbox, OutboxRow

    def lease(self, worker_id: str, now: datetime, until: datetime, limit: int) -> list[OutboxRow]:
        """Takes rows that are due, oldest first, and that nobody else holds.

        A row waits for the one that it depends on. PostgreSQL passes over rows that another
        worker is taking at this moment; on SQLite there is one writer.
        """
        row = self.table.alias("due")
        due = (
            select(row)
            .where(*_is_due(row, now))
            .order_by(row.c.next_at, row.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=row)
        )
        taken = self.all(due)
        if taken:
            self.connection.execute(
                update(self.table)
                .where(self.table.c.id.in_([one.id for one in taken]))
                .values(leased_by=worker_id, leased_until=until)
            )
        return taken

    def any_due(self, now: datetime) -> bool:
        """Whether `lease` would find a row, without keeping any writer waiting."""
        row = self.table.alias("due")
        query = select(row.c.id).where(*_is_due(row, now)).limit(1)
        return self.connection.execute(query).first() is not None

    def lock_leased(self, id: str, worker_id: str) -> OutboxRow | None:
        """The row, locked, if this worker still holds it and it has not ended."""
        row = self.lock(id)
        mine = row is not None and row.leased_by == worker_id and row.state == "ready"
        return row if mine else None

    def latest(self, account_id: str, kind: str) -> OutboxRow | None:
        """The account's newest row of that kind."""
        columns = self.table.c
        mine = select(self.table).where(columns.account_id == account_id, columns.kind == kind)
        return self.first(mine.order_by(columns.created_at.desc(), columns.id.desc()))

    def find(self, kind: str, business_id: str) -> OutboxRow | None:
        """The row of that business."""
        columns = self.table.c
        return self.first(self.where(columns.kind == kind, columns.business_id == business_id))

    def unfinished(self, account_id: str) -> list[OutboxRow]:
        """The account's rows that are not done: waiting, under way, or before a person."""
        columns = self.table.c
        return self.all(self.where(columns.account_id == account_id, columns.state != "done"))

    def wake(self, account_id: str, now: datetime) -> None:
        """Makes the account's waiting payments due, since what held them back may be gone."""
        columns = self.table.c
        self.connection.execute(
            update(self.table)
            .where(
                columns.account_id == account_id,
                columns.kind == "payment",
                columns.state == "ready",
                columns.next_at > now,
                columns.was_sent.is_(False),
            )
            .values(next_at=now)
        )

    def counts(self) -> Mapping[str, int]:
        """How many rows are in each state."""
        query = select(self.table.c.state, func.count()).group_by(self.table.c.state)
        return {state: int(count) for state, count in self.connection.execute(query)}

    def oldest_ready(self) -> datetime | None:
        """When the oldest row that waits was written."""
        query = select(self.table.c.created_at).where(self.table.c.state == "ready")
        found: datetime | None = self.connection.execute(
            query.order_by(self.table.c.created_at).limit(1)
        ).scalar()
        return found


def _is_due(row: FromClause, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions of a row that wants its next call: its time has come, nobody has leased it, and
    what it depends on is done."""
    needed = tables.outbox.alias("needed")
    done = select(needed.c.id).where(needed.c.id == row.c.depends_on, needed.c.state == "done")
    return [
        row.c.state == "ready",
        row.c.next_at <= now,
        row.c.leased_until.is_(None) | (row.c.leased_until <= now),
        row.c.depends_on.is_(None) | done.exists(),
    ]


class Outbounds(Rows[Outbound]):
    table, record = tables.outbound, Outbound

    def state(self, id: str) -> Outbound:
        """Whether calls to that provider are halted."""
        return self.get(id) or Outbound(id, None, None, None, 0)

    def locked_state(self, id: str) -> Outbound:
        """The same, locked until the transaction ends; the row is made where it is missing."""
        insert_new(self.connection, self.table, values_of(Outbound(id, None, None, None, 0)))
        locked = self.lock(id)
        assert locked is not None  # noqa: S101 - inserted just now, and never deleted
        return locked
