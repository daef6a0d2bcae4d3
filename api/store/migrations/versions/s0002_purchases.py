"""The first tables: the directory, and what is bought from it."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Json, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_vendors()
    _create_providers()
    _create_catalog_items()
    _create_purchases()
    _create_purchase_lines()
    _create_attachments()
    _create_payments()


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")


def _create_vendors() -> None:
    op.create_table(
        "vendors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vendors"),
    )


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("services", Json(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
    )


def _create_catalog_items() -> None:
    op.create_table(
        "catalog_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vendor_id", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name="fk_catalog_items_vendor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_items"),
        sa.UniqueConstraint("vendor_id", "sku", name="uq_catalog_items_vendor_id_sku"),
    )


def _create_purchases() -> None:
    op.create_table(
        "purchases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("student_id", sa.String(length=64), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("vendor_id", sa.String(length=64), nullable=True),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("order_number", sa.String(length=128), nullable=True),
        sa.Column("given", Json(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("submitted_at", Moment(), nullable=False),
        sa.Column("submitted_by", sa.String(length=512), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("said", Json(), nullable=False),
        sa.Column("reviewed_by", sa.String(length=512), nullable=True),
        sa.Column("reviewed_at", Moment(), nullable=True),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_purchases_account_id"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_purchases_provider_id"),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_purchases_student_id"),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name="fk_purchases_vendor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_purchases"),
    )
    op.create_index("ix_purchases_account_id", "purchases", ["account_id"])
    op.create_index("ix_purchases_account_id_state", "purchases", ["account_id", "state"])
    op.create_index("ix_purchases_provider_id", "purchases", ["provider_id"])
    op.create_index("ix_purchases_student_id", "purchases", ["student_id"])


def _create_purchase_lines() -> None:
    op.create_table(
        "purchase_lines",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purchase_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("given", Json(), nullable=False),
        sa.Column("item_kind", sa.String(length=128), nullable=True),
        sa.Column("is_accessory", sa.Boolean(), nullable=True),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("counts_toward_minimum_cents", sa.BigInteger(), nullable=True),
        sa.Column("tax_reportable_cents", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.id"], name="fk_purchase_lines_purchase_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_lines"),
        sa.UniqueConstraint("purchase_id", "number", name="uq_purchase_lines_purchase_id_number"),
    )
    op.create_index("ix_purchase_lines_item_kind", "purchase_lines", ["item_kind"])


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purchase_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.String(length=512), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.id"], name="fk_attachments_purchase_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
    )
    op.create_index("ix_attachments_purchase_id", "attachments", ["purchase_id"])


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("payee_kind", sa.String(length=64), nullable=False),
        sa.Column("payee_id", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("decline_code", sa.String(length=64), nullable=True),
        sa.Column("decline_message", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.CheckConstraint("amount_cents > 0", name="ck_payments_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_payments_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
    )
    op.create_index("ix_payments_account_id", "payments", ["account_id"])
