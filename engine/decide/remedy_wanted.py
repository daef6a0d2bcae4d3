"""What a clause wants of one of its sides, as numbers: days as ordinals, true as 1."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from engine.decide.remedy_spans import EVERY, FAR, NOTHING, Spans, holds, invert, join
from engine.decide.sheet import members_of
from engine.language import limits
from engine.language.model import Clause, Period
from engine.language.operators import OPERATORS, is_absence
from engine.language.values import UNKNOWN

_MIRRORED: Final = {
    "above": "below", "below": "above", "at_least": "at_most", "at_most": "at_least",
    "before": "after", "after": "before",
    "on_or_before": "on_or_after", "on_or_after": "on_or_before",
}  # fmt: skip
"""The operator that says the same with its sides exchanged."""

_COMPARED: Final[Mapping[str, Callable[[int], Spans]]] = {
    "above": lambda number: ((number + 1, FAR),),
    "after": lambda number: ((number + 1, FAR),),
    "at_least": lambda number: ((number, FAR),),
    "on_or_after": lambda number: ((number, FAR),),
    "at_most": lambda number: ((-FAR, number),),
    "on_or_before": lambda number: ((-FAR, number),),
    "below": lambda number: ((-FAR, number - 1),),
    "before": lambda number: ((-FAR, number - 1),),
    "is": lambda number: ((number, number),),
    "is_not": lambda number: ((-FAR, number - 1), (number + 1, FAR)),
}
"""The numbers that are so, beside a number."""

_YEARS: Final = (limits.FIRST_DAY.year - 1, limits.LAST_DAY.year + 1)
"""Years in which a fact's day may lie, and one on either side."""


class NotCarried(Exception):
    """The fact is read in two places of one calculation, or turns into a word: it must be tried."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operand should come to. absent: whether none would do as well."""

    numbers: Spans
    absent: bool = False

    def takes(self, value: object) -> bool:
        """Whether a value would do; an unknown one never does."""
        if value is UNKNOWN:
            return False
        return self.absent if value is None else holds(self.numbers, number_of(value))


def number_of(value: object) -> int:
    """The value as a whole number; NotCarried for a word."""
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, int):
        return int(value)
    raise NotCarried


def wanted_left(clause: Clause, right: Any, is_met: bool) -> Wanted:
    if is_absence(clause.operator, clause.right):
        absent = (clause.operator == "is") == is_met
        return Wanted(NOTHING if absent else EVERY, absent)
    return _wanted(clause, clause.operator, right, is_met)


def wanted_right(clause: Clause, left: Any, is_met: bool) -> Wanted:
    return _wanted(clause, _MIRRORED.get(clause.operator, clause.operator), left, is_met)


def _wanted(clause: Clause, operator: str, other: Any, is_met: bool) -> Wanted:
    if other is UNKNOWN:
        return Wanted(NOTHING)
    with_none = (OPERATORS[clause.operator].met_by_none) == is_met
    if other is None:
        return Wanted(EVERY if with_none else NOTHING, with_none)
    met = _met_by(clause, operator, other)
    return Wanted(met if is_met else invert(met), with_none)


def _met_by(clause: Clause, operator: str, other: Any) -> Spans:
    """The numbers on one side with which the clause is met."""
    if isinstance(other, Period):
        inside = _days_in(other)
        return inside if operator == "during" else invert(inside)
    if isinstance(other, tuple):
        listed = join((number_of(each),) * 2 for each in members_of(other, clause))
        return listed if operator == "in" else invert(listed)
    spans = _COMPARED.get(operator)
    if spans is None:
        raise NotCarried
    return spans(number_of(other))


def _days_in(period: Period) -> Spans:
    """A yearly period as days, in every year that a fact may lie in."""
    passes_new_year = period.last < period.first
    return join(
        (_ordinal(year, period.first), _ordinal(year + passes_new_year, period.last))
        for year in range(*_YEARS)
    )


def _ordinal(year: int, month_day: int) -> int:
    return date(year, month_day // 100, month_day % 100).toordinal()
