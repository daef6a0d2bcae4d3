"""Which release is in force, and who put it there when."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Moment
from api.store.migrations.append_only import guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("published_at", Moment(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_publications_release_id"),
        sa.PrimaryKeyConstraint("number", name="pk_publications"),
    )
    op.create_index("ix_publications_release_id", "publications", ["release_id"])
    guard("publications")


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")
