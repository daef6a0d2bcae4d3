"""One rule worked out on one set of facts, slowly and with everything kept.

The compiled function is the fast reading of the same rules; this one is asked where a fact is
missing, where a standing hangs on what was met, and where a trace must show each value.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.decide.answer import (
    MET,
    NEGATED,
    NOT_REACHED,
    UNKNOWN_CLAUSE,
    UNMET,
    EngineFault,
)
from engine.decide.arithmetic import cell, fiscal_day, lies_in, shift_day
from engine.decide.binding import Binding
from engine.decide.spans import is_beyond
from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    Clause,
    Condition,
    Constant,
    DayRef,
    DaysBetween,
    Distance,
    FactRef,
    Formula,
    Group,
    Holds,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    Rule,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
    Table,
    Words,
)
from engine.language.operands import bounds_of, clauses_in, inputs_of
from engine.language.operators import OPERATORS, is_absence
from engine.language.values import UNKNOWN, MaybeValue, Value, day_of_year, share_of

TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "is": lambda left, right: left == right,
    "is_not": lambda left, right: left != right,
    "in": lambda left, right: left in right,
    "not_in": lambda left, right: left not in right,
    "above": lambda left, right: left > right,
    "at_least": lambda left, right: left >= right,
    "at_most": lambda left, right: left <= right,
    "below": lambda left, right: left < right,
    "before": lambda left, right: left < right,
    "on_or_before": lambda left, right: left <= right,
    "on_or_after": lambda left, right: left >= right,
    "after": lambda left, right: left > right,
    "during": lambda left, right: lies_in(day_of_year(left), right),
    "outside": lambda left, right: not lies_in(day_of_year(left), right),
    "includes": lambda left, right: right in left,
    "lacks": lambda left, right: right not in left,
    "includes_any": lambda left, right: not right.isdisjoint(left),
    "includes_none": lambda left, right: right.isdisjoint(left),
}
"""Each operator on two known values, neither of them none."""


def members_of(words: tuple[str, ...], clause: Clause) -> frozenset[str | int]:
    """A list as its left side compares with it: words, or whole numbers for a number."""
    if clause.kind == "integer":
        return frozenset(int(word) for word in words)
    return frozenset(words)


class Sheet:
    """Works out steps and clauses of one rule when they are read, each once.

    steps: values of the steps read so far. outcomes: one number a clause, NOT_REACHED until it is
    judged. EngineFault("decision.range") where a step leaves the calendar, a table, or what money
    may be.
    """

    __slots__ = ("binding", "facts", "outcomes", "rule", "steps")

    def __init__(self, rule: Rule, binding: Binding, facts: Mapping[str, Value]) -> None:
        self.rule = rule
        self.binding = binding
        self.facts = facts
        self.steps: dict[str, MaybeValue] = {}
        self.outcomes = [NOT_REACHED] * rule.clauses

    # operands

    def value(self, operand: Operand) -> Any:
        """The operand's value: a MaybeValue, or the whole value of a parameter."""
        match operand:
            case FactRef(name):
                return self.facts.get(name, UNKNOWN)
            case DayRef():
                return self.facts.get(self.binding.day_fact, UNKNOWN)
            case StepRef(name):
                return self.step(name)
            case ParamRef(name):
                return self.binding.values[name].value
            case Constant(value):
                return value
            case Words(words):
                return words

    # steps

    def step(self, name: str) -> MaybeValue:
        """The value of a step, worked out at its first reading."""
        if name not in self.steps:
            self.steps[name] = self._work_out(self.rule.steps[name])
        return self.steps[name]

    def _work_out(self, step: Step) -> MaybeValue:
        result = self.formula(step)
        bounds = [self.value(bound) for bound in bounds_of(step)]
        if result is UNKNOWN or UNKNOWN in bounds:
            return UNKNOWN
        if result is None:
            return None
        worked_out: MaybeValue = self._bounded(step, result)
        if step.type.kind == "money" and type(worked_out) is int and is_beyond(worked_out):
            raise self._fault(step, [worked_out])
        return worked_out

    def _bounded(self, step: Step, result: Any) -> Any:
        """A bound that is none does not bind; the lower is applied before the upper."""
        for bound, keep in ((step.not_below, max), (step.not_above, min)):
            limit = None if bound is None else self.value(bound)
            if limit is not None:
                result = keep(result, limit)
        return result

    def formula(self, step: Step) -> Any:
        """The step before its bounds: a MaybeValue."""
        formula = step.formula
        if isinstance(formula, Holds):
            held = self.condition(formula.condition)
            return UNKNOWN if held == UNKNOWN_CLAUSE else held == MET
        values = [self.value(operand) for operand in inputs_of(formula)]
        if UNKNOWN in values:
            return UNKNOWN
        if None in values:
            return None
        if isinstance(formula, Choose):
            branch = branch_of(formula, values[0])
            if branch is None:
                raise self._fault(step, values)
            return self.value(branch)
        try:
            return self._calculate(formula, values)
        except (ValueError, OverflowError, LookupError):
            raise self._fault(step, values) from None

    def _fault(self, step: Step, values: list[Any]) -> EngineFault:
        given = ", ".join(str(value) for value in values)
        return EngineFault(
            "decision.range",
            f"step `{step.name}` of rule `{self.rule.name}` has no result for {given}",
        )

    def _calculate(self, formula: Formula, values: list[Any]) -> Any:  # noqa: PLR0911 - a table
        match formula:
            case Add():
                return sum(values)
            case Subtract():
                return values[0] - values[1]
            case Distance():
                return abs(values[0] - values[1])
            case Pick(which, _):
                return (min if which == "least" else max)(values)
            case Share(_, _, rounding):
                return share_of(values[0], values[1], rounding)
            case DaysBetween():
                return (values[1] - values[0]).days
            case ShiftDay(unit, _, direction, _):
                return shift_day(values[1], values[0], unit, direction)
            case CalendarDay(_, _, before_year):
                return fiscal_day(self.binding.fiscal_year, values[0], values[1], before_year)
            case LookUp(table, _, column):
                return cell(self.table(table), values[0], column)
        raise AssertionError(formula)

    def table(self, reference: ParamRef) -> Table:
        """The table that a step looks into, as it stood on the day."""
        table = self.binding.values[reference.name].value
        if not isinstance(table, Table):
            raise TypeError(f"`${reference.name}` is no table")
        return table

    # conditions

    def condition(self, condition: Condition) -> int:
        """All of these; every entry is judged, whatever the others say (paragraph 9)."""
        outcome = MET
        for entry in condition:
            outcome &= self._entry(entry)
        return outcome

    def _entry(self, entry: Clause | Group) -> int:
        if isinstance(entry, Clause):
            return self.clause(entry)
        outcome = UNMET
        for inner in entry.entries:
            outcome |= self.condition(inner)
        return outcome if entry.operator == "any_of" else NEGATED[outcome]

    def clause(self, clause: Clause) -> int:
        """The clause's outcome, kept in `outcomes`.

        A conclusion is judged by the watcher: its clause stays NOT_REACHED here, and what rests on
        it counts as unknown.
        """
        if isinstance(clause.left, FactRef) and clause.left.name in self.binding.conclusions:
            return UNKNOWN_CLAUSE
        outcome = self._judge(clause)
        self.outcomes[clause.number] = outcome
        return outcome

    def _judge(self, clause: Clause) -> int:
        left, right = self.value(clause.left), self.value(clause.right)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN_CLAUSE
        if is_absence(clause.operator, clause.right):
            met = (left is None) == (clause.operator == "is")
        elif left is None or right is None:
            met = OPERATORS[clause.operator].met_by_none
        else:
            if isinstance(right, tuple):
                right = members_of(right, clause)
            met = TESTS[clause.operator](left, right)
        return MET if met else UNMET


def branch_of(formula: Choose, chosen: str | bool) -> Operand | None:
    """The branch of a known member or boolean; None where none is written for it."""
    return formula.branches.get(chosen, formula.otherwise)


def combine(condition: Condition, outcomes: list[int] | tuple[int, ...]) -> int:
    """What a condition came to, from the outcomes of its clauses; NOT_REACHED where none was."""
    if any(outcomes[clause.number] == NOT_REACHED for clause in clauses_in(condition)):
        return NOT_REACHED
    outcome = MET
    for entry in condition:
        outcome &= outcomes[entry.number] if isinstance(entry, Clause) else _any(entry, outcomes)
    return outcome


def _any(group: Group, outcomes: list[int] | tuple[int, ...]) -> int:
    outcome = UNMET
    for inner in group.entries:
        outcome |= combine(inner, outcomes)
    return outcome if group.operator == "any_of" else NEGATED[outcome]
