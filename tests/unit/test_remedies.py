"""Remedies over the program's own policy: what a family is told when a purchase does not pass."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from engine.decide.answer import Decision, EngineFault
from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes
from engine.decide.remedies import Remedies, Remedy, find_remedies, remedies_to_json
from engine.decide.remedy_texts import render_remedies, summarize_remedies
from engine.language import limits
from engine.language.loader import load_files, load_release
from engine.language.values import Value
from engine.rehearse.cases import load_cases

ROOT = Path(__file__).parents[2]


@cache
def decider() -> Decider:
    return Decider(load_release(ROOT))


@cache
def passing_facts(decision: str) -> Mapping[str, Value]:
    """The facts of the first shared case of the decision, which passes."""
    path = ROOT / "tests" / "cases" / decision / "shared.yaml"
    return load_cases(path, decider().release, facts_from_nodes).cases[0].facts


def decided(changes: Mapping[str, Value], decision: str = "purchase") -> Decision:
    return decider().decide(decision, {**passing_facts(decision), **changes})


def remedies(changes: Mapping[str, Value], decision: str = "purchase") -> Remedies:
    return find_remedies(decider(), decided(changes, decision))


def proposed(found: tuple[Remedy, ...]) -> list[dict[str, Value]]:
    return [{change.fact: change.after for change in remedy.changes} for remedy in found]


ACCESSORY: Mapping[str, Value] = {
    "purchase.category": "technology",
    "purchase.is_accessory": True,
    "purchase.submitted_on": date(2026, 10, 14),
    "device.order_id": "D-1",
    "device.ordered_on": date(2026, 10, 1),
}
TUTORING: Mapping[str, Value] = {
    "purchase.category": "tutoring",
    "purchase.channel": "service_provider",
}


# --- what the family can do ---------------------------------------------------------------------


def test_an_amount_is_lowered_to_the_balance_less_holds() -> None:
    found = remedies({"purchase.amount": 600_000})
    assert proposed(found.remedies) == [{"purchase.amount": 590_000}]
    change = found.remedies[0].changes[0]
    assert (change.before, change.direction, change.or_beyond) == (600_000, "lower", True)
    assert found.remedies[0].actors == {"family"}
    assert found.state == "remedies"


def test_a_refund_in_the_shutdown_waits_for_the_day_after_it() -> None:
    found = remedies({"refund.on": date(2027, 6, 15)}, "refund")
    assert proposed(found.remedies) == [{"refund.on": date(2027, 7, 1)}]
    assert "is 2027-07-01 or later  [agency]" in render_remedies(found)


def test_a_purchase_in_the_shutdown_is_not_put_off_into_another_years_agreement() -> None:
    found = remedies({"purchase.submitted_on": date(2027, 6, 15)})
    assert (found.state, found.remedies, found.exhausted) == ("nothing", (), False)


def test_no_day_is_proposed_that_is_past_today() -> None:
    refused = decided({"refund.on": date(2027, 6, 15)}, "refund")
    found = find_remedies(decider(), refused, today=date(2027, 11, 20))
    assert proposed(found.remedies) == [{"refund.on": date(2027, 11, 20)}]


def test_a_missing_paper_is_added_to_those_that_are_there() -> None:
    found = remedies({**TUTORING, "purchase.documents": ("receipt",)})
    assert proposed(found.remedies) == [{"purchase.documents": ("receipt", "invoice")}]
    change = found.remedies[0].changes[0]
    assert (change.direction, change.added, change.or_beyond) == ("add", ("invoice",), False)
    assert "(purchase.documents) also has invoice  [family]" in render_remedies(found)


def test_the_same_accessory_waits_for_its_anniversary_on_the_devices_own_order() -> None:
    bought = {"accessory.last_bought_on": date(2024, 1, 20), "purchase.bundled_with_device": True}
    found = remedies({**ACCESSORY, **bought})
    assert proposed(found.remedies) == [{"purchase.submitted_on": date(2027, 1, 20)}]
    assert found.remedies[0].changes[0].or_beyond


def test_an_anniversary_counts_only_until_the_window_closes() -> None:
    found = remedies({**ACCESSORY, "accessory.last_bought_on": date(2023, 10, 15)})
    change = found.remedies[0].changes[0]
    assert (change.after, change.or_beyond) == (date(2026, 10, 15), False)
    assert change.until == date(2026, 10, 31)
    assert "is 2026-10-15 to 2026-10-31" in render_remedies(found)


def test_a_costly_device_may_be_cheaper_or_later_and_the_nearer_stands_first() -> None:
    device = {
        "purchase.category": "technology",
        "purchase.amount": 65_000,
        "technology.last_bought_on": date(2024, 3, 1),
    }
    found = remedies(device)
    assert proposed(found.remedies) == [
        {"purchase.amount": 60_000},
        {"purchase.submitted_on": date(2027, 3, 1)},
    ]


def test_two_findings_take_both_changes_at_once() -> None:
    found = remedies({"purchase.amount": 600_000, "agreement.w9_submitted": False})
    assert proposed(found.remedies) == [
        {"agreement.w9_submitted": True, "purchase.amount": 590_000}
    ]


def test_two_findings_about_one_fact_are_met_by_the_stricter_value() -> None:
    device = {
        "purchase.category": "technology",
        "purchase.amount": 650_000,
        "technology.last_bought_on": date(2024, 9, 1),
    }
    assert {"purchase.amount": 60_000} in proposed(remedies(device).remedies)


def test_an_agreement_is_signed_on_the_day_of_the_decision_and_no_earlier() -> None:
    unsigned = {"agreement.year": None, "agreement.signed_on": None, "agreement.signed_by": None}
    found = remedies(unsigned, "activation")
    asked_on = passing_facts("activation")["activation.on"]
    assert proposed(found.remedies) == [
        {"agreement.signed_by": "parent", "agreement.signed_on": asked_on, "agreement.year": 2027}
    ]


# --- what others would have to do ---------------------------------------------------------------


def test_who_would_have_to_act_is_named_beside_the_change() -> None:
    found = remedies({**TUTORING, "provider.credentials_expire_on": date(2026, 9, 20)})
    assert proposed(found.remedies) == [{"provider.credentials_expire_on": date(2026, 9, 21)}]
    assert found.remedies[0].actors == {"provider"}
    assert "nothing that a family can change alone" in render_remedies(found)


def test_a_holds_step_is_undone_through_its_own_clauses() -> None:
    found = remedies({"agreement.lea_release_signed": False}, "activation")
    assert proposed(found.remedies) == [{"agreement.lea_release_signed": True}]


# --- where nothing can be done ------------------------------------------------------------------


def test_a_late_accessory_stays_refused_since_its_order_day_is_past() -> None:
    found = remedies({**ACCESSORY, "device.ordered_on": date(2026, 9, 13)})
    assert (found.state, found.remedies) == ("nothing", ())
    blocked = found.blocked[0]
    assert (blocked.reason, blocked.hold) == ("ACCESSORY_WINDOW_CLOSED", "stuck")
    assert [name for name, _ in blocked.facts] == ["device.ordered_on"]


def test_a_frozen_account_is_nothing_that_a_family_can_change() -> None:
    found = remedies({"account.status": "frozen", "agreement.w9_submitted": False})
    assert (found.state, found.remedies, found.exhausted) == ("nothing", (), False)
    assert [(each.reason, each.facts[0][0]) for each in found.blocked] == [
        ("ACCOUNT_FROZEN", "account.status")
    ]
    text = render_remedies(found)
    assert "nothing that a family can still change" in text
    assert "This account is frozen" in text


def test_every_finding_that_nothing_can_change_is_named() -> None:
    found = remedies({**ACCESSORY, "device.ordered_on": date(2026, 9, 13),
                      "account.status": "frozen", "agreement.w9_submitted": False})  # fmt: skip
    assert [(each.reason, each.hold) for each in found.blocked] == [
        ("ACCOUNT_FROZEN", "stuck"), ("ACCESSORY_WINDOW_CLOSED", "stuck"),
    ]  # fmt: skip


def test_changes_that_undo_each_other_are_no_remedy() -> None:
    found = remedies({"account.balance": 30_000})  # all of it is held
    assert (found.state, found.remedies, found.exhausted) == ("nothing", (), False)
    assert [each.reason for each in found.blocked] == ["INSUFFICIENT_BALANCE"]


@pytest.mark.parametrize(
    "changes",
    [
        {"purchase.category": "other"},
        {"purchase.item_kind": "drone"},
        {"purchase.subject": "music"},
        {"account.hold_in_force": True},
        {"vendor.compliance_status": "suspended"},
        {**TUTORING, "purchase.live_instruction": False},
    ],
)
def test_what_would_only_be_a_false_statement_is_never_proposed(
    changes: Mapping[str, Value],
) -> None:
    found = remedies(changes)
    assert (found.state, found.remedies, found.towards_review) == ("nothing", (), ())
    assert set(changes) & {name for each in found.blocked for name, _ in each.facts}


# --- a person's look ----------------------------------------------------------------------------


def test_a_review_that_rests_on_the_channel_cannot_be_avoided() -> None:
    found = remedies({"purchase.channel": "off_market"})
    assert (found.verdict, found.state, found.remedies) == ("review", "nothing", ())
    assert "cannot pass without a person looking at it" in render_remedies(found)


def test_a_paper_that_leads_to_a_review_is_told_apart_from_one_that_passes() -> None:
    found = remedies({"purchase.channel": "off_market", "purchase.documents": ("explanation",)})
    assert found.remedies == ()
    assert [change.added for each in found.towards_review for change in each.changes] == [
        ("invoice",), ("receipt",), ("quote",), ("cart_screenshot",)
    ]  # fmt: skip
    assert [(each.reason, each.hold) for each in found.blocked] == [("OFF_MARKET_REVIEW", "arises")]
    text = render_remedies(found)
    assert (
        "review if Papers attached (purchase.documents) also has invoice, receipt, quote, or"
        in (text)
    )


def test_an_explained_distance_in_grades_leads_to_a_review() -> None:
    found = remedies({"purchase.item_grade": 8})
    assert proposed(found.towards_review) == [{"purchase.grade_gap_explained": True}]


# --- what has to be known first -----------------------------------------------------------------


def test_missing_facts_are_asked_for_before_anything_is_proposed() -> None:
    facts = {**passing_facts("purchase"), "purchase.amount": 600_000}
    del facts["vendor.compliance_status"]
    found = find_remedies(decider(), decider().decide("purchase", facts))
    assert found.state == "asks"
    assert [(ask.fact, ask.given_by) for ask in found.asks] == [
        ("vendor.compliance_status", "records")
    ]
    assert found.remedies == ()


def test_what_is_hopeless_is_said_beside_what_is_asked_for() -> None:
    facts = {**passing_facts("purchase"), "account.status": "frozen"}
    del facts["account.balance"]
    found = find_remedies(decider(), decider().decide("purchase", facts))
    assert [ask.fact for ask in found.asks] == ["account.balance"]
    assert [each.reason for each in found.blocked] == ["ACCOUNT_FROZEN"]


def test_without_a_day_only_the_day_is_asked_for() -> None:
    facts = dict(passing_facts("purchase"))
    del facts["purchase.submitted_on"]
    found = find_remedies(decider(), decider().decide("purchase", facts))
    assert [ask.fact for ask in found.asks] == ["purchase.submitted_on"]
    assert found.blocked == ()


def test_a_purchase_that_passes_needs_nothing() -> None:
    found = remedies({})
    assert (found.state, found.remedies) == ("passes", ())
    assert render_remedies(found) == "purchase: allow\n  passes: nothing has to change\n"


# --- limits and form ----------------------------------------------------------------------------


def test_four_facts_are_too_many_and_that_is_said() -> None:
    changes = {
        "agreement.year": None,
        "agreement.signed_on": None,
        "agreement.signed_by": None,
        "agreement.acknowledgments_complete": False,
    }
    found = remedies(changes)
    assert (found.state, found.remedies, found.exhausted) == ("not_found", (), True)
    assert {each.hold for each in found.blocked} == {"open"}
    text = render_remedies(found)
    assert "no short remedy found" in text
    assert "not everything was tried" in text


def test_the_search_ends_when_its_decisions_are_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEDY_DECISIONS", 1)
    found = remedies({"purchase.amount": 600_000, "agreement.w9_submitted": False})
    assert (found.state, found.remedies, found.exhausted) == ("not_found", (), True)


def test_the_search_ends_when_its_time_is_over() -> None:
    ticks = iter(range(0, 10**12, 60_000_000))  # 60 ms pass between two looks at the clock
    refused = decided({"purchase.amount": 600_000, "agreement.w9_submitted": False})
    found = find_remedies(decider(), refused, clock=lambda: next(ticks))
    assert (found.state, found.remedies, found.exhausted) == ("not_found", (), True)


def test_a_clock_that_stands_still_changes_nothing() -> None:
    refused = decided({"purchase.amount": 600_000})
    assert find_remedies(decider(), refused, clock=lambda: 0) == find_remedies(decider(), refused)


def test_a_decision_of_another_release_is_refused() -> None:
    files = dict(decider().release.files)
    files["policies.yaml"] += b"\n# another release\n"
    other = Decider(load_files(files))
    with pytest.raises(EngineFault) as fault:
        find_remedies(other, decided({"account.status": "frozen"}))
    assert fault.value.code == "decision.mismatch"


def test_json_says_each_value_as_facts_are_sent() -> None:
    said = remedies_to_json(remedies({"purchase.amount": 600_000, "agreement.w9_submitted": False}))
    assert said["remedies"] == [
        {
            "changes": [
                {
                    "fact": "agreement.w9_submitted", "title": "The W-9 is submitted",
                    "from": False, "to": True, "direction": "set", "or_beyond": False,
                    "until": None, "added": [], "changeable_by": "family", "personal": False,
                },
                {
                    "fact": "purchase.amount", "title": "Amount asked for",
                    "from": "6000.00", "to": "5900.00", "direction": "lower", "or_beyond": True,
                    "until": None, "added": [], "changeable_by": "family", "personal": False,
                },
            ],
            "actors": ["family"],
        }
    ]  # fmt: skip
    assert said["state"] == "remedies"
    assert said["blocked"] == []


def test_families_are_told_in_spanish_too() -> None:
    text = render_remedies(remedies({"account.status": "frozen"}), "es")
    assert "nada que la familia todavía pueda cambiar" in text
    assert "Esta cuenta está congelada" in text


def test_one_line_says_the_first_way() -> None:
    assert summarize_remedies(remedies({"purchase.amount": 600_000})) == (
        "would pass if Amount asked for (purchase.amount) is $5,900.00 or less  [family]"
    )
    assert summarize_remedies(remedies({"account.status": "frozen"})) == (
        "would pass if nothing that a family can still change"
    )
