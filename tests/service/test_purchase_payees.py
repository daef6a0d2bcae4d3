"""Whom a purchase pays is decided beside what it buys, and the worst of all verdicts counts."""

from typing import Any

import pytest
from support.service_world import DROP, REVIEWER, World, make_world, paper, without_dropped

from api.errors import Refusal
from api.service import providers, purchases, vendors
from api.store.database import Database
from api.store.records import DecisionRow

SHOP = {"name": "Corner Shop", "is_marketplace": True, "compliance_status": "good_standing",
        "w9_on_file": True, "agreement_signed": True}  # fmt: skip
THERAPIST = {"name": "Ada Therapist", "enrollment_status": "enrolled", "licensed": True,
             "in_directory": True, "credentials_expire_on": "2026-09-21",
             "services": [{"service": "therapy", "flagged_prohibited": False}]}  # fmt: skip
DRIVER = {"name": "Sam Driver", "enrollment_status": "enrolled", "in_directory": True,
          "credentials_expire_on": None, "insurance_expires_on": "2026-09-21",
          "services": [{"service": "transportation", "flagged_prohibited": False}]}  # fmt: skip


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def at_shop(world: World, **facts: Any) -> dict[str, Any]:
    """A workbook from a marketplace vendor of whom our records say this."""
    world.vendor_id = world.do(vendors.create, without_dropped(SHOP | facts))["id"]
    world.add_item("workbook-4", category="curriculum", item_kind="workbook")
    return world.submit()


def billed(world: World, provider: dict[str, Any], category: str, *kinds: str) -> dict[str, Any]:
    """An invoice of a provider of whom our records say this."""
    provider_id = world.do(providers.create, without_dropped(provider))["id"]
    line = {"category": category, "subject": None}
    papers = [paper(kind) for kind in ("invoice", *kinds)]
    return world.tutoring(provider_id=provider_id, line=line, documents=papers)


def payee_decisions(world: World, shown: dict[str, Any]) -> list[DecisionRow]:
    with world.parts.database.read() as tx:
        rows = [tx.decisions.get(one) for one in shown["decisions"]]
    return [row for row in rows if row is not None and row.decision != "purchase"]


@pytest.mark.parametrize(
    ("facts", "state", "told"),
    [
        ({}, "approved", []),
        ({"w9_on_file": False}, "rejected", ["W9_MISSING"]),
        ({"agreement_signed": False}, "rejected", ["VENDOR_AGREEMENT_MISSING"]),
        ({"w9_on_file": False, "agreement_signed": False}, "rejected",
         ["W9_MISSING", "VENDOR_AGREEMENT_MISSING"]),
        ({"compliance_status": "suspended"}, "rejected", ["VENDOR_NOT_IN_GOOD_STANDING"]),
        ({"w9_on_file": DROP}, "incomplete", ["vendor.w9_on_file"]),
    ],
)  # fmt: skip
def test_a_marketplace_vendor_is_paid_with_its_papers_on_file(
    world: World, facts: dict[str, Any], state: str, told: list[str]
) -> None:
    shown = at_shop(world, **facts)
    assert (shown["state"], shown["reasons"] + shown["missing"]) == (state, told)
    assert (shown["payment"] is None) == (state != "approved")


@pytest.mark.parametrize(
    ("facts", "state", "told"),
    [
        ({}, "approved", []),
        ({"licensed": False, "in_directory": False}, "rejected",
         ["PROVIDER_NOT_IN_DIRECTORY", "PROVIDER_NOT_LICENSED"]),
        ({"credentials_expire_on": "2026-09-20"}, "rejected", ["PROVIDER_CREDENTIALS_EXPIRED"]),
        ({"enrollment_status": "pending"}, "rejected", ["PROVIDER_NOT_ENROLLED"]),
        ({"services": [{"service": "tutoring"}]}, "rejected", ["PROVIDER_WRONG_SERVICE"]),
        ({"licensed": DROP}, "incomplete", ["provider.licensed"]),
    ],
)  # fmt: skip
def test_a_therapist_is_paid_when_licensed_and_in_the_directory(
    world: World, facts: dict[str, Any], state: str, told: list[str]
) -> None:
    shown = billed(world, THERAPIST | facts, "therapy")
    reasons = shown["reasons"] if state == "rejected" else shown["missing"]
    assert (shown["state"], reasons) == (state, told)


def test_a_driver_is_paid_while_insured(world: World) -> None:
    assert billed(world, DRIVER, "transportation", "contract")["state"] == "approved"
    lapsed = billed(world, DRIVER | {"insurance_expires_on": None}, "transportation", "contract")
    assert (lapsed["state"], lapsed["reasons"]) == ("rejected", ["PROVIDER_INSURANCE_LAPSED"])


