"""How changes are combined over groups, cases, several rules and the law of a moved day."""

from datetime import date

from support import small_policy
from support.remedy_policy import HIGHER, LATER, LOWER, proposed, rule, solve, with_remedies
from support.small_policy import TODAY

from engine.decide.decider import Decider
from engine.decide.remedies import find_remedies
from engine.decide.remedy_changes import Changeable
from engine.decide.remedy_search import Questions, Search
from engine.decide.remedy_texts import render_remedies

# --- groups, cases, several rules ---------------------------------------------------------------


def test_one_of_several_conditions_is_enough_to_leave_a_case() -> None:
    found = solve(
        rule("it.flag: { is: true }, it.amount: { above: $cap }"),
        {"it.flag": True, "it.amount": 30_000},
        {"it.flag": "false", "it.amount": LOWER},
    )
    assert proposed(found) == [{"it.flag": False}, {"it.amount": 20_000}]


def test_every_entry_of_a_met_group_has_to_go() -> None:
    found = solve(
        rule("any_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ]"),
        {"it.flag": True, "it.other": True},
        {"it.flag": "false", "it.other": "false"},
    )
    assert proposed(found) == [{"it.flag": False, "it.other": False}]


def test_one_entry_of_a_none_of_group_is_enough() -> None:
    found = solve(
        rule("none_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ]"),
        {"it.flag": False, "it.other": False},
        {"it.flag": "true", "it.other": "true"},
    )
    assert proposed(found) == [{"it.flag": True}, {"it.other": True}]


def test_a_condition_that_is_a_step_takes_all_its_facts() -> None:
    body = rule(
        "ready: { is: false }",
        "ready: { holds: { it.flag: { is: true }, it.other: { is: true } } }",
    )
    facts = {"it.flag": False, "it.other": False}
    found = solve(body, facts, {"it.flag": "true", "it.other": "true"})
    assert proposed(found) == [{"it.flag": True, "it.other": True}]


def test_a_branch_is_reached_by_all_the_facts_that_choose_it() -> None:
    body = rule(
        "it.amount: { above: most }",
        "ready: { holds: { it.flag: { is: true }, it.other: { is: true } } }, "
        "most: { choose_by: ready, from: { true: $cap, false: $floor } }",
    )
    facts = {"it.flag": False, "it.other": False, "it.amount": 15_000}
    found = solve(body, facts, {"it.flag": "true", "it.other": "true"})
    assert proposed(found) == [{"it.flag": True, "it.other": True}]


def test_a_case_that_passes_need_not_be_left() -> None:
    body = """
    cases:
      - { case: refused, if: { it.flag: { is: true } }, then: { deny: REFUSED } }
      - { case: excepted, if: { it.maybe: { is: none } }, then: allow }
    otherwise: allow
    """
    found = solve(body, {"it.flag": True}, {"it.flag": "false"})  # nobody knows `it.maybe`
    assert proposed(found) == [{"it.flag": False}]


def test_an_earlier_case_that_allows_may_be_reached() -> None:
    body = """
    cases:
      - { case: excepted, if: { it.flag: { is: true }, it.other: { is: true } }, then: allow }
      - { case: refused, if: { it.amount: { above: $cap } }, then: { deny: REFUSED } }
    otherwise: { review: LOOK }
    """
    facts = {"it.flag": False, "it.other": True, "it.amount": 30_000}
    found = solve(body, facts, {"it.flag": "true", "it.amount": LOWER})
    assert proposed(found) == [{"it.flag": True}]


def test_a_rule_is_silenced_where_its_when_can_be_left() -> None:
    body = "when: { it.kind: { is: red } }\n" + rule("it.amount: { above: $cap }")
    found = solve(body, {"it.kind": "red", "it.amount": 30_000}, {"it.kind": "any"})
    assert proposed(found) == [{"it.kind": "green"}, {"it.kind": "blue"}]


def test_a_value_is_pushed_on_where_another_rule_needs_more() -> None:
    release = small_policy.release(
        first=rule("it.amount: { above: $cap }"), second=rule("it.amount: { above: it.spent }")
    )
    decider = Decider(with_remedies(release, {"it.amount": LOWER}))
    facts = {"asked.on": TODAY, "it.amount": 30_000, "it.spent": 7_000}
    found = find_remedies(decider, decider.decide("ask", facts))
    assert proposed(found) == [{"it.amount": 7_000}]


