"""What the finding of a case may rest on, told before any fact is known.

Where the clauses and steps that surely count are already as weak as all that may count, the
finding's standing is a constant of the compiled function.
"""

from collections.abc import Mapping

from engine.language.model import (
    Clause,
    Condition,
    DatedValue,
    Holds,
    LookUp,
    Operand,
    ParamRef,
    Rule,
    Standing,
    Step,
    StepRef,
    weakest,
)
from engine.language.operands import bounds_of, branches_of, clauses_in, inputs_of


class _Possible:
    """Collects the standings that are surely read, and all that may be."""

    def __init__(self, rule: Rule, values: Mapping[str, DatedValue]) -> None:
        self.rule = rule
        self.values = values
        self.surely: set[Standing] = set()
        self.perhaps: set[Standing] = set()
        self._entered: set[tuple[str, bool]] = set()

    def condition(self, condition: Condition) -> None:
        """A clause that stands alone is met where the condition is; one in a group may be."""
        for entry in condition:
            if isinstance(entry, Clause):
                self._clause(entry, True)
            else:
                for clause in clauses_in((entry,)):
                    self._clause(clause, False)

    def _clause(self, clause: Clause, sure: bool) -> None:
        self._operand(clause.left, sure)
        self._operand(clause.right, sure)

    def _operand(self, operand: Operand, sure: bool) -> None:
        if isinstance(operand, ParamRef):
            (self.surely if sure else self.perhaps).add(self.values[operand.name].standing)
        elif isinstance(operand, StepRef) and (operand.name, sure) not in self._entered:
            self._entered.add((operand.name, sure))
            self._step(self.rule.steps[operand.name], sure)

    def _step(self, step: Step, sure: bool) -> None:
        if isinstance(step.formula, LookUp):
            self._operand(step.formula.table, sure)
        if isinstance(step.formula, Holds):
            for clause in clauses_in(step.formula.condition):
                self._clause(clause, sure)
        for operand in (*inputs_of(step.formula), *bounds_of(step)):
            self._operand(operand, sure)
        for operand in branches_of(step.formula):
            self._operand(operand, False)


def fixed_standing(
    rule: Rule, values: Mapping[str, DatedValue], answering: Condition
) -> Standing | None:
    """The standing of findings of that case, or None where it hangs on the facts."""
    found = _Possible(rule, values)
    found.condition(rule.when)
    found.condition(answering)
    least = weakest([rule.standing, *found.surely])
    return least if weakest([least, *found.perhaps]) == least else None
