"""What tests of privacy share: raw looks into a database, and questions about somebody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text
from support.service_world import AUDITOR, World

from api.service import asking
from api.service.looks import looking
from api.service.parts import Caller
from api.store import tables
from api.store.database import Database

EVERYTHING = frozenset({
    "accounts:read", "accounts:write", "purchases:review", "purchases:submit", "compliance:manage",
    "decisions:read", "facts:personal", "ops",
})  # fmt: skip
ALL = Caller("staff-9", "All", EVERYTHING)
ASKER = Caller("asker", "A purchase system", frozenset({"decisions:ask"}))
SCHOLAR = {
    "student": {"id": "NC-4711-0815", "grade": 4, "age": 17},
    "scholarship": {
        "on": "2026-08-10", "income_share": 8765, "per_pupil_allocation": "7000.00",
        "school_cost": "6512.34",
    },
    "school": {"type": "direct_payment"},
    "account": {"program": "opportunity_scholarship"},
    "renewal": {"primary_disability": "autism_of_some_kind"},
}  # fmt: skip


def dump(database: Database) -> str:
    """Every value of every table as the database holds it, past every type of ours."""
    found = []
    with database.read() as tx:
        for table in tables.metadata.sorted_tables:
            rows = tx.connection.execute(text(f"SELECT * FROM {table.name}")).all()
            found += [f"{table.name}: {_plain(value)}" for row in rows for value in row]
    return "\n".join(found)


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return str(value)


def raw_files(database: Database) -> bytes:
    """The bytes of a SQLite database, its write-ahead log included; none on PostgreSQL."""
    if not database.is_sqlite:
        return b""
    path = Path(str(database.url.database))
    logs = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    return b"".join(each.read_bytes() for each in logs if each.exists())


def everything(database: Database) -> str:
    """The dump and the raw bytes."""
    return dump(database) + raw_files(database).decode("latin-1")


def ask(world: World, facts: Mapping[str, Any], caller: Caller = ASKER) -> dict[str, Any]:
    """A decision about a scholarship, whose facts are about people."""
    return dict(world.do(asking.ask, "scholarship_award", facts, caller=caller))


def read(world: World, use_case: Any, *arguments: Any, caller: Caller = AUDITOR) -> Any:
    """What a reading use case shows to a caller, by default one who may see everything."""
    with looking(world.parts, caller) as tx:
        return use_case(world.parts, tx, caller, *arguments)
