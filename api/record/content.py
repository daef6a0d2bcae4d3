"""What a record says: the canonical JSON of a decision, and the leaf hash over it.

The record is everything stored of the decision but its own hash, under the names of the columns. A
column that is NULL is left out, so that a column added later leaves the hashes of old records as
they are. Values are taken as they are stored: where a fact is stored as ciphertext, the hash is
over the ciphertext, and erasing its key changes nothing here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Boolean

from api.record.canonical import canonical_text, quoted
from api.record.verifier.tree import leaf_hash
from api.store import tables
from api.store.columns import STORED_MOMENT, Json
from api.store.records import DecisionRow

_LEFT_OUT: Final = "hash"
STORED_COLUMNS: Final = sorted(column.name for column in tables.decisions.c)
"""Every column of a decision, in the order of canonical JSON."""
JSON_COLUMNS: Final = frozenset(
    column.name for column in tables.decisions.c if isinstance(column.type, Json)
)


def record_text(row: DecisionRow) -> str:
    """The record's canonical JSON."""
    return _joined(stored_values(row).values())


def leaf_of(row: DecisionRow) -> str:
    """SHA-256(0x00 || canonical JSON), RFC 6962's leaf hash, in hexadecimal digits."""
    return leaf_hash(record_text(row).encode()).hex()


def stored_values(row: DecisionRow) -> dict[str, Any]:
    """The row's columns in the order of STORED_COLUMNS, JSON as the text that is stored."""
    values = {name: getattr(row, name) for name in STORED_COLUMNS}
    for name in JSON_COLUMNS:
        if values[name] is not None:
            values[name] = canonical_text(values[name])
    return values


def with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """The same, in place, with the record's own hash: what is inserted, hashed as it is written.

    values: as `stored_values` gives them, every one of STORED_COLUMNS in their order.
    """
    values[_LEFT_OUT] = leaf_hash(_joined(values.values()).encode()).hex()
    return values


def text_of_stored(values: Sequence[Any]) -> str | None:
    """The same text from the values of STORED_COLUMNS as the database gave them, without reading
    the JSON in them; None where there is no row. It is no JSON if a JSON column holds none."""
    return None if values[_ID] is None else _joined(values)


def _joined(values: Iterable[Any]) -> str:
    parts = [
        prefix + write(value)
        for (prefix, write), value in zip(_WRITERS, values, strict=True)
        if value is not None and prefix
    ]
    return "{" + ",".join(parts) + "}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(STORED_MOMENT)
    return value.isoformat() if isinstance(value, date) else value


def _write_json(value: Any) -> str:
    return str(value)


def _write_plain(value: Any) -> str:
    return canonical_text(_plain(value))


def _write_text(value: Any) -> str:
    return quoted(value) if type(value) is str else _write_plain(value)


def _write_flag(value: Any) -> str:
    return "true" if value else "false"


def _writer(name: str) -> tuple[str, Callable[[Any], str]]:
    if name == _LEFT_OUT:
        return "", _write_plain
    kind = tables.decisions.c[name].type
    write = _write_text
    if name in JSON_COLUMNS:
        write = _write_json
    elif isinstance(kind, Boolean):  # SQLite knows 0 and 1
        write = _write_flag
    return f"{quoted(name)}:", write


_ID: Final = STORED_COLUMNS.index("id")
_WRITERS: Final = [_writer(name) for name in STORED_COLUMNS]
