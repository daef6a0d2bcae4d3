"""Column types that mean the same on SQLite and PostgreSQL, and the one form of stored JSON."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from api.record.canonical import canonical_text

STORED_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
"""A moment in UTC as SQLite stores it and as records write it."""


def canonical_json(value: object) -> str:
    """The one text of a JSON value (RFC 8785): keys sorted, no blanks. TypeError for a float.

    Hashes are taken over this text, so that equal values have equal hashes on every database.
    """
    return canonical_text(value)


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on PostgreSQL, text that sorts on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(String(27) if sqlite else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.strftime(STORED_MOMENT) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.strptime(value, STORED_MOMENT).replace(tzinfo=UTC)
        moment: datetime = value
        return moment.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value, stored as its canonical text; SQL NULL is None."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
