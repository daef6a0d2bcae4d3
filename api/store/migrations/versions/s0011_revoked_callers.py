"""When a caller was revoked: from then on it gets no new key."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import Moment

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("callers", sa.Column("revoked_at", Moment(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")
