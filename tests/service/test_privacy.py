"""Nothing about people lies in the database in plain text, and what is sealed opens in its own
place alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select, update
from support.people import ALL, ASKER, SCHOLAR, ask, everything, read
from support.privacy import vault
from support.service_world import (
    AUDITOR,
    NOON,
    STAFF,
    Clock,
    World,
    make_parts,
    make_world,
    paper,
    with_database,
)

from api.demo.load import load_demo
from api.errors import Refusal
from api.privacy.envelope import Place, from_json
from api.service import (
    accounts,
    asking,
    compliance,
    decision_facts,
    decisions,
    once,
    purchases,
    releases,
    students,
)
from api.service.parts import Caller
from api.service.provider_port import Declined, OutcomeUnknown
from api.store import tables
from api.store.database import Database
from engine.decide.facts import facts_to_json

DEMO_PEOPLE = (
    "Rivera", "Whitaker", "Okafor", "Lily Chen", "2016-11-03", "2014-02-19", "2017-05-08",
    "2013-08-27", "Dana Whitfield", "Ruth Odom", "a paper of the demo", "invoice.pdf",
    "Earth science, second-hand",
)  # fmt: skip


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def test_a_dump_of_the_whole_demo_names_nobody(database: Database) -> None:
    parts = make_parts(database, Clock(NOON))
    with database.write() as tx:
        releases.publish(parts, tx, parts.decider.release)
    load_demo(parts)
    found = everything(database)
    assert "Bluebird Learning Supply" in found  # so the dump does show what is in plain text
    assert [told for told in DEMO_PEOPLE if told in found] == []
    with database.read() as tx:
        listed = accounts.list_accounts(parts, tx, ALL)["items"]
        names = {students.show(parts, tx, ALL, one["student_id"])["name"] for one in listed}
    assert names == {"Maya Rivera", "Jonah Whitaker", "Amara Okafor", "Lily Chen"}


def test_a_dump_shows_nothing_of_what_people_write_about_people(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = [f"note number {number} about Wren Abernathy" for number in range(10)]
    prescription = b"%PDF-1.7 prescription for Wren Abernathy " + bytes(range(256)) * 40
    papers = [{**paper("prescription", prescription), "name": notes[0]}]
    world.drain()
    bought = world.off_market("invoice", line={"description": notes[1]}, documents=papers)
    rejected = world.off_market(line={"description": notes[1]})
    world.do(purchases.reject, rejected["id"], notes[2])
    finding = {"type": "fraud", "note": notes[3]}
    found = world.do(compliance.record_suspension, world.account_id, finding)
    world.do(compliance.resolve, found["id"], notes[4])
    world.do(accounts.change_status, world.account_id, "frozen", notes[5])
    world.do(accounts.change_status, world.account_id, "active", notes[5])
    paid = world.submit()
    said = iter([OutcomeUnknown(notes[6]), Declined("WALLET_FROZEN", notes[7])])

    def pay(order: object, key: str) -> None:
        raise next(said)

    monkeypatch.setattr(world.provider, "pay", pay)
    world.drain()
    assert world.show(paid["id"])["payment"]["code"] == "WALLET_FROZEN"
    attempt = once.Attempt("key-1", "POST", "/v1/students", b'{"name": "Wren Abernathy"}')
    given = {"name": notes[8], "born_on": "2015-02-28"}
    once.run(
        world.parts, ALL, attempt, lambda tx: (201, students.create(world.parts, tx, ALL, given))
    )
    ask(world, {**SCHOLAR, "device": {"order_id": notes[9]}})
    shown = everything(world.parts.database)
    told = [*notes, "Wren Abernathy", "2015-02-28", "8765", "NC-4711-0815", "autism"]
    told += [prescription[9:60].decode("latin-1"), prescription[-600:].decode("latin-1")]
    assert [one for one in told if one in shown] == []
    lines = shown.splitlines()  # the rules name this kind of finding too, so it is looked for here
    kept = [one for one in lines if one.startswith(("compliance_records", "events", "holds"))]
    assert [one for one in kept if "fraud" in one] == []
    got = read(world, purchases.document, bought["id"], bought["documents"][0]["id"])
    assert (got["name"], got["content"]) == (notes[0], prescription)


# --- who sees what ----------------------------------------------------------------------------


def test_names_and_notes_are_masked_for_whoever_lacks_the_scope(world: World) -> None:
    student = world.do(students.create, {"name": "Ana Lee", "born_on": "2016-03-05"})
    assert (student["name"], student["born_on"]) == ("masked", "masked")
    seen = read(world, students.show, student["id"])
    assert (seen["name"], seen["born_on"]) == ("Ana Lee", "2016-03-05")
    bought = world.off_market(line={"description": "for Ana"}, documents=[paper("invoice")])
    clerk = Caller("clerk", "Clerk", frozenset({"accounts:read"}))
    with world.parts.database.read() as tx:
        shown = purchases.get(world.parts, tx, clerk, bought["id"])
        assert shown["lines"][0]["description"] == "masked"
        assert (shown["documents"][0]["name"], shown["documents"][0]["sha256"]) == ("masked",) * 2
        with pytest.raises(Refusal) as refused:
            purchases.document(world.parts, tx, clerk, bought["id"], shown["documents"][0]["id"])
    assert refused.value.error_code == "FORBIDDEN"
    family = read(world, purchases.get, bought["id"], caller=world.family)
    assert family["lines"][0]["description"] == "for Ana"


def test_answers_worked_out_from_personal_facts_are_as_personal_as_these(world: World) -> None:
    answer = ask(world, SCHOLAR)
    assert answer["answers"] == {"award": "6512.34"}  # who gave the facts may read the answer
    reader = Caller("reader", "Reader", frozenset({"decisions:read"}))
    assert read(world, decisions.get, answer["id"], caller=reader)["answers"] == {"award": "masked"}
    assert read(world, decisions.get, answer["id"])["answers"] == {"award": "6512.34"}
    listed = read(world, decisions.search, decisions.Search(), caller=AUDITOR)["items"]
    assert listed[0]["answers"] == {"award": "masked"}  # no list opens anything


def test_free_text_that_is_no_code_is_sealed_and_masked_like_a_personal_fact(world: World) -> None:
    facts = {"purchase": {"submitted_on": "2026-09-21"}, "device": {"order_id": "Wren's tablet"}}
    answer = world.do(asking.ask, "purchase", facts, caller=ASKER)
    assert "Wren" not in everything(world.parts.database)
    reader = Caller("reader", "Reader", frozenset({"decisions:read"}))
    for use_case in (decisions.get, decisions.trace):
        assert "Wren" not in str(read(world, use_case, answer["id"], caller=reader))
        assert "Wren's tablet" in str(read(world, use_case, answer["id"]))
    code = world.do(asking.ask, "purchase", {**facts, "device": {"order_id": "D-2201"}},
                    caller=ASKER)  # fmt: skip
    assert read(world, decisions.get, code["id"], caller=reader)["facts"]["device"] == {
        "order_id": "D-2201"
    }


def test_a_masker_that_fails_shows_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(world, SCHOLAR)

    def fail(_tree: object) -> object:
        raise RuntimeError("no mask")

    monkeypatch.setattr(decisions, "masked", fail)
    reader = Caller("reader", "Reader", frozenset({"decisions:read"}))
    with pytest.raises(RuntimeError, match="no mask"):
        read(world, decisions.trace, answer["id"], caller=reader)


def test_students_are_found_by_their_whole_name_however_it_is_written(world: World) -> None:
    ids = {
        world.do(students.create, {"name": name})["id"]
        for name in ("Zoë Straße", "zoe\u0308 STRASSE")
    }
    world.do(students.create, {"name": "Zoë Strasser"})
    found = read(world, students.find, " ZOË  strasse", caller=ALL)["items"]
    assert {one["id"] for one in found} == ids
    assert read(world, students.find, "Zoë", caller=ALL)["items"] == []
    family = replace(ALL, student_ids=frozenset({min(ids)}))
    assert [
        one["id"] for one in read(world, students.find, "zoë straße", caller=family)["items"]
    ] == [min(ids)]
    with pytest.raises(Refusal) as refused:
        read(world, students.find, "Zoë Straße", caller=STAFF)
    assert refused.value.error_code == "FORBIDDEN"


def test_a_refusal_does_not_repeat_what_it_refuses(world: World) -> None:
    facts = {
        "student": {"age": 4711, "id": 815},
        "scholarship": {"income_share": "half of 98765"},
        "finding": {"type": "robbery"},
        "renewal": {"reevaluation_by": "psychiatris"},
    }
    with pytest.raises(Refusal) as refused:
        ask(world, facts)
    told = {one["path"]: f"{one['message']} {one['help']}" for one in refused.value.details}
    assert told["student.age"].startswith("this lies outside the range of `student.age`")
    assert told["scholarship.income_share"].startswith("this is no share")
    assert told["finding.type"].startswith("this is no member of `finding.type`")
    for given in ("4711", "815", "98765", "robbery", "psychiatris`", "did you mean"):
        assert given not in str(refused.value.details)
    for wrong in ({"name": "Wren", "born_on": "28 Feb 2015"}, {"name": "Wren\x00Abernathy"}):
        with pytest.raises(Refusal) as refused:
            world.do(students.create, wrong)
        assert "2015" not in str(refused.value.details)
        assert "Wren" not in str(refused.value.details)


# --- who has looked ---------------------------------------------------------------------------


def looks(world: World, aggregate: str) -> list[tuple[str, str]]:
    with world.parts.database.read() as tx:
        events = tx.events.of(aggregate)
    return [(one.actor, one.data["what"]) for one in events if one.type == "PersonalDataShown"]


def test_whoever_sees_somebody_in_full_leaves_an_event(world: World) -> None:
    about, answer = f"student:{world.student_id}", ask(world, SCHOLAR)
    read(world, students.show, world.student_id, caller=STAFF)
    assert looks(world, about) == []  # masked: nothing was seen
    read(world, students.show, world.student_id)
    read(world, students.find, "Maya Example", caller=ALL)
    assert looks(world, about) == [("auditor-1", "student"), ("staff-9", "student")]
    read(world, decisions.trace, answer["id"])
    assert looks(world, f"decision:{answer['id']}") == [("auditor-1", "trace")]
    plain = world.submit()["decisions"][0]
    read(world, decisions.trace, plain)
    assert looks(world, f"decision:{plain}") == []  # nothing in it is about people
    assert "NC-4711" not in everything(world.parts.database)


def test_nothing_is_shown_that_cannot_be_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full() -> Iterator[Any]:
        raise Refusal("RECORD_UNAVAILABLE", "the disk is full")
        yield

    monkeypatch.setattr(world.parts.database, "write", full)
    with pytest.raises(Refusal, match="the disk is full"):
        read(world, students.show, world.student_id)
    assert read(world, students.show, world.student_id, caller=STAFF)["name"] == "masked"


# --- what was moved or changed ----------------------------------------------------------------


def unreadable(world: World, use_case: Any, *arguments: Any) -> None:
    with pytest.raises(Refusal) as refused:
        read(world, use_case, *arguments)
    assert refused.value.error_code == "RECORD_UNAVAILABLE"
    assert "Example" not in str(refused.value.reply())


def rewrite(world: World, table: Any, id: str, **columns: Any) -> None:
    with world.parts.database.write() as tx:
        tx.connection.execute(update(table).where(table.c.id == id).values(**columns))


def column(world: World, table: Any, id: str, name: str) -> Any:
    with world.parts.database.read() as tx:
        return tx.connection.execute(select(table.c[name]).where(table.c.id == id)).scalar_one()


def test_an_envelope_moved_to_another_record_or_column_does_not_open(world: World) -> None:
    other = world.do(students.create, {"name": "Ana Example", "born_on": "2016-03-05"})["id"]
    mine = column(world, tables.students, world.student_id, "name")
    rewrite(world, tables.students, world.student_id,
            name=column(world, tables.students, other, "name"))  # fmt: skip
    unreadable(world, students.show, world.student_id)
    rewrite(world, tables.students, world.student_id, name=mine, born_on=mine)
    unreadable(world, students.show, world.student_id)
    rewrite(world, tables.students, world.student_id, born_on=None)
    assert read(world, students.show, world.student_id)["name"] == "Maya Example"


def test_a_paper_moved_to_another_purchase_does_not_open(world: World) -> None:
    first, second = (world.submit(documents=[paper("invoice")]) for _ in range(2))
    ids = [one["documents"][0]["id"] for one in (first, second)]
    rewrite(world, tables.attachments, ids[0],
            content=column(world, tables.attachments, ids[1], "content"))  # fmt: skip
    unreadable(world, purchases.document, first["id"], ids[0])
    rewrite(world, tables.attachments, ids[1], content=b"%PDF-1.7 put there in plain text")
    unreadable(world, purchases.document, second["id"], ids[1])


def test_facts_of_a_decision_cannot_change_places(world: World) -> None:
    answer = ask(world, SCHOLAR)
    with world.parts.database.read() as tx:
        row = tx.decisions.get(answer["id"])
        assert row is not None
        assert decision_facts.content(tx, row).facts == SCHOLAR
        student = row.facts["student"]
        assert from_json(student["age"])
        swapped = {**student, "age": student["id"], "id": student["age"]}
        moved = {**row.facts, "scholarship": {"income_share": student["age"]}}
        for wrong in (replace(row, facts={**row.facts, "student": swapped}),
                      replace(row, facts=moved), replace(row, id="another")):  # fmt: skip
            with pytest.raises(Refusal) as refused:
                decision_facts.content(tx, wrong)
            assert refused.value.error_code == "RECORD_UNAVAILABLE"


def test_a_stored_reply_opens_for_its_own_caller_and_key_alone(world: World) -> None:
    def run(key: str, caller: Caller = ALL) -> Any:
        attempt = once.Attempt(key, "POST", "/x", b"{}")
        made = {"name": "Ana Example"}
        return once.run(
            world.parts,
            caller,
            attempt,
            lambda tx: (201, students.create(world.parts, tx, caller, made)),
        )

    first = run("key-1")
    again = run("key-1")
    assert again.replayed
    assert again.body == first.body
    run("key-2")
    table = tables.idempotency_keys
    with world.parts.database.write() as tx:
        query = select(table.c.body).where(table.c.key == "key-2")
        other = tx.connection.execute(query).scalar_one()
        tx.connection.execute(update(table).where(table.c.key == "key-1").values(body=other))
    with pytest.raises(Refusal) as refused:
        run("key-1")
    assert refused.value.error_code == "RECORD_UNAVAILABLE"


def test_a_stored_reply_is_not_shown_again_to_who_lost_the_scope(world: World) -> None:
    attempt = once.Attempt("key-1", "POST", "/x", b"{}")

    def command(caller: Caller) -> Any:
        return lambda tx: (201, students.create(world.parts, tx, caller, {"name": "Ana"}))

    assert once.run(world.parts, ALL, attempt, command(ALL)).body["name"] == "Ana"
    less = replace(ALL, scopes=frozenset({"accounts:write"}))
    with pytest.raises(Refusal) as refused:
        once.run(world.parts, less, attempt, command(less))
    assert refused.value.error_code == "FORBIDDEN"


def test_a_changed_letter_of_an_envelope_or_of_its_key_is_an_error(world: World) -> None:
    name = column(world, tables.students, world.student_id, "name")
    for at in (5, 30, len(name) - 2):
        letter = "A" if name[at] != "A" else "B"
        rewrite(world, tables.students, world.student_id, name=name[:at] + letter + name[at + 1 :])
        unreadable(world, students.show, world.student_id)
    rewrite(world, tables.students, world.student_id, name=name[:-6])
    unreadable(world, students.show, world.student_id)
    rewrite(world, tables.students, world.student_id, name=name)
    key = name.split(".")[1]
    wrapped = bytes(column(world, tables.data_keys, key, "wrapped"))
    rewrite(world, tables.data_keys, key, wrapped=wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    restarted = with_database(world, Database(world.parts.database.url, vault()))
    unreadable(restarted, students.show, world.student_id)
    restarted.parts.database.close()


@pytest.mark.parametrize("held", [vault(2), None], ids=["another master key", "no master key"])
def test_without_its_master_key_nothing_opens(world: World, held: Any) -> None:
    other = with_database(world, Database(world.parts.database.url, held))
    unreadable(other, students.show, world.student_id)
    other.parts.database.close()


def test_without_any_master_key_nothing_about_people_is_written(world: World) -> None:
    other = with_database(world, Database(world.parts.database.url))
    before = everything(world.parts.database)
    with pytest.raises(Refusal) as refused:
        other.do(accounts.change_status, world.account_id, "frozen", "a reason of some length")
    assert refused.value.error_code == "RECORD_UNAVAILABLE"
    other.parts.database.close()
    assert everything(world.parts.database) == before


# --- what it costs ----------------------------------------------------------------------------


def test_a_decision_about_nobody_asks_for_no_key(world: World) -> None:
    statements: list[str] = []
    engine = world.parts.database.engine
    event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    facts = {"purchase": {"submitted_on": "2026-09-21", "amount": "39.00"}}
    answer = world.do(asking.ask, "purchase", facts, caller=ASKER)
    read(world, decisions.trace, answer["id"])
    assert statements
    assert [each for each in statements if "data_keys" in each] == []
    ask(world, SCHOLAR)
    made = [each for each in statements if each.startswith("INSERT INTO data_keys")]
    ask(world, SCHOLAR)
    again = [each for each in statements if each.startswith("INSERT INTO data_keys")]
    assert (len(made), len(again)) == (1, 1)


def test_the_stored_facts_keep_their_names_and_what_is_not_personal(world: World) -> None:
    answer = ask(world, SCHOLAR)
    with world.parts.database.read() as tx:
        row = tx.decisions.get(answer["id"])
    assert row is not None
    shape = {group: set(part) for group, part in row.facts.items()}
    assert shape == {group: set(part) for group, part in SCHOLAR.items()}
    assert row.facts["scholarship"]["school_cost"] == "6512.34"
    assert row.facts["student"]["grade"] == 4
    release = world.parts.decider.release
    plain = facts_to_json(release, {})
    assert plain == {}
    sealed = {
        f"{group}.{name}"
        for group, part in row.facts.items()
        for name, value in part.items()
        if from_json(value)
    }
    assert sealed == {
        "student.id", "student.age", "scholarship.income_share", "renewal.primary_disability",
    }  # fmt: skip


def test_a_place_is_what_it_says() -> None:
    assert str(Place("students", "1", "name")) == "students 1 name"
