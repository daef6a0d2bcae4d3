"""From the release's own rules to the tests that peers are told, under the law of one day.

Nothing is written by hand: what a peer evaluates is made from the `Rule` and `Clause` objects that
our compiler reads too. Parameters become their values of the day.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from bench.peers.terms import (
    Absent,
    Apart,
    Chosen,
    Constant,
    Data,
    Equal,
    Every,
    Field,
    Includes,
    Not,
    OneOf,
    Ordered,
    Outcome,
    Policy,
    RuleTests,
    Shape,
    Some,
    Sum,
    Term,
    Test,
    every,
    negated,
    some,
)

from engine.decide.binding import Binding, bind
from engine.decide.sheet import Sheet, members_of
from engine.language.model import (
    Add,
    Choose,
    Clause,
    Condition,
    DayRef,
    DaysBetween,
    Distance,
    FactRef,
    Holds,
    Operand,
    ParamRef,
    Period,
    Release,
    Rule,
    Step,
    StepRef,
    Subtract,
    Words,
)
from engine.language.model import Constant as Written
from engine.language.model import Outcome as Said
from engine.language.operands import bounds_of, clauses_of
from engine.language.operators import OPERATORS, is_absence
from engine.language.values import Kind, Value, day_of_year

_SIGNS: Final[Mapping[str, Literal["<", "<=", ">", ">="]]] = {
    "above": ">", "at_least": ">=", "at_most": "<=", "below": "<",
    "before": "<", "on_or_before": "<=", "on_or_after": ">=", "after": ">",
}  # fmt: skip
_NEGATIVE: Final = {
    "is_not": "is", "not_in": "in", "outside": "during", "lacks": "includes",
    "includes_none": "includes_any",
}  # fmt: skip
_SHAPES: Final[Mapping[Kind, Shape]] = {
    "boolean": "boolean", "text": "word", "one_of": "word", "list": "words",
}  # fmt: skip


class Lowering:
    """The rules of one decision under the law of one day.

    knows_null: the peer has a null that equals nothing and is in no list, as our `none` does, so
    that only comparisons by size must ask first whether the value is there.
    """

    def __init__(
        self, release: Release, decision: str, day: date, *, knows_null: bool = False
    ) -> None:
        point = release.decisions[decision]
        rules = [release.rules[name] for name in point.rules]
        self.release = release
        self.binding: Binding = bind(release, rules, point.anchor, day)
        self.knows_null = knows_null
        self._fields: dict[str, Field] = {}
        self._facts: dict[str, str] = {}  # the fact of a field
        self._steps: dict[str, tuple[Rule, str]] = {}  # worked out before, by field
        self._month_days: dict[str, str] = {}  # month x 100 + day, by field: its fact
        self._answers: dict[str, Term] = {}

    def policy(self) -> Policy:
        """All rules in force, and the answers that a peer's language can say."""
        rules = tuple(_OneRule(self, rule).lowered() for rule in self.binding.rules)
        before = (*self._steps, *self._month_days)
        return Policy(rules, self._answers, tuple(self._fields.values()), before)

    def data(self, facts: Mapping[str, Value]) -> Data:
        """One purchase, ready for every peer: the fields that the policy reads, and no others.

        KeyError where a fact is unknown: no peer has a word for that.
        """
        found: Data = {}
        for name in self._fields:
            if name in self._steps:
                rule, step = self._steps[name]
                value = Sheet(rule, self.binding, facts).step(step)
            elif name in self._month_days:
                value = facts[self._month_days[name]]
                value = day_of_year(value) if isinstance(value, date) else None
            else:
                value = facts[self._facts[name]]
            found[name] = _plain(value)
        return found

    # for the rules below

    def fact(self, name: str) -> Field:
        fact = self.release.facts[name]
        field_name = name.replace(".", "_")
        self._facts[field_name] = name
        return self._field(field_name, fact.type.kind, fact.type.may_be_none)

    def month_day(self, name: str) -> Field:
        fact = self.release.facts[name]
        field_name = name.replace(".", "_") + "_month_day"
        self._month_days[field_name] = name
        return self._field(field_name, "integer", fact.type.may_be_none)

    def step_before(self, rule: Rule, step: Step) -> Field:
        field_name = f"{rule.name}_{step.name}".replace(".", "_")
        self._steps[field_name] = (rule, step.name)
        return self._field(field_name, step.type.kind, step.type.may_be_none)

    def answer(self, name: str, term: Term) -> None:
        self._answers[name] = term

    def _field(self, name: str, kind: Kind, may_be_none: bool) -> Field:
        field = Field(name, _SHAPES.get(kind, "number"), may_be_none)
        return self._fields.setdefault(name, field)


