"""Queries of the seals: what waits, what is sealed, and the records as they are stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, delete, func, insert, select
from sqlalchemy import type_coerce as as_type

from api.record.content import STORED_COLUMNS, text_of_stored
from api.store import tables
from api.store.rows import Rows, values_of
from api.store.seal_records import SealedRecord, SealKeyRow, SealRow

_QUEUE: Final = tables.unsealed
_PLACES: Final = tables.sealed_records
_DECISIONS: Final = tables.decisions
_REPEATED: Final = 50


class QueueChanged(Exception):
    """Somebody took records out of the queue without sealing them."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A decision that waits for its seal. hash: of its record when it was committed. text: its
    canonical record as it is stored now; None where the row is gone."""

    decision_id: str
    hash: str
    text: str | None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A sealed record as it is stored now. text: None where its row is gone. hash: what its own
    column says, which no seal covers."""

    sequence: int
    decision_id: str
    seal: int
    leaf: bytes
    release_id: str | None
    text: str | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Which records; None = all. `first` <= asked_at < `end`."""

    account_id: str | None = None
    first: datetime | None = None
    end: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        columns = _DECISIONS.c
        asked = []
        if self.account_id is not None:
            asked.append(columns.account_id == self.account_id)
        if self.first is not None:
            asked.append(columns.asked_at >= self.first)
        if self.end is not None:
            asked.append(columns.asked_at < self.end)
        return asked


class SealKeys(Rows[SealKeyRow]):
    table, record = tables.seal_keys, SealKeyRow

    def in_order(self) -> list[SealKeyRow]:
        """Every key ever used, each behind the one that vouches for it."""
        rows = self.all(select(self.table).order_by(self.table.c.added_at, self.table.c.id))
        done: dict[str, SealKeyRow] = {}
        while rows:
            ready = (row for row in rows if row.endorsed_by is None or row.endorsed_by in done)
            # A key whose voucher is nowhere is not left out: the check is to tell of it.
            following = next(ready, rows[0])
            rows.remove(following)
            done[following.id] = following
        return list(done.values())


class Seals(Rows[SealRow]):
    table, record = tables.seals, SealRow

    def newest(self) -> SealRow | None:
        return self.first(select(self.table).order_by(self.table.c.number.desc()).limit(1))

    def numbered(self, number: int) -> SealRow | None:
        return self.first(select(self.table).where(self.table.c.number == number))

    def numbers(self, first: int, last: int) -> list[SealRow]:
        """The seals with these numbers, in order."""
        mine = select(self.table).where(self.table.c.number.between(first, last))
        return self.all(mine.order_by(self.table.c.number))

    def after(self, number: int, limit: int) -> list[SealRow]:
        """The seals behind that one, in order."""
        later = select(self.table).where(self.table.c.number > number)
        return self.all(later.order_by(self.table.c.number).limit(limit))

    def keep(self, seal: SealRow, decision_ids: Sequence[str], leaves: Sequence[bytes]) -> None:
        """Stores a seal with its records and takes them out of the queue.

        QueueChanged where they are not all in it any more: the transaction must be undone.
        """
        self.add(seal)
        rows = [
            values_of(SealedRecord(sequence, decision_id, seal.number, leaf))
            for sequence, (decision_id, leaf) in enumerate(
                zip(decision_ids, leaves, strict=True), seal.first
            )
        ]
        self.connection.execute(insert(_PLACES), rows)
        mine = select(_PLACES.c.decision_id).where(_PLACES.c.seal == seal.number)
        taken = self.connection.execute(delete(_QUEUE).where(_QUEUE.c.decision_id.in_(mine)))
        if taken.rowcount != seal.size:
            raise QueueChanged(f"{taken.rowcount} of {seal.size} records were waiting")


class SealedRecords:
    """The records of the chain and those before it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def waiting(self, limit: int) -> list[Waiting]:
        """Committed records without a seal, by id. Whatever commits late with a low id is met by
        a later call, since nothing leaves the queue but into a seal."""
        first = select(_QUEUE).order_by(_QUEUE.c.decision_id).limit(limit).subquery()
        query = (
            select(first.c.decision_id, first.c.hash, *_stored())
            .select_from(first)
            .outerjoin(_DECISIONS, _DECISIONS.c.id == first.c.decision_id)
            .order_by(first.c.decision_id)
        )
        return [
            Waiting(row[0], row[1], text_of_stored(row[2:]))
            for row in self.connection.execute(query)
        ]

    def count_waiting(self) -> int:
        """How many committed records have no seal yet."""
        return int(self.connection.execute(select(func.count()).select_from(_QUEUE)).scalar_one())

    def any_waiting(self) -> bool:
        return self.connection.execute(select(_QUEUE.c.decision_id).limit(1)).first() is not None

    def count_unknown(self) -> int:
        """Decisions that are neither sealed nor waiting: they came in past the trigger, or were
        taken out of the queue."""
        self._take_time()
        decision = _DECISIONS.c.id
        sealed = select(_PLACES.c.sequence).where(_PLACES.c.decision_id == decision)
        queued = select(_QUEUE.c.hash).where(_QUEUE.c.decision_id == decision)
        query = select(func.count()).select_from(_DECISIONS)
        lost = query.where(~sealed.exists(), ~queued.exists())
        return int(self.connection.execute(lost).scalar_one())

    def of_decision(self, decision_id: str) -> SealedRecord | None:
        """Where the decision lies in the chain; None while it is not sealed."""
        row = self.connection.execute(
            select(_PLACES).where(_PLACES.c.decision_id == decision_id)
        ).first()
        return None if row is None else SealedRecord(**row._mapping)

    def leaves(self, first: int, last: int) -> list[bytes]:
        """The leaf hashes of these sequences, in order."""
        query = select(_PLACES.c.leaf).where(_PLACES.c.sequence.between(first, last))
        rows = self.connection.execute(query.order_by(_PLACES.c.sequence))
        return [bytes(row[0]) for row in rows]

    def text(self, decision_id: str) -> str | None:
        """The canonical record of one decision as it is stored now."""
        query = select(*_stored()).where(_DECISIONS.c.id == decision_id)
        row = self.connection.execute(query).first()
        return None if row is None else text_of_stored(row)

    def between(self, first: int, last: int, part: Part) -> Iterator[StoredRecord]:
        """The records of these sequences that are in the part, in order."""
        for row in self.connection.execute(self._between(first, last, part)):
            sequence, decision_id, seal, leaf, release_id, hash, *stored = row
            text = text_of_stored(stored)
            yield StoredRecord(sequence, decision_id, seal, bytes(leaf), release_id, text, hash)

    def _between(self, first: int, last: int, part: Part) -> Select[Any]:
        columns = _PLACES.c
        place = (columns.sequence, columns.decision_id, columns.seal, columns.leaf)
        return (
            select(*place, _DECISIONS.c.release_id, _DECISIONS.c.hash, *_stored())
            .select_from(_PLACES)
            .outerjoin(_DECISIONS, _DECISIONS.c.id == columns.decision_id)
            .where(columns.sequence.between(first, last), *part.conditions())
            .order_by(columns.sequence)
        )

    def count_beside(self) -> int:
        """How many rows lie before the first seal or behind the newest one."""
        # One statement, since the sealer may be at work.
        newest = select(func.coalesce(func.max(tables.seals.c.last), 0)).scalar_subquery()
        query = select(func.count()).select_from(_PLACES)
        beside = query.where((_PLACES.c.sequence < 1) | (_PLACES.c.sequence > newest))
        return int(self.connection.execute(beside).scalar_one())

    def repeated(self) -> list[str]:
        """Decisions with more than one place, which the table does not allow: the first few."""
        self._take_time()
        id = _PLACES.c.decision_id
        query = select(id).group_by(id).having(func.count() > 1).order_by(id).limit(_REPEATED)
        return list(self.connection.execute(query).scalars())

    def seals_with(self, part: Part, newest: int) -> list[int]:
        """The numbers, up to `newest`, of the seals that hold a record of the part."""
        self._take_time()
        query = (
            select(_PLACES.c.seal)
            .join(_DECISIONS, _DECISIONS.c.id == _PLACES.c.decision_id)
            .where(_PLACES.c.seal <= newest, *part.conditions())
            .distinct()
            .order_by(_PLACES.c.seal)
        )
        return [int(row[0]) for row in self.connection.execute(query)]

    def _take_time(self) -> None:
        """This question is about the whole record, which may be long."""
        if self.connection.dialect.name != "sqlite":
            self.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    def count_waiting_in(self, part: Part) -> int:
        """How many records of the part wait for their seal."""
        query = select(func.count()).select_from(_QUEUE)
        if part.conditions():
            query = query.join(_DECISIONS, _DECISIONS.c.id == _QUEUE.c.decision_id)
        return int(self.connection.execute(query.where(*part.conditions())).scalar_one())


def _stored() -> Iterable[ColumnElement[Any]]:
    """The columns of a decision as they lie in the database: JSON as its text, unread."""
    return [as_type(_DECISIONS.c[name], Text()) for name in STORED_COLUMNS]
