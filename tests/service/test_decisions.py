"""Decisions are stored before they are answered, and explained from the record alone."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from support.service_world import ROOT, STAFF, World, decider, make_world

from api.errors import Refusal
from api.record.content import leaf_of
from api.service import asking, decisions, releases
from api.service.decisions import Search
from api.service.parts import Caller
from api.store.database import Database
from engine.decide.decider import Decider
from engine.language.loader import load_files

ASKER = Caller("asker", "A purchase system", frozenset({"decisions:ask"}))
AUDITOR = Caller("auditor", "An auditor", frozenset({"decisions:read", "facts:personal"}))

STYLUS: dict[str, Any] = {
    "account": {
        "status": "active", "program": "esa_plus", "fiscal_year": 2027, "balance": "6200.00",
        "held": "300.00", "hold_in_force": False,
    },
    "purchase": {
        "amount": "39.00", "category": "technology", "channel": "marketplace",
        "submitted_on": "2026-09-21", "subject": None, "item_kind": "stylus",
        "is_accessory": True, "bundled_with_device": False, "documents": [],
        "categories_on_request": 1, "flagged_prohibited": False,
    },
    "device": {"order_id": "D-2201", "ordered_on": "2026-08-22"},
    "accessory": {"last_bought_on": None},
    "agreement": {
        "year": 2027, "signed_on": "2026-07-06", "signed_by": "parent",
        "acknowledgments_complete": True, "w9_submitted": True,
    },
    "school": {"type": "home_school"},
    "vendor": {"compliance_status": "good_standing"},
}  # fmt: skip


def changed(name: str, value: object) -> dict[str, Any]:
    group, rest = name.split(".")
    return STYLUS | {group: STYLUS[group] | {rest: value}}


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def ask(world: World, facts: dict[str, Any] = STYLUS, caller: Caller = ASKER, **named: Any) -> Any:
    return world.do(asking.ask, "purchase", facts, caller=caller, **named)


def test_an_answer_is_what_was_stored(world: World) -> None:
    answer = ask(world)
    assert (answer["verdict"], answer["reasons"], answer["mode"]) == ("allow", [], "pure")
    assert answer["answers"] == {"counts_toward_minimum": "39.00", "tax_reportable": "39.00"}
    assert answer["as_of"] == "2026-09-21"
    shown = world.do(decisions.get, answer["id"], caller=AUDITOR)
    assert {key: shown[key] for key in answer} == answer
    assert shown["facts"] == STYLUS
    assert shown["origins"]["purchase.amount"] == {"from": "caller", "caller": "asker"}
    with world.parts.database.read() as tx:
        row = tx.decisions.get(answer["id"])
    assert row is not None
    assert row.hash == leaf_of(row) == shown["hash"]


def test_a_deny_is_explained_with_line_value_date_and_standing(world: World) -> None:
    answer = ask(world, changed("device.ordered_on", "2026-08-21"))
    assert answer["reasons"] == ["ACCESSORY_WINDOW_CLOSED"]
    trace = world.do(decisions.trace, answer["id"], caller=AUDITOR)
    [finding] = trace["findings"]
    assert finding["place"].startswith("rules/purchase/accessory_window.yaml:")
    parameter = trace["parameters"]["accessory.window_days"]
    assert (parameter["since"], parameter["standing"]) == ("2022-07-01", "unconfirmed")
    assert trace["id"] == answer["id"]
    assert trace["facts"]["device.ordered_on"]["origin"]["from"] == "caller"


def test_a_missing_fact_is_asked_for_and_survives_the_record(world: World) -> None:
    facts = STYLUS | {"device": {"order_id": "D-2201"}}
    answer = ask(world, facts)
    assert (answer["verdict"], answer["missing"]) == ("incomplete", ["device.ordered_on"])
    trace = world.do(decisions.trace, answer["id"], caller=AUDITOR)
    assert trace["missing"] == ["device.ordered_on"]
    assert "origin" in trace["facts"]["device.order_id"]


def test_facts_that_do_not_fit_are_all_reported_and_nothing_is_stored(world: World) -> None:
    facts = {"purchase": {"amount": "1.234", "colour": "red", "submitted_on": "2026-02-30"}}
    with pytest.raises(Refusal) as refused:
        ask(world, facts)
    assert (refused.value.error_code, refused.value.status) == ("INVALID_FACTS", 422)
    assert sorted(str(one["path"]) for one in refused.value.details) == [
        "purchase.amount", "purchase.colour", "purchase.submitted_on",
    ]  # fmt: skip
    assert world.do(decisions.search, Search(decision="purchase"))["items"] == []


def test_what_the_policy_cannot_be_asked_is_refused(world: World) -> None:
    with pytest.raises(Refusal) as unknown:
        world.do(asking.ask, "purchaze", {}, caller=ASKER)
    assert (unknown.value.status, "purchase" in str(unknown.value.details)) == (404, True)
    with pytest.raises(Refusal) as silent:
        ask(world, as_of=date(1999, 1, 1))
    assert (silent.value.error_code, silent.value.status) == ("POLICY_NO_VALUE", 400)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        ask(world, release="0" * 64)


def test_the_law_of_an_earlier_day_can_be_asked_for(world: World) -> None:
    lesson = {"category": "tutoring", "subject": "music", "channel": "service_provider"}
    facts = STYLUS | {"purchase": STYLUS["purchase"] | lesson | {"live_instruction": True}}
    before = ask(world, facts, as_of=date(2026, 6, 30))
    assert "SUBJECT_NOT_TUTORABLE" in before["reasons"]
    assert "SUBJECT_NOT_TUTORABLE" not in ask(world, facts)["reasons"]


def other_release() -> Decider:
    """The project's policy with one number changed."""
    files = dict(decider().release.files)
    text = files["policies.yaml"].decode()
    changed_text = text.replace("2022-07-01: 30", "2022-07-01: 45", 1)
    assert changed_text != text, f"the accessory window is not where it was in {ROOT.name}"
    return Decider(load_files(files | {"policies.yaml": changed_text.encode()}))


