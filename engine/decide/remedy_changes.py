"""What may honestly be proposed for each fact, and how far each proposal is from what is so.

A fact is changed only where its definition has a `remedy`, only in that direction, and never to a
day that is past: nobody can sign, order or wait on a day that has gone by.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final, TypeAlias

from engine.decide.remedy_spans import Spans, first_from, last_to, meet
from engine.decide.remedy_wanted import number_of
from engine.language import limits
from engine.language.model import Fact
from engine.language.values import NUMBERS, Value

Changes: TypeAlias = tuple[tuple[str, Value], ...]
"""Facts with the values proposed for them, by name."""

_LIMIT: Final[Mapping[str, int]] = {
    "money": limits.MONEY_CENTS, "integer": limits.INTEGER, "days": limits.DAYS,
    "share": limits.SHARE_POINTS,
}  # fmt: skip
_UPWARD: Final = ("later", "higher")
_BASIS: Final = 10_000
_YEAR_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Range:
    """Where proposals for a number or day may lie. near: where counting begins; upward: whether
    they go up from there."""

    low: int
    high: int
    near: int
    upward: bool


class Changeable:
    """The facts of one decision that may be changed. floor: the first day that is not past."""

    def __init__(
        self, declared: Mapping[str, Fact], facts: Mapping[str, Value], floor: date
    ) -> None:
        self.facts = facts
        self.floor = floor
        self.declared = {
            name: declared[name]
            for name in facts
            if name in declared and declared[name].remedy is not None
        }

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of the facts that may be changed, sorted; unknown ones are asked for instead."""
        return sorted(name for name in names if name in self.declared)

    def is_counted(self, name: str) -> bool:
        """Whether the fact is a number or a day, so that nearer and farther mean something."""
        kind = self.declared[name].type.kind
        return kind == "date" or kind in NUMBERS

    def range_of(self, name: str) -> Range:
        """Where proposals for a counted fact may lie."""
        fact = self.declared[name]
        now = self.facts[name]
        if fact.type.kind == "date":
            return self._days(fact, None if now is None else number_of(now))
        return _numbers(fact, None if now is None else number_of(now))

    def _days(self, fact: Fact, now: int | None) -> Range:
        first, last = self.floor.toordinal(), limits.LAST_DAY.toordinal()
        if now is None:
            return Range(first, last, first, True)
        if fact.remedy == "later":
            return Range(max(now + 1, first), last, now, True)
        return Range(first, min(now - 1, last), now, False)

    def nearest(self, name: str, wanted: Spans, now: Value) -> list[Value]:
        """The nearest proposal that would do, and the nearest one beyond what stands proposed."""
        allowed = self.range_of(name)
        spans = meet(wanted, ((allowed.low, allowed.high),))
        find = first_from if allowed.upward else last_to
        found = [find(spans, start) for start in self.starts(name, now)]
        return [self.value(name, each) for each in dict.fromkeys(found) if each is not None]

    def starts(self, name: str, now: Value) -> list[int]:
        """Where looking begins: at what is so, and beyond what stands proposed."""
        allowed = self.range_of(name)
        starts = [allowed.low if allowed.upward else allowed.high]
        if now is not None and now != self.facts[name]:
            starts.append(number_of(now) + (1 if allowed.upward else -1))
        return starts

    def value(self, name: str, number: int) -> Value:
        """A number as the fact holds it."""
        is_day = self.declared[name].type.kind == "date"
        return date.fromordinal(number) if is_day else number

    def others(self, name: str, now: Value) -> list[Value]:
        """Every other value of a fact that is not counted, one step from what stands proposed."""
        fact = self.declared[name]
        members = fact.type.members
        match fact.remedy:
            case "true" | "false":
                return [fact.remedy == "true"]
            case "any":
                return [each for each in members if each not in (now, self.facts[name])]
            case "add":
                held = now if isinstance(now, tuple) else ()
                return [(*held, each) for each in members if each not in held]
        return []

    # how far

    def effort(self, changes: Changes) -> int:
        """How far the changes go together: days as a share of a year, numbers as a share of the
        larger one, a word, a flag or a paper as next to nothing."""
        return sum(self._effort(name, value) for name, value in changes)

    def _effort(self, name: str, value: Value) -> int:
        if not self.is_counted(name):
            return len(self.added(name, value)) or 1
        near, number = self.range_of(name).near, number_of(value)
        distance = abs(number - near)
        if isinstance(value, date):
            return distance * _BASIS // _YEAR_DAYS
        return distance * _BASIS // max(abs(number), abs(near), 1)

    def added(self, name: str, value: Value) -> tuple[str, ...]:
        """The members that a list gains; () for other facts."""
        if not isinstance(value, tuple):
            return ()
        held = self.facts[name]
        return tuple(each for each in value if not isinstance(held, tuple) or each not in held)

    def covers(self, smaller: Changes, larger: Changes) -> bool:
        """Whether the first asks for no more than the second: the same facts or fewer, each moved
        as far or less."""
        proposed = dict(larger)
        return all(
            name in proposed and self._is_within(name, value, proposed[name])
            for name, value in smaller
        )

    def _is_within(self, name: str, value: Value, proposed: Value) -> bool:
        if value == proposed:
            return True
        if self.is_counted(name):
            near = self.range_of(name).near
            return abs(number_of(value) - near) <= abs(number_of(proposed) - near)
        return bool(self.added(name, value)) and set(self.added(name, value)) <= set(
            self.added(name, proposed)
        )

    def parts(self, changes: Changes) -> Iterator[Changes]:
        """Every smaller set of the same changes, fewest first: facts left out, papers left out."""
        for count in range(1, len(changes)):
            yield from combinations(changes, count)
        for place, (name, value) in enumerate(changes):
            held = self.facts[name]
            added = self.added(name, value)
            for without in added if len(added) > 1 else ():
                kept = tuple(each for each in added if each != without)
                fewer = (*(held if isinstance(held, tuple) else ()), *kept)
                yield (*changes[:place], (name, fewer), *changes[place + 1 :])


def _numbers(fact: Fact, now: int | None) -> Range:
    """Nothing falls below zero by being lowered, unless its own range goes there."""
    limit = _LIMIT[fact.type.kind]
    largest = limit if fact.largest is None else fact.largest
    lowest = 0 if now is None or now >= 0 else -limit
    smallest = lowest if fact.smallest is None else fact.smallest
    if now is None:
        return Range(smallest, largest, smallest, True)
    if fact.remedy == "higher":
        return Range(now + 1, largest, now, True)
    return Range(smallest, now - 1, now, False)
