"""Near misses at their boundaries: the last day, the last cent, and what nobody knows."""

import json
from datetime import date

import pytest
from support.small_policy import TODAY, release

from engine.decide.decider import Decider
from engine.decide.explain import render_near
from engine.decide.near import SHOWN, find_misses, misses_to_json, told_miss
from engine.decide.trace import masked

WINDOW = """
steps: { days_since: { days_from: it.last, to: asked.on } }
cases:
  - { case: none_given, if: { it.last: { is: none } }, then: { incomplete: NOTHING } }
  - { case: over, if: { days_since: { above: $window } }, then: { deny: OVER } }
otherwise: allow
"""


def misses_of(facts, **rules):
    decider = Decider(release(**rules))
    trace = decider.trace(decider.decide("ask", {"asked.on": TODAY, **facts}))
    return find_misses(decider.release, trace)


def told(facts, **rules):
    return [told_miss(miss) for miss in misses_of(facts, **rules) if miss.distance]


def case(condition, then="{ deny: LATE }"):
    return f"cases: [{{ case: a, if: {condition}, then: {then} }}]\notherwise: allow"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("2026-08-22", ["days_since 29 is not above 30: 2 days more would deny with OVER"]),
        ("2026-08-21", ["days_since 30 is not above 30: one day more would deny with OVER"]),
        ("2026-08-20", []),
    ],
)
def test_the_day_before_and_the_last_day_are_near_and_the_day_after_is_denied(last, expected):
    assert told({"it.last": date.fromisoformat(last)}, window=WINDOW) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (98_000, ["it.amount $980.00 is not above $1,000.00: $20.01 more would deny with LATE"]),
        (100_000, ["it.amount $1,000.00 is not above $1,000.00: $0.01 more would deny with LATE"]),
        (100_001, []),
    ],
)
def test_an_amount_up_to_the_balance_is_near_and_a_cent_above_it_is_denied(amount, expected):
    facts = {"it.amount": amount, "it.spent": 100_000}
    assert told(facts, balance=case("{ it.amount: { above: it.spent } }")) == expected


def test_close_is_a_tenth_of_the_amount_seven_days_or_one_of_a_count():
    rule = case("{ it.amount: { above: $cap } }")
    closeness = [misses_of({"it.amount": cents}, a=rule)[0].is_close for cents in (18_001, 18_000)]
    assert closeness == [True, False]
    days = case("{ it.days: { above: $window } }")
    assert [misses_of({"it.days": n}, a=days)[0].is_close for n in (24, 23)] == [True, False]
    count = case("{ it.count: { above: $ages } }")
    assert [misses_of({"it.count": n}, a=count)[0].is_close for n in (3, 2)] == [True, False]


def test_an_unknown_fact_is_never_near():
    assert misses_of({}, window=WINDOW) == []
    both = case("{ it.amount: { above: $cap }, it.flag: { is: true } }")
    assert misses_of({"it.amount": 20_000}, a=both) == []
    assert misses_of({"it.flag": False}, a=both) == []


def test_two_clauses_that_fail_together_are_no_near_miss():
    both = case("{ it.amount: { above: $cap }, it.flag: { is: true } }")
    assert misses_of({"it.amount": 20_000, "it.flag": False}, a=both) == []
    assert len(misses_of({"it.amount": 20_000, "it.flag": True}, a=both)) == 1


def test_a_case_behind_one_that_answered_or_that_nobody_can_tell_is_not_near():
    rule = """
cases:
  - { case: first, if: { it.flag: { is: true } }, then: { deny: LATE } }
  - { case: second, if: { it.amount: { above: $cap } }, then: { review: LATE } }
otherwise: { deny: LATE }
"""
    near = {"it.amount": 20_000}
    assert [m.case for m in misses_of({**near, "it.flag": False}, a=rule)] == ["second"]
    assert misses_of({**near, "it.flag": True}, a=rule) == []
    # All that may come of it is the same denial, and still nobody knows whether the second case
    # would have been tried.
    assert misses_of(near, a=rule) == []


def test_a_case_that_would_say_the_same_is_no_miss():
    assert misses_of({"it.flag": False}, a=case("{ it.flag: { is: true } }", "{ allow: LATE }"))
    same = "cases: [{ case: a, if: { it.flag: { is: true } }, then: { deny: LATE } }]\n"
    assert misses_of({"it.flag": False}, a=same + "otherwise: { deny: LATE }") == []


