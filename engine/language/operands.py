"""What a rule reads: its operands, clauses and parameters, found by walking the model.

Every reading of a release needs these walks, so they live with the model.
"""

from collections.abc import Iterator

from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    Clause,
    Condition,
    DaysBetween,
    Distance,
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
)


def clauses_in(condition: Condition) -> Iterator[Clause]:
    """Every clause of a condition, those inside groups too, in reading order."""
    for entry in condition:
        if isinstance(entry, Group):
            for inner in entry.entries:
                yield from clauses_in(inner)
        else:
            yield entry


def inputs_of(formula: Formula) -> tuple[Operand, ...]:
    """What a formula always reads, bounds aside: of a choice only `by`, of `holds` nothing."""
    match formula:
        case Add(terms) | Pick(_, terms):
            return terms
        case (
            Subtract(one, other)
            | Distance(one, other)
            | DaysBetween(one, other)
            | Share(one, other, _)
            | ShiftDay(_, one, _, other)
            | CalendarDay(one, other, _)
        ):
            return (one, other)
        case Choose(by, _, _) | LookUp(_, by, _):
            return (by,)
        case Holds():
            return ()


def branches_of(formula: Formula) -> tuple[Operand, ...]:
    """The operands of which a choice reads one."""
    if not isinstance(formula, Choose):
        return ()
    rest = () if formula.otherwise is None else (formula.otherwise,)
    return (*formula.branches.values(), *rest)


def bounds_of(step: Step) -> tuple[Operand, ...]:
    """The bounds that the step has, lower first."""
    return tuple(bound for bound in (step.not_below, step.not_above) if bound is not None)


def conditions_of(rule: Rule) -> Iterator[Condition]:
    """The conditions of a rule in reading order: steps, then `when`, then cases."""
    for step in rule.steps.values():
        if isinstance(step.formula, Holds):
            yield step.formula.condition
    yield rule.when
    for case in rule.cases:
        yield case.condition


def clauses_of(rule: Rule) -> Iterator[Clause]:
    """Every clause of a rule."""
    for condition in conditions_of(rule):
        yield from clauses_in(condition)


def operands_of(rule: Rule) -> Iterator[Operand]:
    """Everything that a rule names, with repeats."""
    for step in rule.steps.values():
        yield from operands_of_step(step)
    for clause in clauses_of(rule):
        yield from (clause.left, clause.right)
    yield from rule.answers.values()


def operands_of_step(step: Step) -> Iterator[Operand]:
    """Everything that a step names outside its conditions."""
    yield from inputs_of(step.formula)
    yield from branches_of(step.formula)
    yield from bounds_of(step)
    if isinstance(step.formula, LookUp):
        yield step.formula.table


def parameters_of(rule: Rule) -> tuple[str, ...]:
    """The parameters that a rule names, without repeats, in reading order."""
    named = (each.name for each in operands_of(rule) if isinstance(each, ParamRef))
    return tuple(dict.fromkeys(named))


def steps_in(operands: tuple[Operand, ...]) -> tuple[str, ...]:
    """The steps among some operands."""
    return tuple(each.name for each in operands if isinstance(each, StepRef))
