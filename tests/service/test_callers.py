"""Callers by token: the longest of them fits the record, and one person has one voice."""

import pytest
from support.service_world import World, make_world

from api.errors import Refusal
from api.service import accounts, callers, compliance, decisions, purchases
from api.service.once import Attempt, run
from api.service.parts import Caller
from api.store.database import Database
from api.token_settings import WHO_LENGTH

LONGEST = "i" * WHO_LENGTH + "|" + "s" * WHO_LENGTH


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def test_the_longest_caller_fits_every_column_that_says_who(world: World) -> None:
    who = Caller(LONGEST, "s", frozenset())
    waiting = world.off_market("receipt", caller=who)
    assert waiting["submitted_by"] == LONGEST
    reviewed = world.do(purchases.reject, waiting["id"], "no", caller=who)
    assert reviewed["review"]["by"] == LONGEST
    assert reviewed["documents"][0]["added_by"] == LONGEST
    assert world.decision(reviewed).asked_by == LONGEST
    given = {"type": "misuse", "note": "a note"}
    finding = world.do(compliance.record_suspension, world.account_id, given, caller=who)
    resolved = world.do(compliance.resolve, finding["id"], "a note", caller=who)
    assert (resolved["recorded_by"], resolved["resolved_by"]) == (LONGEST, LONGEST)
    request = {
        "student_id": world.student_id, "program": "esa_plus", "award_level": "base",
        "fiscal_year": 2030, "initial_award": "9000.00",
    }  # fmt: skip
    attempt = Attempt("a-key", "POST", "/v1/accounts", b"")
    opened = run(
        world.parts, who, attempt,
        lambda tx: (201, accounts.create(world.parts, tx, who, request)),
    )  # fmt: skip
    again = run(world.parts, who, attempt, lambda tx: (500, {}))
    assert (again.status, again.replayed) == (201, True)
    [entry] = world.do(accounts.list_transactions, opened.body["id"])["items"]
    assert entry["posted_by"] == LONGEST
    events = world.do(accounts.list_events, opened.body["id"])["items"]
    assert {event["actor"] for event in events} == {LONGEST}


def test_callers_of_one_subject_are_one_person(world: World) -> None:
    with world.parts.database.write() as tx:
        first = callers.register(world.parts, tx, "Pat", [], subject="issuer|pat")
        second = callers.register(world.parts, tx, "Pat, old", [], subject="issuer|pat")
        other = callers.register(world.parts, tx, "Kim", [], subject="issuer|kim")
        alone = callers.register(world.parts, tx, "a system", [])
        keys = [callers.issue_key(world.parts, tx, one.id) for one in (first, second, other, alone)]
    with world.parts.database.read() as tx:
        pat, old, kim, system = (callers.authenticate(world.parts, tx, key) for key in keys)
    assert all(pat.is_person(one) for one in (first.id, second.id, "issuer|pat"))
    assert all(old.is_person(one) for one in (first.id, second.id, "issuer|pat"))
    assert not any(kim.is_person(one) for one in (first.id, second.id, "issuer|pat"))
    assert system.is_person(alone.id)
    assert system.also == frozenset()


def test_the_refusal_of_a_hidden_finding_names_nothing_but_what_was_asked(world: World) -> None:
    given = {"type": "misuse", "note": "a note"}
    finding = world.do(compliance.record_suspension, world.account_id, given)
    stranger = Caller("family-2", "Others", frozenset(), frozenset({"another-student"}))
    with pytest.raises(Refusal, match=f"no finding `{finding['id']}`") as refused:
        world.do(compliance.resolve, finding["id"], "a note", caller=stranger)
    assert world.account_id not in str(refused.value.reply())


def test_who_asked_about_an_account_keeps_no_right_to_the_decision(world: World) -> None:
    shown = world.submit()
    before = Caller(world.family.id, "family", frozenset(), frozenset())
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.do(decisions.get, shown["decisions"][0], caller=before)
    assert world.do(decisions.search, decisions.Search(), caller=before)["items"] == []