def test_a_rule_that_does_not_apply_has_no_near_miss():
    rule = "when: { it.amount: { above: $cap } }\n" + case("{ it.flag: { is: true } }")
    assert misses_of({"it.amount": 20_000, "it.flag": False}, a=rule) == []
    assert len(misses_of({"it.amount": 20_001, "it.flag": False}, a=rule)) == 1


def test_each_entry_of_a_group_may_be_the_one():
    rule = case("{ any_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ] }")
    assert len(misses_of({"it.flag": False, "it.other": False}, a=rule)) == 2
    rule = case("{ none_of: [ { it.flag: { is: true } }, { it.other: { is: true } } ] }")
    assert len(misses_of({"it.flag": True, "it.other": False}, a=rule)) == 1
    assert misses_of({"it.flag": True, "it.other": True}, a=rule) == []


@pytest.mark.parametrize(
    ("condition", "facts", "words"),
    [
        ("{ it.day: { before: asked.on } }", {"it.day": TODAY}, "one day earlier"),
        ("{ it.day: { after: asked.on } }", {"it.day": date(2026, 9, 18)}, "3 days later"),
        ("{ it.day: { during: $summer } }", {"it.day": date(2026, 6, 13)}, "2 days later"),
        ("{ it.day: { during: $summer } }", {"it.day": date(2026, 7, 1)}, "one day earlier"),
        ("{ it.day: { outside: $new_year } }", {"it.day": date(2027, 1, 5)}, "2 days later"),
        ("{ it.part: { at_least: $part } }", {"it.part": 1_000}, "2.5 % more"),
        ("{ it.amount: { below: $floor } }", {"it.amount": 1_000}, "$0.01 less"),
        ("{ it.amount: { at_most: zero } }", {"it.amount": 5}, "$0.05 less"),
        ("{ none_of: [ { it.amount: { above: $cap } } ] }", {"it.amount": 20_050}, "$0.50 less"),
    ],
)
def test_a_distance_has_the_words_of_its_kind(condition, facts, words):
    (miss,) = misses_of(facts, a=case(condition))
    assert miss.distance.text() == words


def test_words_flags_and_absence_have_no_distance_and_stand_last():
    first = case("{ it.kind: { is: red } }")
    second = case("{ it.amount: { above: $cap } }", "{ deny: OVER }")
    misses = misses_of({"it.kind": "blue", "it.amount": 100}, first=first, second=second)
    assert [miss.rule.name for miss in misses] == ["ask.second", "ask.first"]
    assert told_miss(misses[1]) == (
        "it.kind is blue, not red: the other way it would deny with LATE"
    )


def test_the_nearest_comes_first_and_the_list_is_bounded():
    rules = {
        f"rule_{letter}": case("{ it.amount: { above: $cap } }")
        for letter in "abcdefghijklmnopqrstuvwxyz"[: SHOWN + 3]
    }
    shown = misses_to_json(misses_of({"it.amount": 19_000}, **rules))
    assert (len(shown["near"]), shown["more"]) == (SHOWN, 3)


def test_what_rests_on_a_personal_fact_keeps_its_distance_to_itself_once_masked():
    rule = "steps: { age: { days_from: it.born_on, to: asked.on } }\n" + case(
        "{ age: { above: $window } }"
    )
    decider = Decider(release(a=rule))
    facts = {"asked.on": TODAY, "it.born_on": date(2026, 8, 21)}
    trace = decider.trace(decider.decide("ask", facts))
    assert told_miss(find_misses(decider.release, trace)[0]).startswith("age 30 is not above 30:")
    (hidden,) = find_misses(decider.release, masked(trace))
    assert hidden.distance is None
    assert told_miss(hidden) == "age is above $window: the other way it would deny with LATE"
    text = json.dumps(misses_to_json([hidden])) + render_near(trace, misses_to_json([hidden]))
    assert "2026-08-21" not in text
    assert "30 is not" not in text


def test_a_day_that_nobody_knows_judges_no_rule_and_leaves_nothing_near():
    decider = Decider(release(window=WINDOW))
    trace = decider.trace(decider.decide("ask", {}))
    assert find_misses(decider.release, trace) == []
    assert "nothing was missed only just" in render_near(trace, misses_to_json([]))
