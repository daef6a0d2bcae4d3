"""What must hold of the database after any number of kills, against what callers were told."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select
from support.kill_load import Account, Asked

from api.privacy.envelope import from_json
from api.service import decisions
from api.service.decision_facts import listed_answers
from api.service.people import MASKED
from api.store import tables
from api.store.database import Database
from api.store.records import DecisionRow
from api.store.transaction import Transaction

AT_ONCE: Final = 400
AFTER: Final = {
    # What may have become of a purchase since its reply said this.
    "approved": {"approved", "paid"},
    "under_review": {"under_review", "approved", "paid", "rejected"},
    "rejected": {"rejected"},
    "incomplete": {"incomplete"},
}


class Checks:
    """Counts what it looked at, and complains of what is not as it was said."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.counts: Counter[str] = Counter()

    def record(self, tx: Transaction, asked: Sequence[Asked]) -> None:
        """Every acknowledged reply is in the database, with the same content."""
        decided = [one for one in asked if "decision" in one.kind]
        for part in _batches(decided):
            ids = [_reply(one)["id"] for one in part]
            rows = {row.id: row for row in _rows(tx, ids)}
            for one in part:
                self._decision(one, rows.get(_reply(one)["id"]))
        for part in _batches([one for one in asked if one.kind == "purchase"]):
            self._purchases(tx, part)
        for part in _batches([one for one in asked if one.kind == "review"]):
            self._reviews(tx, part)

    def effects(self, tx: Transaction) -> None:
        """A key has one effect, and so has whatever was acknowledged; what is unknown, at most
        one. A pure decision that has no key may stand there twice, if its writer had to ask a
        broken connection again: that is counted, and harms nobody."""
        marks = Counter(_marks_of_decisions(tx))
        orders = Counter(
            tx.connection.execute(select(tables.purchases.c.order_number)).scalars().all()
        )
        for one in list(self._account.asked):
            if one.kind in ("review", "batch"):
                continue  # a purchase shows the one, its decisions show the other
            is_order = one.kind == "purchase"
            found = orders[f"kill-{one.mark}"] if is_order else marks[one.mark]
            least = 1 if one.reply is not None else 0
            self.counts["effects counted"] += 1
            if one.kind == "decision" and found > 1:
                self.counts["decisions without a key stored twice"] += 1
            elif not least <= found <= 1:
                self._wrong(f"{one.kind} {one.mark} has {found} effects")
            if least < found:
                self.counts["unknown requests that were carried out"] += 1

    def money(self, tx: Transaction) -> None:
        """The ledger sums to zero, nothing is negative, nothing was booked twice."""
        postings, entries = tables.postings, tables.journal_entries
        sums = select(postings.c.entry_id, func.sum(postings.c.cents)).group_by(postings.c.entry_id)
        for entry, cents in tx.connection.execute(sums):
            self.counts["journal entries"] += 1
            if cents:
                self._wrong(f"entry {entry} sums to {cents}")
        keys = Counter(tx.connection.execute(select(entries.c.business_key)).scalars())
        if keys and max(keys.values()) > 1:
            self._wrong("something was booked twice")
        for account in tx.connection.execute(select(tables.accounts.c.id)).scalars():
            available = tx.ledger.funds_cents(account) - tx.holds.held_cents(account)
            self.counts["balances"] += 1
            if available < 0:
                self._wrong(f"account {account} has {available} cents available")

    def paid_once(self, tx: Transaction, wallet: Path, *, at_rest: bool) -> None:
        """No purchase moved money twice at the provider; at rest, each approved one did once."""
        columns = tables.purchases.c
        query = select(columns.id, columns.state, columns.amount_cents)
        bought = tx.connection.execute(query).all()
        moved = _payments(wallet)  # read after ours: what is paid here was paid there before
        paid = {(row.id, row.amount_cents) for row in bought if row.state == "paid"}
        self.counts["payments at the wallet"] += len(moved)
        if len({id for id, _ in moved}) < len(moved):
            self._wrong("the wallet paid a purchase twice")
        if not paid <= set(moved) or (at_rest and paid != set(moved)):
            self._wrong(f"paid here and not there, or there and not here: {paid ^ set(moved)}")
        waiting = [row.id for row in bought if row.state == "approved"]
        if at_rest and waiting:
            self._wrong(f"{len(waiting)} approved purchases were never paid: {waiting[:3]}")

    # --- one reply ----------------------------------------------------------------------------

    def _decision(self, one: Asked, row: DecisionRow | None) -> None:
        reply = _reply(one)
        self.counts["acknowledged decisions found"] += 1
        if row is None:
            self._wrong(f"acknowledged decision {reply['id']} is lost")
            return
        answers = {
            name: reply["answers"][name] if value == MASKED else value
            for name, value in listed_answers(row).items()
        }
        if decisions.view(row, answers) != reply:
            self._wrong(f"decision {reply['id']} is not what was said: {row} {reply}")
        said = one.body["facts"]["purchase"]["amount"]
        if row.facts["purchase"]["amount"] != said:
            self._wrong(f"decision {reply['id']} rests on {row.facts}, not on {said}")

    def _purchases(self, tx: Transaction, part: Sequence[Asked]) -> None:
        found = {row.id: row for row in _purchase_rows(tx, [_reply(one)["id"] for one in part])}
        rest_on = [id for one in part for id in _reply(one)["decisions"]]
        stored = {row.id for row in _rows(tx, rest_on)}
        for one in part:
            reply, row = _reply(one), found.get(_reply(one)["id"])
            self.counts["acknowledged purchases found"] += 1
            if row is None or not stored.issuperset(reply["decisions"]):
                self._wrong(f"acknowledged purchase {reply['id']} or its decisions are lost")
            elif (
                row.order_number != f"kill-{one.mark}"
                or row.state not in AFTER[reply["state"]]
                or f"{row.amount_cents / 100:.2f}" != one.body["lines"][0]["amount"]
            ):
                self._wrong(f"purchase {reply['id']} is not what was said: {row} {reply}")

    def _reviews(self, tx: Transaction, part: Sequence[Asked]) -> None:
        found = {row.id: row for row in _purchase_rows(tx, [_reply(one)["id"] for one in part])}
        for one in part:
            reply = _reply(one)
            self.counts["acknowledged reviews found"] += 1
            allowed = {"rejected"} if one.path.endswith("reject") else AFTER["approved"]
            row = found.get(reply["id"])
            if row is None or row.state not in allowed or row.reviewed_by is None:
                self._wrong(f"review of {reply['id']} is lost: {row}")

    def _wrong(self, what: str) -> None:
        self._account.complain(what)


