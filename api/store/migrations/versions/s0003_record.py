"""The first tables: the record of decisions and events."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Json, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_releases()
    _create_release_files()
    _create_decisions()
    _create_decision_reasons()
    _create_events()
    _create_event_heads()


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("semantics_version", sa.String(length=32), nullable=False),
        sa.Column("published_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
    )


def _create_release_files() -> None:
    op.create_table(
        "release_files",
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name="fk_release_files_release_id"
        ),
        sa.PrimaryKeyConstraint("release_id", "path", name="pk_release_files"),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("semantics_version", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("origins", Json(), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("findings", Json(), nullable=False),
        sa.Column("answers", Json(), nullable=False),
        sa.Column("missing", Json(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=512), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=True),
        sa.Column("purchase_id", sa.String(length=64), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_decisions_account_id"),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.id"], name="fk_decisions_purchase_id"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_decisions_release_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_account_id", "decisions", ["account_id"])
    op.create_index("ix_decisions_asked_at_id", "decisions", ["asked_at", "id"])
    op.create_index("ix_decisions_asked_by", "decisions", ["asked_by"])
    op.create_index(
        "ix_decisions_decision_verdict_asked_at", "decisions", ["decision", "verdict", "asked_at"]
    )
    op.create_index("ix_decisions_group_id", "decisions", ["group_id"])
    op.create_index("ix_decisions_purchase_id", "decisions", ["purchase_id"])


def _create_decision_reasons() -> None:
    op.create_table(
        "decision_reasons",
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name="fk_decision_reasons_decision_id"
        ),
        sa.PrimaryKeyConstraint("decision_id", "reason", name="pk_decision_reasons"),
    )
    op.create_index(
        "ix_decision_reasons_reason_decision_id", "decision_reasons", ["reason", "decision_id"]
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("aggregate", sa.String(length=128), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=512), nullable=False),
        sa.Column("decisions", Json(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("aggregate", "sequence", name="uq_events_aggregate_sequence"),
    )


def _create_event_heads() -> None:
    op.create_table(
        "event_heads",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_heads"),
    )
