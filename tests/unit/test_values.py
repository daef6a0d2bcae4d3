"""Money, shares, days and anniversaries: each is read back as it is written, to the cent."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import limits
from engine.language.values import (
    ROUNDINGS,
    UNKNOWN,
    add_years,
    day_of_year,
    format_decimal_money,
    format_money,
    format_share,
    format_value,
    format_yearly_day,
    parse_day,
    parse_decimal_money,
    parse_money,
    parse_share,
    parse_whole,
    parse_yearly_day,
    share_of,
)

CENTS = st.integers(-limits.MONEY_CENTS, limits.MONEY_CENTS)
POINTS = st.integers(-limits.SHARE_POINTS, limits.SHARE_POINTS)
DAYS = st.dates(limits.FIRST_DAY, limits.LAST_DAY)


@given(CENTS)
def test_money_is_read_back_as_it_is_written(cents):
    assert parse_money(format_money(cents)) == cents
    assert parse_decimal_money(format_decimal_money(cents)) == cents


@given(POINTS)
def test_a_share_is_read_back_as_it_is_written(points):
    assert parse_share(format_share(points)) == points


@given(st.integers(-limits.INTEGER, limits.INTEGER))
def test_a_whole_number_is_read_back_as_it_is_written(number):
    assert parse_whole(str(number)) == number


@given(DAYS)
def test_a_day_is_read_back_as_it_is_written(day):
    assert parse_day(day.isoformat()) == day
    if (day.month, day.day) != (2, 29):
        assert parse_yearly_day(format_yearly_day(day_of_year(day))) == day_of_year(day)


@pytest.mark.parametrize(
    ("written", "cents"),
    [("$0", 0), ("$4500", 450_000), ("$4,500", 450_000), ("-$0.05", -5), ("$1,234.56", 123_456)],
)
def test_money_may_be_written_with_or_without_commas_and_cents(written, cents):
    assert parse_money(written) == cents


@pytest.mark.parametrize(
    "text",
    ["", "$", "4500", "$4,50", "$45,00.00", "$1.5", "$1.234", "$ 5", "$-5", "$1e3", "$١", "$5\n",
     "$10,000,000,000.01"],
)  # fmt: skip
def test_what_is_not_quite_money_is_refused(text):
    with pytest.raises(ValueError, match="money"):
        parse_money(text)


@pytest.mark.parametrize(
    "text", ["", "1,000.00", "1.234", ".5", "1.", "+1", "1e3", "NaN", "٣", "1 "]
)
def test_money_in_json_is_a_plain_decimal(text):
    with pytest.raises(ValueError, match="decimal string"):
        parse_decimal_money(text)


@pytest.mark.parametrize(
    ("written", "points"), [("50 %", 5000), ("50%", 5000), ("12.5 %", 1250), ("0.07 %", 7)]
)
def test_a_share_has_at_most_two_decimals(written, points):
    assert parse_share(written) == points


@pytest.mark.parametrize("text", ["", "50", "0.5", "50  %", "1.234 %", "10000.01 %", "٥ %"])
def test_what_is_not_quite_a_share_is_refused(text):
    with pytest.raises(ValueError, match="share"):
        parse_share(text)


@pytest.mark.parametrize("text", ["", "1.0", "1e3", "0x10", "1_000", "1000000001", "9" * 5000, "٣"])
def test_what_is_not_quite_a_whole_number_is_refused(text):
    with pytest.raises(ValueError, match="whole number"):
        parse_whole(text)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-13-01", "1989-12-31", "2101-01-01", "20260930", "2026-9-30", "2026-W01-1",
     "2026-09-30T00:00", "٢٠٢٦-09-30"],
)  # fmt: skip
def test_what_is_no_day_between_1990_and_2100_is_refused(text):
    with pytest.raises(ValueError, match="date"):
        parse_day(text)


@pytest.mark.parametrize(
    "text", ["February 29", "June 31", "June 0", "june 15", "Jun 15", "15 June"]
)
def test_a_yearly_day_is_one_that_every_year_has(text):
    with pytest.raises(ValueError, match=r"year|written"):
        parse_yearly_day(text)


# --- anniversaries ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "years", "anniversary"),
    [
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2024, 2, 29), -4, date(2020, 2, 29)),
        (date(2000, 2, 29), 100, date(2100, 2, 28)),
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
        (date(2026, 9, 30), 3, date(2029, 9, 30)),
    ],
)
def test_a_leap_day_has_its_anniversary_on_the_28th(day, years, anniversary):
    assert add_years(day, years) == anniversary


@given(DAYS, st.integers(-90, 90))
def test_an_anniversary_keeps_month_and_day_but_for_the_leap_day(day, years):
    moved = add_years(day, years)
    assert moved.year == day.year + years
    assert moved.month == day.month
    assert day.day - moved.day in ((0, 1) if (day.month, day.day) == (2, 29) else (0,))


@given(DAYS, DAYS, st.integers(-90, 90))
def test_anniversaries_keep_the_order_of_days(one, other, years):
    if one <= other:
        assert add_years(one, years) <= add_years(other, years)


# --- shares of money --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "down", "up", "half_up", "half_even"),
    [
        (1, 0, 1, 1, 0),  # half a cent
        (3, 1, 2, 2, 2),  # one cent and a half
        (5, 2, 3, 3, 2),  # two cents and a half
        (2, 1, 1, 1, 1),  # exactly one cent
        (-1, 0, -1, -1, 0),
        (-5, -2, -3, -3, -2),
    ],
)
def test_half_of_an_odd_cent_shows_how_each_rounding_works(cents, down, up, half_up, half_even):
    assert [share_of(5_000, cents, rounding) for rounding in ROUNDINGS] == [
        down, up, half_up, half_even,
    ]  # fmt: skip


@given(POINTS, CENTS, st.sampled_from(ROUNDINGS))
def test_a_share_lies_less_than_one_cent_from_the_exact_product(points, cents, rounding):
    exact = Fraction(points * cents, 10_000)
    rounded = share_of(points, cents, rounding)
    assert abs(rounded - exact) < 1
    if rounding == "down":
        assert abs(rounded) <= abs(exact)
    elif rounding == "up":
        assert abs(rounded) >= abs(exact)
    else:
        assert abs(rounded - exact) <= Fraction(1, 2)


@given(POINTS, CENTS)
def test_half_even_agrees_with_the_rounding_of_exact_fractions(points, cents):
    assert share_of(points, cents, "half_even") == round(Fraction(points * cents, 10_000))


@given(POINTS, CENTS, st.sampled_from(ROUNDINGS))
def test_rounding_looks_at_the_size_and_keeps_the_sign(points, cents, rounding):
    assert share_of(points, -cents, rounding) == -share_of(points, cents, rounding)


def test_the_largest_share_of_the_largest_money_fits_63_bits():
    assert limits.SHARE_POINTS * limits.MONEY_CENTS < 2**63


# --- words for people -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("money", 450_000, "$4,500.00"),
        ("money", -5, "-$0.05"),
        ("share", 1250, "12.5 %"),
        ("days", 31, "31"),
        ("boolean", True, "true"),
        ("integer", 1, "1"),
        ("date", date(2026, 9, 30), "2026-09-30"),
        ("list", ("receipt", "quote"), "[receipt, quote]"),
        ("one_of", "base", "base"),
        ("money", None, "none"),
        ("money", UNKNOWN, "unknown"),
    ],
)
def test_every_kind_of_value_has_one_form_for_people(kind, value, shown):
    assert format_value(kind, value) == shown


def test_an_unknown_value_is_never_taken_for_false():
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)
