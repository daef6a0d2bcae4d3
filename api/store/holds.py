"""Queries about holds and compliance findings."""

from sqlalchemy import func, select

from api.store import tables
from api.store.records import Finding, Hold
from api.store.rows import Rows


class Holds(Rows[Hold]):
    table, record = tables.holds, Hold

    def in_force(self, account_id: str) -> list[Hold]:
        """The account's holds in force, oldest first."""
        columns = self.table.c
        return self.all(self.where(columns.account_id == account_id, columns.state == "in_force"))

    def of(self, account_id: str) -> list[Hold]:
        """All holds of the account, the released ones too, oldest first."""
        return self.all(self.where(self.table.c.account_id == account_id))

    def of_purchase(self, purchase_id: str) -> Hold | None:
        """The purchase's reservation while it is in force."""
        columns = self.table.c
        return self.first(
            self.where(columns.purchase_id == purchase_id, columns.state == "in_force")
        )

    def held_cents(self, account_id: str) -> int:
        """The sum of the account's holds of an amount."""
        columns = self.table.c
        query = select(func.coalesce(func.sum(columns.amount_cents), 0)).where(
            columns.account_id == account_id,
            columns.state == "in_force",
            columns.is_total.is_(False),
        )
        return int(self.connection.execute(query).scalar_one())


class Findings(Rows[Finding]):
    table, record = tables.compliance_records, Finding

    def of(self, account_id: str) -> list[Finding]:
        """The account's findings, oldest first."""
        return self.all(self.where(self.table.c.account_id == account_id))

    def unresolved_suspensions(self, account_id: str) -> list[Finding]:
        """Findings whose action is a suspension and that nobody has resolved."""
        columns = self.table.c
        return self.all(
            self.where(
                columns.account_id == account_id,
                columns.action == "suspension",
                columns.state != "resolved",
            )
        )