def test_a_decision_is_explained_under_the_release_that_made_it(world: World) -> None:
    late = changed("device.ordered_on", "2026-08-21")
    old = ask(world, late)
    assert old["verdict"] == "deny"
    newer = replace(world, parts=replace(world.parts, decider=other_release()))
    with newer.parts.database.write() as tx:
        releases.publish(newer.parts, tx, newer.parts.decider.release)
        releases.publish(newer.parts, tx, newer.parts.decider.release)  # stored once
    new = ask(newer, late)
    assert new["verdict"] == "allow"
    assert new["release"] != old["release"]
    assert ask(newer, late, release=old["release"])["verdict"] == "deny"
    trace = newer.do(decisions.trace, old["id"], caller=AUDITOR)
    assert (trace["release"], trace["verdict"]) == (old["release"], "deny")


def test_a_stored_release_that_reads_differently_today_explains_nothing(world: World) -> None:
    answer = ask(world)
    with world.parts.database.read() as tx:
        files = tx.releases.files(answer["release"])
    assert files == dict(decider().release.files)
    newer = replace(world.parts, decider=other_release(), load=lambda _: other_release())
    with world.parts.database.read() as tx, pytest.raises(Refusal, match="RECORD_UNAVAILABLE"):
        decisions.trace(newer, tx, AUDITOR, answer["id"])


def test_personal_facts_are_masked_unless_the_scope_covers_them(world: World) -> None:
    facts = STYLUS | {"student": {"id": "S-1", "grade": 4}}
    answer = ask(world, facts)
    masked = world.do(decisions.get, answer["id"], caller=ASKER)
    assert masked["facts"]["student"] == {"id": "masked", "grade": 4}
    shown = world.do(decisions.get, answer["id"], caller=AUDITOR)
    assert shown["facts"]["student"]["id"] == "S-1"
    assert "S-1" not in str(world.do(decisions.trace, answer["id"], caller=ASKER))


def search(world: World, caller: Caller = STAFF, **wanted: Any) -> list[str]:
    found = world.do(decisions.search, Search(**wanted), caller=caller)
    return [one["id"] for one in found["items"]]


def test_decisions_are_found_by_what_they_say(world: World) -> None:
    allowed = ask(world)["id"]
    denied = ask(world, changed("device.ordered_on", "2026-08-21"))["id"]
    bought, of_vendor = world.submit()["decisions"]
    assert search(world, verdict="deny") == [denied]
    assert search(world, reason="ACCESSORY_WINDOW_CLOSED") == [denied]
    assert search(world, account_id=world.account_id) == [of_vendor, bought]
    assert search(world, decision="vendor") == [of_vendor]
    assert sorted(search(world, decision="purchase")) == sorted([allowed, denied, bought])
    assert search(world, decision="rollover") == []
    assert search(world, reason="HOLD_IN_FORCE") == []


def test_days_of_a_search_are_days_of_the_program(world: World) -> None:
    world.clock.now = world.clock.now.replace(day=22, hour=2)  # still the 21st in New York
    late = ask(world)["id"]
    world.clock.now = world.clock.now.replace(day=22, hour=5)
    early = ask(world)["id"]
    assert search(world, first=date(2026, 9, 21), last=date(2026, 9, 21)) == [late]
    assert search(world, first=date(2026, 9, 22)) == [early]


def test_a_search_is_read_page_by_page_newest_first(world: World) -> None:
    asked = []
    for _ in range(5):
        asked.append(ask(world)["id"])
        world.clock.advance(seconds=1)
    asked.append(ask(world)["id"])
    asked.append(ask(world)["id"])  # two in the same moment
    seen, cursor = [], None
    for _ in range(4):
        found = world.do(decisions.search, Search(cursor=cursor, limit=2))
        seen += [one["id"] for one in found["items"]]
        cursor = found["next"]
    assert seen == asked[::-1]
    assert cursor is None
    for bad in ("!", "bm8", "MjAyNi0wMS0wMXxpZA"):
        with pytest.raises(Refusal, match="INVALID_REQUEST"):
            world.do(decisions.search, Search(cursor=bad))


def test_a_family_finds_its_own_decisions_only(world: World) -> None:
    bought, of_vendor = world.submit()["decisions"]
    asked = ask(world)["id"]
    stranger = Caller("family-2", "Others", frozenset(), frozenset({"another"}))
    assert search(world, world.family) == [of_vendor, bought]
    assert search(world, stranger) == []
    for hidden, caller in ((asked, world.family), (bought, stranger)):
        with pytest.raises(Refusal, match="NOT_FOUND"):
            world.do(decisions.get, hidden, caller=caller)
    assert world.do(decisions.get, bought, caller=world.family)["id"] == bought
