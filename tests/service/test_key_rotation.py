"""Master keys change under a running service, and first uses of a key do not collide."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from support.people import ALL, SCHOLAR, ask, read
from support.privacy import vault
from support.service_world import World, make_world, paper, with_database

from api.errors import Refusal
from api.privacy.envelope import Place, Sealed
from api.privacy.vault import Vault
from api.service import decisions, erasure, key_rotation, once, purchases, replays, students
from api.store import tables
from api.store.database import Database

Reopen = Callable[[Vault], World]


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def reopen(world: World) -> Any:
    """The same world in a process with other master keys."""
    opened: list[Database] = []

    def open_with(held: Vault) -> World:
        opened.append(Database(world.parts.database.url, held))
        return with_database(world, opened[-1])

    yield open_with
    for one in opened:
        one.close()


def rotate(world: World) -> dict[str, Any]:
    return key_rotation.rotate(world.parts, lambda _: None)


def count_keys(world: World) -> int:
    with world.parts.database.read() as tx:
        query = select(func.count()).select_from(tables.data_keys)
        return int(tx.connection.execute(query).scalar_one())


def test_after_a_rotation_everything_opens_without_the_old_master_key(
    world: World, reopen: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "CHUNK", 2)
    named = [world.do(students.create, {"name": f"Child {number}"})["id"] for number in range(5)]
    answer, nobodys = ask(world, SCHOLAR), ask(world, {**SCHOLAR, "student": {"age": 9}})
    bought = world.submit(documents=[paper("invoice")])
    attempt = once.Attempt("key-1", "POST", "/x", b"{}")
    first = once.run(
        world.parts,
        ALL,
        attempt,
        lambda tx: (201, students.create(world.parts, tx, ALL, {"name": "Ana"})),
    )

    both = reopen(vault(1, 2))
    ticks: list[int] = []
    done = key_rotation.rotate(both.parts, ticks.append)
    assert (done["master_key"], done["keys"]) == ("2026-01-02", count_keys(world))
    assert done["names"] == 7
    assert len(ticks) > 4
    assert rotate(both) == {"master_key": "2026-01-02", "keys": 0, "names": 0}

    after = reopen(vault(2))
    assert read(after, students.show, world.student_id)["name"] == "Maya Example"
    assert [one["id"] for one in read(after, students.find, "child 3", caller=ALL)["items"]] == [
        named[3]
    ]
    for id in (answer["id"], nobodys["id"]):
        assert read(after, decisions.get, id)["facts"]["student"]["age"]
        assert read(after, replays.replay, id)["same"] is True
    kept = read(after, purchases.document, bought["id"], bought["documents"][0]["id"], caller=ALL)
    assert kept["content"].startswith(b"%PDF")
    # Who asks again is known by a mark under the old master key: it is there while that one is.
    assert once.run(both.parts, ALL, attempt, lambda _: (500, {})).body == first.body


def test_a_person_keeps_their_one_key_through_a_rotation(world: World, reopen: Reopen) -> None:
    ask(world, SCHOLAR)
    keys = count_keys(world)
    both = reopen(vault(1, 2))
    ask(both, SCHOLAR)  # found by its old index before the rotation
    assert count_keys(world) == keys
    rotate(both)
    after = reopen(vault(2))
    ask(after, SCHOLAR)  # and by its new one after it
    assert count_keys(world) == keys
    done = after.do(erasure.erase, "NC-4711-0815", "request", caller=ALL)
    assert done["keys"] == 1


def test_two_keys_of_one_person_made_under_two_master_keys_are_both_erased(
    world: World, reopen: Reopen
) -> None:
    """A process with the new key alone, started too early, does not know the person's key."""
    first, early = ask(world, SCHOLAR), reopen(vault(2))
    second = ask(early, SCHOLAR)
    both = reopen(vault(1, 2))
    rotate(both)
    for id in (first["id"], second["id"]):
        assert read(both, decisions.get, id)["facts"]["student"]["age"] == 17
    assert both.do(erasure.erase, "NC-4711-0815", "request", caller=ALL)["keys"] == 2
    for id in (first["id"], second["id"]):
        assert read(both, decisions.get, id)["erased"]


