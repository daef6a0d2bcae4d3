"""The ledger balances, is posted once, and is never changed: the databases themselves see to it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from api.store.database import Database
from api.store.ledger import Posting
from api.store.records import Entry
from api.store.transaction import Transaction

NOW = datetime(2026, 9, 21, 16, tzinfo=UTC)


def entry(id: str, key: str | None = None) -> Entry:
    return Entry(id, "award", key or f"award:{id}", None, "a note", [], "staff-1", NOW)


def run(database: Database, statements: list[str]) -> None:
    with database.write() as tx:
        for statement in statements:
            tx.connection.execute(text(statement))


def post(tx: Transaction, id: str = "e-1", cents: int = 500) -> bool:
    return tx.ledger.post(entry(id), [Posting("program", -cents), Posting("funds:a", cents)])


def test_the_balance_is_the_sum_of_what_is_posted(database: Database) -> None:
    with database.write() as tx:
        post(tx, "e-1", 900_000)
        post(tx, "e-2", -12_500)
    with database.read() as tx:
        assert tx.ledger.balance_cents("funds:a") == 887_500
        assert tx.ledger.balance_cents("program") == -887_500
        assert tx.ledger.balance_cents("nobody") == 0


def test_an_entry_is_posted_once_under_its_business_key(database: Database) -> None:
    with database.write() as tx:
        assert tx.ledger.post(entry("e-1", "k"), [Posting("x", 1), Posting("y", -1)])
        assert not tx.ledger.post(entry("e-2", "k"), [Posting("x", 1), Posting("y", -1)])
        assert tx.ledger.balance_cents("x") == 1


@pytest.mark.parametrize("postings", [[], [Posting("x", 0)], [Posting("x", 5), Posting("y", -4)]])
def test_an_entry_that_does_not_balance_is_refused(
    database: Database, postings: list[Posting]
) -> None:
    with database.write() as tx, pytest.raises(ValueError, match="does not balance"):
        tx.ledger.post(entry("e-1"), postings)


POSTING = "INSERT INTO postings (entry_id, number, ledger_account_id, cents) VALUES "
ENTRY = (
    "INSERT INTO journal_entries"
    " (id, kind, business_key, account_id, note, decisions, posted_by, posted_at) VALUES"
    " ('e-9', 'award', 'k-9', NULL, 'n', '[]', 's', '2026-09-21T16:00:00.000000Z')"
)


@pytest.mark.parametrize(
    "statements",
    [
        [ENTRY],
        [POSTING + "('e-9', 1, 'program', 5)", ENTRY],
        [POSTING + "('e-9', 1, 'program', 5)", POSTING + "('e-9', 2, 'funds:a', -4)", ENTRY],
        [POSTING + "('e-1', 3, 'program', 5)"],
        [POSTING + "('e-8', 1, 'program', 5)"],
        ["UPDATE postings SET cents = 1 WHERE cents > 0"],
        ["DELETE FROM postings"],
        ["UPDATE journal_entries SET note = 'other'"],
        ["DELETE FROM journal_entries"],
    ],
    ids=[
        "an entry without postings", "an entry with one posting", "an entry that is a cent off",
        "a posting to a closed entry", "a posting without an entry", "a changed posting",
        "a deleted posting", "a changed entry", "a deleted entry",
    ],
)  # fmt: skip
def test_the_database_itself_refuses(database: Database, statements: list[str]) -> None:
    with database.write() as tx:
        post(tx)
    with pytest.raises(DatabaseError):
        run(database, statements)
    with database.read() as tx:
        assert tx.ledger.balance_cents("funds:a") == 500
        assert tx.ledger.posted("k-9") is None


@pytest.mark.parametrize("table", ["events", "decisions", "releases", "release_files"])
def test_the_record_cannot_be_changed_or_deleted(database: Database, table: str) -> None:
    from support.service_world import make_world

    make_world(database).submit()
    column = {"release_files": "path"}.get(table, "id")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = 'other'"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            database.write() as tx,
        ):
            tx.connection.execute(text(statement))


def test_replacing_a_row_of_the_record_is_refused_too(database: Database) -> None:
    if not database.is_sqlite:
        with pytest.raises(DatabaseError, match="append-only"), database.write() as tx:
            tx.connection.execute(text("TRUNCATE events"))
        return
    from support.service_world import make_world

    make_world(database)
    copy = "REPLACE INTO events SELECT * FROM events LIMIT 1"
    with pytest.raises(DatabaseError, match="append-only"), database.write() as tx:
        tx.connection.execute(text(copy))
