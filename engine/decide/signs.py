"""The sign of a rule: what, beside the outcomes of its clauses, tells one telling from another.

Two sets of facts of which the same are unknown, and that give a rule the same outcomes and the
same sign, give it the same findings, missing facts and standing, and the same trace but for the
texts of values. A sign is written as expressions over the variables of the generated function: of
each step whether it was read, is unknown or none, what it chose, which bound, term or row settled
it.
"""

from engine.decide.arithmetic import column_by_range
from engine.decide.step_writer import StepWriter
from engine.language.model import (
    Choose,
    DayRef,
    FactRef,
    Holds,
    LookUp,
    Pick,
    Step,
    StepRef,
    Table,
)
from engine.language.operands import bounds_of, operands_of


def sign_of(rule: StepWriter) -> list[str]:
    """The expressions of the rule's sign, none where it has no steps; steps that were not read
    hold `R`."""
    return [sign for step in rule.rule.steps.values() for sign in _step(rule, step)]


def unknown_facts(rule: StepWriter) -> list[str]:
    """For each fact that the rule names an expression: whether it is unknown."""
    named = [
        rule.named(each) for each in operands_of(rule.rule) if isinstance(each, FactRef | DayRef)
    ]
    return [f"{name} is U" for name in dict.fromkeys(named)]


def _step(rule: StepWriter, step: Step) -> list[str]:
    value = rule.variable(step.name)
    signs = [f"{value}.__class__"]  # that of R, unknown, none and a value differ
    match step.formula:
        case Holds():
            signs.append(value)
        case Choose(by, _, _):
            signs.append(rule.named(by))
        case Pick(_, terms):
            tests = [
                f"{place} if {rule.named(term)} == {value}" for place, term in enumerate(terms)
            ]
            signs.append(" else ".join([*tests, "-1"]))
        case LookUp():
            signs += _row(rule, step.formula, value)
    return signs + _bound(rule, step, value)


def _row(rule: StepWriter, formula: LookUp, value: str) -> list[str]:
    """Whether there is a row, and which range holds it; a bound may be what is unknown or none."""
    if not isinstance(formula.by, FactRef | StepRef | DayRef):
        return []
    by = rule.named(formula.by)
    table = rule.constant_of(formula.table)
    no_row = f"{value} is R or {by} is U or {by} is None"
    if not isinstance(table, Table) or table.by_key is not None:
        return [no_row]
    bounds, _ = column_by_range(table, formula.column)
    return [f"-1 if {no_row} else find_row({rule.source.shared(bounds)}, {by})"]


def _bound(rule: StepWriter, step: Step, value: str) -> list[str]:
    """Whether a bound moved the step, and whether it ended on the upper one."""
    if not bounds_of(step):
        return []
    moved = f"{rule.unbounded(step.name)} == {value}"
    if step.not_above is None:
        return [moved]
    return [f"0 if {moved} else 2 if {rule.named(step.not_above)} == {value} else 1"]
