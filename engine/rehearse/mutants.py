"""Small slips that a person could make in a policy, one at a time.

A slip that no case notices shows a rule that nobody checks.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from engine.language.model import (
    Clause,
    FactRef,
    OperatorName,
    Outcome,
    Parameter,
    ParameterValue,
    Period,
    Pick,
    Place,
    Release,
    Rule,
    Share,
    Step,
    Table,
    Verdict,
)
from engine.language.operands import clauses_of, parameters_of
from engine.language.operators import is_absence
from engine.language.values import Rounding, Value
from engine.language.wording import as_written
from engine.rehearse.rewriting import change_case, change_clauses

SLIPS: Final[Mapping[OperatorName, OperatorName]] = {
    "is": "is_not", "is_not": "is", "in": "not_in", "not_in": "in",
    "above": "at_least", "at_least": "above", "at_most": "below", "below": "at_most",
    "before": "on_or_before", "on_or_before": "before",
    "after": "on_or_after", "on_or_after": "after",
    "during": "outside", "outside": "during", "includes": "lacks", "lacks": "includes",
    "includes_any": "includes_none", "includes_none": "includes_any",
}  # fmt: skip
"""Orders slip by their boundary, the slip that is easiest to make and hardest to see."""

VERDICT_SLIPS: Final[Mapping[Verdict, Verdict]] = {
    "deny": "review", "review": "deny", "incomplete": "review", "allow": "review",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One slip. rules: those that it changes, or that read what it changes. clause: the number of
    the one clause that it touches, None where it is not one clause."""

    place: Place
    slip: str
    release: Release
    rules: tuple[str, ...]
    clause: int | None = None


def find_mutants(release: Release, rules: Iterable[str]) -> Iterator[Mutant]:
    """Every slip in these rules and in the parameters that they read, rule by rule."""
    names = sorted(set(rules))
    for name in names:
        yield from rule_mutants(release, release.rules[name])
    readers: dict[str, list[str]] = {}
    for name in names:
        for parameter in parameters_of(release.rules[name]):
            readers.setdefault(parameter, []).append(name)
    for parameter, reading in sorted(readers.items()):
        yield from parameter_mutants(release, release.parameters[parameter], tuple(reading))


# --- rules ------------------------------------------------------------------------------------


def rule_mutants(release: Release, rule: Rule) -> Iterator[Mutant]:
    """Slips in one rule: operators, dropped clauses, verdicts, rounding, least and greatest."""
    for clause in clauses_of(rule):
        words = as_written(clause)
        for slip, changed in _clause_slips(release, rule, clause):
            mutated = change_clauses(rule, _Standin(clause.number, changed))
            yield Mutant(
                clause.place, f"{words}: {slip}", _with(release, mutated), (rule.name,),
                clause.number,
            )  # fmt: skip
    for place, slip, mutated in (*_verdict_slips(rule), *_step_slips(rule)):
        yield Mutant(place, slip, _with(release, mutated), (rule.name,))


@dataclass(frozen=True, slots=True)
class _Standin:
    """Puts another clause, or none, in the place of one."""

    number: int
    changed: Clause | None

    def __call__(self, clause: Clause) -> Clause | None:
        return self.changed if clause.number == self.number else clause


def _clause_slips(
    release: Release, rule: Rule, clause: Clause
) -> Iterator[tuple[str, Clause | None]]:
    left = clause.left
    if not (isinstance(left, FactRef) and left.name in release.conclusions):
        # The language knows no other operator for a conclusion.
        other = SLIPS[clause.operator]
        yield f"`{clause.operator}` becomes `{other}`", replace(clause, operator=other)
    if not _says_alone_what_absence_means(rule, clause):
        yield "clause dropped", None


def _says_alone_what_absence_means(rule: Rule, clause: Clause) -> bool:
    """Whether the loader would refuse the rule without this `is_not: none` (rule.none_unsaid)."""
    if clause.operator != "is_not" or not is_absence(clause.operator, clause.right):
        return False
    alike = (each for each in clauses_of(rule) if each.left == clause.left)
    return sum(is_absence(each.operator, each.right) for each in alike) == 1


def _verdict_slips(rule: Rule) -> Iterator[tuple[Place, str, Rule]]:
    for case in rule.cases:
        said, other = case.outcome.verdict, VERDICT_SLIPS[case.outcome.verdict]
        outcome = Outcome(other, case.outcome.reasons)
        slip = f"case {case.name}: `{said}` becomes `{other}`"
        yield case.place, slip, change_case(rule, case.name, outcome)
    if rule.cases:
        said, other = rule.otherwise.verdict, VERDICT_SLIPS[rule.otherwise.verdict]
        outcome = Outcome(other, rule.otherwise.reasons)
        place = rule.otherwise_place or rule.place
        yield place, f"otherwise: `{said}` becomes `{other}`", replace(rule, otherwise=outcome)


def _step_slips(rule: Rule) -> Iterator[tuple[Place, str, Rule]]:
    for step in rule.steps.values():
        for slip, changed in _formula_slips(step):
            steps = {**rule.steps, step.name: changed}
            yield step.place, f"step {step.name}: {slip}", replace(rule, steps=steps)


