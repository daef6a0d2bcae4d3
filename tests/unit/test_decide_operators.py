"""Every operator and every step: what it comes to, in both ways of working, and what is said.

`Decider.trace` judges again by the slow reading and refuses to speak where it differs from the
compiled one, so each line below holds both to the same outcome.
"""

from datetime import date

import pytest
from support.small_policy import TODAY, release

from engine.decide.decider import Decider
from engine.language.values import UNKNOWN

CLAUSE = """
cases:
  - {{ case: tested, if: {{ {clause} }}, then: {{ deny: TESTED }} }}
  - {{ case: absent, if: {{ {absent}: {{ is: none }} }}, then: {{ review: ABSENT }} }}
otherwise: allow
"""


def ask(body, facts, **parts):
    decider = Decider(release(first=body, **parts))
    given = {"asked.on": TODAY, **{f"it.{name}": value for name, value in facts.items()}}
    decided = decider.decide("ask", given)
    return decided, decider.trace(decided)["rules"][0]


def judged(clause, facts, absent):
    decided, rule = ask(CLAUSE.format(clause=clause, absent=absent), facts)
    return decided.outcomes[0], rule["cases"][0]["conditions"][0]["text"]


@pytest.mark.parametrize(
    ("clause", "facts", "outcome", "text"),
    [
        ("it.kind: { is: red }", {"kind": "red"}, "m", "it.kind is red"),
        ("it.kind: { is: red }", {"kind": "blue"}, "u", "it.kind is blue, not red"),
        ("it.kind: { is: red }", {}, "?", "it.kind is red: it.kind is unknown"),
        ("it.kind: { is_not: red }", {"kind": "blue"}, "m", "it.kind is blue, not red"),
        ("it.kind: { is_not: red }", {"kind": "red"}, "u", "it.kind is red"),
        ("it.flag: { is: true }", {"flag": True}, "m", "it.flag is true"),
        ("it.flag: { is: true }", {"flag": False}, "u", "it.flag is false, not true"),
        ("it.flag: { is_not: true }", {"flag": False}, "m", "it.flag is false, not true"),
        ("it.flag: { is: $open }", {"flag": False}, "u", "it.flag is false, not true"),
        ("it.kind: { is: it.shade }", {"kind": "red", "shade": "red"}, "m", "it.kind is red"),
        ("it.kind: { is: it.shade }", {"kind": "red", "shade": None}, "u",
         "it.kind is red, not none"),
        ("it.kind: { is: it.shade }", {"kind": "red"}, "?",
         "it.kind is it.shade: it.shade is unknown"),
        ("it.amount: { is: zero }", {"amount": 0}, "m", "it.amount is $0.00"),
        ("it.kind: { in: [red, blue] }", {"kind": "red"}, "m", "it.kind red is one of [red, blue]"),
        ("it.kind: { in: [red, blue] }", {"kind": "green"}, "u",
         "it.kind green is none of [red, blue]"),
        ("it.kind: { not_in: $kinds }", {"kind": "blue"}, "m",
         "it.kind blue is none of $kinds (2, since 2022-07-01)"),
        ("it.kind: { not_in: $kinds }", {"kind": "red"}, "u",
         "it.kind red is one of $kinds (2, since 2022-07-01)"),
        ("it.amount: { above: $floor }", {"amount": 1_001}, "m",
         "it.amount $10.01 is above $10.00"),
        ("it.amount: { above: $floor }", {"amount": 1_000}, "u",
         "it.amount $10.00 is not above $10.00"),
        ("it.amount: { at_least: $floor }", {"amount": 1_000}, "m",
         "it.amount $10.00 is at least $10.00"),
        ("it.amount: { at_most: it.spent }", {"amount": 5, "spent": 4}, "u",
         "it.amount $0.05 is not at most $0.04"),
        ("it.amount: { below: it.spent }", {}, "?",
         "it.amount is below it.spent: it.amount and it.spent are unknown"),
        ("it.part: { below: $part }", {"part": 1_249}, "m", "it.part 12.49 % is below 12.5 %"),
        ("it.count: { above: zero }", {"count": 0}, "u", "it.count 0 is not above 0"),
        ("it.day: { before: decision.day }", {"day": date(2026, 9, 19)}, "m",
         "it.day 2026-09-19 is before 2026-09-20"),
        ("it.day: { before: decision.day }", {"day": TODAY}, "u",
         "it.day 2026-09-20 is not before 2026-09-20"),
        ("it.day: { on_or_before: asked.on }", {"day": TODAY}, "m",
         "it.day 2026-09-20 is on or before 2026-09-20"),
        ("it.day: { on_or_after: asked.on }", {"day": TODAY}, "m",
         "it.day 2026-09-20 is on or after 2026-09-20"),
        ("it.day: { after: asked.on }", {"day": TODAY}, "u",
         "it.day 2026-09-20 is not after 2026-09-20"),
        ("it.day: { during: $summer }", {"day": date(2027, 6, 15)}, "m",
         "it.day 2027-06-15 is during June 15 to June 30"),
        ("it.day: { during: $summer }", {"day": date(2027, 7, 1)}, "u",
         "it.day 2027-07-01 is not during June 15 to June 30"),
        ("it.day: { during: $new_year }", {"day": date(2027, 1, 6)}, "m",
         "it.day 2027-01-06 is during December 20 to January 6"),
        ("it.day: { during: $new_year }", {"day": date(2027, 12, 20)}, "m",
         "it.day 2027-12-20 is during December 20 to January 6"),
        ("it.day: { outside: $new_year }", {"day": date(2027, 1, 7)}, "m",
         "it.day 2027-01-07 is outside December 20 to January 6"),
        ("it.day: { outside: $new_year }", {"day": date(2027, 12, 31)}, "u",
         "it.day 2027-12-31 is not outside December 20 to January 6"),
        ("it.papers: { includes: invoice }", {"papers": ("quote", "invoice")}, "m",
         "it.papers includes invoice"),
        ("it.papers: { includes: invoice }", {"papers": ("receipt", "quote")}, "u",
         "it.papers lacks invoice (has receipt, quote)"),
        ("it.papers: { lacks: invoice }", {"papers": ()}, "m",
         "it.papers lacks invoice (has nothing)"),
        ("it.papers: { lacks: invoice }", {"papers": ("invoice",)}, "u",
         "it.papers includes invoice"),
        ("it.papers: { includes: it.paper }", {"papers": ("invoice",), "paper": "invoice"}, "m",
         "it.papers includes invoice"),
        ("it.papers: { lacks: it.paper }", {"papers": ("invoice",), "paper": "other"}, "m",
         "it.papers lacks other (has invoice)"),
        ("it.papers: { includes: it.paper }", {"papers": ("invoice",), "paper": None}, "u",
         "it.papers lacks none (has invoice)"),
        ("it.papers: { lacks: it.paper }", {"papers": ("invoice",), "paper": None}, "m",
         "it.papers lacks none (has invoice)"),
        ("it.papers: { includes_any: $proofs }", {"papers": ("invoice", "quote")}, "m",
         "it.papers includes quote, one of $proofs"),
        ("it.papers: { includes_any: $proofs }", {"papers": ("invoice",)}, "u",
         "it.papers includes none of 2"),
        ("it.papers: { includes_none: [invoice, quote] }", {"papers": ("receipt",)}, "m",
         "it.papers includes none of 2"),
        ("it.papers: { includes_none: [invoice, quote] }", {"papers": ("quote", "invoice")}, "u",
         "it.papers includes quote, invoice, one of [invoice, quote]"),
        ("it.papers: { includes_none: $proofs }", {}, "?",
         "it.papers includes none of $proofs: it.papers is unknown"),
    ],
)  # fmt: skip
def test_an_operator_is_met_unmet_or_unknown_and_says_so(clause, facts, outcome, text):
    absent = "it.paper" if "it.paper" in clause else "it.shade"
    assert judged(clause, facts, absent) == (outcome, text)


