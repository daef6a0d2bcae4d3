"""How the nearest value that would do is found, through each operator, group and step."""

from collections.abc import Mapping
from datetime import date

import pytest
from support.remedy_policy import EARLIER, HIGHER, LATER, LOWER, proposed, rule, solve

from engine.decide.remedy_texts import render_remedies
from engine.language.values import Value

LEAP = date(2024, 2, 29)


NUMBERS = [
    ("above a bound", rule("it.amount: { above: $cap }"), {"it.amount": 30_000}, LOWER, 20_000),
    ("at least a bound", rule("it.amount: { at_least: $cap }"), {"it.amount": 30_000}, LOWER,
     19_999),
    ("below a bound", rule("it.amount: { below: $floor }"), {"it.amount": 5}, HIGHER, 1_000),
    ("is a bound", rule("it.amount: { is: $floor }"), {"it.amount": 1_000}, HIGHER, 1_001),
    ("on the right side", rule("it.spent: { at_least: it.amount }"),
     {"it.spent": 700, "it.amount": 700}, HIGHER, 701),
    ("added", rule("total: { above: $cap }", "total: { add: [it.amount, it.spent] }"),
     {"it.amount": 18_000, "it.spent": 2_500}, LOWER, 17_500),
    ("taken from", rule("rest: { below: $floor }", "rest: { subtract: [it.amount, it.spent] }"),
     {"it.amount": 2_000, "it.spent": 1_500}, HIGHER, 2_500),
    ("taken away", rule("rest: { below: $floor }", "rest: { subtract: [$cap, it.amount] }"),
     {"it.amount": 19_500}, LOWER, 19_000),
    ("the least", rule("kept: { above: $floor }", "kept: { least: [it.amount, it.spent] }"),
     {"it.amount": 9_000, "it.spent": 5_000}, LOWER, 1_000),
    ("the greatest", rule("kept: { above: $cap }", "kept: { greatest: [it.amount, it.spent] }"),
     {"it.amount": 90_000, "it.spent": 5_000}, LOWER, 20_000),
    ("a share of it, rounded",
     rule("paid: { above: $floor }", "paid: { share: $part, of: it.amount, round: half_up }"),
     {"it.amount": 100_000}, LOWER, 8_003),
    ("a share of it, rounded up",
     rule("paid: { above: $floor }", "paid: { share: $part, of: it.amount, round: up }"),
     {"it.amount": 100_000}, LOWER, 8_000),
    ("bounded above", rule("kept: { at_least: $cap }",
                           "kept: { add: [it.amount, it.spent], not_above: $cap }"),
     {"it.amount": 30_000, "it.spent": 1}, LOWER, 19_998),
    ("a bound itself", rule("kept: { above: $floor }",
                            "kept: { add: [it.spent, it.spent], not_above: it.amount }"),
     {"it.amount": 30_000, "it.spent": 1_000}, LOWER, 1_000),
    ("read twice", rule("kept: { above: $floor }",
                        "paid: { share: $part, of: it.amount, round: down }, "
                        "kept: { subtract: [it.amount, paid] }"),
     {"it.amount": 30_000}, LOWER, 1_142),
    ("between two bounds",
     rule("total: { above: $cap }",
          "fits: { holds: { it.amount: { at_least: $floor, at_most: $cap } } }, "
          "fee: { choose_by: fits, from: { true: zero, false: $cap } }, "
          "total: { add: [fee, it.spent] }"),
     {"it.amount": 30_000, "it.spent": 1}, LOWER, 20_000),
    ("a share of a debt", rule("paid: { below: it.spent }",
                               "paid: { share: it.part, of: it.amount, round: down }"),
     {"it.amount": -90_000, "it.spent": -5_000, "it.part": 1_000}, HIGHER, -50_000 - 9),
    ("through a condition that picks an amount",
     rule("taken: { above: $floor }",
          "large: { holds: { it.amount: { above: $cap } } }, "
          "taken: { choose_by: large, from: { true: it.amount, false: zero } }"),
     {"it.amount": 30_000}, LOWER, 20_000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "facts", "remedy", "expected"), [row[1:] for row in NUMBERS],
    ids=[row[0] for row in NUMBERS],
)  # fmt: skip
def test_an_amount_goes_to_the_nearest_cent_that_does(
    body: str, facts: Mapping[str, Value], remedy: str, expected: int
) -> None:
    found = solve(body, facts, {"it.amount": remedy})
    assert proposed(found) == [{"it.amount": expected}]


COUNTS = [
    ("distance from above", rule("apart: { above: $ages }",
                                 "apart: { distance: [it.count, it.year] }"),
     {"it.count": 20, "it.year": 10}, LOWER, 13),
    ("distance from below", rule("apart: { above: $ages }",
                                 "apart: { distance: [it.count, it.year] }"),
     {"it.count": 2, "it.year": 10}, HIGHER, 7),
    ("a table by range",
     rule("share: { below: $part }", "share: { look_up: $weeks, by: it.count, take: share }"),
     {"it.count": 20}, LOWER, 7),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "facts", "remedy", "expected"), [row[1:] for row in COUNTS],
    ids=[row[0] for row in COUNTS],
)  # fmt: skip
def test_a_count_goes_to_the_nearest_number_that_does(
    body: str, facts: Mapping[str, Value], remedy: str, expected: int
) -> None:
    found = solve(body, facts, {"it.count": remedy})
    assert proposed(found) == [{"it.count": expected}]


