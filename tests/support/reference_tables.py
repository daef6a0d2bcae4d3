"""The operator and step tables of language.md (sections 3 and 4), on values alone.

Part of the reference interpreter: slow and plain, sharing nothing with `engine.decide` but the
name of a fault.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from enum import Enum
from typing import Any

from engine.decide.answer import EngineFault
from engine.language.model import FiscalYear, Period
from engine.language.values import UNKNOWN, MaybeValue


class Truth(Enum):
    """The three values of 5.4."""

    UNMET = "u"
    UNKNOWN = "?"
    MET = "m"


def truth(met: bool) -> Truth:
    return Truth.MET if met else Truth.UNMET


def all_of(parts: list[Truth]) -> Truth:
    """5.4: unmet if one is unmet, else unknown if one is unknown, else met."""
    if Truth.UNMET in parts:
        return Truth.UNMET
    return Truth.UNKNOWN if Truth.UNKNOWN in parts else Truth.MET


def any_of(parts: list[Truth]) -> Truth:
    """5.4: met if one is met, unmet if all are unmet, else unknown."""
    if Truth.MET in parts:
        return Truth.MET
    return Truth.UNKNOWN if Truth.UNKNOWN in parts else Truth.UNMET


def negated(value: Truth) -> Truth:
    """5.4: `none_of` is the reverse of `any_of`."""
    turned = {Truth.MET: Truth.UNMET, Truth.UNMET: Truth.MET, Truth.UNKNOWN: Truth.UNKNOWN}
    return turned[value]


# --- one clause: section 3 ----------------------------------------------------------------------


def judge(name: str, left: MaybeValue, right: MaybeValue | Period, tests_none: bool) -> Truth:
    """One row of the operator table. `tests_none`: the right side is the word `none`."""
    if tests_none and name in ("is", "is_not"):
        # `is: none`, `is_not: none` are unknown only if the fact is not given.
        if left is UNKNOWN:
            return Truth.UNKNOWN
        return truth((left is None) == (name == "is"))
    if left is UNKNOWN or right is UNKNOWN:
        return Truth.UNKNOWN
    if left is None or right is None:
        # `none` equals nothing, has no order and is no member (5.5).
        return truth(name in ("is_not", "not_in", "lacks", "includes_none"))
    return truth(MEETS[name](left, right))


def lies_in(day: date, period: Period) -> bool:
    """Month and day lie in the yearly period, both ends in; it may pass the new year."""
    here = day.month * 100 + day.day
    if period.first <= period.last:
        return period.first <= here <= period.last
    return here >= period.first or here <= period.last


MEETS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "in": lambda left, right: left in right,
    "not_in": lambda left, right: left not in right,
    "above": operator.gt,
    "at_least": operator.ge,
    "at_most": operator.le,
    "below": operator.lt,
    "before": operator.lt,
    "on_or_before": operator.le,
    "on_or_after": operator.ge,
    "after": operator.gt,
    "during": lies_in,
    "outside": lambda left, right: not lies_in(left, right),
    "includes": lambda left, right: right in left,
    "lacks": lambda left, right: right not in left,
    "includes_any": lambda left, right: any(word in left for word in right),
    "includes_none": lambda left, right: all(word not in left for word in right),
}
"""The operators on two known values, neither of them none."""


# --- one step: section 4 ------------------------------------------------------------------------


_ROUNDINGS = {
    "down": ROUND_DOWN,
    "up": ROUND_UP,
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
}


def share_of(points: int, amount: int, rounding: str) -> int:
    """`share`: amount x points / 10,000; of a negative amount its size is rounded, sign kept."""
    with localcontext() as context:
        context.prec = 200
        exact = Decimal(points) * Decimal(amount) / Decimal(10_000)
        return int(exact.quantize(Decimal(1), rounding=_ROUNDINGS[rounding]))


def shifted(unit: str, amount: int, direction: str, day: date) -> date:
    """`days` and `years`: years are anniversaries; 29 February gives 28 February."""
    signed = amount if direction == "after" else -amount
    try:
        if unit == "days":
            return day + timedelta(days=signed)
        if (day.month, day.day) == (2, 29):
            leap = day.year + signed
            is_leap = leap % 4 == 0 and (leap % 100 != 0 or leap % 400 == 0)
            return date(leap, 2, 29 if is_leap else 28)
        return date(day.year + signed, day.month, day.day)
    except (ValueError, OverflowError):
        raise EngineFault("decision.range", f"{amount} {unit} {direction} {day}") from None


def calendar_day(fiscal: FiscalYear, month_day: int, year: int, before_year: bool) -> date:
    """`day: $p, in_year: y` inside fiscal year y; `before_year`: the last one before y begins."""
    named_by_end = fiscal.named_by == "end" and fiscal.first != 101
    begins_in = year - 1 if named_by_end else year
    comes_first = month_day < fiscal.first  # earlier in the calendar year than the year's begin
    if before_year:
        calendar_year = begins_in if comes_first else begins_in - 1
    else:
        calendar_year = begins_in + 1 if comes_first else begins_in
    try:
        return date(calendar_year, month_day // 100, month_day % 100)
    except (ValueError, OverflowError):
        raise EngineFault("decision.range", f"day {month_day} of year {year}") from None
