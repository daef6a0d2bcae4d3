"""Group commit: shared transactions, and no acknowledgement before the commit."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from api.errors import Refusal
from api.store.database import Database
from api.store.group_commit import QUEUE_LIMIT, GroupCommit
from api.store.transaction import Transaction


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    with found.write() as tx:
        tx.connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY)"))
    yield found
    with found.write() as tx:
        tx.connection.execute(text("DROP TABLE notes"))
    found.close()


def noted(database: Database) -> list[int]:
    with database.read() as tx:
        return list(tx.connection.execute(text("SELECT id FROM notes ORDER BY id")).scalars())


def grouped(database: Database, queue_limit: int = QUEUE_LIMIT):
    """A group commit whose items are writes themselves."""
    return GroupCommit(database, lambda tx, writes: [write(tx) for write in writes], queue_limit)


def note(number: int):
    def write(tx: Transaction) -> int:
        tx.connection.execute(text("INSERT INTO notes VALUES (:id)"), {"id": number})
        return number

    return write


def test_what_is_acknowledged_is_committed(database: Database) -> None:
    group = grouped(database)
    with ThreadPoolExecutor(8) as pool:
        for number in pool.map(lambda n: group.submit(note(n)).result(30), range(200)):
            assert number in noted(database)
    group.close()
    assert noted(database) == list(range(200))


def test_writers_that_wait_share_a_transaction(database: Database) -> None:
    transactions: set[int] = set()
    entered, go_on = threading.Event(), threading.Event()

    def first(_: Transaction) -> None:
        entered.set()
        assert go_on.wait(20)

    def write(tx: Transaction) -> None:
        transactions.add(id(tx))

    group = grouped(database)
    begun = group.submit(first)
    assert entered.wait(20)
    waiting = [group.submit(write) for _ in range(100)]
    go_on.set()
    wait([begun, *waiting], 30)
    group.close()
    assert len(transactions) == 1


def test_one_bad_write_fails_alone(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def first(_: Transaction) -> None:
        entered.set()
        assert go_on.wait(20)

    group = grouped(database)
    group.submit(first)
    assert entered.wait(20)
    good = [group.submit(note(number)) for number in (1, 2)]
    bad = group.submit(note(1))
    later = group.submit(note(3))
    go_on.set()
    assert [one.result(30) for one in [*good, later]] == [1, 2, 3]
    with pytest.raises(IntegrityError):
        bad.result(30)
    group.close()
    assert noted(database) == [1, 2, 3]


def test_where_the_store_itself_is_out_nobody_is_tried_again(database: Database) -> None:
    """Each alone would wait for the same store, while more and more callers come."""
    tries = 0

    def full(_: Transaction, writes: Sequence[int]) -> list[int]:
        nonlocal tries
        tries += 1
        if tries == 1:
            entered.set()
            assert go_on.wait(20)
            return list(writes)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("INSERT", {}, error)

    entered, go_on = threading.Event(), threading.Event()
    group = GroupCommit(database, full)
    first = group.submit(0)
    assert entered.wait(20)
    waiting = [group.submit(number) for number in range(1, 20)]
    go_on.set()
    assert first.result(30) == 0
    for one in waiting:
        with pytest.raises(Refusal) as refused:
            one.result(30)
        assert refused.value.error_code == "RECORD_UNAVAILABLE"
    group.close()
    assert tries == 2


def test_a_full_queue_is_told_at_once_and_drops_nothing(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def first(_: Transaction) -> None:
        entered.set()
        assert go_on.wait(20)

    group = grouped(database, queue_limit=2)
    group.submit(first)
    assert entered.wait(20)
    accepted = [group.submit(note(number)) for number in (1, 2)]
    with pytest.raises(Refusal) as refused:
        group.submit(note(3))
    assert (refused.value.error_code, refused.value.status) == ("OVERLOADED", 503)
    go_on.set()
    assert [one.result(30) for one in accepted] == [1, 2]
    group.close()
    assert noted(database) == [1, 2]


def test_closing_finishes_what_was_accepted_and_accepts_no_more(database: Database) -> None:
    group = grouped(database)
    accepted = [group.submit(note(number)) for number in range(50)]
    group.close()
    assert [one.result(0) for one in accepted] == list(range(50))
    with pytest.raises(Refusal):
        group.submit(note(99))
