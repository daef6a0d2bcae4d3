"""One rule read against one set of facts: operands, steps, conditions, what is missing.

Part of the reference interpreter; each method cites the paragraph of language.md it spells out.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from support.reference_tables import (
    Truth,
    all_of,
    any_of,
    calendar_day,
    judge,
    negated,
    share_of,
    shifted,
)

from engine.decide.answer import EngineFault, NoValue
from engine.language.limits import MONEY_CENTS
from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    Clause,
    Condition,
    Constant,
    DatedValue,
    DayRef,
    DaysBetween,
    Distance,
    FactRef,
    Group,
    Holds,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    Release,
    Rule,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
    Words,
)  # fmt: skip
from engine.language.values import UNKNOWN, MaybeValue, Value


@dataclass
class Concluding:
    """What the standing rules of a subject say of one conclusion (5.18)."""

    truth: Truth
    missing: frozenset[str]


@dataclass
class Reading:
    """One rule read against one set of facts, under the parameters of one day.

    `law`: the day that chooses parameters. `day_fact` and `day`: what `decision.day` means here.
    `seen`: the clauses judged so far by number, for the record (5.9).
    """

    release: Release
    rule: Rule
    facts: Mapping[str, Value]
    law: date
    day: MaybeValue
    day_fact: str | None = None
    conclusions: Mapping[str, Concluding] = field(default_factory=dict)
    seen: dict[int, Truth] = field(default_factory=dict)
    worked_out: dict[str, MaybeValue] = field(default_factory=dict)

    # operands

    def dated(self, name: str) -> DatedValue:
        """5.1: the value in force on the day that chooses; 5.3: none in force is an error."""
        parameter = self.release.parameters[name]
        chosen = [dated for dated in parameter.values if dated.since <= self.law]
        if not chosen:
            raise NoValue(name, self.law, parameter.values[0].since)
        return max(chosen, key=lambda dated: dated.since)

    def value(self, operand: Operand) -> Any:
        match operand:
            case FactRef(name):
                return self.facts.get(name, UNKNOWN)
            case DayRef():
                return self.day
            case StepRef(name):
                return self.step(self.rule.steps[name])
            case ParamRef(name):
                return self.dated(name).value
            case Constant(value):
                return value
            case Words(words):
                return words

    def missing(self, operand: Operand) -> set[str]:
        """The unknown facts beneath an unknown operand."""
        match operand:
            case FactRef(name):
                return set() if name in self.facts else {name}
            case DayRef() if self.day is UNKNOWN and self.day_fact is not None:
                return {self.day_fact}
            case StepRef(name) if self.value(operand) is UNKNOWN:
                return self.missing_of_step(self.rule.steps[name])
        return set()

    # steps

    def step(self, step: Step) -> Any:
        if step.name not in self.worked_out:
            self.worked_out[step.name] = self.work_out(step)
        return self.worked_out[step.name]

    def inputs(self, step: Step) -> list[Operand]:  # noqa: PLR0911 - one row a line
        """What the step uses besides its bounds; of a choice, `by` and the chosen branch."""
        match step.formula:
            case Add(terms) | Pick(_, terms):
                return list(terms)
            case Subtract(one, other) | Distance(one, other) | DaysBetween(one, other):
                return [one, other]
            case Share(share, of, _):
                return [share, of]
            case ShiftDay(_, amount, _, day):
                return [amount, day]
            case CalendarDay(day, year, _):
                return [day, year]
            case LookUp(_, by, _):
                return [by]
            case Holds():
                return []
            case Choose(by, branches, otherwise):
                chosen = self.value(by)
                if chosen is UNKNOWN or chosen is None:
                    return [by]
                branch = branches.get(chosen, otherwise)
                assert branch is not None, "the loader refuses a gap"
                return [by, branch]

    def bounds(self, step: Step) -> list[Operand]:
        return [bound for bound in (step.not_below, step.not_above) if bound is not None]

    def work_out(self, step: Step) -> Any:
        """Section 4: unknown when an input is unknown, none when one is none, bounds aside."""
        if isinstance(step.formula, Holds):
            held = self.condition(step.formula.condition)
            return UNKNOWN if held is Truth.UNKNOWN else held is Truth.MET
        values = [self.value(operand) for operand in self.inputs(step)]
        limits = [self.value(operand) for operand in self.bounds(step)]
        if UNKNOWN in values or UNKNOWN in limits:
            return UNKNOWN
        if None in values:
            return None
        result = self.formula(step, values)
        if result is None:  # a cell that says `none`
            return None
        if step.not_below is not None:
            result = self.bounded(max, result, step.not_below)
        if step.not_above is not None:
            result = self.bounded(min, result, step.not_above)
        if step.type.kind == "money" and abs(result) > MONEY_CENTS:
            raise EngineFault("decision.range", f"step {step.name} comes to {result} cents")
        return result

    def bounded(self, which: Any, result: Any, operand: Operand) -> Any:
        """A bound that is `none` does not bind."""
        bound = self.value(operand)
        return result if bound is None else which(result, bound)

    def formula(self, step: Step, values: list[Any]) -> Any:  # noqa: PLR0911 - one row a line
        match step.formula:
            case Add():
                return sum(values)
            case Subtract():
                return values[0] - values[1]
            case Distance():
                return abs(values[0] - values[1])
            case Pick(which, _):
                return min(values) if which == "least" else max(values)
            case Share(rounding=rounding):
                return share_of(values[0], values[1], rounding)
            case DaysBetween():
                return (values[1] - values[0]).days
            case ShiftDay(unit, _, direction, _):
                return shifted(unit, values[0], direction, values[1])
            case CalendarDay(before_year=before_year):
                return calendar_day(self.release.fiscal_year, values[0], values[1], before_year)
            case Choose():
                return values[1]
            case LookUp(table, _, column):
                return self.cell(self.value(table), values[0], column)
        raise AssertionError(step)

    def cell(self, table: Any, by: Any, column: str) -> Any:
        """`look_up`: the cell of the row in which `by` falls; `up_to` is included."""
        if table.by_key is not None:
            return table.by_key[by][column]
        for row in table.by_range:
            if row.up_to is None or by <= row.up_to:
                return row.cells[column]
        raise AssertionError("the loader refuses a table without an `above` row")

    def missing_of_step(self, step: Step) -> set[str]:
        if isinstance(step.formula, Holds):
            return self.missing_of(step.formula.condition)
        operands = self.inputs(step) + self.bounds(step)
        return set().union(*(self.missing(operand) for operand in operands))

    # conditions

    def condition(self, condition: Condition) -> Truth:
        """A mapping means "all of these"; every entry is judged, whatever the others say (5.9)."""
        return all_of([self.entry(entry) for entry in condition])

    def entry(self, entry: Clause | Group) -> Truth:
        if isinstance(entry, Group):
            found = any_of([self.condition(inner) for inner in entry.entries])
            return found if entry.operator == "any_of" else negated(found)
        self.seen[entry.number] = self.clause(entry)
        return self.seen[entry.number]

    def clause(self, clause: Clause) -> Truth:
        if self.conclusion_of(clause) is not None:
            return self.conclusion_of(clause).truth
        tests_none = isinstance(clause.right, Constant) and clause.right.value is None
        left, right = self.value(clause.left), self.value(clause.right)
        return judge(clause.operator, left, right, tests_none)

    def conclusion_of(self, clause: Clause) -> Any:
        """5.18: a conclusion is read by `is: true`."""
        name = clause.left.name if isinstance(clause.left, FactRef) else None
        if name not in self.release.conclusions:
            return None
        return self.conclusions.get(name, Concluding(Truth.UNMET, frozenset()))

    def missing_of(self, condition: Condition) -> set[str]:
        """The unknown facts beneath the unknown parts of an unknown condition.

        What is met or unmet stays so whatever else becomes known, so nothing beneath it is asked
        for; an unknown group is asked for only through those of its entries that are unknown.
        """
        if self.condition(condition) is not Truth.UNKNOWN:
            return set()
        return set().union(*(self.missing_of_entry(entry) for entry in condition))

    def missing_of_entry(self, entry: Clause | Group) -> set[str]:
        if self.entry(entry) is not Truth.UNKNOWN:
            return set()
        if isinstance(entry, Group):
            return set().union(*(self.missing_of(inner) for inner in entry.entries))
        if self.conclusion_of(entry) is not None:
            return set(self.conclusion_of(entry).missing)
        return self.missing(entry.left) | self.missing(entry.right)

    # standing: 5.16

    def standings_of(self, condition: Condition) -> list[Any]:
        """The standings of all parameters that the met clauses of the condition read."""
        met = [clause for clause in flat(condition) if self.entry(clause) is Truth.MET]
        return self.standings_read(met)

    def standings_read(self, clauses: list[Clause]) -> list[Any]:
        sides = [side for clause in clauses for side in (clause.left, clause.right)]
        return list(itertools.chain(*(self.standings_beneath(side) for side in sides)))

    def standings_beneath(self, operand: Operand) -> list[Any]:
        match operand:
            case ParamRef(name):
                return [self.dated(name).standing]
            case StepRef(name):
                step = self.rule.steps[name]
                if isinstance(step.formula, Holds):
                    # A step reads all that it holds: where it is false, it rests on unmet ones.
                    return self.standings_read(flat(step.formula.condition))
                table = [step.formula.table] if isinstance(step.formula, LookUp) else []
                read = table + self.inputs(step) + self.bounds(step)
                return list(itertools.chain(*(self.standings_beneath(each) for each in read)))
        return []


def flat(condition: Condition) -> list[Clause]:
    """All clauses of a condition, those inside groups too."""
    found: list[Clause] = []
    for entry in condition:
        if isinstance(entry, Clause):
            found.append(entry)
        else:
            for inner in entry.entries:
                found += flat(inner)
    return found
