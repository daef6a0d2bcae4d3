"""The reference interpreter on rules worked out by hand: it must be right before it may judge."""

from datetime import date

import pytest
from support import reference

from engine.decide.answer import EngineFault, Finding, NoValue
from engine.language.loader import load_files
from engine.language.model import Release
from engine.language.values import UNKNOWN

POLICIES = b"""
fiscal_year: { begins: July 1, named_by: end, time_zone: America/New_York }
sources:
  law: { title: The statute, address: "https://example.org/law", standing: official }
  web: { title: A page, address: "https://example.org/page", standing: unconfirmed }
decisions:
  buy: { question: "May it be bought?", anchor: buy.on, rules: [buy.window, buy.again, buy.tier] }
  carry: { question: "What is carried?", anchor: carry.on,
    answers: { carried: money, returned: money }, rules: [carry.forward] }
  leave: { question: "What comes back?", anchor: leave.on,
    answers: { share: share, returned: money }, rules: [leave.returns] }
  start: { question: "May it start?", anchor: start.on,
    answers: { release_needed: boolean }, rules: [start.release] }
standing:
  account: { key: account.id, rules: [holds.disputed, holds.frozen] }
parameters:
  window_days: { title: Days open, unit: days, sources: [web], values: { 2022-07-01: 30 } }
  again_years: { title: Years between, unit: years, sources: [law], values: { 2022-07-01: 1 } }
  yearly_cap: { title: Cap, unit: money, sources: [law],
    values: { 2022-07-01: "$4,500", 2026-07-01: "$5,000" } }
  ceiling: { title: Ceiling, unit: money, sources: [law], values: { 2022-07-01: "$30,000" } }
  suspend_from: { title: Large, unit: money, sources: [law], values: { 2022-07-01: $500 } }
  returned_share: { title: Share, rows_by: leave.weeks, columns: { share: share }, sources: [law],
    values: { 2022-07-01: [ { up_to: 2, share: 100 % }, { up_to: 7, share: 33.33 % },
      { above: 7, share: 0 % } ] } }
  tiers: { title: Tiers, rows_by: wallet.tier, columns: { day: money }, sources: [law],
    values: { 2022-07-01: { basic: { day: $100 }, business: { day: none } } } }
"""
FACTS = b"""
facts:
  account.id: { title: Account, type: text, personal: true }
  account.level: { title: Level, type: one_of, members: [base, higher] }
  buy.on: { title: Day, type: date }
  buy.accessory: { title: Accessory, type: boolean }
  buy.amount: { title: Amount, type: money }
  device.order: { title: Order, type: text, may_be_none: true }
  device.ordered_on: { title: Ordered, type: date, may_be_none: true }
  last.bought_on: { title: Last, type: date, may_be_none: true }
  wallet.tier: { title: Tier, type: one_of, members: [basic, business] }
  carry.on: { title: Day, type: date }
  carry.balance: { title: Balance, type: money }
  carry.held: { title: Held, type: money }
  carry.next_award: { title: Award, type: money }
  leave.on: { title: Day, type: date }
  leave.weeks: { title: Weeks, type: integer }
  leave.payment: { title: Payment, type: money }
  start.on: { title: Day, type: date }
  school.type: { title: School, type: one_of, members: [direct, home, shared] }
  school.full_time: { title: Full time, type: boolean }
  school.waived: { title: Waived, type: boolean }
  release.signed: { title: Signed, type: boolean }
  dispute.open: { title: Dispute, type: boolean }
  dispute.amount: { title: Disputed, type: money }
conclusions:
  state.suspended: { title: Suspended, kind: state }
  hold.spending: { title: No spending, kind: hold }
"""
RULES = {
    "buy/window": b"""
rule: buy.window
title: While the window is open
decides: buy
sources: [law]
when: { buy.accessory: { is: true } }
steps: { days_since: { days_from: device.ordered_on, to: buy.on } }
cases:
  - case: no_device
    if: { any_of: [ { device.order: { is: none } }, { device.ordered_on: { is: none } } ] }
    then: { deny: NO_DEVICE }
  - { case: before, if: { days_since: { below: zero } }, then: { deny: TOO_EARLY } }
  - { case: closed, if: { days_since: { above: $window_days } }, then: { deny: CLOSED } }
otherwise: allow
""",
    "buy/again": b"""
rule: buy.again
title: Once a year
decides: buy
sources: [law]
when: { buy.accessory: { is: true }, last.bought_on: { is_not: none } }
steps: { allowed_on: { years: $again_years, after: last.bought_on } }
cases: [ { case: soon, if: { buy.on: { before: allowed_on } }, then: { deny: TOO_SOON } } ]
otherwise: allow
""",
    "buy/tier": b"""
rule: buy.tier
title: Within the tier
decides: buy
sources: [law]
steps: { limit: { look_up: $tiers, by: wallet.tier, take: day } }
cases:
  - case: above
    if: { limit: { is_not: none }, buy.amount: { above: limit } }
    then: { review: ABOVE_TIER }
otherwise: allow
""",
    "carry/forward": b"""
rule: carry.forward
title: Carries what fits
decides: carry
sources: [law]
steps:
  unspent: { subtract: [carry.balance, carry.held], not_below: zero }
  room: { subtract: [$ceiling, carry.next_award], not_below: zero }
  within: { least: [unspent, $yearly_cap, room] }
  carried: { choose_by: account.level, from: { base: zero, higher: within } }
  returned: { subtract: [unspent, carried] }
answers: { carried: carried, returned: returned }
""",
    "leave/returns": b"""
rule: leave.returns
title: A share comes back
decides: leave
sources: [law]
steps:
  share: { look_up: $returned_share, by: leave.weeks, take: share }
  returned: { share: share, of: leave.payment, round: half_up }
answers: { share: share, returned: returned }
""",
    "start/release": b"""
rule: start.release
title: A release is signed where it is needed
decides: start
sources: [law]
steps:
  needed:
    holds:
      any_of:
        - { school.type: { in: [direct, home] }, school.full_time: { is: true } }
        - { school.type: { is: shared }, school.waived: { is: true } }
answers: { release_needed: needed }
cases:
  - case: unsigned
    if: { needed: { is: true }, release.signed: { is: false } }
    then: { deny: RELEASE_MISSING }
otherwise: allow
""",
    "holds/disputed": b"""
rule: holds.disputed
title: A large dispute suspends
watches: account
sources: [law]
when: { dispute.open: { is: true }, dispute.amount: { at_least: $suspend_from } }
then: { conclude: state.suspended }
""",
    "holds/frozen": b"""
rule: holds.frozen
title: Nothing is spent while suspended
watches: account
sources: [law]
when: { state.suspended: { is: true } }
then: { conclude: hold.spending }
""",
}
REASONS = {
    "buy": ("NO_DEVICE", "TOO_EARLY", "CLOSED", "TOO_SOON", "ABOVE_TIER"),
    "start": ("RELEASE_MISSING",),
}
SEPTEMBER = date(2026, 9, 30)
BUY = {
    "buy.on": SEPTEMBER,
    "buy.accessory": True,
    "buy.amount": 100_00,
    "device.order": "D-1",
    "device.ordered_on": date(2026, 8, 31),
    "last.bought_on": None,
    "wallet.tier": "basic",
}
CARRY = {
    "carry.on": SEPTEMBER,
    "carry.balance": 8_000_00,
    "carry.held": 2_000_00,
    "carry.next_award": 17_000_00,
    "account.level": "higher",
}


