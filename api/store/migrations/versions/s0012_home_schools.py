"""Names of home schools are sealed, and papers are known again by a blind index.

Families commonly name a home school after themselves. Each gets a record of its own, with a code
in place of the name; records that nobody else names are removed. Papers that are there already
get no index: every one of them would have to be opened for it.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from api.privacy.boxes import Boxes
from api.privacy.envelope import Place
from api.store.columns import Json, Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SCHOOLS: Final = sa.table(
    "schools",
    sa.column("id", sa.String()), sa.column("name", sa.Text()), sa.column("facts", Json()),
    sa.column("changed_at", Moment()), sa.column("home_name", sa.Text()),
)  # fmt: skip
_CHOICES: Final = sa.table(
    "school_choices",
    sa.column("id", sa.String()), sa.column("student_id", sa.String()),
    sa.column("school_id", sa.String()), sa.column("fiscal_year", sa.Integer()),
    sa.column("facts", Json()),
)  # fmt: skip
_STUDENTS: Final = sa.table("students", sa.column("id"), sa.column("name_index", sa.Text()))


def upgrade() -> None:
    op.add_column("schools", sa.Column("home_name", sa.Text(), nullable=True))
    op.add_column("attachments", sa.Column("content_mark", sa.Text(), nullable=True))
    op.create_index("ix_attachments_content_mark", "attachments", ["content_mark"])
    left = {_to_own_record(row) for row in _home_choices()}
    bind = op.get_bind()
    for school_id in sorted(left):
        named = sa.select(sa.literal(1)).where(_CHOICES.c.school_id == school_id)
        bind.execute(sa.delete(_SCHOOLS).where(_SCHOOLS.c.id == school_id, ~named.exists()))


def _home_choices() -> list[Any]:
    """The choices of home schools that have no record of their own, oldest year first."""
    query = (
        sa.select(
            _CHOICES.c.id, _CHOICES.c.student_id, _CHOICES.c.facts.label("choice"),
            _SCHOOLS.c.id.label("school_id"), _SCHOOLS.c.name, _SCHOOLS.c.facts,
            _SCHOOLS.c.changed_at, _STUDENTS.c.name_index,
        )
        .join_from(_CHOICES, _SCHOOLS, _SCHOOLS.c.id == _CHOICES.c.school_id)
        .join(_STUDENTS, _STUDENTS.c.id == _CHOICES.c.student_id)
        .order_by(_CHOICES.c.fiscal_year)
    )  # fmt: skip
    rows = op.get_bind().execute(query).all()
    return [row for row in rows if row.choice.get("type", "home_school") == "home_school"]


def _to_own_record(row: Any) -> str:
    """Points a choice at the family's own record, which has the student's id; the one left."""
    bind, own = op.get_bind(), row.student_id
    values = {
        "name": f"home:{own}", "facts": row.facts, "changed_at": row.changed_at,
        "home_name": _sealed(row),
    }  # fmt: skip
    there = bind.execute(sa.select(_SCHOOLS.c.id).where(_SCHOOLS.c.id == own)).first()
    if there is None:
        bind.execute(sa.insert(_SCHOOLS).values(id=own, **values))
    else:
        bind.execute(sa.update(_SCHOOLS).where(_SCHOOLS.c.id == own).values(**values))
    bind.execute(sa.update(_CHOICES).where(_CHOICES.c.id == row.id).values(school_id=own))
    return str(row.school_id)


def _sealed(row: Any) -> str | None:
    """The name, sealed for the student; nothing of a student whose data were erased."""
    if row.name_index is None:
        return None
    context = op.get_context()
    assert context.config is not None  # noqa: S101 - set by api.store.migration
    boxes: Boxes = context.config.attributes["boxes"]
    place = Place("schools", row.student_id, "home_name")
    return boxes.seal(f"student:{row.student_id}", place, row.name)


def downgrade() -> None:
    raise NotImplementedError("the record is never taken back; restore a backup instead")