DAYS = [
    ("before a day", rule("asked.on: { before: it.day }"), {"it.day": date(2026, 12, 1)},
     date(2026, 12, 1)),
    ("during a period", rule("asked.on: { during: $new_year }"),
     {"asked.on": date(2026, 12, 28)}, date(2027, 1, 7)),
    ("outside a period", rule("asked.on: { outside: $summer }"), {}, date(2027, 6, 15)),
    ("days after a day",
     rule("asked.on: { before: opens }", "opens: { days: $window, after: it.day }"),
     {"it.day": date(2026, 9, 1)}, date(2026, 10, 1)),
    ("days between",
     rule("waited: { below: $window }", "waited: { days_from: it.day, to: asked.on }"),
     {"it.day": date(2026, 9, 1)}, date(2026, 10, 1)),
    ("years after a leap day",
     rule("asked.on: { before: opens }", "opens: { years: $again, after: it.day }"),
     {"it.day": LEAP, "asked.on": date(2026, 9, 20)}, date(2027, 2, 28)),
    ("a calendar day",
     rule("asked.on: { before: opens }", "opens: { day: $late, in_year: it.year }"),
     {"it.year": 2028}, date(2027, 8, 20)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "facts", "expected"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS]
)
def test_a_day_goes_to_the_first_later_one_that_does(
    body: str, facts: Mapping[str, Value], expected: date
) -> None:
    found = solve(body, facts, {"asked.on": LATER})
    assert proposed(found) == [{"asked.on": expected}]


def test_years_are_carried_back_to_the_day_that_they_start_from() -> None:
    body = rule("opens: { before: it.born_on }", "opens: { years: $again, after: it.day }")
    facts = {"it.born_on": date(2030, 2, 28), "it.day": date(2026, 9, 21)}
    assert proposed(solve(body, facts, {"it.day": LATER})) == [{"it.day": date(2027, 2, 28)}]


def test_a_year_is_carried_back_through_a_calendar_day() -> None:
    body = rule("asked.on: { after: last_day }", "last_day: { day: $deadline, in_year: it.year }")
    assert proposed(solve(body, {"it.year": 2025}, {"it.year": HIGHER})) == [{"it.year": 2027}]


def test_an_earlier_day_is_never_before_the_day_of_the_decision() -> None:
    body = rule("it.day: { after: it.last }", none="it.last")
    near = {"it.day": date(2026, 12, 1), "it.last": date(2026, 10, 1)}
    assert proposed(solve(body, near, {"it.day": EARLIER})) == [{"it.day": date(2026, 10, 1)}]
    past = {"it.day": date(2026, 12, 1), "it.last": date(2026, 9, 19)}
    found = solve(body, past, {"it.day": EARLIER})
    assert (found.state, found.remedies) == ("nothing", ())


# --- words, flags, lists ------------------------------------------------------------------------


def test_a_share_of_a_debt_is_carried_back_the_other_way() -> None:
    body = rule("paid: { below: it.spent }", "paid: { share: it.part, of: it.rest, round: down }",
                none="it.rest")  # fmt: skip
    facts = {"it.rest": -90_000, "it.spent": -5_000, "it.part": 1_000}
    assert proposed(solve(body, facts, {"it.part": LOWER})) == [{"it.part": 555}]


def test_any_member_that_does_is_offered() -> None:
    found = solve(rule("it.kind: { in: $kinds }"), {"it.kind": "red"}, {"it.kind": "any"})
    assert proposed(found) == [{"it.kind": "blue"}]
    found = solve(rule("it.kind: { is: blue }"), {"it.kind": "blue"}, {"it.kind": "any"})
    assert proposed(found) == [{"it.kind": "red"}, {"it.kind": "green"}]


def test_a_member_is_found_through_the_row_of_a_table() -> None:
    body = rule(
        "limit: { is_not: none }, it.amount: { above: limit }",
        "limit: { look_up: $tiers, by: it.kind, take: day }",
    )
    found = solve(body, {"it.kind": "red", "it.amount": 6_000}, {"it.kind": "any"})
    assert proposed(found) == [{"it.kind": "green"}, {"it.kind": "blue"}]


def test_a_member_is_found_through_a_choice() -> None:
    body = rule(
        "it.amount: { above: most }",
        "most: { choose_by: it.kind, from: { red: $floor, otherwise: $cap } }",
    )
    found = solve(body, {"it.kind": "red", "it.amount": 6_000}, {"it.kind": "any"})
    assert proposed(found) == [{"it.kind": "green"}, {"it.kind": "blue"}]


def test_a_flag_moves_only_in_its_direction() -> None:
    body = rule("it.flag: { is: true }")
    assert proposed(solve(body, {"it.flag": True}, {"it.flag": "false"})) == [{"it.flag": False}]
    assert solve(body, {"it.flag": True}, {"it.flag": "true"}).remedies == ()


def test_each_paper_that_would_do_is_a_remedy_of_its_own() -> None:
    body = rule("it.papers: { includes_none: $proofs }")
    found = solve(body, {"it.papers": ("invoice",)}, {"it.papers": "add"})
    assert proposed(found) == [
        {"it.papers": ("invoice", "receipt")}, {"it.papers": ("invoice", "quote")}
    ]  # fmt: skip
    assert "Papers (it.papers) also has receipt, or quote  [family]" in render_remedies(found)


def test_two_papers_that_are_both_needed_are_one_change() -> None:
    body = rule("any_of: [ { it.papers: { lacks: invoice } }, { it.papers: { lacks: quote } } ]")
    found = solve(body, {"it.papers": ()}, {"it.papers": "add"})
    assert [set(each["it.papers"]) for each in proposed(found)] == [{"invoice", "quote"}]


def test_a_paper_that_should_not_be_there_cannot_be_taken_away() -> None:
    found = solve(rule("it.papers: { includes: quote }"), {"it.papers": ("quote",)},
                  {"it.papers": "add"})  # fmt: skip
    assert (found.state, found.remedies) == ("nothing", ())