@pytest.mark.parametrize(
    ("clause", "name", "value", "outcome", "text"),
    [
        ("it.word: { is: none }", "word", None, "m", "it.word is absent"),
        ("it.word: { is: none }", "word", "D-2201", "u", "it.word is there: D-2201"),
        ("it.word: { is: none }", "word", UNKNOWN, "?", "it.word is absent: it.word is unknown"),
        ("it.word: { is_not: none }", "word", "D-2201", "m", "it.word is there: D-2201"),
        ("it.word: { is_not: none }", "word", None, "u", "it.word is absent"),
        ("it.word: { is_not: none }", "word", UNKNOWN, "?",
         "it.word is there: it.word is unknown"),
        ("it.shade: { is: red }", "shade", None, "u", "it.shade is none, not red"),
        ("it.shade: { is_not: red }", "shade", None, "m", "it.shade is none, not red"),
        ("it.shade: { in: [red] }", "shade", None, "u", "it.shade none is none of [red]"),
        ("it.shade: { not_in: [red] }", "shade", None, "m", "it.shade none is none of [red]"),
        ("it.maybe: { is_not: true }", "maybe", None, "m", "it.maybe is none, not true"),
        ("it.maybe: { is: false }", "maybe", None, "u", "it.maybe is none, not false"),
        ("it.rest: { above: zero }", "rest", None, "u", "it.rest none is not above $0.00"),
        ("it.rest: { below: $floor }", "rest", None, "u", "it.rest none is not below $10.00"),
        ("it.last: { before: asked.on }", "last", None, "u",
         "it.last none is not before 2026-09-20"),
        ("it.last: { during: $summer }", "last", None, "u",
         "it.last none is not during June 15 to June 30"),
        ("it.last: { outside: $summer }", "last", None, "u",
         "it.last none is not outside June 15 to June 30"),
    ],
)  # fmt: skip
def test_none_equals_nothing_and_has_no_order(clause, name, value, outcome, text):
    facts = {} if value is UNKNOWN else {name: value}
    assert judged(clause, facts, "it.rest" if "none" in clause else f"it.{name}") == (outcome, text)


