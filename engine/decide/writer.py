"""Writes one rule as straight-line Python: steps where they are read, clauses, cases, answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.decide.answer import MET
from engine.decide.binding import Binding
from engine.decide.clauses import clause_value, condition_value, none_test, unknown_test
from engine.decide.formulas import cells_may_be_none, formula_value
from engine.decide.judgement import OTHERWISE, SEVERITY, findings_of
from engine.decide.source import Source
from engine.decide.standings import fixed_standing
from engine.language.model import (
    Choose,
    Condition,
    Constant,
    DayRef,
    Fact,
    FactRef,
    Holds,
    Operand,
    Outcome,
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
    steps: int = 0


@dataclass(slots=True)
class RuleWriter:
    """One rule. `number` is its place in the binding, `offset` the number of its first clause.

    ready: the variables of the steps that are surely worked out where the next line stands.
    """

    shared: Shared
    rule: Rule
    number: int
    offset: int
    ready: dict[str, str] = field(default_factory=dict)
    unfolded: int = 0
    _noneable: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, step in self.rule.steps.items():
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
                return self.ready[name]
            case ParamRef():
                return self.source.constant(self.constant_of(operand))
            case Constant(value):
                return self.source.constant(value)
        raise TypeError(f"no single value: {operand}")

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
        self.shared.steps += 1
        variable = f"s{self.shared.steps}"
        if isinstance(step.formula, Choose):
            self._choose(step, step.formula, variable)
        elif isinstance(step.formula, Holds):
            self._conditions(step.formula.condition)
            held = condition_value(step.formula.condition, self.offset)
            self.source.line(f"{variable} = H[{held}]")
        else:
            self._calculate(step, variable)
        self.ready[step.name] = variable

    def _calculate(self, step: Step, variable: str) -> None:
        inputs = inputs_of(step.formula)
        unknown = unknown_test(self, *inputs, *bounds_of(step))
        absent = none_test(self, *inputs)
        value = formula_value(self, step.formula, self.shared.binding.fiscal_year)
        guarded = f"None if {absent} else {value}" if absent else value
        self.source.line(f"{variable} = U if {unknown} else {guarded}" if unknown
                         else f"{variable} = {guarded}")  # fmt: skip
        self._bound(step, variable)

    def _bound(self, step: Step, variable: str) -> None:
        """A bound that is unknown has made the step unknown; one that is none does not bind."""
        if not bounds_of(step):
            return
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
        before = dict(self.ready)
        self.require(operand)
        self.source.line(f"{variable} = {self.named(operand)}")
        self.ready = before

    # conditions

    def _conditions(self, condition: Condition) -> None:
        for clause in clauses_in(condition):
            self.require(clause.left, clause.right)
            self.source.line(f"c{self.offset + clause.number} = {clause_value(self, clause)}")

    # the rule

    def write(self) -> None:
        """The whole rule. Its clauses stand at NOT_REACHED before it."""
        if not self.rule.when:
            self._applied()
            return
        self._conditions(self.rule.when)
        self.source.line(f"w = {condition_value(self.rule.when, self.offset)}")
        with self.source.block(f"if w == {MET}:"):
            self._applied()
        with self.source.block("elif w:"):
            self._mark_perhaps()
            self._ask()

    def write_slowly(self) -> None:
        """The rule by its slow reading alone."""
        self._ask()
        with self.source.block(f"if r[4] == {MET}:"):
            for index, name in enumerate(self.rule.answers):
                if name in self.shared.answers:
                    self._give(name, f"r[5][{index}]")
        with self.source.block("elif r[4]:"):
            self._mark_perhaps()

    def _applied(self) -> None:
        unknown = []
        for name, operand in self.rule.answers.items():
            self.require(operand)
            if name in self.shared.answers:
                self._give(name, self.named(operand))
            unknown.append(unknown_test(self, operand))
        tests = " or ".join(dict.fromkeys(filter(None, unknown)))
        if not tests:
            self._case(0)
            return
        with self.source.block(f"if {tests}:"):
            self._ask()
        with self.source.block("else:"):
            self._case(0)

    def _case(self, index: int) -> None:
        if index == len(self.rule.cases):
            self._say(OTHERWISE, (), self.rule.otherwise)
            return
        case = self.rule.cases[index]
        self._conditions(case.condition)
        self.source.line(f"k = {condition_value(case.condition, self.offset)}")
        with self.source.block(f"if k == {MET}:"):
            self._say(case.name, case.condition, case.outcome)
        with self.source.block("elif k:"):
            self._ask()
        with self.source.block("else:"):
            self._case(index + 1)

    def _say(self, case: str, answering: Condition, outcome: Outcome) -> None:
        severity = SEVERITY[outcome.verdict]
        if severity:
            self.source.line(f"v |= {severity}")
        if not outcome.reasons:
            return
        values = self.shared.binding.values
        fixed = fixed_standing(self.rule, values, answering)
        if fixed is None:
            self.source.line(f"found += ask({self.number}, given)[1]")
        else:
            findings = findings_of(self.rule, case, outcome, fixed)
            self.source.line(f"found += {self.source.named(findings)}")

    def _ask(self) -> None:
        """Takes everything but the answers from the slow reading."""
        self.source.line(f"r = ask({self.number}, given)")
        self.source.line("v |= r[0]; found += r[1]; missing += r[2]")
        if self.rule.clauses:
            names = ", ".join(f"c{self.offset + n}" for n in range(self.rule.clauses))
            self.source.line(f"({names},) = r[3]")

    # answers

    def _give(self, name: str, value: str) -> None:
        variable = self.shared.answers[name]
        with self.source.block(f"if {variable} is not NOT_GIVEN:"):
            self.source.line(f"raise conflict({self.source.shared(name)}, given)")
        self.source.line(f"{variable} = {value}")

    def _mark_perhaps(self) -> None:
        for name in self.rule.answers:
            if name in self.shared.answers:
                self.source.line(f"{self.shared.answers[name]}_perhaps = True")


def _by_operand(formula: Choose) -> dict[Operand, list[str | bool]]:
    """Members that choose the same operand together, so that its steps are written once."""
    found: dict[Operand, list[str | bool]] = {}
    for key, operand in formula.branches.items():
        found.setdefault(operand, []).append(key)
    return found
