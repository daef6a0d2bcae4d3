"""The ledger: double entry, integer cents, append-only.

An entry's postings are written before the entry itself. The entry closes them: a trigger checks
then that there are two or more and that they sum to zero, and refuses any later posting to it.
On a family's account a posting above zero is money that the family may spend.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from api.store import tables
from api.store.records import Entry
from api.store.rows import Rows
from api.store.upserts import insert_new


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry. `account_id` links a ledger account to a family's account."""

    ledger_account: str
    cents: int
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """A posting on a family's account, with the balance after it."""

    entry: Entry
    cents: int
    balance_cents: int


def funds_of(account_id: str) -> str:
    """The ledger account that holds what a family may spend."""
    return f"funds:{account_id}"


class Ledger(Rows[Entry]):
    table, record = tables.journal_entries, Entry

    def post(self, entry: Entry, postings: list[Posting]) -> bool:
        """Posts an entry; False, and nothing done, when its business key was posted before.

        ValueError unless there are two or more postings that sum to zero.
        """
        if len(postings) < 2 or sum(posting.cents for posting in postings) != 0:
            raise ValueError(f"entry `{entry.business_key}` does not balance")
        if self.posted(entry.business_key):
            return False
        for number, posting in enumerate(postings, 1):
            self._open(posting)
            row = {
                "entry_id": entry.id,
                "number": number,
                "ledger_account_id": posting.ledger_account,
                "cents": posting.cents,
            }
            self.connection.execute(insert(tables.postings).values(row))
        self.add(entry)
        return True

    def posted(self, business_key: str) -> Entry | None:
        """The entry under a business key."""
        return self.first(self.where(self.table.c.business_key == business_key))

    def balance_cents(self, ledger_account: str) -> int:
        """The sum of what is posted."""
        postings = tables.postings
        query = select(func.coalesce(func.sum(postings.c.cents), 0)).where(
            postings.c.ledger_account_id == ledger_account
        )
        return int(self.connection.execute(query).scalar_one())

    def funds_cents(self, account_id: str) -> int:
        """What is posted on a family's account."""
        return self.balance_cents(funds_of(account_id))

    def movements(self, account_id: str) -> list[Movement]:
        """What was posted on a family's account, in order, with the running balance."""
        postings = tables.postings
        query = (
            select(self.table, postings.c.cents)
            .join(postings, postings.c.entry_id == self.table.c.id)
            .where(postings.c.ledger_account_id == funds_of(account_id))
            .order_by(self.table.c.posted_at, self.table.c.id)
        )
        balance, movements = 0, []
        for row in self.connection.execute(query):
            columns: dict[str, Any] = dict(row._mapping)
            cents = columns.pop("cents")
            balance += cents
            movements.append(Movement(Entry(**columns), cents, balance))
        return movements

    def _open(self, posting: Posting) -> None:
        values = {
            "id": posting.ledger_account,
            "account_id": posting.account_id,
            "title": posting.ledger_account.replace(":", " "),
        }
        insert_new(self.connection, tables.ledger_accounts, values)
