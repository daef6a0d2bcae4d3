"""The first tables: who asks, and the families that are asked about."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Json, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_callers()
    _create_api_keys()
    _create_idempotency_keys()
    _create_students()
    _create_accounts()
    _create_agreements()
    _create_schools()
    _create_school_choices()


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _create_callers() -> None:
    op.create_table(
        "callers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("student_ids", Json(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callers"),
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("caller_id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["caller_id"], ["callers.id"], name="fk_api_keys_caller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_index("ix_api_keys_caller_id", "api_keys", ["caller_id"])


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller_id", sa.String(length=512), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", Json(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "key", name="pk_idempotency_keys"),
    )


def _create_students() -> None:
    op.create_table(
        "students",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_students"),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("student_id", sa.String(length=64), nullable=False),
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("award_level", sa.String(length=64), nullable=False),
        sa.Column("part_time", sa.Boolean(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("initial_award_cents", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("award_id", sa.String(length=64), nullable=False),
        sa.Column("disbursement_id", sa.String(length=64), nullable=False),
        sa.Column("external_wallet_id", sa.String(length=128), nullable=True),
        sa.Column("created_by", sa.String(length=512), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_accounts_student_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("award_id", name="uq_accounts_award_id"),
        sa.UniqueConstraint("disbursement_id", name="uq_accounts_disbursement_id"),
        sa.UniqueConstraint(
            "student_id",
            "program",
            "fiscal_year",
            name="uq_accounts_student_id_program_fiscal_year",
        ),
    )


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("student_id", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_agreements_student_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("student_id", "year", name="uq_agreements_student_id_year"),
    )


def _create_schools() -> None:
    op.create_table(
        "schools",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schools"),
        sa.UniqueConstraint("name", name="uq_schools_name"),
    )


def _create_school_choices() -> None:
    op.create_table(
        "school_choices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("student_id", sa.String(length=64), nullable=False),
        sa.Column("school_id", sa.String(length=64), nullable=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name="fk_school_choices_school_id"),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name="fk_school_choices_student_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_school_choices"),
        sa.UniqueConstraint(
            "student_id", "fiscal_year", name="uq_school_choices_student_id_fiscal_year"
        ),
    )
    op.create_index("ix_school_choices_school_id", "school_choices", ["school_id"])
