"""A suspension holds the account at once, and the record names the finding."""

from dataclasses import replace

import pytest
from support.service_world import World, make_world

from api.errors import Refusal
from api.service import accounts, compliance, decisions, explanations, purchases
from api.service.compliance import list_findings
from api.service.parts import system
from api.store.database import Database
from engine.watch.watcher import Standing, Undecided

MISUSE = {"type": "misuse", "note": "a resold tablet"}


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def test_a_suspension_places_a_hold_that_names_what_it_rests_on(world: World) -> None:
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)
    [hold] = world.do(accounts.list_holds, world.account_id)["items"]
    assert (hold["kind"], hold["amount"], hold["state"]) == (
        "compliance_suspension", "all", "in_force",
    )  # fmt: skip
    assert hold["conclusion"] == "hold.compliance_suspension"
    grounds = hold["rests_on"]
    assert grounds["rule"] == "holds.compliance_suspension"
    assert grounds["findings"] == [finding["id"]]
    assert grounds["facts"]["compliance.unresolved_suspension"]["value"] is True
    assert world.account()["hold_in_force"] is True


def test_a_purchase_meanwhile_is_denied_and_its_trace_names_the_finding(world: World) -> None:
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)
    shown = world.submit()
    assert (shown["state"], shown["reasons"]) == ("rejected", ["HOLD_IN_FORCE"])
    with world.parts.database.read() as tx:
        trace = decisions.trace(world.parts, tx, system("test"), shown["decisions"][0])
    origin = trace["facts"]["account.hold_in_force"]["origin"]
    [named] = origin["holds"]
    assert named["conclusion"] == "hold.compliance_suspension"
    assert named["rule"] == "holds.compliance_suspension"
    assert named["findings"] == [finding["id"]]
    assert named["hold"] == world.do(accounts.list_holds, world.account_id)["items"][0]["id"]


def test_the_text_that_explains_it_names_hold_conclusion_and_finding(world: World) -> None:
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)
    shown = world.submit()
    hold = world.do(accounts.list_holds, world.account_id)["items"][0]["id"]
    with world.parts.database.read() as tx:
        asked = (world.parts, tx, system("test"), shown["decisions"][0])
        texts = [explanations.explain(*asked, view, "en").as_text() for view in ("path", "full")]
    for text in texts:
        line = next(line for line in text.splitlines() if "rests on" in line)
        assert line.strip() == (
            f"rests on conclusion hold.compliance_suspension, findings {finding['id']}, "
            f"hold {hold}, kind compliance_suspension, rule holds.compliance_suspension"
        )
        assert text.count("rests on") == 1


def test_resolving_the_finding_releases_the_hold_at_once(world: World) -> None:
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)
    resolved = world.do(compliance.resolve, finding["id"], "a mistake")
    assert (resolved["state"], resolved["holds"]) == ("resolved", [])
    assert world.account()["hold_in_force"] is False
    assert world.submit()["state"] == "approved"
    with world.parts.database.read() as tx:
        types = [event.type for event in tx.events.of(f"account:{world.account_id}")]
    assert types[-5:] == [
        "ComplianceViolationDetected", "HoldPlaced", "ComplianceFindingResolved", "HoldReleased",
        "HoldPlaced",
    ]  # fmt: skip


def test_a_second_finding_keeps_the_hold_in_force(world: World) -> None:
    first = world.do(compliance.record_suspension, world.account_id, MISUSE)
    second = world.do(compliance.record_suspension, world.account_id, MISUSE)
    assert len(second["holds"]) == 1
    assert len(world.do(compliance.resolve, first["id"], "settled")["holds"]) == 1
    assert world.do(compliance.resolve, second["id"], "settled too")["holds"] == []
    states = [one["state"] for one in world.do(list_findings, world.account_id)["items"]]
    assert states == ["resolved", "resolved"]


def test_a_finding_is_resolved_once(world: World) -> None:
    finding = world.do(compliance.record_suspension, world.account_id, MISUSE)
    world.do(compliance.resolve, finding["id"], "settled")
    with pytest.raises(Refusal, match="STATE_CONFLICT"):
        world.do(compliance.resolve, finding["id"], "again")
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.do(compliance.resolve, "nothing", "x")
    with pytest.raises(Refusal, match="INVALID_REQUEST"):
        world.do(compliance.record_suspension, world.account_id, {"type": "odd", "note": ""})


def test_a_hold_is_not_released_while_its_facts_are_unknown(world: World) -> None:
    world.do(compliance.record_suspension, world.account_id, MISUSE)

    class Unsure:
        release = world.parts.watcher.release

        def watch(self, *_: object) -> Standing:
            name, rule = "hold.compliance_suspension", "holds.compliance_suspension"
            missing = ("compliance.unresolved_suspension",)
            return Standing((), (Undecided(name, rule, missing),), frozenset({name}))

    unsure = replace(world, parts=replace(world.parts, watcher=Unsure()))
    assert unsure.submit()["reasons"] == ["HOLD_IN_FORCE"]


def test_a_failing_watch_reading_stores_nothing(world: World) -> None:
    class Broken:
        release = world.parts.watcher.release

        def watch(self, *_: object) -> None:
            raise RuntimeError("no reading")

    broken = replace(world, parts=replace(world.parts, watcher=Broken()))
    with pytest.raises(RuntimeError, match="no reading"):
        broken.submit()
    with pytest.raises(RuntimeError, match="no reading"):
        broken.do(compliance.record_suspension, world.account_id, MISUSE)
    assert world.do(purchases.list_purchases)["items"] == []
    assert world.do(list_findings, world.account_id)["items"] == []
    assert world.account()["held"] == "0.00"


def test_the_chain_of_events_proves_its_order(world: World) -> None:
    world.do(compliance.record_suspension, world.account_id, MISUSE)
    from api.store.record import FIRST_HASH, hash_of

    with world.parts.database.read() as tx:
        chain = tx.events.of(f"account:{world.account_id}")
    assert [event.sequence for event in chain] == list(range(1, len(chain) + 1))
    before = FIRST_HASH
    for event in chain:
        assert event.previous_hash == before
        assert event.hash == hash_of(event)
        before = event.hash
