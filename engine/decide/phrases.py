"""Operands and clauses in words, as one rule's trace says them (language.md, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.decide.answer import MET, NOT_REACHED, UNKNOWN_CLAUSE
from engine.decide.sheet import Sheet
from engine.language.model import (
    Clause,
    Constant,
    DayRef,
    Fact,
    FactRef,
    Group,
    Holds,
    Operand,
    ParamRef,
    Release,
    Rule,
    Step,
    StepRef,
    Words,
)
from engine.language.operands import bounds_of, branches_of, clauses_in, inputs_of
from engine.language.operators import is_absence, phrase
from engine.language.values import (
    UNKNOWN,
    Kind,
    format_value,
)
from engine.language.wording import OVER_MEMBERS, kind_of, list_words, show

_ASKED: Final[Mapping[str, str]] = {
    "is": "is", "is_not": "is not", "in": "is one of", "not_in": "is none of",
    "above": "is above", "at_least": "is at least", "at_most": "is at most", "below": "is below",
    "before": "is before", "on_or_before": "is on or before", "on_or_after": "is on or after",
    "after": "is after", "during": "is during", "outside": "is outside",
    "includes": "includes", "lacks": "lacks", "includes_any": "includes one of",
    "includes_none": "includes none of",
}  # fmt: skip
"""What a clause asks, without any value."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words for one rule that was judged. `personal`: its steps that rest on a personal fact."""

    release: Release
    sheet: Sheet
    personal: frozenset[str]

    # operands

    def name(self, operand: Operand) -> str:
        """The operand as written; the day by the name of the fact that it is."""
        match operand:
            case FactRef(name) | StepRef(name):
                return name
            case DayRef():
                return self.sheet.binding.day_fact
            case ParamRef(name):
                return f"${name}"
            case Words(words):
                return _listed(words)
            case Constant(value):
                is_zero = value == 0 and not isinstance(value, bool)
                return "zero" if is_zero else format_value("text", value)

    def kind(self, operand: Operand, otherwise: Kind) -> Kind:
        """The type in whose form the operand's value is shown; constants borrow one."""
        match operand:
            case FactRef(name) if name in self.release.facts:
                return self.release.facts[name].type.kind
            case StepRef(name):
                return self.sheet.rule.steps[name].type.kind
            case DayRef():
                return "date"
            case ParamRef(name):
                return kind_of(self.release.parameters[name], otherwise)
        return otherwise

    def value(self, operand: Operand, otherwise: Kind) -> str:
        """The operand's value in its type's form."""
        return show(self.kind(operand, otherwise), self.sheet.value(operand), self._unit(operand))

    def _unit(self, operand: Operand) -> str:
        if not isinstance(operand, ParamRef):
            return ""
        return self.release.parameters[operand.name].unit

    def named(self, operand: Operand, otherwise: Kind, *, with_value: bool = True) -> str:
        """Name and value side by side; a constant is its own name."""
        name = self.name(operand)
        if not with_value or isinstance(operand, Constant | Words):
            return name
        return f"{name} {self.value(operand, otherwise)}"

    def is_personal(self, operand: Operand) -> bool:
        """Whether the operand shows, or is worked out from, a personal fact."""
        return shows_personal(self.release.facts, self.personal, operand)

    # clauses

    def asked(self, clause: Clause) -> str:
        """The question without any value."""
        left = self.name(clause.left)
        if is_absence(clause.operator, clause.right):
            return f"{left} is absent" if clause.operator == "is" else f"{left} is there"
        return f"{left} {_ASKED[clause.operator]} {self.name(clause.right)}"

    def told(self, clause: Clause, outcome: int) -> str:
        """The clause with its values, as it came out."""
        if outcome == NOT_REACHED:
            return self.asked(clause)
        if outcome == UNKNOWN_CLAUSE:
            return self._unknown(clause)
        words = phrase(clause.operator, clause.right, outcome == MET)
        found, count = self.members(clause)
        return words.format(
            left=self.name(clause.left),
            value=self.left(clause),
            right=self._right(clause),
            found=found,
            count=count,
        )

    def _unknown(self, clause: Clause) -> str:
        names = [
            self.name(side)
            for side in (clause.left, clause.right)
            if self.sheet.value(side) is UNKNOWN
        ]
        verb = "is" if len(names) == 1 else "are"
        return f"{self.asked(clause)}: {' and '.join(names)} {verb} unknown"

    def left(self, clause: Clause) -> str:
        value = self.sheet.value(clause.left)
        if isinstance(value, tuple):
            return ", ".join(value) or "nothing"
        return self.value(clause.left, clause.kind)

    def _right(self, clause: Clause) -> str:
        right = clause.right
        if isinstance(right, Constant) and not isinstance(right.value, str):
            return format_value(clause.kind, right.value)
        if isinstance(right, ParamRef) and clause.operator in OVER_MEMBERS:
            return self.name(right)
        if isinstance(right, Constant | Words):
            return self.name(right)
        return self.value(right, clause.kind) if not _is_list(self, right) else self._list(right)

    def _list(self, right: Operand) -> str:
        """A `$list` by its length and date: the list itself stands among the parameters."""
        if not isinstance(right, ParamRef):
            return self.value(right, "list")
        dated = self.sheet.binding.values[right.name]
        return list_words(right.name, dated)

    def members(self, clause: Clause) -> tuple[str, int]:
        """For `includes_any`: the members found, and how many were asked about."""
        if clause.operator not in OVER_MEMBERS:
            return "", 0
        asked = self.sheet.value(clause.right)
        given = self.sheet.value(clause.left) or ()
        return ", ".join(word for word in given if word in asked), len(asked)


def _is_list(phrases: Phrases, operand: Operand) -> bool:
    return isinstance(phrases.sheet.value(operand), tuple)


def _listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(words) + "]"


# --- what is personal ---------------------------------------------------------------------------


def personal_steps(facts: Mapping[str, Fact], rule: Rule) -> frozenset[str]:
    """The steps of a rule that are worked out from a personal fact, through other steps too."""
    found: frozenset[str] = frozenset()
    for step in rule.steps.values():
        if any(shows_personal(facts, found, operand) for operand in _read(step)):
            found |= {step.name}
    return found


def _read(step: Step) -> list[Operand]:
    read = [*inputs_of(step.formula), *branches_of(step.formula), *bounds_of(step)]
    if isinstance(step.formula, Holds):
        for clause in clauses_in(step.formula.condition):
            read += (clause.left, clause.right)
    return read


def shows_personal(facts: Mapping[str, Fact], steps: frozenset[str], operand: Operand) -> bool:
    """Whether an operand is a personal fact or one of these steps."""
    if isinstance(operand, StepRef):
        return operand.name in steps
    return isinstance(operand, FactRef) and operand.name in facts and facts[operand.name].personal


# --- groups -------------------------------------------------------------------------------------


def told_group(group: Group, outcomes: list[int]) -> str:
    """`any of 3: met by the 2nd`, from the outcomes of its entries."""
    words = f"{group.operator.replace('_', ' ')} {len(outcomes)}"
    if not outcomes or NOT_REACHED in outcomes:
        return words
    met, unknown = _positions(outcomes, MET), _positions(outcomes, UNKNOWN_CLAUSE)
    if met:
        return f"{words}: met by {met}"
    if unknown:
        return f"{words}: {unknown} {'are' if ' and ' in unknown else 'is'} unknown"
    return f"{words}: none met"


def _positions(outcomes: list[int], wanted: int) -> str:
    places = [_ordinal(place) for place, each in enumerate(outcomes, 1) if each == wanted]
    return "the " + " and ".join(places) if places else ""


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
