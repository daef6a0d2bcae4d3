"""The record: releases, decisions and events. Nothing in it is ever changed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, insert, select, update

from api.record.content import STORED_COLUMNS, stored_values, with_hash
from api.store import tables
from api.store.bulk import insert_rows
from api.store.columns import canonical_json
from api.store.records import DecisionRow, Event, Publication, ReleaseRow
from api.store.rows import Rows, before, values_of
from api.store.upserts import insert_new

FIRST_HASH: Final = "0" * 64
"""What the first event of an aggregate names as the one before it."""


class Releases(Rows[ReleaseRow]):
    table, record = tables.releases, ReleaseRow

    def keep(self, release: ReleaseRow, files: Mapping[str, bytes]) -> bool:
        """Stores a release and its files; False when it is there already."""
        if not insert_new(self.connection, self.table, values_of(release)):
            return False
        rows = [
            {"release_id": release.id, "path": path, "content": content}
            for path, content in sorted(files.items())
        ]
        self.connection.execute(insert(tables.release_files), rows)
        return True

    def ids(self) -> list[str]:
        """Every stored release."""
        return list(
            self.connection.execute(select(self.table.c.id).order_by(self.table.c.id)).scalars()
        )

    def files(self, release_id: str) -> dict[str, bytes]:
        """The files of a stored release by path; empty when there is no such release."""
        stored = tables.release_files
        query = select(stored.c.path, stored.c.content).where(stored.c.release_id == release_id)
        return {path: bytes(content) for path, content in self.connection.execute(query)}


class Publications(Rows[Publication]):
    table, record = tables.publications, Publication

    def put(self, release_id: str, at: datetime, by: str, note: str) -> None:
        """Puts a stored release in force."""
        values = {"release_id": release_id, "published_at": at, "published_by": by, "note": note}
        self.connection.execute(insert(self.table).values(values))

    def newest(self) -> Publication | None:
        """The publication in force; None before the first."""
        return self.first(select(self.table).order_by(self.table.c.number.desc()).limit(1))

    def history(self, limit: int) -> list[Publication]:
        """Newest first."""
        return self.all(select(self.table).order_by(self.table.c.number.desc()).limit(limit))


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """What a search asks for; None = anything. `first` <= asked_at < `end`.

    `visible_to`: (caller, accounts) whose decisions alone are shown; None = all.
    """

    decision: str | None = None
    verdict: str | None = None
    reason: str | None = None
    account_id: str | None = None
    first: datetime | None = None
    end: datetime | None = None
    visible_to: tuple[str, Sequence[str]] | None = None


_COLUMNS: Final = tuple(STORED_COLUMNS)
_REASON_COLUMNS: Final = ("decision_id", "reason")


class Decisions(Rows[DecisionRow]):
    table, record = tables.decisions, DecisionRow

    def keep(self, row: DecisionRow) -> DecisionRow:
        """Stores a decision under its own hash and gives it back with that hash."""
        values = with_hash(stored_values(row))
        reasons = dict.fromkeys(finding["reason"] for finding in row.findings)
        self.keep_values([values], [(row.id, reason) for reason in reasons])
        return replace(row, hash=values["hash"])

    def keep_values(
        self, values: Sequence[Mapping[str, Any]], reasons: Iterable[tuple[str, str]]
    ) -> None:
        """Stores decisions whose columns are written and hashed already (`with_hash`), and the
        reasons to find them by: (decision id, reason), each pair once."""
        insert_rows(
            self.connection, self.table, _COLUMNS, [tuple(each.values()) for each in values]
        )
        insert_rows(self.connection, tables.decision_reasons, _REASON_COLUMNS, list(reasons))

    def group(self, group_id: str) -> list[DecisionRow]:
        """The decisions linked to one another: those of lines in order, then those of no line."""
        columns = self.table.c
        mine = select(self.table).where(columns.group_id == group_id)
        return self.all(mine.order_by(columns.line.is_(None), columns.line, columns.id))

    def after(self, id: str, since: datetime | None, limit: int) -> list[DecisionRow]:
        """Decisions behind an identifier, in the identifiers' order."""
        query = select(self.table).where(self.table.c.id > id)
        if since is not None:
            query = query.where(self.table.c.asked_at >= since)
        return self.all(query.order_by(self.table.c.id).limit(limit))

    def search(
        self, wanted: DecisionFilter, after: tuple[datetime, str] | None, limit: int
    ) -> list[DecisionRow]:
        """Newest first, from after the cursor (asked_at, id) on: one more than `limit`."""
        columns = self.table.c
        query = select(self.table).where(*_conditions(wanted))
        if after is not None:
            query = query.where(before([columns.asked_at, columns.id], after))
        newest = query.order_by(columns.asked_at.desc(), columns.id.desc())
        return self.all(newest.limit(limit + 1))


def _conditions(wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    columns = tables.decisions.c
    given = {
        columns.decision: wanted.decision,
        columns.verdict: wanted.verdict,
        columns.account_id: wanted.account_id,
    }
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in given.items() if value is not None
    ]
    if wanted.first is not None:
        conditions.append(columns.asked_at >= wanted.first)
    if wanted.end is not None:
        conditions.append(columns.asked_at < wanted.end)
    if wanted.reason is not None:
        reasons = tables.decision_reasons
        matching = select(reasons.c.decision_id).where(reasons.c.reason == wanted.reason)
        conditions.append(columns.id.in_(matching))
    if wanted.visible_to is not None:
        caller, accounts = wanted.visible_to
        own = columns.account_id.is_(None) & (columns.asked_by == caller)
        conditions.append(own | columns.account_id.in_(accounts))
    return conditions


class Events(Rows[Event]):
    table, record = tables.events, Event

    def append(self, event: Event) -> Event:
        """Adds an event to its aggregate's chain: sequence and hashes are set here."""
        heads = tables.event_heads
        start = {"id": event.aggregate, "sequence": 0, "hash": FIRST_HASH}
        insert_new(self.connection, heads, start)
        query = select(heads).where(heads.c.id == event.aggregate).with_for_update()
        head = self.connection.execute(query).one()
        linked = replace(event, sequence=head.sequence + 1, previous_hash=head.hash)
        linked = replace(linked, hash=hash_of(linked))
        self.add(linked)
        self.connection.execute(
            update(heads)
            .where(heads.c.id == event.aggregate)
            .values(sequence=linked.sequence, hash=linked.hash)
        )
        return linked

    def of(self, aggregate: str) -> list[Event]:
        """The aggregate's chain from its first event on."""
        mine = select(self.table).where(self.table.c.aggregate == aggregate)
        return self.all(mine.order_by(self.table.c.sequence))


def hash_of(row: Event) -> str:
    """SHA-256 over the canonical JSON of an event, less the field `hash` itself."""
    content = {name: _plain(value) for name, value in values_of(row).items() if name != "hash"}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