def test_two_absent_values_are_not_equal():
    for operator, outcome in (("is", "u"), ("is_not", "m")):
        clause = f"it.last: {{ {operator}: worked_out }}"
        body = "steps: { worked_out: { days: it.days, after: it.last } }" + CLAUSE.format(
            clause=clause, absent="it.last"
        )
        decided, _ = ask(body, {"last": None, "days": 1})
        assert decided.outcomes[0] == outcome


# --- groups ---------------------------------------------------------------------------------------

GROUP = """
cases:
  - case: tested
    if:
      {operator}:
        - {{ it.flag: {{ is: true }} }}
        - {{ it.other: {{ is: true }} }}
        - {{ it.amount: {{ above: zero }} }}
    then: {{ deny: TESTED }}
otherwise: allow
"""


@pytest.mark.parametrize(
    ("operator", "facts", "outcome", "text"),
    [
        ("any_of", {"flag": False, "other": True, "amount": 0}, "met", "any of 3: met by the 2nd"),
        ("any_of", {"flag": True, "other": False, "amount": 1}, "met",
         "any of 3: met by the 1st and 3rd"),
        ("any_of", {"flag": False, "other": False, "amount": 0}, "unmet", "any of 3: none met"),
        ("any_of", {"flag": False, "amount": 0}, "unknown", "any of 3: the 2nd is unknown"),
        ("none_of", {"flag": False, "other": False, "amount": 0}, "met", "none of 3: none met"),
        ("none_of", {"flag": True, "amount": 0}, "unmet", "none of 3: met by the 1st"),
        ("none_of", {"amount": 0}, "unknown", "none of 3: the 1st and 2nd are unknown"),
    ],
)  # fmt: skip
def test_a_group_says_which_of_its_entries_settled_it(operator, facts, outcome, text):
    _, rule = ask(GROUP.format(operator=operator), facts)
    node = rule["cases"][0]["conditions"][0]
    assert (node["outcome"], node["text"]) == (outcome, text)
    assert len(node["entries"]) == 3


# --- steps --------------------------------------------------------------------------------------


ABSENCES = """
cases:
  - { case: rest, if: { it.rest: { is: none } }, then: { review: REST } }
  - { case: last, if: { it.last: { is: none } }, then: { review: LAST } }
  - { case: maybe, if: { it.maybe: { is: none } }, then: { review: MAYBE } }
otherwise: allow
"""


def worked_out(step, kind, facts):
    """The answer that the step gives, and what the trace says of it."""
    body = f"steps: {{ out: {step} }}\nanswers: {{ out: out }}{ABSENCES}"
    decided, rule = ask(body, facts, answers=f"{{ out: {kind} }}")
    return decided.answers["out"], rule["steps"][0]


