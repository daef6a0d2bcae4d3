"""Writes the steps of one rule as straight-line Python, each where it is read first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.decide.binding import Binding
from engine.decide.clauses import clause_value, condition_value, none_test, unknown_test
from engine.decide.formulas import cells_may_be_none, formula_value
from engine.decide.source import Source
from engine.decide.spans import steps_beyond
from engine.language.limits import MONEY_CENTS
from engine.language.model import (
    Choose,
    Condition,
    Constant,
    DayRef,
    Fact,
    FactRef,
    Holds,
    Operand,
    ParamRef,
    Rule,
    Step,
    StepRef,
)
from engine.language.operands import bounds_of, branches_of, clauses_in, inputs_of

UNFOLDED_STEPS: Final = 300
"""A step that several branches read is written out in each of them. A rule that would unfold to
more steps than this is left to the slow reading, which works each step out once."""


class TooLong(Exception):
    """The rule unfolds to too many steps."""


@dataclass(slots=True)
class Shared:
    """What all rules of the function share: the variables of facts and of the named answers."""

    source: Source
    binding: Binding
    facts: Mapping[str, Fact]
    loaded: Mapping[str, str]
    answers: Mapping[str, str]


@dataclass(slots=True)
class StepWriter:
    """The operands and steps of one rule.

    number: its place in the binding. offset, first_step: the numbers of its first clause and step
    in the whole function. ready: the steps that are surely worked out where the next line stands;
    the variables of all others hold `R` there, or what another branch left.
    """

    shared: Shared
    rule: Rule
    number: int
    offset: int
    first_step: int
    ready: set[str] = field(default_factory=set)
    unfolded: int = 0
    _noneable: dict[str, bool] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _beyond: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._beyond = steps_beyond(self.rule, self.shared.binding.values, self.shared.facts)
        for place, (name, step) in enumerate(self.rule.steps.items()):
            self._places[name] = self.first_step + place
            self._noneable[name] = self._step_may_be_none(step)

    # operands

    @property
    def source(self) -> Source:
        return self.shared.source

    def named(self, operand: Operand) -> str:
        """The operand in the source; a step must be ready."""
        match operand:
            case FactRef(name):
                return self.shared.loaded[name]
            case DayRef():
                return self.shared.loaded[self.shared.binding.day_fact]
            case StepRef(name):
                return self.variable(name)
            case ParamRef():
                return self.source.constant(self.constant_of(operand))
            case Constant(value):
                return self.source.constant(value)
        raise TypeError(f"no single value: {operand}")

    def variable(self, step: str) -> str:
        """The one variable of a step, whichever branch works it out."""
        return f"s{self._places[step]}"

    def unbounded(self, step: str) -> str:
        """The variable that keeps what a step was before its bounds."""
        return f"u{self._places[step]}"

    def constant_of(self, operand: ParamRef) -> object:
        """The parameter's value on the day."""
        return self.shared.binding.values[operand.name].value

    def may_be_none(self, operand: Operand) -> bool:
        """Whether the operand can be known to be absent."""
        match operand:
            case FactRef(name):
                fact = self.shared.facts.get(name)
                return fact is None or fact.type.may_be_none
            case StepRef(name):
                return self._noneable[name]
            case Constant(value):
                return value is None
        return False

    def _step_may_be_none(self, step: Step) -> bool:
        read = (*inputs_of(step.formula), *branches_of(step.formula))
        return any(map(self.may_be_none, read)) or cells_may_be_none(self, step.formula)

    # steps

    def clear(self) -> None:
        """Marks every step as not read; stands before the rule."""
        names = [self.variable(name) for name in self.rule.steps]
        names += [self.unbounded(step.name) for step in self.rule.steps.values() if bounds_of(step)]
        if names:
            self.source.line(f"{' = '.join(names)} = R")

    def require(self, *operands: Operand) -> None:
        """Works out the steps among these that are not surely worked out yet."""
        for operand in operands:
            if isinstance(operand, StepRef) and operand.name not in self.ready:
                self._step(self.rule.steps[operand.name])

    def _step(self, step: Step) -> None:
        self.unfolded += 1
        if self.unfolded > UNFOLDED_STEPS:
            raise TooLong
        self.require(*inputs_of(step.formula), *bounds_of(step))
        variable = self.variable(step.name)
        if isinstance(step.formula, Choose):
            self._choose(step, step.formula, variable)
        elif isinstance(step.formula, Holds):
            self.conditions(step.formula.condition)
            held = condition_value(step.formula.condition, self.offset)
            self.source.line(f"{variable} = H[{held}]")
        else:
            self._calculate(step, variable)
        self.ready.add(step.name)

    def _calculate(self, step: Step, variable: str) -> None:
        inputs = inputs_of(step.formula)
        unknown = unknown_test(self, *inputs, *bounds_of(step))
        absent = none_test(self, *inputs)
        value = formula_value(self, step.formula, self.shared.binding.fiscal_year)
        guarded = f"None if {absent} else {value}" if absent else value
        self.source.line(f"{variable} = U if {unknown} else {guarded}" if unknown
                         else f"{variable} = {guarded}")  # fmt: skip
        self._bound(step, variable)
        if step.name in self._beyond:
            there = [f"{variable} is not U"] if unknown else []
            there += [f"{variable} is not None"] if absent else []
            within = f"{-MONEY_CENTS} <= {variable} <= {MONEY_CENTS}"
            self.source.line(f"if {' and '.join([*there, f'not {within}'])}: raise OverflowError")

    def _bound(self, step: Step, variable: str) -> None:
        """A bound that is unknown has made the step unknown; one that is none does not bind."""
        if not bounds_of(step):
            return
        self.source.line(f"{self.unbounded(step.name)} = {variable}")
        with self.source.block(f"if {variable} is not U and {variable} is not None:"):
            for bound, sign in ((step.not_below, "<"), (step.not_above, ">")):
                if bound is not None:
                    limit = self.named(bound)
                    there = f"{limit} is not None and " if self.may_be_none(bound) else ""
                    self.source.line(f"if {there}{variable} {sign} {limit}: {variable} = {limit}")

    def _choose(self, step: Step, formula: Choose, variable: str) -> None:
        """Branches are statements, so that only the chosen one works its steps out."""
        by = self.named(formula.by)
        with self.source.block(f"if {by} is U:"):
            self.source.line(f"{variable} = U")
        if self.may_be_none(formula.by):
            with self.source.block(f"elif {by} is None:"):
                self.source.line(f"{variable} = None")
        for operand, keys in _by_operand(formula).items():
            with self.source.block(f"elif {self._is_one_of(by, keys)}:"):
                self._assign(operand, variable)
        with self.source.block("else:"):
            if formula.otherwise is None:
                self.source.line("raise LookupError")
            else:
                self._assign(formula.otherwise, variable)
        unknown = unknown_test(self, *bounds_of(step))
        if unknown:
            self.source.line(f"if {unknown}: {variable} = U")
        self._bound(step, variable)

    def _is_one_of(self, by: str, keys: list[str | bool]) -> str:
        if len(keys) > 1:
            return f"{by} in {self.source.shared(frozenset(keys))}"
        key = self.source.constant(keys[0])
        return f"{by} is {key}" if isinstance(keys[0], bool) else f"{by} == {key}"

    def _assign(self, operand: Operand, variable: str) -> None:
        """What is worked out inside a branch is not surely worked out after it."""
        before = set(self.ready)
        self.require(operand)
        self.source.line(f"{variable} = {self.named(operand)}")
        self.ready = before

    # conditions

    def conditions(self, condition: Condition) -> None:
        """The outcome of each clause, and the steps beneath it."""
        for clause in clauses_in(condition):
            self.require(clause.left, clause.right)
            self.source.line(f"c{self.offset + clause.number} = {clause_value(self, clause)}")


def _by_operand(formula: Choose) -> dict[Operand, list[str | bool]]:
    """Members that choose the same operand together, so that its steps are written once."""
    found: dict[Operand, list[str | bool]] = {}
    for key, operand in formula.branches.items():
        found.setdefault(operand, []).append(key)
    return found
