"""Whoever is erased is gone from every view, and the record is as whole as before."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from support.people import ALL, SCHOLAR, ask, dump, everything, raw_files, read
from support.privacy import vault
from support.service_world import STAFF, World, make_world, paper, with_database

from api.errors import Refusal
from api.privacy.envelope import Place
from api.privacy.vault import KEPT_FOR
from api.record.content import leaf_of
from api.service import (
    accounts,
    asking,
    caller_registry,
    callers,
    compliance,
    decisions,
    erasure,
    once,
    purchases,
    remedies,
    replays,
    students,
)
from api.service.parts import Caller
from api.store import tables
from api.store.database import Database
from api.store.record import hash_of

ERASED = "(erased)"
MISUSE = {"type": "misuse", "note": "Maya's father said so"}


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def erase(world: World, student_id: str, ground: str = "request") -> dict[str, Any]:
    done = dict(world.do(erasure.erase, student_id, ground, caller=ALL))
    world.parts.database.scrub()
    return done


def close_account(world: World) -> None:
    world.drain()
    world.do(accounts.change_status, world.account_id, "closed", "the family moved away")


def about(world: World, student_id: str) -> dict[str, Any]:
    """A decision that names the student."""
    return ask(world, {**SCHOLAR, "student": {"id": student_id, "grade": 4, "age": 9}})


def refusal(world: World, use_case: Any, *arguments: Any) -> str:
    with pytest.raises(Refusal) as refused:
        read(world, use_case, *arguments)
    return refused.value.error_code


def test_an_erased_student_is_gone_from_every_view(world: World) -> None:
    answer = about(world, world.student_id)
    bought = world.off_market(line={"description": "for Maya"}, documents=[paper("invoice")])
    world.do(purchases.reject, bought["id"], "Maya does not need it")
    finding = {"type": "fraud", "note": "Maya's father said so"}
    world.do(compliance.record_suspension, world.account_id, finding)
    close_account(world)
    erase(world, world.student_id)

    shown = read(world, students.show, world.student_id)
    assert (shown["name"], shown["born_on"], shown["grade"]) == (ERASED, None, 4)
    assert read(world, students.find, "Maya Example", caller=ALL)["items"] == []
    shown = read(world, purchases.get, bought["id"], caller=ALL)
    assert shown["lines"][0]["description"] == ERASED
    assert shown["review"]["reason"] == ERASED
    [kept] = shown["documents"]
    assert (kept["name"], kept["sha256"], kept["kind"]) == (ERASED, ERASED, "invoice")
    with world.parts.database.read() as tx:
        assert [one["content_mark"] for one in tx.attachments.of(bought["id"])] == [None]
    with pytest.raises(Refusal) as refused:
        read(world, purchases.document, bought["id"], kept["id"], caller=ALL)
    assert refused.value.message == "this paper was erased"
    [found] = read(world, compliance.list_findings, world.account_id, caller=ALL)["items"]
    assert (found["type"], found["note"], found["action"]) == (ERASED, ERASED, "suspension")
    events = read(world, accounts.list_events, world.account_id)["items"]
    closed = next(one for one in events if one["type"] == "AccountTerminated")
    assert closed["data"] == {"from": "active", "to": "closed", "reason": ERASED}
    got = read(world, decisions.get, answer["id"])
    assert got["facts"]["student"] == {"id": ERASED, "age": ERASED, "grade": 4}
    assert got["answers"] == {"award": ERASED}
    assert set(got["erased"]) == {
        "student.id", "student.age", "scholarship.income_share", "renewal.primary_disability",
        "award",
    }  # fmt: skip


def test_traces_replays_and_remedies_say_that_facts_were_erased(world: World) -> None:
    answer, plain = about(world, world.student_id), world.submit()["decisions"][0]
    before = read(world, decisions.trace, answer["id"])
    close_account(world)
    erase(world, world.student_id)
    trace = read(world, decisions.trace, answer["id"])
    assert trace["verdict"] == before["verdict"]
    assert [one["reason"] for one in trace["findings"]] == [
        one["reason"] for one in before["findings"]
    ]
    assert "scholarship.income_share" in trace["erased"]
    assert trace["facts"]["scholarship.income_share"]["state"] == "erased"
    assert trace["facts"]["scholarship.school_cost"]["text"] == "$6,512.34"
    assert trace["answers"]["award"]["text"] == ERASED
    assert "87.65" not in str(trace)
    replayed = read(world, replays.replay, answer["id"])
    assert replayed["same"] is None
    assert "student.age" in replayed["erased"]
    for use_case in (replays.under_today, remedies.of_record):
        assert refusal(world, use_case, answer["id"]) == "STATE_CONFLICT"
    assert read(world, replays.replay, plain)["same"] is True
    found = {one.id: one for one in replays.replay_all(world.parts, "", None, lambda _: None)}
    assert found[answer["id"]].erased
    assert found[plain].same


def test_the_record_stays_whole_when_somebody_is_erased(world: World) -> None:
    about(world, world.student_id)
    close_account(world)
    erase(world, world.student_id)
    with world.parts.database.read() as tx:
        rows = tx.decisions.all(tx.decisions.where())
        events = tx.events.all(tx.events.where())
    assert rows
    assert [row.id for row in rows if leaf_of(row) != row.hash] == []
    assert [one.id for one in events if hash_of(one) != one.hash] == []
    [erased] = [one for one in events if one.type == "PersonalDataErased"]
    assert (erased.actor, erased.data["ground"]) == ("staff-9", "request")


def test_erasing_one_student_leaves_every_other_readable(world: World) -> None:
    other = world.do(students.create, {"name": "Ana Lee"})["id"]
    mine, others, nobodys = about(world, world.student_id), about(world, other), ask(world, {
        **SCHOLAR, "student": {"grade": 3}})  # fmt: skip
    close_account(world)
    erase(world, world.student_id)
    assert read(world, students.show, other)["name"] == "Ana Lee"
    for answer in (others, nobodys):
        assert read(world, decisions.get, answer["id"])["erased"] == []
        assert read(world, replays.replay, answer["id"])["same"] is True
    assert read(world, decisions.get, mine["id"])["erased"]


def test_a_student_whose_data_are_still_needed_is_not_erased(world: World) -> None:
    for obstacles in (3, 1):  # the account with two deliveries, then the account alone
        with pytest.raises(Refusal) as refused:
            erase(world, world.student_id)
        assert refused.value.error_code == "STATE_CONFLICT"
        assert len(refused.value.details) == obstacles
        world.drain()
    assert read(world, students.show, world.student_id)["name"] == "Maya Example"
    close_account(world)
    assert erase(world, world.student_id)["keys"] == 1
    with pytest.raises(Refusal) as refused:
        world.do(accounts.create, {"student_id": world.student_id, "program": "esa_plus",
                                   "award_level": "base", "fiscal_year": 2028,
                                   "initial_award": "9000.00"})  # fmt: skip
    assert "were erased" in refused.value.message


def test_nothing_new_is_begun_about_an_erased_student(world: World) -> None:
    waiting = world.off_market("receipt")
    lacking = world.off_market("explanation")
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)["id"]
    close_account(world)
    erase(world, world.student_id)
    before = counts(world)
    agreement = {"year": 2027, "signed_by": "parent"}
    school = {"name": "Oak School", "fiscal_year": 2027, "type": "reimbursement"}
    begun: list[tuple[Any, ...]] = [
        (purchases.submit, world.request()),
        (purchases.add_documents, lacking["id"], [paper("receipt")]),
        (purchases.decide_again, lacking["id"]),
        (purchases.approve, waiting["id"], "Maya needs it"),
        (purchases.reject, waiting["id"], "Maya does not need it"),
        (compliance.record_suspension, world.account_id, MISUSE),
        (compliance.resolve, finding, "Maya's father paid it back"),
        (accounts.change_status, world.account_id, "active", "Maya is back"),
        (students.record_agreement, world.student_id, agreement),
        (students.record_school, world.student_id, school),
    ]
    for use_case, *arguments in begun:
        with pytest.raises(Refusal) as refused:
            world.do(use_case, *arguments, caller=ALL)
        assert (refused.value.status, refused.value.error_code) == (409, "STATE_CONFLICT")
        assert "were erased" in refused.value.message
    assert counts(world) == before


def test_no_family_is_registered_for_an_erased_student(world: World) -> None:
    close_account(world)
    erase(world, world.student_id)
    rights = caller_registry.Rights(frozenset({"accounts:read"}), frozenset({world.student_id}))
    with world.parts.database.write() as tx, pytest.raises(Refusal) as refused:
        caller_registry.enroll(world.parts, tx, ALL, "Example family", rights)
    [told] = refused.value.details
    assert "were erased" in str(told["message"])


def counts(world: World) -> dict[str, int]:
    """How many rows there are of what could tell of somebody: no live key of theirs among them."""
    told = (tables.decisions, tables.events, tables.attachments, tables.purchases)
    told += (tables.compliance_records, tables.agreements, tables.school_choices)
    with world.parts.database.read() as tx:
        found = {
            table.name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in told
        }
        live = tx.data_keys.where(tables.data_keys.c.wrapped.is_not(None))
        found["keys of students"] = sum(
            tx.boxes.owner(row).startswith("student:") for row in tx.data_keys.all(live)
        )
    assert found["keys of students"] == 0
    return found


def test_what_a_family_named_after_itself_is_gone_from_the_raw_file(world: World) -> None:
    name = "Abernathy-Example Academy at Home"
    home = {"name": name, "fiscal_year": 2027, "type": "home_school", "full_time": True}
    sibling = world.do(students.create, {"name": "Noah Example"})["id"]
    for student in (world.student_id, sibling):
        world.do(students.record_school, student, home)
    oak = {"name": "Oak School", "fiscal_year": 2026, "type": "reimbursement"}
    world.do(students.record_school, world.student_id, oak)
    world.submit(order_number="Maya's workbook", device_order_id="Maya's tablet")
    world.submit(order_number="A-2")
    claimed = world.off_market("receipt", line={"item_kind": "tablet"})
    with world.parts.database.write() as tx:  # as it could be written before kinds were checked
        line = tx.lines.of(claimed["id"])[0]
        tx.lines.change(line.id, item_kind="Maya's toy", given={"item_kind": "Maya's toy"})
    assert name not in everything(world.parts.database)
    close_account(world)
    erase(world, world.student_id)
    shown = everything(world.parts.database)
    assert [told for told in (name, "Maya's") if told in shown] == []
    with world.parts.database.read() as tx:
        numbers = {one.order_number for one in tx.purchases.of_student(world.student_id)}
        [choice] = [tx.school_choices.of_year(one, 2027) for one in (sibling,)]
        assert choice is not None
        kept = tx.schools.get(str(choice.school_id))
        assert kept is not None
        place = Place("schools", kept.id, "home_name")
        assert tx.boxes.shown(place, kept.home_name) == name  # the sibling's, under their own key
        assert tx.schools.named("Oak School") is not None
    assert numbers == {ERASED, "A-2", None}


def test_a_school_cannot_take_the_code_of_a_home_school(world: World) -> None:
    given = {"name": f"home:{world.student_id}", "fiscal_year": 2027, "type": "reimbursement"}
    with pytest.raises(Refusal) as refused:
        world.do(students.record_school, world.student_id, given)
    assert [one["path"] for one in refused.value.details] == ["name"]


def test_a_stored_reply_goes_with_the_person_in_it(world: World) -> None:
    student = world.do(students.create, {"name": "Ana Lee"})["id"]
    attempt = once.Attempt("key-1", "POST", "/v1/decisions/x", b"{}")

    def command(tx: Any) -> tuple[int, dict[str, Any]]:
        facts = {**SCHOLAR, "student": {"id": student}}
        return 200, asking.ask(world.parts, tx, ALL, "scholarship_award", facts)

    first = once.run(world.parts, ALL, attempt, command)
    assert once.run(world.parts, ALL, attempt, command).body == first.body
    erase(world, student)
    with pytest.raises(Refusal) as refused:
        once.run(world.parts, ALL, attempt, command)
    assert refused.value.error_code == "STATE_CONFLICT"
    assert "erased" in refused.value.message


def test_a_student_known_only_from_callers_facts_is_erased_without_being_named(
    world: World,
) -> None:
    answer = ask(world, SCHOLAR)
    erase(world, "NC-4711-0815", "court_order")
    assert "student.id" in read(world, decisions.get, answer["id"])["erased"]
    assert "NC-4711-0815" not in everything(world.parts.database)
    for unknown in ("NC-4711-0815", "nobody"):
        with pytest.raises(Refusal) as refused:
            erase(world, unknown)
        assert refused.value.error_code == "NOT_FOUND"


def test_a_decision_about_nobody_named_is_erased_by_itself(world: World) -> None:
    first, second = (ask(world, {**SCHOLAR, "student": {"age": 9}}) for _ in range(2))
    world.do(erasure.erase_decision, first["id"], "mistake", caller=ALL)
    assert "student.age" in read(world, decisions.get, first["id"])["erased"]
    assert read(world, decisions.get, second["id"])["erased"] == []


def test_what_is_told_of_somebody_afterwards_is_under_another_key(world: World) -> None:
    before = ask(world, SCHOLAR)
    erase(world, "NC-4711-0815")
    after = ask(world, SCHOLAR)
    assert read(world, decisions.get, before["id"])["erased"]
    assert read(world, decisions.get, after["id"])["facts"]["student"]["age"] == 17
    erase(world, "NC-4711-0815")
    assert read(world, decisions.get, after["id"])["erased"]


def test_the_name_of_a_family_that_calls_goes_too(world: World) -> None:
    with world.parts.database.write() as tx:
        family = callers.register(world.parts, tx, "Example family", [], [world.student_id])
        both = callers.register(world.parts, tx, "Two families", [], [world.student_id, "other"])
        for one in (family, both):
            callers.issue_key(world.parts, tx, one.id)
    close_account(world)
    erase(world, world.student_id)
    with world.parts.database.read() as tx:
        names = [callers.by_id(world.parts, tx, one.id) for one in (family, both)]
    assert [one and one.name for one in names] == [ERASED, "Two families"]


def test_a_family_cannot_erase_another_one(world: World) -> None:
    other = world.do(students.create, {"name": "Ana Lee"})["id"]
    family = replace(ALL, student_ids=frozenset({world.student_id}))
    for unseen in (other, "NC-4711-0815"):
        with pytest.raises(Refusal) as refused:
            world.do(erasure.erase, unseen, "request", caller=family)
        assert refused.value.error_code == "NOT_FOUND"
    assert read(world, students.show, other)["name"] == "Ana Lee"


def test_nothing_of_a_destroyed_key_is_left_in_the_database(world: World) -> None:
    answer = ask(world, SCHOLAR)
    with world.parts.database.read() as tx:
        row = tx.decisions.get(answer["id"])
        assert row is not None
        key = row.facts["student"]["id"]["sealed"].split(".")[1]
        kept = tx.data_keys.get(key)
    assert kept is not None
    assert kept.wrapped is not None
    if world.parts.database.is_sqlite:
        assert kept.wrapped in raw_files(world.parts.database)
    erase(world, "NC-4711-0815")
    assert kept.wrapped.decode("latin-1") not in dump(world.parts.database)
    assert kept.wrapped not in raw_files(world.parts.database)


def test_another_process_forgets_a_destroyed_key_within_its_time(world: World) -> None:
    answer = ask(world, SCHOLAR)
    held = vault(clock=world.clock)
    other = with_database(world, Database(world.parts.database.url, held))
    assert read(other, decisions.get, answer["id"])["erased"] == []
    erase(world, "NC-4711-0815")
    world.clock.advance(seconds=int(KEPT_FOR.total_seconds()))
    assert read(other, decisions.get, answer["id"])["erased"]
    other.parts.database.close()


def test_an_erasing_that_does_not_come_to_its_end_destroys_nothing(world: World) -> None:
    answer = ask(world, SCHOLAR)

    def fail(parts: Any, tx: Any, caller: Caller) -> None:
        erasure.erase(parts, tx, caller, "NC-4711-0815", "request")
        raise RuntimeError("the process ends here")

    with pytest.raises(RuntimeError):
        world.do(fail, caller=ALL)
    assert read(world, decisions.get, answer["id"])["erased"] == []


def test_only_known_grounds_are_taken(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        erase(world, world.student_id, "Maya asked for it")
    assert refused.value.error_code == "INVALID_REQUEST"


def test_who_lacks_the_scope_reads_erased_too_and_no_more(world: World) -> None:
    answer = ask(world, SCHOLAR)
    erase(world, "NC-4711-0815")
    reader = Caller("reader", "Reader", frozenset({"decisions:read"}))
    got = read(world, decisions.get, answer["id"], caller=reader)
    assert got["facts"]["student"] == {"id": ERASED, "age": ERASED, "grade": 4}
    assert read(world, decisions.trace, answer["id"], caller=reader)["erased"] == got["erased"]


def test_a_decision_and_a_student_of_one_id_are_two_subjects(world: World) -> None:
    answer = ask(world, {**SCHOLAR, "student": {"age": 9}})
    with pytest.raises(Refusal):
        erase(world, answer["id"])
    with pytest.raises(Refusal):
        world.do(erasure.erase_decision, "NC-4711-0815", "request", caller=STAFF)
    assert read(world, decisions.get, answer["id"])["erased"] == []
