"""Callers by token: wider columns for who did something, and the person behind several callers."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WHO: Final = (
    ("idempotency_keys", "caller_id"),
    ("accounts", "created_by"),
    ("purchases", "submitted_by"),
    ("purchases", "reviewed_by"),
    ("attachments", "added_by"),
    ("decisions", "asked_by"),
    ("events", "actor"),
    ("compliance_records", "recorded_by"),
    ("compliance_records", "resolved_by"),
    ("journal_entries", "posted_by"),
)


def upgrade() -> None:
    op.add_column("callers", sa.Column("subject", sa.String(length=512), nullable=True))
    op.create_index("ix_callers_subject", "callers", ["subject"])
    # The steps before make these columns wide today; they did not when some databases were made.
    # SQLite counts no characters, so its tables need not be written anew.
    if op.get_bind().dialect.name != "sqlite":
        for table, column in _WHO:
            op.alter_column(table, column, type_=sa.String(length=512))


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")
