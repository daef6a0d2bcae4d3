"""Values, parameters and clauses in words, wherever they are told; a trace says the same.

`Scene` puts a clause into words where no whole trace is at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.language.model import (
    Clause,
    Constant,
    DatedValue,
    DayRef,
    FactRef,
    Operand,
    Parameter,
    ParamRef,
    Period,
    Release,
    StepRef,
    Table,
    Words,
)
from engine.language.operators import DAY, phrase
from engine.language.values import (
    UNKNOWN,
    Kind,
    MaybeValue,
    Value,
    format_value,
    format_yearly_day,
)

OVER_MEMBERS: Final = ("includes_any", "includes_none")
"""Operators whose words name the members found, or how many were asked about."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known while clauses are put into words.

    day: the day whose values count. day_fact: the fact behind `decision.day`, None where the day
    itself is meant. shows_personal: whether the value of a personal fact may be written out. The
    values of steps are not known here: only a decider works them out, and its trace tells them.
    """

    release: Release
    facts: Mapping[str, Value]
    day: date | None
    day_fact: str | None = None
    shows_personal: bool = False

    def words(self, clause: Clause, is_met: bool) -> str:
        """The clause as a trace says it, without the values of steps."""
        found, count = self._found(clause)
        said = phrase(clause.operator, clause.right, is_met).format(
            left=name_of(clause.left),
            value=self._shown(clause.left, clause.kind),
            right=self._right(clause),
            found=found,
            count=count,
        )
        return " ".join(said.split())

    def _found(self, clause: Clause) -> tuple[str, str]:
        """For `includes_any` and its negation: the members found, how many were asked about."""
        if clause.operator not in OVER_MEMBERS:
            return "", ""
        asked = self._members(clause.right)
        given = self.facts.get(name_of(clause.left))
        found = [word for word in given if word in asked] if isinstance(given, tuple) else []
        return ", ".join(found), str(len(asked))

    def _members(self, right: Operand) -> tuple[str, ...]:
        if isinstance(right, Words):
            return right.words
        value = self._parameter(right.name) if isinstance(right, ParamRef) else None
        return value if isinstance(value, tuple) else ()

    def _shown(self, operand: Operand, kind: Kind) -> str:
        """The value of a fact or day in its type's form; "" of a step."""
        match operand:
            case DayRef():
                if self.day_fact is None:
                    return "" if self.day is None else self.day.isoformat()
                return format_value("date", self.facts.get(self.day_fact, UNKNOWN))
            case FactRef(name) if name in self.release.facts:
                if self.release.facts[name].personal and not self.shows_personal:
                    return "(personal)"
                given = self.facts.get(name, UNKNOWN)
                if isinstance(given, tuple):
                    return ", ".join(given) or "nothing"
                return format_value(kind, given)
        return ""

    def _right(self, clause: Clause) -> str:
        match clause.right:
            case ParamRef(name):
                return self._parameter_words(clause, name)
            case Words(words):
                return "[" + ", ".join(words) + "]"
            case Constant(value):
                return format_value(clause.kind, value)
            case name:
                return self._shown(name, clause.kind) or name_of(name)

    def _parameter_words(self, clause: Clause, name: str) -> str:
        """A parameter's value; a list by its name, its length and its date."""
        parameter = self.release.parameters[name]
        dated = None if self.day is None else parameter.on(self.day)
        if dated is None or clause.operator in OVER_MEMBERS:
            return f"${name}"
        if isinstance(dated.value, tuple):
            return list_words(name, dated)
        return show(kind_of(parameter, clause.kind), dated.value, parameter.unit)

    def _parameter(self, name: str) -> object:
        dated = None if self.day is None else self.release.parameters[name].on(self.day)
        return None if dated is None else dated.value


def name_of(operand: Operand) -> str:
    """The name as written in the rule; "" for a constant or a list."""
    match operand:
        case DayRef():
            return DAY
        case FactRef(name) | StepRef(name):
            return name
        case ParamRef(name):
            return f"${name}"
    return ""


def kind_of(parameter: Parameter, otherwise: Kind) -> Kind:
    """The type in whose form a parameter's value is shown."""
    match parameter.unit:
        case "money" | "integer" | "days" | "years" | "share" | "boolean" | "list":
            return parameter.unit
        case _:
            return otherwise


def show(kind: Kind, value: object, unit: str = "") -> str:
    """Any value as people read it: a period by its ends, a yearly day by its name."""
    match value:
        case Period(first, last):
            return f"{format_yearly_day(first)} to {format_yearly_day(last)}"
        case Table():
            return "table"
        case int() if unit == "day_of_year":
            return format_yearly_day(value)
    known: MaybeValue = value  # type: ignore[assignment]  # what is left is a value of a fact
    return format_value(kind, known)


def list_words(name: str, dated: DatedValue) -> str:
    """A `$list` by its length and date: `$tutoring.subjects (7, since 2026-07-01)`."""
    length = len(dated.value) if isinstance(dated.value, tuple) else 0
    return f"${name} ({length}, since {dated.since})"


def as_written(clause: Clause) -> str:
    """The clause as the rule file has it, `reader.age: { below: $loan.smallest_age }`."""
    match clause.right:
        case Words(words):
            right = f"[{', '.join(words)}]"
        case Constant(value):
            is_zero = value == 0 and not isinstance(value, bool)
            right = "zero" if is_zero else format_value(clause.kind, value)
        case operand:
            right = name_of(operand)
    return f"{name_of(clause.left)}: {{ {clause.operator}: {right} }}"