def test_the_payee_is_told_by_our_record_of_it_and_by_the_clock(world: World) -> None:
    [vendor] = payee_decisions(world, world.submit())
    record = {"from": "record", "vendor": world.vendor_id}
    assert vendor.facts == {
        "vendor": {"on": "2026-09-21", "is_marketplace": True, "w9_on_file": True,
                   "compliance_status": "good_standing", "agreement_signed": True}
    }  # fmt: skip
    assert vendor.origins.pop("vendor.on") == {"from": "clock"}
    assert list(vendor.origins.values()) == [record] * 4
    [tutor] = payee_decisions(world, world.tutoring())
    assert (tutor.decision, tutor.line, tutor.as_of) == ("provider", None, world.parts.today())
    assert tutor.facts["provider"] == {
        "on": "2026-09-21", "service": "tutoring", "service_types": ["tutoring"],
        "enrollment_status": "enrolled", "in_directory": True, "credentials_expire_on": None,
    }  # fmt: skip
    assert tutor.origins["provider.service"] == {"from": "request", "lines": [1]}
    assert tutor.origins["provider.in_directory"] == {"from": "record", "provider": world.tutor_id}


def test_a_provider_is_asked_about_once_for_each_service_billed(world: World) -> None:
    line = {"amount": "40.00", "subject": "mathematics", "item_kind": "lesson"}
    line |= {"is_accessory": False}
    lines = [line | {"category": category} for category in ("tutoring", "therapy", "tutoring")]
    shown = world.tutoring(lines=lines)
    asked = payee_decisions(world, shown)
    assert [row.facts["provider"]["service"] for row in asked] == ["tutoring", "therapy"]
    assert [row.origins["provider.service"]["lines"] for row in asked] == [[1, 3], [2]]
    assert [row.verdict for row in asked] == ["allow", "deny"]
    assert {row.group_id for row in asked} == {shown["group_id"]}


@pytest.mark.parametrize("category", ["technology", "textbook", "testing", "account_fee"])
def test_a_provider_is_not_paid_for_what_is_no_service_of_theirs(
    world: World, category: str
) -> None:
    line = {"category": category, "item_kind": "lesson"}
    shown = world.tutoring(line=line)
    assert shown["state"] == "rejected"
    assert shown["reasons"] == ["PROVIDER_WRONG_SERVICE"]


def test_a_reviewer_cannot_overrule_what_is_said_of_the_payee(world: World) -> None:
    waiting = world.off_market("receipt")
    assert waiting["state"] == "under_review"
    world.do(vendors.change_status, world.vendor_id, "suspended", "complaints")
    with pytest.raises(Refusal) as refused:
        world.do(purchases.approve, waiting["id"], "fine by me", caller=REVIEWER)
    told = {(one["path"], one["reason"]) for one in refused.value.details}
    assert ("vendor.standing", "VENDOR_NOT_IN_GOOD_STANDING") in told
    assert world.show(waiting["id"])["state"] == "under_review"


def test_a_provider_who_has_lapsed_by_the_day_of_the_review_is_not_paid(world: World) -> None:
    far = THERAPIST | {"services": [{"service": "therapy"}]}  # no record says: nothing prohibited
    waiting = billed(world, far, "therapy")
    assert waiting["state"] == "under_review"
    world.clock.advance(days=1)
    with pytest.raises(Refusal) as refused:
        world.do(purchases.approve, waiting["id"], "seen", caller=REVIEWER)
    assert [one["reason"] for one in refused.value.details] == ["PROVIDER_CREDENTIALS_EXPIRED"]


def test_a_paper_that_comes_later_brings_an_incomplete_purchase_further(world: World) -> None:
    waiting = at_shop(world, w9_on_file=DROP)
    assert waiting["missing"] == ["vendor.w9_on_file"]
    came = {"w9_on_file": True, "reason": "it came by mail"}
    shown = world.do(vendors.record_facts, world.vendor_id, came)
    assert (shown["w9_on_file"], shown["agreement_signed"]) == (True, True)
    assert world.do(purchases.decide_again, waiting["id"])["state"] == "approved"


def test_a_licence_that_is_recorded_later_counts_from_then_on(world: World) -> None:
    waiting = billed(world, THERAPIST | {"licensed": DROP}, "therapy")
    therapist = str(waiting["provider_id"])
    shown = world.do(providers.record_facts, therapist, {"licensed": True, "reason": "checked"})
    assert (shown["licensed"], shown["credentials_expire_on"]) == (True, "2026-09-21")
    assert world.do(purchases.decide_again, waiting["id"])["state"] == "approved"


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"reason": "nothing"}, ["credentials_expire_on"]),
        ({"licensed": True}, ["reason"]),
        ({"reason": "promoted", "enrollment_status": "enrolled"}, ["enrollment_status"]),
        ({"reason": "a slip", "licensed": "yes"}, ["licensed"]),
    ],
)
def test_what_is_recorded_of_a_provider_is_stated_with_a_reason(
    world: World, given: dict[str, Any], paths: list[str]
) -> None:
    with pytest.raises(Refusal) as refused:
        world.do(providers.record_facts, world.tutor_id, given)
    assert [one["path"] for one in refused.value.details] == paths