@pytest.fixture(scope="module")
def release() -> Release:
    said = "{ en: Said. }"
    texts = {
        f"rules/{folder}/texts.yaml": "".join(
            f"{name}: {{ parent: {said}, staff: {said} }}\n" for name in names
        ).encode()
        for folder, names in REASONS.items()
    }
    texts["rules/holds/texts.yaml"] = "".join(
        f"{name}: {{ parent: {said}, staff: {said} }}\n"
        for name in ("state.suspended", "hold.spending")
    ).encode()
    rules = {f"rules/{path}.yaml": text for path, text in RULES.items()}
    return load_files({"policies.yaml": POLICIES, "rules/facts.yaml": FACTS, **rules, **texts})


def without(facts, *names):
    return {name: value for name, value in facts.items() if name not in names}


# --- deciding -----------------------------------------------------------------------------------


def test_the_thirtieth_day_still_counts_and_the_next_does_not(release):
    assert reference.decide(release, "buy", BUY).verdict == "allow"
    late = reference.decide(release, "buy", {**BUY, "device.ordered_on": date(2026, 8, 30)})
    assert (late.verdict, late.reasons) == ("deny", ("CLOSED",))


def test_what_a_finding_rests_on_is_the_weakest_it_read(release):
    late = reference.decide(release, "buy", {**BUY, "device.ordered_on": date(2026, 8, 30)})
    none = reference.decide(release, "buy", {**BUY, "device.order": None})
    assert late.findings == (Finding("CLOSED", "deny", "buy.window", "closed", "unconfirmed"),)
    assert none.findings == (Finding("NO_DEVICE", "deny", "buy.window", "no_device", "official"),)


