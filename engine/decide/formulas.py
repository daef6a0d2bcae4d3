"""Formulas of steps as Python expressions over known values that are not none."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from engine.decide.arithmetic import column_by_range
from engine.decide.clauses import Operands
from engine.language.model import (
    Add,
    CalendarDay,
    DaysBetween,
    Distance,
    FiscalYear,
    Formula,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    Share,
    ShiftDay,
    Subtract,
    Table,
)
from engine.language.values import Rounding, add_years

NAMES: Final[Mapping[str, object]] = {
    "find_row": bisect_left, "date": date, "timedelta": timedelta, "add_years": add_years,
}  # fmt: skip
"""What the expressions below call."""

_ROUNDED: Final[Mapping[Rounding, tuple[str, str]]] = {
    "down": ("p // 10000", "-(-p // 10000)"),
    "up": ("-(-p // 10000)", "p // 10000"),
    "half_up": ("(p + 5000) // 10000", "-((5000 - p) // 10000)"),
    "half_even": (
        "(p + 4999 + (p // 10000 & 1)) // 10000",
        "-((4999 - p + (-p // 10000 & 1)) // 10000)",
    ),
}
"""A product in basis points rounded to the cent: where it is not negative, and where it is. The
size is rounded and the sign kept (language.md, section 4, `share`)."""


def formula_value(rule: Operands, formula: Formula, fiscal: FiscalYear) -> str:
    """The formula, but for `choose_by` and `holds`, which are statements."""
    match formula:
        case Add(terms):
            return " + ".join(rule.named(term) for term in terms)
        case Subtract(one, other):
            return f"{rule.named(one)} - {rule.named(other)}"
        case Distance(one, other):
            return f"abs({rule.named(one)} - {rule.named(other)})"
        case Pick(which, terms):
            listed = ", ".join(rule.named(term) for term in terms)
            return f"{'min' if which == 'least' else 'max'}({listed})"
        case DaysBetween(start, end):
            return f"({rule.named(end)} - {rule.named(start)}).days"
        case _:
            return _rare(rule, formula, fiscal)


def _rare(rule: Operands, formula: Formula, fiscal: FiscalYear) -> str:
    match formula:
        case Share(share, of, rounding):
            positive, negative = _ROUNDED[rounding]
            product = f"(p := {rule.named(share)} * {rule.named(of)})"
            return f"{positive} if {product} >= 0 else {negative}"
        case ShiftDay():
            return _shifted(rule, formula)
        case CalendarDay(day, year, before_year):
            return _calendar_day(rule, day, year, before_year, fiscal)
        case LookUp(table, by, column):
            return _cell(rule, table, by, column)
    raise AssertionError(formula)


def _shifted(rule: Operands, formula: ShiftDay) -> str:
    day, amount = rule.named(formula.day), rule.named(formula.amount)
    sign = "+" if formula.direction == "after" else "-"
    if formula.unit == "years":
        return f"add_years({day}, {sign}{amount})"
    return f"{day} {sign} {_days(rule, formula.amount, amount)}"


def _days(rule: Operands, operand: Operand, amount: str) -> str:
    """A span of days, made once where the number is a parameter."""
    if isinstance(operand, ParamRef):
        days = rule.constant_of(operand)
        if type(days) is int and abs(days) <= timedelta.max.days:
            return rule.source.shared(timedelta(days=days))
    return f"timedelta({amount})"


def _calendar_day(
    rule: Operands, day: ParamRef, year: Operand, before_year: bool, fiscal: FiscalYear
) -> str:
    """The calendar year is the fiscal year and a constant; see `arithmetic.fiscal_day`."""
    month_day = rule.constant_of(day)
    if type(month_day) is not int:
        raise TypeError(f"`${day.name}` is no day of the year")
    named_later = fiscal.named_by == "end" and fiscal.first != 101
    shift = (month_day < fiscal.first) - named_later - before_year
    return f"date({rule.named(year)} + ({shift}), {month_day // 100}, {month_day % 100})"


def _cell(rule: Operands, reference: ParamRef, by: Operand, column: str) -> str:
    table = rule.constant_of(reference)
    if not isinstance(table, Table):
        raise TypeError(f"`${reference.name}` is no table")
    if table.by_key is not None:
        cells = {key: row[column] for key, row in table.by_key.items()}
        return f"{rule.source.named(cells)}[{rule.named(by)}]"
    bounds, in_range = column_by_range(table, column)
    where = f"find_row({rule.source.shared(bounds)}, {rule.named(by)})"
    # Not shared: (1, 0) equals (True, False), and one must not stand for the other.
    return f"{rule.source.named(in_range)}[{where}]"


def cells_may_be_none(rule: Operands, formula: Formula) -> bool:
    """Whether a look-up may find a cell that says none."""
    if not isinstance(formula, LookUp):
        return False
    table = rule.constant_of(formula.table)
    if not isinstance(table, Table):
        return False
    rows = [*(table.by_key or {}).values(), *(row.cells for row in table.by_range)]
    return any(row[formula.column] is None for row in rows)
