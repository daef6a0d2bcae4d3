"""The reference's own tables: three values, `none`, rounding, the fiscal year, periods."""

from datetime import date

import pytest
from support.reference_tables import (
    Truth,
    all_of,
    any_of,
    calendar_day,
    judge,
    lies_in,
    negated,
    share_of,
)

from engine.language.model import FiscalYear, Period
from engine.language.operators import OPERATORS
from engine.language.values import UNKNOWN

SEPTEMBER = date(2026, 9, 30)


def test_the_three_values_are_those_of_the_table():
    met, unmet, unknown = Truth.MET, Truth.UNMET, Truth.UNKNOWN
    assert [all_of([met, each]) for each in (met, unmet, unknown)] == [met, unmet, unknown]
    assert all_of([unmet, unknown]) is unmet
    assert [any_of([unmet, each]) for each in (met, unmet, unknown)] == [met, unmet, unknown]
    assert any_of([met, unknown]) is met
    assert [negated(each) for each in (met, unmet, unknown)] == [unmet, met, unknown]
    assert all_of([]) is met


@pytest.mark.parametrize(
    ("operator", "left", "right", "expected"),
    [
        ("is", None, None, Truth.UNMET),
        ("is_not", None, None, Truth.MET),
        ("is_not", None, 5, Truth.MET),
        ("in", None, ("a",), Truth.UNMET),
        ("not_in", None, ("a",), Truth.MET),
        ("at_most", None, 5, Truth.UNMET),
        ("after", SEPTEMBER, None, Truth.UNMET),
        ("includes", ("a",), None, Truth.UNMET),
        ("lacks", ("a",), None, Truth.MET),
        ("is", None, UNKNOWN, Truth.UNKNOWN),
    ],
)
def test_none_equals_nothing_and_has_no_order(operator, left, right, expected):
    assert judge(operator, left, right, tests_none=False) is expected


@pytest.mark.parametrize("operator", list(OPERATORS.values()), ids=lambda each: each.name)
def test_the_operator_table_and_the_reference_agree_on_none(operator):
    """The loader finds contradictions by that table, and deciding must not say otherwise."""
    expected = Truth.MET if operator.met_by_none else Truth.UNMET
    assert judge(operator.name, None, ("a",), tests_none=False) is expected


def test_a_question_about_absence_is_unknown_only_of_what_was_not_given():
    assert judge("is", None, None, tests_none=True) is Truth.MET
    assert judge("is_not", 5, None, tests_none=True) is Truth.MET
    assert judge("is_not", UNKNOWN, None, tests_none=True) is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("rounding", "half", "minus_half", "more", "odd_half"),
    [
        ("down", 0, 0, 0, 1),
        ("up", 1, -1, 1, 2),
        ("half_up", 1, -1, 1, 2),
        ("half_even", 0, 0, 1, 2),
    ],
)
def test_rounding_looks_at_the_size_and_keeps_the_sign(rounding, half, minus_half, more, odd_half):
    assert share_of(5_000, 1, rounding) == half
    assert share_of(5_000, -1, rounding) == minus_half
    assert share_of(5_001, 1, rounding) == more
    assert (
        share_of(5_000, 3, rounding) == {"down": 1, "up": 2, "half_up": 2, "half_even": 2}[rounding]
    )
    assert share_of(5_000, 3, rounding) == odd_half


@pytest.mark.parametrize(
    ("first", "named_by", "month_day", "year", "inside", "before"),
    [
        (701, "end", 415, 2027, date(2027, 4, 15), date(2026, 4, 15)),
        (701, "end", 701, 2027, date(2026, 7, 1), date(2025, 7, 1)),
        (701, "end", 630, 2027, date(2027, 6, 30), date(2026, 6, 30)),
        (701, "begin", 415, 2027, date(2028, 4, 15), date(2027, 4, 15)),
        (101, "end", 101, 2027, date(2027, 1, 1), date(2026, 1, 1)),
        (101, "begin", 1231, 2027, date(2027, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_yearly_day_lies_inside_its_fiscal_year_or_is_the_last_before_it(
    first, named_by, month_day, year, inside, before
):
    fiscal = FiscalYear(first, named_by, "America/New_York")
    assert calendar_day(fiscal, month_day, year, before_year=False) == inside
    assert calendar_day(fiscal, month_day, year, before_year=True) == before


def test_a_period_may_pass_the_new_year_and_includes_both_ends():
    winter = Period(1215, 115)
    inside = [date(2026, 12, 15), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 15)]
    assert all(lies_in(day, winter) for day in inside)
    assert not any(lies_in(day, winter) for day in (date(2026, 12, 14), date(2027, 1, 16)))
