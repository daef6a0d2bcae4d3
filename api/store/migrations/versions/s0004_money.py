"""The first tables: holds, the ledger and the outbox."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Json, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_holds()
    _create_compliance_records()
    _create_ledger_accounts()
    _create_journal_entries()
    _create_postings()
    _create_outbox()
    _create_outbound()


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("is_total", sa.Boolean(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.String(length=128), nullable=True),
        sa.Column("rests_on", Json(), nullable=False),
        sa.Column("purchase_id", sa.String(length=64), nullable=True),
        sa.Column("placed_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
        sa.CheckConstraint("is_total OR amount_cents >= 0", name="ck_holds_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_holds_account_id"),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.id"], name="fk_holds_purchase_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_account_id_state", "holds", ["account_id", "state"])
    op.create_index(
        "uq_holds_conclusion",
        "holds",
        ["account_id", "conclusion"],
        unique=True,
        sqlite_where=sa.text("state = 'in_force' AND conclusion IS NOT NULL"),
        postgresql_where=sa.text("state = 'in_force' AND conclusion IS NOT NULL"),
    )
    op.create_index(
        "uq_holds_purchase",
        "holds",
        ["purchase_id"],
        unique=True,
        sqlite_where=sa.text("state = 'in_force' AND purchase_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'in_force' AND purchase_id IS NOT NULL"),
    )


def _create_compliance_records() -> None:
    op.create_table(
        "compliance_records",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=512), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("resolved_by", sa.String(length=512), nullable=True),
        sa.Column("resolved_at", Moment(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_compliance_records_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_compliance_records"),
    )
    op.create_index("ix_compliance_records_account_id", "compliance_records", ["account_id"])


def _create_ledger_accounts() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_ledger_accounts_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_accounts"),
    )
    op.create_index("ix_ledger_accounts_account_id", "ledger_accounts", ["account_id"])


def _create_journal_entries() -> None:
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("business_key", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decisions", Json(), nullable=False),
        sa.Column("posted_by", sa.String(length=512), nullable=False),
        sa.Column("posted_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_journal_entries_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entries"),
        sa.UniqueConstraint("business_key", name="uq_journal_entries_business_key"),
    )
    op.create_index("ix_journal_entries_account_id", "journal_entries", ["account_id"])


def _create_postings() -> None:
    op.create_table(
        "postings",
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ledger_account_id", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents <> 0", name="ck_postings_cents"),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["journal_entries.id"],
            name="fk_postings_entry_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["ledger_account_id"], ["ledger_accounts.id"], name="fk_postings_ledger_account_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", "number", name="pk_postings"),
    )
    op.create_index("ix_postings_ledger_account_id", "postings", ["ledger_account_id"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("business_id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("depends_on", sa.String(length=64), nullable=True),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("is_query", sa.Boolean(), nullable=False),
        sa.Column("was_sent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("leased_until", Moment(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_outbox_account_id"),
        sa.ForeignKeyConstraint(["depends_on"], ["outbox.id"], name="fk_outbox_depends_on"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("kind", "business_id", name="uq_outbox_kind_business_id"),
    )
    op.create_index("ix_outbox_account_id", "outbox", ["account_id"])
    op.create_index("ix_outbox_state_next_at", "outbox", ["state", "next_at"])


def _create_outbound() -> None:
    op.create_table(
        "outbound",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("halted_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("probe_at", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbound"),
    )
