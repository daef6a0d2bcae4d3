"""How far a value lay from turning a clause round, read from the trace alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from engine.decide.arithmetic import lies_in
from engine.language.model import ParameterValue, Period, Release
from engine.language.operators import operator_named
from engine.language.values import (
    Kind,
    day_of_year,
    format_money,
    format_share,
    parse_day,
    parse_money,
    parse_share,
    parse_whole,
)

Direction: TypeAlias = Literal["more", "less", "later", "earlier"]

_CLOSE: Final[Mapping[str, int]] = {"days": 7, "date": 7, "integer": 1, "years": 1}
"""Whole units within which something is close; money and shares: a tenth of what is compared."""
_TENTH: Final = 10
_DAYS_A_YEAR: Final = 366

_READ: Final[Mapping[str, Callable[[str], int | date]]] = {
    "money": parse_money, "share": parse_share, "integer": parse_whole, "days": parse_whole,
    "years": parse_whole, "date": parse_day,
}  # fmt: skip
"""The traces' own forms, read back. A value that is hidden, none or unknown reads as nothing."""


@dataclass(frozen=True, slots=True)
class Distance:
    """The smallest change of the left side that would turn the clause round.

    size: cents, basis points, days or a count, above zero. ratio: size over what is still close.
    """

    kind: Kind
    size: int
    direction: Direction
    ratio: Fraction

    def text(self) -> str:
        """`one day more`, `3 days later`, `$20.01 more`."""
        return f"{self.amount()} {self.direction}"

    def amount(self) -> str:
        """The size with its unit, in English."""
        if self.kind == "money":
            return format_money(self.size)
        if self.kind == "share":
            return format_share(self.size)
        unit = {"date": "day", "days": "day", "years": "year"}.get(self.kind, "")
        if not unit:
            return "one" if self.size == 1 else str(self.size)
        return f"one {unit}" if self.size == 1 else f"{self.size} {unit}s"

    def to_json(self) -> dict[str, Any]:
        """As a reply carries it; `size` in cents, basis points, days or a count."""
        unit = "days" if self.kind == "date" else self.kind
        return {
            "unit": unit, "size": self.size, "direction": self.direction, "text": self.text(),
        }  # fmt: skip


def distance_of(
    release: Release, trace: Mapping[str, Any], rule: Mapping[str, Any], clause: Mapping[str, Any]
) -> Distance | None:
    """None where the clause compares neither numbers nor days, or a value of it is not shown.

    A masked trace holds no personal value that could be read back, so nothing is told of it.
    """
    values = _Values(release, trace, rule)
    kind, left = values.amount(clause["left"])
    if kind is None or left is None:
        return None
    operator = operator_named(clause["operator"])
    if operator is None:
        return None
    wanted = operator.negation if clause["outcome"] == "met" else operator.name
    if wanted in ("during", "outside"):
        period = values.parameter(clause["right"])
        if not isinstance(period, Period) or not isinstance(left, date):
            return None
        return _made("date", _days_to(left, period, wanted == "during"), 0)
    _, right = values.amount(clause["right"])
    if right is None or isinstance(left, date) != isinstance(right, date):
        return None
    return _made(kind, _shift(wanted, _number(left), _number(right)), _number(right))


def _shift(wanted: str, left: int, right: int) -> int | None:
    """What is added to the left side so that the operator is met; None where no one change is."""
    if wanted in ("above", "after"):
        return right + 1 - left
    if wanted in ("below", "before"):
        return right - 1 - left
    in_order = ("at_least", "at_most", "on_or_after", "on_or_before", "is")
    return right - left if wanted in in_order else None


def _number(value: int | date) -> int:
    return value.toordinal() if isinstance(value, date) else value


def _days_to(day: date, period: Period, inside: bool) -> int | None:
    """Days to the nearest day that lies in the period, or outside it; the later one of two."""
    for size in range(1, _DAYS_A_YEAR):
        for shift in (size, -size):
            if lies_in(day_of_year(day + timedelta(days=shift)), period) == inside:
                return shift
    return None


def _made(kind: Kind, shift: int | None, right: int) -> Distance | None:
    if not shift:
        return None
    close = _CLOSE.get(kind) or max(1, abs(right) // _TENTH)
    ways: tuple[Direction, Direction] = ("later", "earlier") if kind == "date" else ("more", "less")
    return Distance(kind, abs(shift), ways[shift < 0], Fraction(abs(shift), close))


@dataclass(frozen=True, slots=True)
class _Values:
    """Values of one traced rule by the names under which its clauses have them."""

    release: Release
    trace: Mapping[str, Any]
    rule: Mapping[str, Any]

    def parameter(self, name: str) -> ParameterValue | None:
        """The whole value that held on the day of the decision."""
        parameter = self.release.parameters.get(name.removeprefix("$"))
        if not name.startswith("$") or parameter is None:
            return None
        dated = parameter.on(date.fromisoformat(self.trace["as_of"]))
        return dated.value if dated else None

    def amount(self, name: str) -> tuple[Kind | None, int | date | None]:
        """A number or a day with its type; (None, None) for anything else."""
        if name == "zero":
            return "integer", 0
        if name.startswith("$"):
            value = self.parameter(name)
            unit = self.release.parameters[name[1:]].unit if value is not None else None
            if unit in _READ and isinstance(value, int):
                return unit, value  # type: ignore[return-value]  # units of numbers are types
            return None, None
        if name in self.trace["facts"]:
            kind = self.release.facts[name].type.kind
            return self._read(kind, self.trace["facts"][name]["text"])
        steps = [step for step in self.rule["steps"] if step["step"] == name]
        if not steps:
            return None, None
        kind = self.release.rules[self.rule["rule"]].steps[name].type.kind
        return self._read(kind, steps[0]["value"] or "")

    def _read(self, kind: Kind, text: str) -> tuple[Kind | None, int | date | None]:
        if kind not in _READ:
            return None, None
        try:
            return kind, _READ[kind](text)
        except ValueError:
            return None, None