@pytest.mark.parametrize(
    ("step", "kind", "facts", "value", "text"),
    [
        ("{ add: [it.amount, it.spent, $floor] }", "money", {"amount": 1, "spent": 2}, 1_003,
         "out $10.03: it.amount $0.01 + it.spent $0.02 + $floor $10.00"),
        ("{ subtract: [it.amount, it.spent] }", "money", {"amount": 1, "spent": 2}, -1,
         "out -$0.01: it.amount $0.01 less it.spent $0.02"),
        ("{ subtract: [it.amount, it.spent], not_below: zero }", "money", {"amount": 1, "spent": 2},
         0, "out $0.00: it.amount $0.01 less it.spent $0.02, not below zero, which binds"),
        ("{ add: [it.amount, it.spent], not_above: $floor }", "money", {"amount": 1, "spent": 2}, 3,
         "out $0.03: it.amount $0.01 + it.spent $0.02, not above $floor $10.00"),
        ("{ add: [it.amount, it.spent], not_above: it.rest }", "money",
         {"amount": 1, "spent": 2, "rest": None}, 3,
         "out $0.03: it.amount $0.01 + it.spent $0.02, not above it.rest none"),
        ("{ add: [it.amount, zero], not_below: $cap, not_above: $floor }", "money", {"amount": 1},
         1_000, "out $10.00: it.amount $0.01 + zero, not below $cap $200.00, "
         "not above $floor $10.00, which binds"),
        ("{ distance: [it.count, $ages] }", "integer", {"count": 1}, 2,
         "out 2: difference of it.count 1 and $ages 3"),
        ("{ least: [it.amount, $floor] }", "money", {"amount": 5}, 5,
         "out $0.05: least of it.amount $0.05, $floor $10.00; it.amount binds"),
        ("{ greatest: [it.amount, $floor] }", "money", {"amount": 5}, 1_000,
         "out $10.00: greatest of it.amount $0.05, $floor $10.00; $floor binds"),
        ("{ share: $part, of: it.amount, round: half_up }", "money", {"amount": 4}, 1,
         "out $0.01: $part 12.5 % of it.amount $0.04, rounded half up"),
        ("{ share: $part, of: it.amount, round: half_even }", "money", {"amount": 4}, 0,
         "out $0.00: $part 12.5 % of it.amount $0.04, rounded half even"),
        ("{ share: $part, of: it.spent, round: up }", "money", {"spent": -9}, -2,
         "out -$0.02: $part 12.5 % of it.spent -$0.09, rounded up"),
        ("{ share: $part, of: it.spent, round: down }", "money", {"spent": -9}, -1,
         "out -$0.01: $part 12.5 % of it.spent -$0.09, rounded down"),
        ("{ days_from: it.day, to: asked.on }", "days", {"day": date(2026, 9, 21)}, -1,
         "out -1: days from it.day 2026-09-21 to asked.on 2026-09-20"),
        ("{ days: $window, after: it.day }", "date", {"day": date(2026, 8, 31)},
         date(2026, 9, 30), "out 2026-09-30: $window 30 days after it.day 2026-08-31"),
        ("{ days: it.days, before: it.day }", "date", {"day": date(2026, 3, 1), "days": 1},
         date(2026, 2, 28), "out 2026-02-28: it.days 1 days before it.day 2026-03-01"),
        ("{ years: $again, after: it.day }", "date", {"day": date(2024, 2, 29)},
         date(2027, 2, 28), "out 2027-02-28: $again 3 years after it.day 2024-02-29"),
        ("{ years: $again, before: it.day }", "date", {"day": date(2026, 5, 1)},
         date(2023, 5, 1), "out 2023-05-01: $again 3 years before it.day 2026-05-01"),
        ("{ day: $deadline, in_year: it.year }", "date", {"year": 2027}, date(2027, 4, 15),
         "out 2027-04-15: $deadline April 15 in fiscal year it.year 2027"),
        ("{ day: $late, in_year: it.year }", "date", {"year": 2027}, date(2026, 8, 20),
         "out 2026-08-20: $late August 20 in fiscal year it.year 2027"),
        ("{ day: $deadline, before_year: it.year }", "date", {"year": 2027}, date(2026, 4, 15),
         "out 2026-04-15: $deadline April 15 before fiscal year it.year 2027 begins"),
        ("{ day: $late, before_year: it.year }", "date", {"year": 2027}, date(2025, 8, 20),
         "out 2025-08-20: $late August 20 before fiscal year it.year 2027 begins"),
        ("{ choose_by: it.kind, from: { red: it.amount, otherwise: zero } }", "money",
         {"kind": "red", "amount": 5}, 5, "out $0.05: by it.kind red, so it.amount $0.05"),
        ("{ choose_by: it.kind, from: { red: it.amount, otherwise: zero } }", "money",
         {"kind": "blue"}, 0, "out $0.00: by it.kind blue, so zero"),
        ("{ choose_by: it.flag, from: { true: $cap, false: it.amount }, not_above: $floor }",
         "money", {"flag": True}, 1_000,
         "out $10.00: by it.flag true, so $cap $200.00, not above $floor $10.00, which binds"),
        ("{ holds: { it.flag: { is: true } } }", "boolean", {"flag": True}, True,
         "out true: its conditions hold"),
        ("{ holds: { it.flag: { is: true } } }", "boolean", {"flag": False}, False,
         "out false: its conditions do not hold"),
        ("{ look_up: $tiers, by: it.kind, take: count }", "integer", {"kind": "blue"}, 3,
         "out 3: count of $tiers by it.kind blue, row blue"),
        ("{ look_up: $weeks, by: it.count, take: share }", "share", {"count": 2}, 10_000,
         "out 100 %: share of $weeks by it.count 2, row up to 2"),
        ("{ look_up: $weeks, by: it.count, take: share }", "share", {"count": 3}, 5_000,
         "out 50 %: share of $weeks by it.count 3, row up to 7"),
        ("{ look_up: $weeks, by: it.count, take: share }", "share", {"count": 8}, 0,
         "out 0 %: share of $weeks by it.count 8, row above 7"),
    ],
)  # fmt: skip
def test_a_step_has_a_result_and_says_how_it_came(step, kind, facts, value, text):
    result, node = worked_out(step, kind, {"rest": 5, "last": TODAY, **facts})
    assert (result, type(result)) == (value, type(value))
    assert (node["text"], node["state"]) == (text, "known")