def assert_all_is_as_it_was_said(database: Database, account: Account) -> None:
    """What was acknowledged is there, once, and the money adds up; for callers that have ended."""
    checks = Checks(account)
    with database.read() as tx:
        checks.record(tx, account.acknowledged())
        checks.effects(tx)
        checks.money(tx)
    assert account.wrong == []
    for kind in ("decisions", "purchases"):
        assert checks.counts[f"acknowledged {kind} found"] > 0


def _reply(one: Asked) -> dict[str, Any]:
    assert one.reply is not None
    return one.reply


def _batches(asked: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    for start in range(0, len(asked), AT_ONCE):
        yield asked[start : start + AT_ONCE]


def _rows(tx: Transaction, ids: Sequence[str]) -> list[DecisionRow]:
    table = tables.decisions
    found: list[DecisionRow] = []
    for start in range(0, len(ids), AT_ONCE):
        found += tx.decisions.all(tx.decisions.where(table.c.id.in_(ids[start : start + AT_ONCE])))
    return found


def _purchase_rows(tx: Transaction, ids: Sequence[str]) -> Sequence[Any]:
    table = tables.purchases
    return tx.connection.execute(select(table).where(table.c.id.in_(ids))).all()


def _marks_of_decisions(tx: Transaction) -> Iterator[int]:
    table = tables.decisions
    pure = select(table.c.facts).where(table.c.mode == decisions.PURE)
    for facts in tx.connection.execute(pure).scalars():
        amount = facts["purchase"]["amount"]
        assert from_json(amount) is None, "amounts are about nobody, so they are not sealed"
        yield int(amount.replace(".", ""))


def _payments(wallet: Path) -> list[tuple[str, int]]:
    query = (
        "SELECT external_reference, amount FROM movements JOIN payments USING (movement_id, "
        "external_reference) WHERE kind = 'payment'"
    )
    with closing(sqlite3.connect(wallet, timeout=20)) as opened:
        return [(str(id), int(cents)) for id, cents in opened.execute(query)]
