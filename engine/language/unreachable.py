"""Cases that can never be reached, as far as a look at the rule shows it; the rest is for `prove`.

A case is never reached when an earlier case is met whenever it is (the earlier one asks for
nothing that this one and `when` do not ask for too), or when its clauses and those of `when` cannot
all be met.
"""

from collections.abc import Iterator
from typing import Any, Final

from engine.language.contradictions import cannot_all_be_met
from engine.language.model import (
    Case,
    Clause,
    Condition,
    FactRef,
    Group,
    Operand,
    Release,
    Rule,
    StepRef,
    Type,
)
from engine.language.problems import Problem

CODE: Final = "case.unreachable"


def unreachable_cases(release: Release) -> Iterator[Problem]:
    """A warning for each such case, at its line."""
    for rule in release.rules.values():
        before: list[tuple[str, frozenset[Any]]] = []
        for case in rule.cases:
            why = _why(release, rule, case, before)
            if why:
                yield Problem(
                    case.place, CODE, f"case `{case.name}` can never be reached: {why}",
                    "put the narrower case first, or remove this one", len(case.name), "warning",
                )  # fmt: skip
            before.append((case.name, _asked(case.condition)))


def _why(release: Release, rule: Rule, case: Case, before: list[tuple[str, frozenset[Any]]]) -> str:
    given = _asked(case.condition) | _asked(rule.when)
    for name, asked in before:
        if asked <= given:
            return f"case `{name}` is met whenever it is"
    return "it asks for what `when` excludes" if _is_excluded(release, rule, case) else ""


def _asked(condition: Condition) -> frozenset[Any]:
    """What a condition asks for, free of where it was written."""
    return frozenset(
        (one.left, one.operator, one.right)
        if isinstance(one, Clause)
        else (one.operator, frozenset(_asked(entry) for entry in one.entries))
        for one in condition
    )


def _is_excluded(release: Release, rule: Rule, case: Case) -> bool:
    """Whether `when` and the case ask of one name what it cannot be at once."""
    by_name: dict[Operand, list[Clause]] = {}
    for one in (*rule.when, *case.condition):
        if not isinstance(one, Group):
            by_name.setdefault(one.left, []).append(one)
    for name, clauses in by_name.items():
        type_ = _type_of(release, rule, name)
        if type_ is not None and cannot_all_be_met(clauses, type_, release.parameters):
            return True
    return False


def _type_of(release: Release, rule: Rule, name: Operand) -> Type | None:
    if isinstance(name, StepRef):
        return rule.steps[name.name].type
    if isinstance(name, FactRef) and name.name in release.facts:
        return release.facts[name.name].type
    return None
