"""How far the amounts of a rule's steps can go, told before any fact is known.

A step whose money could pass what the engine holds (limits.MONEY_CENTS, either sign) is looked at
when it is worked out; all others surely stay within, so that nothing is spent on them.
"""

from collections.abc import Mapping
from itertools import product
from typing import Final, TypeAlias

from engine.decide.fact_values import range_of
from engine.language import limits
from engine.language.model import (
    Add,
    Choose,
    Constant,
    DatedValue,
    Distance,
    Fact,
    FactRef,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    Rule,
    Share,
    Step,
    StepRef,
    Subtract,
    Table,
)
from engine.language.operands import branches_of
from engine.language.values import NUMBERS

Span: TypeAlias = tuple[int, int]

_WIDEST: Final[Span] = (-limits.MONEY_CENTS, limits.MONEY_CENTS)
"""No number of any kind lies outside this where it comes in."""


def is_beyond(cents: int) -> bool:
    """Whether an amount is larger, either sign, than money may be."""
    return not -limits.MONEY_CENTS <= cents <= limits.MONEY_CENTS


def steps_beyond(
    rule: Rule, values: Mapping[str, DatedValue], facts: Mapping[str, Fact]
) -> frozenset[str]:
    """The money steps of a rule that some facts would carry beyond the limit."""
    reach = _Reach(values, facts, {})
    beyond: set[str] = set()
    for step in rule.steps.values():
        low, high = reach.of_step(step)
        if step.type.kind == "money" and (is_beyond(low) or is_beyond(high)):
            beyond.add(step.name)
        # What lies beyond is a fault, so what reads the step meets nothing beyond.
        reach.steps[step.name] = max(low, _WIDEST[0]), min(high, _WIDEST[1])
    return frozenset(beyond)


class _Reach:
    """The spans of operands, from those of the steps above."""

    def __init__(
        self,
        values: Mapping[str, DatedValue],
        facts: Mapping[str, Fact],
        steps: dict[str, Span],
    ) -> None:
        self.values = values
        self.facts = facts
        self.steps = steps

    def of(self, operand: Operand) -> Span:
        match operand:
            case StepRef(name):
                return self.steps[name]
            case ParamRef(name) if type(self.values[name].value) is int:
                value = self.values[name].value
                assert isinstance(value, int)  # noqa: S101 - the guard has said so
                return value, value
            case Constant(value) if type(value) is int:
                return value, value
            case FactRef(name) if name in self.facts and self.facts[name].type.kind in NUMBERS:
                return range_of(self.facts[name])
        return _WIDEST

    def of_step(self, step: Step) -> Span:
        """A lower bound that may be none need not bind, but it may; so may an upper one."""
        low, high = self._formula(step)
        if step.not_below is not None:
            below = self.of(step.not_below)
            low = max(low, below[0]) if self._always_binds(step.not_below) else low
            high = max(high, below[1])
        if step.not_above is not None:
            above = self.of(step.not_above)
            high = min(high, above[1]) if self._always_binds(step.not_above) else high
            low = min(low, above[0])
        return low, high

    def _always_binds(self, bound: Operand) -> bool:
        if isinstance(bound, FactRef):
            return bound.name in self.facts and not self.facts[bound.name].type.may_be_none
        return isinstance(bound, Constant | ParamRef)

    def _formula(self, step: Step) -> Span:  # noqa: PLR0911 - a row a formula
        match step.formula:
            case Add(terms):
                spans = [self.of(term) for term in terms]
                return sum(low for low, _ in spans), sum(high for _, high in spans)
            case Subtract(one, other):
                (low, high), (less, more) = self.of(one), self.of(other)
                return low - more, high - less
            case Distance(one, other):
                (low, high), (less, more) = self.of(one), self.of(other)
                return 0, max(abs(high - less), abs(more - low))
            case Pick(which, terms):
                pick = min if which == "least" else max
                spans = [self.of(term) for term in terms]
                return pick(low for low, _ in spans), pick(high for _, high in spans)
            case Share(share, of, _):
                products = [a * b for a, b in product(self.of(share), self.of(of))]
                return min(products) // 10_000, -(-max(products) // 10_000)
            case Choose():
                spans = [self.of(branch) for branch in branches_of(step.formula)]
                return min(low for low, _ in spans), max(high for _, high in spans)
            case LookUp(table, _, column):
                return self._column(table, column)
        return _WIDEST

    def _column(self, reference: ParamRef, column: str) -> Span:
        table = self.values[reference.name].value
        rows = [*(table.by_key or {}).values(), *(row.cells for row in table.by_range)] if (
            isinstance(table, Table)
        ) else []  # fmt: skip
        cells = [row[column] for row in rows]
        numbers = [cell for cell in cells if isinstance(cell, int)]
        return (min(numbers), max(numbers)) if numbers else _WIDEST
