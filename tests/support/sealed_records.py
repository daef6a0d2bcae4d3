"""A record of as many decisions as a test wants, and what seals, exports and checks it."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Column, Connection, Executable, insert, text

from api.record.checkpoints import Checkpoints
from api.record.content import leaf_of
from api.record.export import Exported, Exporter
from api.record.export_scope import ALL, Scope
from api.record.keys import SealKeys, key_of
from api.record.sealer import BATCH, Sealer
from api.record.verifier.command import main as verify_main
from api.store import tables
from api.store.columns import Moment
from api.store.database import Database
from api.store.records import DecisionRow, ReleaseRow
from api.store.rows import values_of
from engine import SEMANTICS_VERSION
from engine.language.loader import content_hash, load_release
from engine.language.model import Release

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 9, 21, 16, 0, tzinfo=UTC)
PAGE = 2_000


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: int) -> None:
        self.now += timedelta(**by)


@cache
def release() -> Release:
    """The project's own policy."""
    return load_release(ROOT)


def private_key(number: int) -> Ed25519PrivateKey:
    """A key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def keys(*numbers: int) -> SealKeys:
    """Keys by number; the last one signs."""
    return SealKeys([key_of(f"key-{number}", private_key(number)) for number in numbers or (1,)])


@dataclass
class Record:
    """A record, and whatever is done to it."""

    database: Database
    clock: Clock
    folder: Path
    template: DecisionRow
    count: int = 0

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoints")

    def add(self, count: int, **changes: Any) -> list[str]:
        """That many further decisions; their ids. Each was asked a second after the last."""
        ids = []
        for begin in range(0, count, PAGE):
            rows = [self._row(changes) for _ in range(min(PAGE, count - begin))]
            with self.database.write() as tx:
                tx.connection.execute(insert(tables.decisions), [values_of(row) for row in rows])
            ids += [row.id for row in rows]
        return ids

    def _row(self, changes: dict[str, Any]) -> DecisionRow:
        self.count += 1
        own = {
            "id": f"made-{self.count:08}",
            "asked_at": self.template.asked_at + timedelta(seconds=self.count),
            "group_id": f"group-{self.count:08}",
            "line": self.count % 7,
        }
        row = replace(self.template, **(own | changes))
        return replace(row, hash=leaf_of(row))

    def sealer(self, **other: Any) -> Sealer:
        return Sealer(
            other.get("database", self.database),
            self.clock,
            other.get("keys", keys()),
            other.get("checkpoints", self.checkpoints),
            other.get("holder", "sealer-1"),
            other.get("batch", BATCH),
        )

    def export(self, name: str = "export", scope: Scope = ALL, **other: Any) -> Path:
        self.exported(name, scope, **other)
        return self.folder / name

    def exported(self, name: str = "export", scope: Scope = ALL, **other: Any) -> Exported:
        exporter = Exporter(
            self.database, self.checkpoints, other.get("keys", keys()), scope, self.folder / name
        )
        return exporter.run(self.clock())

    def tamper(self, *statements: str) -> None:
        """Runs SQL as somebody who owns the database can: past triggers and references."""
        self.past_triggers([text(statement) for statement in statements])

    def past_triggers(self, statements: Sequence[Executable]) -> None:
        with self.database.engine.connect() as connection:
            if not self.database.is_sqlite:
                with connection.begin():
                    connection.execute(text("SET LOCAL session_replication_role = replica"))
                    for statement in statements:
                        connection.execute(statement)
                return
            triggers = _triggers(connection)
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                for name in triggers:
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
                for statement in statements:
                    connection.execute(statement)
                for sql in triggers.values():
                    connection.exec_driver_sql(sql)
            raw.execute("PRAGMA foreign_keys=ON")


def _triggers(connection: Connection) -> dict[str, str]:
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
    triggers = {str(name): str(sql) for name, sql in found}
    connection.rollback()
    return triggers


FACTS: Final = {
    "purchase": {
        "amount": "39.00", "category": "technology", "submitted_on": "2026-09-21",
        "channel": "marketplace", "is_accessory": True, "bundled_with_device": False,
        "item_kind": "stylus", "flagged_prohibited": False, "subject": "mathematics",
        "categories_on_request": ["technology"], "documents": ["invoice"],
    },
    "account": {
        "status": "active", "balance": "8411.00", "held": "0.00", "award_level": "base",
        "hold_in_force": False, "program": "esa_plus", "fiscal_year": 2027,
    },
    "student": {"grade": 4, "name": "sealed:v1:Ünïcödé", "disability": None},
    "device": {"order_id": "D-2201", "ordered_on": "2026-08-22"},
    "vendor": {"compliance_status": "good_standing", "is_marketplace": True},
}  # fmt: skip
SMALL_FILES: Final = {"policies.yaml": b"parameters: {}\n", "rules/facts.yaml": b"facts: {}\n"}
TEMPLATE: Final = DecisionRow(
    id="", decision="purchase", release_id="", semantics_version="", as_of=date(2026, 9, 21),
    facts=FACTS,
    origins={
        f"{group}.{name}": {"from": "record", "of": group}
        for group, part in FACTS.items() for name in part
    },
    verdict="review",
    findings=[{"reason": "STAFF_REVIEW", "verdict": "review", "rule": "purchase.staff_review",
               "case": "asked", "standing": "official"}],
    answers={"counts_toward_minimum": "39.00", "tax_reportable": "39.00"}, missing=[],
    outcomes="mmu.m-" * 20, mode="applied", asked_by="staff-1", asked_at=NOON, account_id=None,
    purchase_id=None, line=None, group_id="",
)  # fmt: skip


def make_record(database: Database, folder: Path, *, small_release: bool = False) -> Record:
    """A record over a migrated, empty database, with its release and no decision yet.

    small_release: of two short files, which no engine could load; else the project's own.
    """
    files = SMALL_FILES if small_release else release().files
    used = ReleaseRow(content_hash(files), SEMANTICS_VERSION, NOON)
    with database.write() as tx:
        tx.releases.keep(used, files)
    folder.mkdir(parents=True, exist_ok=True)
    template = replace(TEMPLATE, release_id=used.id, semantics_version=used.semantics_version)
    return Record(database, Clock(NOON), folder, template)


def add_account(record: Record, id: str) -> str:
    """A row that decisions can name as their account; its student is nowhere."""
    values = {column.name: _sample(column) for column in tables.accounts.c} | {"id": id}
    unique = {name: f"{name}-{id}" for name in ("award_id", "disbursement_id", "student_id")}
    record.past_triggers([insert(tables.accounts).values(values | unique)])
    return id


def _sample(column: Column[Any]) -> Any:
    if column.nullable:
        return None
    samples = {str: "x", int: 1, bool: False, datetime: NOON, date: NOON.date()}
    return samples[datetime if isinstance(column.type, Moment) else column.type.python_type]


def checked(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and report of `verify.py` over an export."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = verify_main([str(folder), *arguments])
    return code, said.getvalue()