def test_a_rotation_leaves_erased_people_erased(world: World, reopen: Reopen) -> None:
    answer = ask(world, SCHOLAR)
    world.do(erasure.erase, "NC-4711-0815", "request", caller=ALL)
    both = reopen(vault(1, 2))
    rotate(both)
    assert read(both, decisions.get, answer["id"])["erased"]


def test_a_key_that_does_not_open_stops_the_rotation_and_is_left_alone(
    world: World, reopen: Reopen
) -> None:
    ask(world, SCHOLAR)
    with world.parts.database.write() as tx:
        [row, *_] = tx.data_keys.all(tx.data_keys.where())
        assert row.wrapped is not None
        tx.data_keys.change(row.id, wrapped=row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1]))
    with pytest.raises(Refusal) as refused:
        rotate(reopen(vault(1, 2)))
    assert refused.value.error_code == "RECORD_UNAVAILABLE"
    with world.parts.database.read() as tx:
        kept = tx.data_keys.get(row.id)
    assert kept is not None
    assert kept.master_key == "2026-01-01"


def test_the_state_says_how_many_keys_are_under_which_master_key(
    world: World, reopen: Reopen
) -> None:
    both = reopen(vault(1, 2))
    before = count_keys(world)
    ask(both, SCHOLAR)
    with both.parts.database.read() as tx:
        state = key_rotation.state(both.parts, tx)
    assert state == {"active": "2026-01-02", "keys": {"2026-01-01": before, "2026-01-02": 1}}


# --- first use --------------------------------------------------------------------------------

PLACE = Place("decisions", "1", "facts.student.age")


def test_two_transactions_that_first_use_a_person_come_to_one_key(
    world: World, reopen: Reopen
) -> None:
    """Each in a process of its own, so that nothing but the database can tell them."""
    before, together = count_keys(world), threading.Barrier(2, timeout=20)

    def start(one: World) -> str:
        together.wait()
        with one.parts.database.write() as tx:
            return str(tx.boxes.seal("student:new", PLACE, "9"))

    worlds = [reopen(vault()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        envelopes = list(pool.map(start, worlds))
    assert count_keys(world) == before + 1
    assert len({envelope.split(".")[1] for envelope in envelopes}) == 1
    with reopen(vault()).parts.database.read() as tx:
        assert [tx.boxes.open(PLACE, Sealed(one)) for one in envelopes] == ["9", "9"]


def test_the_second_waits_for_the_first_and_takes_its_key(postgres_database: Database) -> None:
    held = [Database(postgres_database.url, vault()) for _ in range(2)]
    began, found = threading.Event(), list[str]()

    def second() -> None:
        with held[1].write() as tx:
            began.set()
            found.append(tx.boxes.seal("student:new", PLACE, "2"))

    thread = threading.Thread(target=second)
    with held[0].write() as tx:
        found.append(tx.boxes.seal("student:new", PLACE, "1"))
        thread.start()
        assert began.wait(20)
        assert len(found) == 1
    thread.join(20)
    assert len({envelope.split(".")[1] for envelope in found}) == 1
    for one in held:
        one.close()


def test_a_key_of_a_transaction_that_was_undone_is_never_used(world: World, reopen: Reopen) -> None:

    def fail(_parts: Any, tx: Any, _caller: Any) -> None:
        tx.boxes.seal("student:new", PLACE, "1")
        raise RuntimeError("the process ends here")

    with pytest.raises(RuntimeError):
        world.do(fail)
    with world.parts.database.write() as tx:
        envelope = tx.boxes.seal("student:new", PLACE, "2")
    with reopen(vault()).parts.database.read() as tx:
        assert tx.boxes.open(PLACE, envelope) == "2"


def test_more_people_than_are_kept_in_memory_are_all_readable(world: World, reopen: Reopen) -> None:
    small = reopen(vault(kept_keys=4))
    answers = [
        ask(small, {**SCHOLAR, "student": {"id": f"child-{n}", "age": n}}) for n in range(12)
    ]
    for n, answer in [*enumerate(answers), *enumerate(answers)]:
        assert read(small, decisions.get, answer["id"])["facts"]["student"]["age"] == n
