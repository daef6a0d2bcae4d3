"""Queries about callers, their keys, and the writes that they ask for only once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, select, type_coerce, update

from api.store import tables
from api.store.columns import canonical_json
from api.store.records import ApiKey, CallerRow
from api.store.rows import Rows
from api.store.upserts import insert_new


class Callers(Rows[CallerRow]):
    table, record = tables.callers, CallerRow

    def ids_of_subject(self, subject: str) -> list[str]:
        """The callers that are the same person, by the subject of that person's tokens."""
        query = select(self.table.c.id).where(self.table.c.subject == subject)
        return list(self.connection.execute(query).scalars())

    def in_order(self) -> list[CallerRow]:
        """Every caller, the first registered first."""
        return self.all(self.where())

    def in_force_of(self, subject: str) -> list[CallerRow]:
        """The callers of one person that were not revoked."""
        columns = self.table.c
        return self.all(self.where(columns.subject == subject, columns.revoked_at.is_(None)))

    def of_family(self, student_id: str) -> list[CallerRow]:
        """The callers that see this student and no other, such as a family's."""
        ids = type_coerce(self.table.c.student_ids, Text)
        return self.all(self.where(ids == canonical_json([student_id])))


class ApiKeys(Rows[ApiKey]):
    table, record = tables.api_keys, ApiKey

    def hashed(self, key_hash: str) -> ApiKey | None:
        """The key of that hash."""
        return self.first(self.where(self.table.c.hash == key_hash))

    def any_valid(self, caller_id: str) -> bool:
        """Whether the caller has a key that was not revoked."""
        return self.first(self._valid(caller_id)) is not None

    def valid(self, caller_id: str) -> list[ApiKey]:
        """The caller's keys that were not revoked, oldest first."""
        return self.all(self._valid(caller_id))

    def in_order(self) -> list[ApiKey]:
        """Every key of everybody, oldest first."""
        return self.all(self.where())

    def _valid(self, caller_id: str) -> Select[Any]:
        return self.where(self.table.c.caller_id == caller_id, self.table.c.revoked_at.is_(None))


class IdempotencyKeys:
    """The replies given to keyed writes, one row a caller and key."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.table = tables.idempotency_keys

    def claim(self, caller_id: str, key: str, fingerprint: str, at: datetime) -> bool:
        """Takes a key for this transaction; False when it was used before.

        While another transaction holds the same key this waits for its end.
        """
        values = {
            "caller_id": caller_id, "key": key, "fingerprint": fingerprint, "status": None,
            "body": None, "created_at": at,
        }  # fmt: skip
        return insert_new(self.connection, self.table, values)

    def answer(self, caller_id: str, key: str, status: int, body: object) -> None:
        """Keeps the reply beside its key."""
        columns = self.table.c
        self.connection.execute(
            update(self.table)
            .where(columns.caller_id == caller_id, columns.key == key)
            .values(status=status, body=body)
        )

    def used(self, caller_id: str, key: str) -> tuple[str, int, Any]:
        """Fingerprint, status and body of the reply under a used key."""
        columns = self.table.c
        query = select(columns.fingerprint, columns.status, columns.body).where(
            columns.caller_id == caller_id, columns.key == key
        )
        row = self.connection.execute(query).one()
        return row.fingerprint, row.status, row.body
