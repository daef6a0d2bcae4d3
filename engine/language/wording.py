"""A clause in words with the values that stand in it, where no whole trace is at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.language.model import (
    Clause,
    Constant,
    DayRef,
    FactRef,
    Operand,
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
    Value,
    format_value,
    format_yearly_day,
)


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
        if clause.operator not in ("includes_any", "includes_none"):
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
                return format_value(kind, self.facts.get(name, UNKNOWN))
        return ""

    def _right(self, clause: Clause) -> str:
        match clause.right:
            case ParamRef(name):
                shown = _parameter_words(clause.kind, self._parameter(name))
                return f"${name} ({shown})" if shown else f"${name}"
            case Words(words):
                return "[" + ", ".join(words) + "]"
            case Constant(value):
                is_zero = value == 0 and not isinstance(value, bool)
                return "zero" if is_zero else format_value(clause.kind, value)
            case name:
                return f"{name_of(name)} {self._shown(name, clause.kind)}".rstrip()

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


def _parameter_words(kind: Kind, value: object) -> str:
    """A parameter's value inside a sentence: a list by its length, a period by its ends."""
    match value:
        case Period(first, last):
            return f"{format_yearly_day(first)} to {format_yearly_day(last)}"
        case tuple():
            return str(len(value))
        case int():
            return format_value(kind, value)
        case Table():
            return "table"
    return ""


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
