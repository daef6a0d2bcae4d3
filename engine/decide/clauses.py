"""Clauses as Python expressions: two bits each, three values, straight-line."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from engine.decide.sheet import members_of
from engine.decide.source import Source
from engine.language.model import (
    Clause,
    Condition,
    DayRef,
    FactRef,
    Group,
    Operand,
    ParamRef,
    Period,
    StepRef,
    Words,
)
from engine.language.operators import is_absence


class Operands(Protocol):
    """How a rule's operands are named in the source being written."""

    @property
    def source(self) -> Source: ...

    def named(self, operand: Operand) -> str: ...
    def may_be_none(self, operand: Operand) -> bool: ...
    def constant_of(self, operand: ParamRef) -> object: ...


SIGNS: Final[Mapping[str, str]] = {
    "above": ">", "at_least": ">=", "at_most": "<=", "below": "<",
    "before": "<", "on_or_before": "<=", "on_or_after": ">=", "after": ">",
}  # fmt: skip


def unknown_test(rule: Operands, *operands: Operand) -> str:
    """An expression that is true where one of these is unknown; "" where none can be."""
    return _each(rule, " is U", *operands)


def _each(rule: Operands, test: str, *operands: Operand) -> str:
    moving = [each for each in operands if isinstance(each, FactRef | StepRef | DayRef)]
    return " or ".join(dict.fromkeys(rule.named(each) + test for each in moving))


def none_test(rule: Operands, *operands: Operand) -> str:
    """An expression that is true where one of these is none; "" where none can be."""
    named = [rule.named(each) for each in operands if rule.may_be_none(each)]
    return " or ".join(dict.fromkeys(f"{name} is None" for name in named))


def clause_value(rule: Operands, clause: Clause) -> str:
    """The clause's outcome as an expression."""
    unknown = unknown_test(rule, clause.left, clause.right)
    met = f"3 if {_met(rule, clause)} else 0"
    return f"1 if {unknown} else {met}" if unknown else met


def _met(rule: Operands, clause: Clause) -> str:
    if is_absence(clause.operator, clause.right):
        negation = "" if clause.operator == "is" else " not"
        return f"{rule.named(clause.left)} is{negation} None"
    if clause.operator in SIGNS:
        return _ordered(rule, clause)
    return _WRITERS[clause.operator](rule, clause)


def _ordered(rule: Operands, clause: Clause) -> str:
    left, right = rule.named(clause.left), rule.named(clause.right)
    return _unless_none(rule, clause, f"{left} {SIGNS[clause.operator]} {right}")


def _unless_none(rule: Operands, clause: Clause, test: str) -> str:
    """The test, unmet by none on either side."""
    absent = none_test(rule, clause.left, clause.right)
    return f"not ({absent}) and {test}" if absent else test


def _or_none(rule: Operands, clause: Clause, test: str) -> str:
    """The test, met by none on the left."""
    absent = none_test(rule, clause.left)
    return f"{absent} or {test}" if absent else test


def _is(rule: Operands, clause: Clause) -> str:
    left, right = rule.named(clause.left), rule.named(clause.right)
    if right in ("True", "False"):
        return f"{left} is {right}"
    both = rule.may_be_none(clause.left) and rule.may_be_none(clause.right)
    return f"{left} is not None and {left} == {right}" if both else f"{left} == {right}"


def _is_not(rule: Operands, clause: Clause) -> str:
    left, right = rule.named(clause.left), rule.named(clause.right)
    if right in ("True", "False"):
        return f"{left} is not {right}"
    both = rule.may_be_none(clause.left) and rule.may_be_none(clause.right)
    return f"{left} is None or {left} != {right}" if both else f"{left} != {right}"


def _words(rule: Operands, clause: Clause) -> str:
    right = clause.right
    written = right.words if isinstance(right, Words) else None
    if isinstance(right, ParamRef):
        written = rule.constant_of(right)  # type: ignore[assignment]  # a list, as was checked
    if not isinstance(written, tuple):
        raise TypeError(f"clause {clause.number} needs a list on its right")
    return rule.source.shared(members_of(written, clause))


def _in(rule: Operands, clause: Clause) -> str:
    return f"{rule.named(clause.left)} in {_words(rule, clause)}"


def _not_in(rule: Operands, clause: Clause) -> str:
    return f"{rule.named(clause.left)} not in {_words(rule, clause)}"


def _inside(rule: Operands, clause: Clause) -> str:
    period = rule.constant_of(clause.right) if isinstance(clause.right, ParamRef) else None
    if not isinstance(period, Period):
        raise TypeError(f"clause {clause.number} needs a period on its right")
    left = rule.named(clause.left)
    here = f"{left}.month * 100 + {left}.day"
    if period.first <= period.last:
        return f"({period.first} <= {here} <= {period.last})"
    return f"(not {period.last} < {here} < {period.first})"


def _during(rule: Operands, clause: Clause) -> str:
    return _unless_none(rule, clause, _inside(rule, clause))


def _outside(rule: Operands, clause: Clause) -> str:
    return _unless_none(rule, clause, f"not {_inside(rule, clause)}")


def _includes(rule: Operands, clause: Clause) -> str:
    left, right = rule.named(clause.left), rule.named(clause.right)
    return _unless_none(rule, clause, f"{right} in {left}")


def _lacks(rule: Operands, clause: Clause) -> str:
    left, right = rule.named(clause.left), rule.named(clause.right)
    return _or_none(rule, clause, f"{right} not in {left}")


def _includes_any(rule: Operands, clause: Clause) -> str:
    test = f"not {_words(rule, clause)}.isdisjoint({rule.named(clause.left)})"
    return _unless_none(rule, clause, test)


def _includes_none(rule: Operands, clause: Clause) -> str:
    test = f"{_words(rule, clause)}.isdisjoint({rule.named(clause.left)})"
    return _or_none(rule, clause, test)


_WRITERS: Final[Mapping[str, Callable[[Operands, Clause], str]]] = {
    "is": _is, "is_not": _is_not, "in": _in, "not_in": _not_in, "during": _during,
    "outside": _outside, "includes": _includes, "lacks": _lacks, "includes_any": _includes_any,
    "includes_none": _includes_none,
}  # fmt: skip


def condition_value(condition: Condition, offset: int) -> str:
    """All of these, over the clauses' outcomes; `offset` numbers this rule's first clause."""
    parts = [
        f"c{offset + entry.number}" if isinstance(entry, Clause) else _group(entry, offset)
        for entry in condition
    ]
    return " & ".join(parts) or "3"


def _group(group: Group, offset: int) -> str:
    entries = [f"({condition_value(inner, offset)})" for inner in group.entries]
    joined = f"({' | '.join(entries)})"
    return joined if group.operator == "any_of" else f"N[{joined}]"
