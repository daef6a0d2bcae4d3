"""Personal columns are sealed: keys of people, the blind index of names, wider columns.

Rows that are there already are sealed in this step, which needs the master keys for it. Decisions
and events of before keep their form, since their hashes rest on it. Stored replies lose their
bodies: a request that is sent again under an old key is refused instead of being answered.
"""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from api.privacy.boxes import Boxes
from api.privacy.envelope import Place
from api.store.columns import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OF_ACCOUNT: Final = "SELECT student_id FROM accounts WHERE accounts.id = {table}.account_id"
_OF_PURCHASE: Final = "SELECT student_id FROM purchases WHERE purchases.id = {table}.purchase_id"
_SEALED: Final = (
    ("callers", "'service:callers'", ("name",)),
    ("students", "'student:' || id", ("name", "born_on")),
    ("purchases", "'student:' || student_id", ("review_reason",)),
    ("purchase_lines", f"'student:' || ({_OF_PURCHASE})", ("description",)),
    ("attachments", f"'student:' || ({_OF_PURCHASE})", ("name", "sha256", "content")),
    ("payments", f"'student:' || ({_OF_ACCOUNT})", ("decline_message",)),
    ("compliance_records", f"'student:' || ({_OF_ACCOUNT})", ("type", "note", "resolution")),
    ("outbox", f"'student:' || ({_OF_ACCOUNT})", ("last_error",)),
)
"""Table, whom a row is about, and the columns that are sealed."""


def upgrade() -> None:
    _make_tables()
    _widen()
    op.execute("UPDATE idempotency_keys SET body = '{}' WHERE body IS NOT NULL")
    for table, subject, columns in _SEALED:
        for row in _rows(table, subject, columns):
            _seal(table, row, columns)


def _make_tables() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("master_key", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_data_keys"),
        sa.UniqueConstraint("subject", "copy", name="uq_data_keys_subject_copy"),
    )
    op.create_index("ix_data_keys_master_key", "data_keys", ["master_key"])
    op.add_column("students", sa.Column("name_index", sa.Text(), nullable=True))
    op.create_index("ix_students_name_index", "students", ["name_index"])


def _widen() -> None:
    """Columns that become text. Where other tables point at a table, SQLite cannot copy it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE students RENAME COLUMN born_on TO born_on_before")
        op.add_column("students", sa.Column("born_on", sa.Text(), nullable=True))
        op.execute("UPDATE students SET born_on = born_on_before")
        op.execute("ALTER TABLE students DROP COLUMN born_on_before")
    else:
        op.alter_column("students", "born_on", type_=sa.Text(), postgresql_using="born_on::text")
    for table, column in (("attachments", "sha256"), ("compliance_records", "type")):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, existing_type=sa.String(length=64), type_=sa.Text(),
                               existing_nullable=False)  # fmt: skip


def _rows(table: str, subject: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    there = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    wanted = ", ".join(("id", f"{subject.format(table=table)} AS subject", *columns))
    # Names are this module's own, never a caller's.
    rows = op.get_bind().execute(sa.text(f"SELECT {wanted} FROM {table} WHERE {there}"))  # noqa: S608
    for row in rows.all():
        yield dict(row._mapping)


def _seal(table: str, row: dict[str, Any], columns: tuple[str, ...]) -> None:
    context = op.get_context()
    assert context.config is not None  # noqa: S101 - set by api.store.migration
    boxes: Boxes = context.config.attributes["boxes"]
    sealed: dict[str, Any] = {}
    for column in columns:
        value, place = row[column], Place(table, row["id"], column)
        if isinstance(value, str):
            sealed[column] = boxes.seal(row["subject"], place, value)
        elif value is not None:
            sealed[column] = boxes.seal_bytes(row["subject"], place, bytes(value))
    if table == "students":
        sealed["name_index"] = boxes.vault.name_indexes(row["name"])[0]
    settings = ", ".join(f"{column} = :{column}" for column in sealed)
    update = sa.text(f"UPDATE {table} SET {settings} WHERE id = :id")  # noqa: S608
    op.get_bind().execute(update, {**sealed, "id": row["id"]})


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")
