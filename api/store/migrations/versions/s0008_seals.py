"""Seals over the record: the queue that decisions enter, seals, their keys, the sealer's lease.

A decision's hash becomes RFC 6962's leaf hash over RFC 8785 JSON. No seal existed before this
step, so the hashes of decisions that are there already are written anew, this once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from api.record.canonical import canonical_bytes
from api.record.verifier.tree import leaf_hash
from api.store.columns import STORED_MOMENT, Json, Moment
from api.store.migrations.append_only import guard

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PAGE = 1_000

_DECISIONS = sa.table(
    "decisions",
    sa.column("id", sa.String()), sa.column("decision", sa.String()),
    sa.column("release_id", sa.String()), sa.column("semantics_version", sa.String()),
    sa.column("as_of", sa.Date()), sa.column("facts", Json()), sa.column("origins", Json()),
    sa.column("verdict", sa.String()), sa.column("findings", Json()),
    sa.column("answers", Json()), sa.column("missing", Json()),
    sa.column("outcomes", sa.Text()), sa.column("mode", sa.String()),
    sa.column("asked_by", sa.String()), sa.column("asked_at", Moment()),
    sa.column("account_id", sa.String()), sa.column("purchase_id", sa.String()),
    sa.column("line", sa.Integer()), sa.column("group_id", sa.String()),
    sa.column("hash", sa.String()),
)  # fmt: skip


def upgrade() -> None:
    _create_queue()
    _create_seals()
    _create_leases()
    _hash_anew()
    op.execute("INSERT INTO unsealed (decision_id, hash) SELECT id, hash FROM decisions")
    _queue_what_is_stored()
    guard("seal_keys", "seals", "sealed_records")


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _create_queue() -> None:
    op.create_table(
        "unsealed",
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_unsealed"),
    )


def _create_seals() -> None:
    op.create_table(
        "seal_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("public", sa.String(length=44), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("endorsed_by", sa.String(length=32), nullable=True),
        sa.Column("endorsement", sa.String(length=88), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_seal_keys"),
    )
    op.create_table(
        "seals",
        sa.Column("number", _number(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", Moment(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("signature", sa.String(length=88), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["seal_keys.id"], name="fk_seals_key"),
        sa.PrimaryKeyConstraint("number", name="pk_seals"),
    )
    op.create_table(
        "sealed_records",
        sa.Column("sequence", _number(), autoincrement=False, nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("seal", _number(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seals.number"], name="fk_sealed_records_seal"),
        sa.PrimaryKeyConstraint("sequence", name="pk_sealed_records"),
        sa.UniqueConstraint("decision_id", name="uq_sealed_records_decision_id"),
    )
    op.create_index("ix_sealed_records_seal", "sealed_records", ["seal"])


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leases"),
    )


def _hash_anew() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    op.execute(
        "DROP TRIGGER decisions_no_update" if sqlite
        else "ALTER TABLE decisions DISABLE TRIGGER decisions_no_change"
    )  # fmt: skip
    for page in _pages(connection):
        connection.execute(
            sa.update(_DECISIONS)
            .where(_DECISIONS.c.id == sa.bindparam("the_id"))
            .values(hash=sa.bindparam("the_hash")),
            [{"the_id": row["id"], "the_hash": _leaf_of(row)} for row in page],
        )
    op.execute(
        "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions "
        "BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END" if sqlite
        else "ALTER TABLE decisions ENABLE TRIGGER decisions_no_change"
    )  # fmt: skip


def _pages(connection: sa.Connection) -> Iterator[Sequence[Mapping[str, Any]]]:
    last = ""
    while True:
        query = sa.select(_DECISIONS).where(_DECISIONS.c.id > last).order_by(_DECISIONS.c.id)
        page = [dict(row._mapping) for row in connection.execute(query.limit(_PAGE))]
        if not page:
            return
        yield page
        last = page[-1]["id"]


def _leaf_of(row: Mapping[str, Any]) -> str:
    content = {
        name: _plain(value) for name, value in row.items() if value is not None and name != "hash"
    }
    return leaf_hash(canonical_bytes(content)).hex()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(STORED_MOMENT)
    return value.isoformat() if isinstance(value, date) else value


def _queue_what_is_stored() -> None:
    """Whoever stores a decision, in whatever way, queues it for the sealer by the same commit."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER decisions_queue AFTER INSERT ON decisions BEGIN "
            "INSERT INTO unsealed (decision_id, hash) VALUES (NEW.id, NEW.hash); END"
        )
        return
    op.execute(
        "CREATE FUNCTION queue_decisions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO unsealed (decision_id, hash) SELECT id, hash FROM added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER decisions_queue AFTER INSERT ON decisions REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION queue_decisions()"
    )
