"""Copies of a rule in which one thing is different, with its clauses numbered anew."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from engine.language.model import Case, Clause, Condition, Group, Holds, Outcome, Rule, Step

Change: TypeAlias = Callable[[Clause], Clause | None]
"""The clause that stands in for another; None drops it."""


def change_clauses(rule: Rule, change: Change) -> Rule:
    """The rule with every clause changed; an entry or group that loses all its clauses goes too.

    Clauses are numbered again in reading order: steps, then `when`, then cases.
    """
    writer = _Writer(change)
    steps = {name: writer.step(step) for name, step in rule.steps.items()}
    when = writer.condition(rule.when)
    cases = tuple(replace(case, condition=writer.condition(case.condition)) for case in rule.cases)
    return replace(rule, steps=steps, when=when, cases=cases, clauses=writer.count)


def change_case(rule: Rule, name: str, outcome: Outcome) -> Rule:
    """The rule with another outcome in one case."""

    def changed(case: Case) -> Case:
        return replace(case, outcome=outcome) if case.name == name else case

    return replace(rule, cases=tuple(changed(case) for case in rule.cases))


class _Writer:
    """Rewrites conditions in reading order and counts the clauses that stay."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.count = 0

    def step(self, step: Step) -> Step:
        if not isinstance(step.formula, Holds):
            return step
        return replace(step, formula=Holds(self.condition(step.formula.condition)))

    def condition(self, condition: Condition) -> Condition:
        written = (self._entry(entry) for entry in condition)
        return tuple(entry for entry in written if entry is not None)

    def _entry(self, entry: Clause | Group) -> Clause | Group | None:
        if isinstance(entry, Group):
            entries = tuple(inner for each in entry.entries if (inner := self.condition(each)))
            return replace(entry, entries=entries) if entries else None
        changed = self.change(entry)
        if changed is None:
            return None
        numbered = replace(changed, number=self.count)
        self.count += 1
        return numbered
