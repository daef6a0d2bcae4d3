"""The calculations of steps that Python has no operator for, shared by both ways of working."""

from bisect import bisect_left
from datetime import date, timedelta
from typing import Literal

from engine.language.model import FiscalYear, Period, Table
from engine.language.values import Value, add_years


def shift_day(
    day: date, amount: int, unit: Literal["days", "years"], direction: Literal["after", "before"]
) -> date:
    """`days` or `years`: ValueError or OverflowError where the result leaves the calendar."""
    signed = amount if direction == "after" else -amount
    return add_years(day, signed) if unit == "years" else day + timedelta(days=signed)


def fiscal_day(fiscal: FiscalYear, month_day: int, year: int, before_year: bool) -> date:
    """The yearly day inside fiscal year `year`, or the last one before that year begins.

    A year that begins on January 1 begins and ends in the calendar year that names it.
    """
    named_later = fiscal.named_by == "end" and fiscal.first != 101
    begins_in = year - 1 if named_later else year
    is_before_begin = month_day < fiscal.first
    calendar_year = begins_in + is_before_begin - before_year
    return date(calendar_year, month_day // 100, month_day % 100)


def lies_in(month_day: int, period: Period) -> bool:
    """Whether month x 100 + day lies in the period; one that ends before it begins passes the
    new year."""
    if period.first <= period.last:
        return period.first <= month_day <= period.last
    return month_day >= period.first or month_day <= period.last


def column_by_range(table: Table, column: str) -> tuple[tuple[int, ...], tuple[Value, ...]]:
    """Bounds and cells of one column, so that `cells[bisect_left(bounds, x)]` is x's cell."""
    bounds = tuple(row.up_to for row in table.by_range if row.up_to is not None)
    return bounds, tuple(row.cells[column] for row in table.by_range)


def cell(table: Table, by: Value, column: str) -> Value:
    """The cell of the row in which `by` falls; LookupError where no row holds it."""
    if table.by_key is not None:
        return table.by_key[by][column]  # type: ignore[index]  # the loader checked its type
    bounds, cells = column_by_range(table, column)
    return cells[bisect_left(bounds, by)]  # type: ignore[type-var]  # the same