def _plain(value: object) -> int | bool | str | list[str] | None:
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(f"a peer cannot be given {value!r}")


class _OneRule:
    """One rule being lowered."""

    def __init__(self, lowering: Lowering, rule: Rule) -> None:
        self.lowering = lowering
        self.rule = rule

    def lowered(self) -> RuleTests:
        rule = self.rule
        for name, operand in rule.answers.items():
            self.lowering.answer(name, self._term(operand))
        return RuleTests(
            rule.name,
            self._condition(rule.when),
            tuple((self._condition(case.condition), _outcome(case.outcome)) for case in rule.cases),
            _outcome(rule.otherwise),
            tuple(self._clause(clause) for clause in clauses_of(rule)),
        )

    def _condition(self, condition: Condition) -> Test:
        tests = []
        for entry in condition:
            if isinstance(entry, Clause):
                tests.append(self._clause(entry))
                continue
            group = some(*(self._condition(inner) for inner in entry.entries))
            tests.append(group if entry.operator == "any_of" else negated(group))
        return every(*tests)

    # clauses

    def _clause(self, clause: Clause) -> Test:
        """`none` is settled here, so that peers compare values alone: what is met by `none` is the
        negation of what is unmet by it."""
        if is_absence(clause.operator, clause.right):
            absent = Absent(self._field(clause.left))
            return absent if clause.operator == "is" else Not(absent)
        positive = _NEGATIVE.get(clause.operator, clause.operator)
        held = every(*map(Not, self._absences(clause)), self._positive(clause, positive))
        if positive == clause.operator:
            return held
        if OPERATORS[clause.operator].met_by_none:
            return negated(held)
        there = [Not(absent) for absent in self._absences(clause)]
        return every(*there, negated(self._positive(clause, positive)))

    def _positive(self, clause: Clause, operator: str) -> Test:
        left, right = clause.left, clause.right
        if operator in _SIGNS:
            return Ordered(self._term(left), _SIGNS[operator], self._term(right))
        if operator == "is":
            return self._equal(left, right)
        if operator == "in":
            return OneOf(self._term(left), self._members(clause))
        if operator == "includes":
            return Includes(self._field(left), self._term(right))
        if operator == "includes_any":
            words = self._field(left)
            return some(*(Includes(words, Constant(each)) for each in self._members(clause)))
        return self._during(clause)

    def _equal(self, left: Operand, right: Operand) -> Test:
        """A boolean is its own test, and so is a step that holds conditions."""
        held = self._held(left)
        if isinstance(right, Written) and isinstance(right.value, bool):
            met = held if held is not None else Equal(self._term(left), Constant(True))
            return met if right.value else negated(met)
        return Equal(self._term(left), self._term(right))

    def _during(self, clause: Clause) -> Test:
        if isinstance(clause.left, StepRef):
            raise NotImplementedError("a step in a period")
        field = self.lowering.month_day(self._fact_name(clause.left))
        period = self._parameter(clause.right)
        if not isinstance(period, Period):
            raise TypeError(clause)
        begun = Ordered(field, ">=", Constant(period.first))
        open_still = Ordered(field, "<=", Constant(period.last))
        joined = Every if period.first <= period.last else Some
        return joined((begun, open_still))

    def _members(self, clause: Clause) -> tuple[int | str, ...]:
        right = clause.right
        words = right.words if isinstance(right, Words) else self._parameter(right)
        if not isinstance(words, tuple):
            raise TypeError(clause)
        return tuple(sorted(members_of(words, clause), key=str))

    # operands

    def _absences(self, clause: Clause) -> list[Absent]:
        """Every field beneath the clause that may be none and must be asked about, once."""
        if self.lowering.knows_null and clause.operator in (
            "is",
            "is_not",
            "in",
            "not_in",
        ):
            return []
        found = [each for side in (clause.left, clause.right) for each in self._noneable(side)]
        return [Absent(field) for field in dict.fromkeys(found)]

    def _noneable(self, operand: Operand) -> list[Field]:
        if isinstance(operand, StepRef):
            step = self.rule.steps[operand.name]
            if isinstance(step.formula, Holds):
                return []
            if _is_plain(step):
                return [each for part in _parts(step) for each in self._noneable(part)]
        term = self._term(operand) if isinstance(operand, FactRef | DayRef | StepRef) else None
        return [term] if isinstance(term, Field) and term.may_be_none else []

    def _term(self, operand: Operand) -> Term:
        match operand:
            case FactRef() | DayRef():
                return self.lowering.fact(self._fact_name(operand))
            case StepRef(name):
                return self._step(self.rule.steps[name])
            case ParamRef():
                value = self._parameter(operand)
            case Written(value):
                pass
            case _:
                raise TypeError(operand)
        if not isinstance(value, int | str):
            raise TypeError(operand)
        return Constant(value)

    def _field(self, operand: Operand) -> Field:
        term = self._term(operand)
        if not isinstance(term, Field):
            raise TypeError(operand)
        return term

    def _fact_name(self, operand: Operand) -> str:
        if isinstance(operand, FactRef):
            return operand.name
        if isinstance(operand, DayRef):
            return self.lowering.binding.day_fact
        raise TypeError(operand)

    def _parameter(self, operand: Operand) -> object:
        if not isinstance(operand, ParamRef):
            raise TypeError(operand)
        return self.lowering.binding.values[operand.name].value

    # steps

    def _held(self, operand: Operand) -> Test | None:
        if not isinstance(operand, StepRef):
            return None
        formula = self.rule.steps[operand.name].formula
        return self._condition(formula.condition) if isinstance(formula, Holds) else None

    def _step(self, step: Step) -> Term:
        """Sums and differences are worked out by the peer; all else beforehand, by us."""
        formula = step.formula
        if not _is_plain(step):
            return self.lowering.step_before(self.rule, step)
        match formula:
            case Add(terms):
                total = self._term(terms[0])
                for term in terms[1:]:
                    total = Sum(total, "+", self._term(term))
                return total
            case Subtract(one, other):
                return Sum(self._term(one), "-", self._term(other))
            case DaysBetween(start, end):
                return Sum(self._term(end), "-", self._term(start))
            case Distance(one, other):
                return Apart(self._term(one), self._term(other))
            case Choose():
                return self._choice(formula)
        raise TypeError(step)

    def _choice(self, formula: Choose) -> Term:
        """Branches tried one after the other; the last one needs no test."""
        branches = list(formula.branches.items())
        rest = self._term(formula.otherwise or branches.pop()[1])
        held = self._held(formula.by)
        for key, operand in reversed(branches):
            if held is not None:
                test = held if key else negated(held)
            else:
                test = Equal(self._term(formula.by), Constant(key))
            rest = Chosen(test, self._term(operand), rest)
        return rest


def _is_plain(step: Step) -> bool:
    """Whether every peer can say it: without bounds, and of a kind that all of them know."""
    known = isinstance(step.formula, Add | Subtract | DaysBetween | Distance | Choose)
    return known and not bounds_of(step)


def _parts(step: Step) -> tuple[Operand, ...]:
    match step.formula:
        case Add(terms):
            return terms
        case Subtract(one, other) | DaysBetween(one, other) | Distance(one, other):
            return (one, other)
        case Choose(by, _, _):
            return (by,)
    return ()


def _outcome(said: Said) -> Outcome:
    return Outcome(said.verdict, said.reasons)