def test_a_missing_order_date_is_asked_for_and_never_refused(release):
    decided = reference.decide(release, "buy", without(BUY, "device.ordered_on"))
    assert (decided.verdict, decided.findings) == ("incomplete", ())
    assert decided.missing == ("device.ordered_on",)
    # when, then the three cases: the group is unknown, and so is what counts from the date.
    assert decided.outcomes.startswith("mu???")


def test_an_absent_order_is_enough_whatever_its_date(release):
    facts = {**without(BUY, "device.ordered_on"), "device.order": None}
    decided = reference.decide(release, "buy", facts)
    assert (decided.verdict, decided.reasons, decided.missing) == ("deny", ("NO_DEVICE",), ())


def test_an_unknown_when_is_silent_where_every_outcome_allows(release):
    decided = reference.decide(release, "buy", without(BUY, "buy.accessory"))
    assert (decided.verdict, decided.missing) == ("allow", ())
    late = without({**BUY, "device.ordered_on": date(2026, 8, 30)}, "buy.accessory")
    decided = reference.decide(release, "buy", late)
    assert (decided.verdict, decided.missing) == ("incomplete", ("buy.accessory",))


def test_an_anniversary_of_a_leap_day_falls_on_the_last_of_february(release):
    facts = {
        **BUY,
        "buy.on": date(2025, 2, 28),
        "device.ordered_on": date(2025, 2, 20),
        "last.bought_on": date(2024, 2, 29),
    }
    assert reference.decide(release, "buy", facts).verdict == "allow"
    day_before = {**facts, "buy.on": date(2025, 2, 27)}
    assert reference.decide(release, "buy", day_before).reasons == ("TOO_SOON",)


def test_a_limit_of_none_does_not_bind_and_an_unknown_tier_asks(release):
    over = {**BUY, "buy.amount": 100_01}
    assert reference.decide(release, "buy", over).reasons == ("ABOVE_TIER",)
    assert reference.decide(release, "buy", {**over, "wallet.tier": "business"}).reasons == ()
    asked = reference.decide(release, "buy", without(over, "wallet.tier", "buy.amount"))
    assert asked.missing == ("buy.amount", "wallet.tier")


def test_missing_facts_stand_beside_a_deny(release):
    facts = without({**BUY, "device.ordered_on": date(2026, 8, 30)}, "wallet.tier")
    decided = reference.decide(release, "buy", facts)
    assert (decided.verdict, decided.missing) == ("deny", ("wallet.tier",))


