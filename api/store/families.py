"""Queries about students, their accounts, agreements and schools."""

from collections.abc import Sequence

from sqlalchemy import select

from api.store import tables
from api.store.records import Account, Agreement, School, SchoolChoice, Student
from api.store.rows import Rows


class Students(Rows[Student]):
    table, record = tables.students, Student

    def of_name(self, indexes: Sequence[str], limit: int) -> list[Student]:
        """The students whose name has one of these blind indexes, by id."""
        return self.all(self.where(self.table.c.name_index.in_(indexes)).limit(limit))

    def indexed_otherwise(self, prefix: str, limit: int) -> list[Student]:
        """Students whose name is indexed under another master key than the prefix says, locked."""
        index = self.table.c.name_index
        other = self.where(index.is_not(None), ~index.startswith(prefix, autoescape=True))
        return self.all(other.limit(limit).with_for_update())


class Accounts(Rows[Account]):
    table, record = tables.accounts, Account

    def for_year(self, student_id: str, program: str, fiscal_year: int) -> Account | None:
        """The one account of a student, program and fiscal year."""
        return self.first(
            self.where(
                self.table.c.student_id == student_id,
                self.table.c.program == program,
                self.table.c.fiscal_year == fiscal_year,
            )
        )

    def listed(
        self, student_ids: frozenset[str] | None, after: str | None, limit: int
    ) -> list[Account]:
        """Accounts, newest first; only those of these students where given."""
        mine = [] if student_ids is None else [self.table.c.student_id.in_(sorted(student_ids))]
        return self.page(mine, after, limit)

    def ids_of(self, student_ids: frozenset[str]) -> list[str]:
        """The accounts of these students."""
        columns = self.table.c
        query = select(columns.id).where(columns.student_id.in_(sorted(student_ids)))
        return list(self.connection.execute(query).scalars())


class Agreements(Rows[Agreement]):
    table, record = tables.agreements, Agreement

    def of_year(self, student_id: str, year: int) -> Agreement | None:
        """The agreement for that fiscal year."""
        columns = self.table.c
        return self.first(self.where(columns.student_id == student_id, columns.year == year))

    def latest(self, student_id: str) -> Agreement | None:
        """The agreement of the latest year, whichever that is."""
        mine = select(self.table).where(self.table.c.student_id == student_id)
        return self.first(mine.order_by(self.table.c.year.desc()))


class Schools(Rows[School]):
    table, record = tables.schools, School

    def named(self, name: str) -> School | None:
        """The school of that name."""
        return self.first(self.where(self.table.c.name == name))


class SchoolChoices(Rows[SchoolChoice]):
    table, record = tables.school_choices, SchoolChoice

    def of_year(self, student_id: str, fiscal_year: int) -> SchoolChoice | None:
        """The choice in force for that fiscal year."""
        columns = self.table.c
        return self.first(
            self.where(columns.student_id == student_id, columns.fiscal_year == fiscal_year)
        )
