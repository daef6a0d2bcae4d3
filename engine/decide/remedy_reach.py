"""Which facts lie beneath each step and clause of one rule, through other steps too."""

from collections.abc import Iterable

from engine.language.model import (
    Clause,
    Condition,
    DayRef,
    FactRef,
    Formula,
    Holds,
    LookUp,
    Operand,
    Rule,
    StepRef,
)
from engine.language.operands import bounds_of, branches_of, clauses_in, inputs_of

Names = frozenset[str]


class Reach:
    """Worked out once a rule. `day_fact`: the fact that `decision.day` stands for."""

    def __init__(self, rule: Rule, day_fact: str) -> None:
        self._day_fact = day_fact
        self._steps: dict[str, Names] = {}
        for name, step in rule.steps.items():  # a step reads only those above it
            self._steps[name] = self.formula(step.formula) | self._beneath(bounds_of(step))

    def operand(self, operand: Operand) -> Names:
        """The facts beneath one operand; of a parameter or constant none."""
        match operand:
            case FactRef(name):
                return frozenset({name})
            case DayRef():
                return frozenset({self._day_fact})
            case StepRef(name):
                return self._steps[name]
        return frozenset()

    def formula(self, formula: Formula) -> Names:
        """The facts beneath a step's formula, bounds aside: all branches, all conditions."""
        if isinstance(formula, Holds):
            return self.condition(formula.condition)
        if isinstance(formula, LookUp):
            return self.operand(formula.by)
        return self._beneath((*inputs_of(formula), *branches_of(formula)))

    def condition(self, condition: Condition) -> Names:
        """The facts beneath all clauses of a condition."""
        return frozenset().union(*map(self.clause, clauses_in(condition)))

    def clause(self, clause: Clause) -> Names:
        """The facts beneath both sides."""
        return self.operand(clause.left) | self.operand(clause.right)

    def _beneath(self, operands: Iterable[Operand]) -> Names:
        return frozenset().union(*map(self.operand, operands))