@pytest.mark.parametrize(
    ("level", "day", "carried"),
    [("base", SEPTEMBER, 0), ("higher", SEPTEMBER, 5_000_00), ("higher", "old", 4_500_00)],
)
def test_a_base_award_carries_nothing_and_a_higher_one_up_to_the_cap(release, level, day, carried):
    as_of = date(2026, 6, 30) if day == "old" else None
    decided = reference.decide(release, "carry", {**CARRY, "account.level": level}, as_of)
    assert decided.answers == {"carried": carried, "returned": 6_000_00 - carried}


def test_only_the_branch_chosen_counts_for_what_is_unknown(release):
    base = reference.decide(
        release, "carry", without({**CARRY, "account.level": "base"}, "carry.next_award")
    )
    assert (base.verdict, base.answers["carried"]) == ("allow", 0)
    higher = reference.decide(release, "carry", without(CARRY, "carry.next_award"))
    assert higher.answers == {"carried": UNKNOWN, "returned": UNKNOWN}
    assert (higher.verdict, higher.missing) == ("incomplete", ("carry.next_award",))


@pytest.mark.parametrize(
    ("weeks", "share", "returned"), [(2, 10_000, 100_50), (3, 3_333, 33_50), (8, 0, 0)]
)
def test_a_table_by_range_includes_its_bounds(release, weeks, share, returned):
    facts = {"leave.on": SEPTEMBER, "leave.weeks": weeks, "leave.payment": 100_50}
    decided = reference.decide(release, "leave", facts)
    assert decided.answers == {"share": share, "returned": returned}


def test_a_held_condition_is_an_answer_with_three_values(release):
    facts = {"start.on": SEPTEMBER, "school.type": "home", "school.full_time": True}
    unsigned = reference.decide(release, "start", {**facts, "release.signed": False})
    assert (unsigned.verdict, unsigned.answers) == ("deny", {"release_needed": True})
    # What would decide the other entry is not asked for: that entry is unmet already.
    asked = reference.decide(
        release, "start", {**without(facts, "school.full_time"), "release.signed": False}
    )
    assert (asked.verdict, asked.missing) == ("incomplete", ("school.full_time",))
    assert asked.answers == {"release_needed": UNKNOWN}


def test_without_any_day_no_rule_is_judged(release):
    decided = reference.decide(release, "carry", without(CARRY, "carry.on"))
    assert (decided.verdict, decided.missing, decided.outcomes) == ("incomplete", ("carry.on",), "")
    assert decided.as_of is None
    assert set(decided.answers.values()) == {UNKNOWN}


def test_a_day_before_the_first_value_is_an_error_about_the_release(release):
    with pytest.raises(NoValue) as error:
        reference.decide(release, "carry", CARRY, date(2022, 6, 30))
    assert error.value.first == date(2022, 7, 1)


def test_a_date_that_leaves_the_calendar_is_a_fault(release):
    facts = {**BUY, "last.bought_on": date(9999, 1, 1)}
    with pytest.raises(EngineFault) as fault:
        reference.decide(release, "buy", facts)
    assert fault.value.code == "decision.range"


# --- watching -----------------------------------------------------------------------------------


def test_a_conclusion_carries_the_next_and_lists_what_is_missing(release):
    facts = {"dispute.open": True, "dispute.amount": 500_00}
    judged = reference.judge_subject(release, "account", facts, SEPTEMBER)
    assert judged.concluded == {
        "state.suspended": ("holds.disputed",),
        "hold.spending": ("holds.frozen",),
    }
    unknown = reference.judge_subject(release, "account", {"dispute.open": True}, SEPTEMBER)
    assert unknown.concluded == {}
    assert unknown.undecided == {
        "holds.disputed": ("dispute.amount",),
        "holds.frozen": ("dispute.amount",),
    }
    small = reference.judge_subject(release, "account", {**facts, "dispute.amount": 1}, SEPTEMBER)
    assert (small.concluded, small.undecided) == ({}, {})