@pytest.mark.parametrize(
    ("step", "kind", "facts", "value"),
    [
        ("{ add: [it.amount, it.rest] }", "money", {"rest": None}, UNKNOWN),
        ("{ add: [it.amount, it.rest] }", "money", {"rest": None, "amount": 1}, None),
        ("{ subtract: [it.amount, it.spent], not_below: it.rest }", "money",
         {"amount": 1, "spent": 2}, UNKNOWN),
        ("{ subtract: [it.rest, it.spent], not_below: zero }", "money",
         {"rest": None, "spent": 2}, None),
        ("{ least: [it.amount, it.rest], not_above: it.spent }", "money",
         {"rest": None, "amount": 1}, UNKNOWN),
        ("{ choose_by: it.maybe, from: { true: it.amount, false: zero } }", "money",
         {"maybe": None}, None),
        ("{ choose_by: it.maybe, from: { true: it.amount, false: zero } }", "money", {}, UNKNOWN),
        ("{ choose_by: it.maybe, from: { true: it.amount, false: zero }, not_below: it.spent }",
         "money", {"maybe": False}, UNKNOWN),
        ("{ look_up: $tiers, by: it.kind, take: day }", "money", {"kind": "green"}, None),
        ("{ look_up: $tiers, by: it.kind, take: day, not_below: $cap }", "money",
         {"kind": "green"}, None),
        ("{ look_up: $tiers, by: it.kind, take: day }", "money", {}, UNKNOWN),
        ("{ days_from: it.last, to: asked.on }", "days", {"last": None}, None),
        ("{ holds: { it.flag: { is: true }, it.other: { is: true } } }", "boolean",
         {"flag": True}, UNKNOWN),
        ("{ holds: { it.flag: { is: true }, it.other: { is: true } } }", "boolean",
         {"flag": False}, False),
    ],
)  # fmt: skip
def test_a_step_is_unknown_or_none_where_what_it_reads_is(step, kind, facts, value):
    given = {"rest": 5, "last": TODAY}
    if "it.rest" in step and "rest" not in facts:
        del given["rest"]
    result, node = worked_out(step, kind, {**given, **facts})
    state = "unknown" if value is UNKNOWN else "none" if value is None else "known"
    assert (result, node["state"]) == (value, state)