def test_a_value_jumps_over_what_another_rule_refuses() -> None:
    release = small_policy.release(
        low=rule("it.count: { below: it.year }"),
        near=rule("apart: { at_most: $ages }", "apart: { distance: [it.count, it.year] }"),
    )
    decider = Decider(with_remedies(release, {"it.count": HIGHER}))
    facts = {"asked.on": TODAY, "it.count": 5, "it.year": 10}
    found = find_remedies(decider, decider.decide("ask", facts))
    assert proposed(found) == [{"it.count": 14}]


def test_an_amount_is_never_lowered_below_nothing() -> None:
    body = rule("total: { above: $cap }", "total: { add: [it.spent, it.amount] }")
    found = solve(body, {"it.spent": 5_000, "it.amount": 20_001}, {"it.spent": LOWER})
    assert (found.state, found.remedies) == ("nothing", ())


def test_a_set_that_passes_with_less_is_cut_down_to_what_is_needed() -> None:
    release = small_policy.release(only=rule("it.flag: { is: true }"))
    decider = Decider(with_remedies(release, {"it.flag": "false", "it.papers": "add"}))
    facts = {"asked.on": TODAY, "it.flag": True, "it.papers": ()}
    decided = decider.decide("ask", facts)
    changeable = Changeable(decider.release.facts, facts, TODAY)
    search = Search(Questions(decider, decided, None), changeable, frozenset({"allow"}))
    search.consider((("it.flag", False), ("it.papers", ("quote",))))
    assert search.found == [(("it.flag", False),)]


def test_an_absent_day_is_set_to_the_day_of_the_decision_or_to_what_is_needed() -> None:
    body = rule("any_of: [ { it.last: { is: none } }, { it.last: { before: it.day } } ]")
    found = solve(body, {"it.last": None, "it.day": date(2026, 1, 1)}, {"it.last": LATER})
    assert proposed(found) == [{"it.last": TODAY}]
    found = solve(body, {"it.last": None, "it.day": date(2027, 1, 1)}, {"it.last": LATER})
    assert proposed(found) == [{"it.last": date(2027, 1, 1)}]


# --- the law of a moved day ---------------------------------------------------------------------


def test_a_moved_day_must_also_pass_under_its_own_law() -> None:
    """On 2026-01-01 the cap rises to $200: an amount that did in December no longer does."""
    release = small_policy.release(
        closed=rule("asked.on: { during: $new_year }"), small=rule("it.amount: { below: $cap }")
    )
    decider = Decider(with_remedies(release, {"asked.on": LATER, "it.amount": HIGHER}))
    facts = {"asked.on": date(2025, 12, 24), "it.amount": 15_000}
    found = find_remedies(decider, decider.decide("ask", facts))
    assert proposed(found) == [{"asked.on": date(2026, 1, 7), "it.amount": 20_000}]
    on_the_old_law = {"asked.on": date(2026, 1, 7), "it.amount": 15_000}
    assert decider.decide("ask", on_the_old_law, date(2025, 12, 24)).verdict == "allow"


def test_a_law_that_was_asked_for_by_its_day_stays() -> None:
    release = small_policy.release(only=rule("it.amount: { above: $cap }"))
    decider = Decider(with_remedies(release, {"it.amount": LOWER}))
    facts = {"asked.on": TODAY, "it.amount": 30_000}
    found = find_remedies(decider, decider.decide("ask", facts, date(2025, 3, 1)))
    assert proposed(found) == [{"it.amount": 10_000}]


def test_personal_values_are_hidden_in_words() -> None:
    release = with_remedies(
        small_policy.release(only=rule("it.born_on: { before: it.day }")), {"it.born_on": LATER}
    )
    decider = Decider(release)
    facts = {"asked.on": TODAY, "it.day": date(2027, 5, 5), "it.born_on": date(2027, 3, 3)}
    found = find_remedies(decider, decider.decide("ask", facts))
    assert found.remedies[0].changes[0].personal
    text = render_remedies(found)
    assert "2027" not in text
    assert "(personal)" in text