def _formula_slips(step: Step) -> Iterator[tuple[str, Step]]:
    match step.formula:
        case Share(_, _, rounding) as share:
            other: Rounding = "up" if rounding == "down" else "down"
            changed = replace(step, formula=replace(share, rounding=other))
            yield f"rounds `{other}`, not `{rounding}`", changed
        case Pick("least", terms):
            yield "`least` becomes `greatest`", replace(step, formula=Pick("greatest", terms))
        case Pick("greatest", terms):
            yield "`greatest` becomes `least`", replace(step, formula=Pick("least", terms))
    if step.not_below is not None:
        yield "`not_below` dropped", replace(step, not_below=None)
    if step.not_above is not None:
        yield "`not_above` dropped", replace(step, not_above=None)


def _with(release: Release, rule: Rule) -> Release:
    return replace(release, rules={**release.rules, rule.name: rule})


# --- parameters -------------------------------------------------------------------------------


def parameter_mutants(
    release: Release, parameter: Parameter, rules: tuple[str, ...]
) -> Iterator[Mutant]:
    """Every number of the parameter one unit higher and one unit lower; a list's words dropped."""
    for index, dated in enumerate(parameter.values):
        is_day = parameter.unit == "day_of_year"
        for slip, value in _day_slips(dated.value) if is_day else _value_slips(dated.value):
            values = (
                *parameter.values[:index], replace(dated, value=value),
                *parameter.values[index + 1 :],
            )  # fmt: skip
            changed = replace(parameter, values=values)
            parameters = {**release.parameters, parameter.name: changed}
            yield Mutant(
                dated.place, f"${parameter.name} since {dated.since}: {slip}",
                replace(release, parameters=parameters), rules,
            )  # fmt: skip
    for place, slip, changed in _date_slips(release, parameter):
        parameters = {**release.parameters, parameter.name: changed}
        yield Mutant(
            place, f"${parameter.name} {slip}", replace(release, parameters=parameters), rules
        )


def _date_slips(release: Release, parameter: Parameter) -> Iterator[tuple[Place, str, Parameter]]:
    """A change that comes a day later or earlier. With the first day of all nothing changes; and
    before a parameter's own first day there is no answer that a case could expect."""
    first = min(each.values[0].since for each in release.parameters.values() if each.values)
    for index, dated in enumerate(parameter.values):
        if dated.since == first:
            continue
        for step in (1, -1) if index else (1,):
            since = dated.since + timedelta(days=step)
            others = {each.since for each in parameter.values if each is not dated}
            if since not in others:
                values = [*parameter.values]
                values[index] = replace(dated, since=since)
                slip = f"since {dated.since}: begins {_a_day(step)}"
                yield dated.place, slip, replace(parameter, values=tuple(values))


def _day_slips(value: ParameterValue) -> Iterator[tuple[str, ParameterValue]]:
    if isinstance(value, int):
        for step in (1, -1):
            yield _a_day(step), _next_day(value, step)


def _value_slips(value: ParameterValue) -> Iterator[tuple[str, ParameterValue]]:
    match value:
        case bool():
            yield "turned round", not value
        case int():
            for step in (1, -1):
                yield _shifted(step), value + step
        case Period(first, last):
            for step in (1, -1):
                yield f"begins {_a_day(step)}", Period(_next_day(first, step), last)
                yield f"ends {_a_day(step)}", Period(first, _next_day(last, step))
        case tuple():
            for word in value:
                yield f"without `{word}`", tuple(each for each in value if each != word)
        case Table():
            yield from _table_slips(value)


def _table_slips(table: Table) -> Iterator[tuple[str, Table]]:
    for key, cells in (table.by_key or {}).items():
        for slip, changed in _cell_slips(cells):
            by_key = {**(table.by_key or {}), key: changed}
            yield f"row {key}, {slip}", replace(table, by_key=by_key)
    for index, row in enumerate(table.by_range):
        name = "last row" if row.up_to is None else f"row up to {row.up_to}"
        others = table.by_range[:index], table.by_range[index + 1 :]
        slips = [(slip, replace(row, cells=cells)) for slip, cells in _cell_slips(row.cells)]
        if row.up_to is not None:
            slips += [
                (f"bound {_shifted(step)}", replace(row, up_to=row.up_to + step))
                for step in (1, -1)
            ]
        for slip, other in slips:
            by_range = (*others[0], other, *others[1])
            yield f"{name}, {slip}", replace(table, by_range=by_range)


def _cell_slips(cells: Mapping[str, Value]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for column, cell in cells.items():
        if isinstance(cell, bool):
            yield f"{column} turned round", {**cells, column: not cell}
        elif isinstance(cell, int):
            for step in (1, -1):
                yield f"{column} {_shifted(step)}", {**cells, column: cell + step}


def _shifted(step: int) -> str:
    return "one higher" if step > 0 else "one lower"


def _a_day(step: int) -> str:
    return "a day later" if step > 0 else "a day earlier"


def _next_day(month_day: int, step: int) -> int:
    """The day after or before, in a year without 29 February."""
    month, day = divmod(month_day, 100)
    moved = date(2001, month, day) + timedelta(days=step)
    return moved.month * 100 + moved.day
