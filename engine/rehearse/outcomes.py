"""What each clause of each rule came to when a case was run."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Protocol

from engine.decide.answer import MET, SYMBOLS, UNKNOWN_CLAUSE, UNMET, Decision
from engine.language.model import FactRef, Release, Rule
from engine.language.operands import clauses_in

_BY_SYMBOL: Final = {symbol: number for number, symbol in enumerate(SYMBOLS)}

Outcomes = Mapping[str, tuple[int, ...]]
"""By rule in force on the day: the outcome of each clause by its number."""


class Undecided(Protocol):
    """What a watcher could not tell."""

    @property
    def name(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def missing(self) -> tuple[str, ...]: ...


class Concluded(Protocol):
    """What a watcher found in force, and why in words."""

    @property
    def name(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def clauses(self) -> tuple[str, ...]: ...


class Standing(Protocol):
    """What a watcher answers."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def missing(self) -> tuple[str, ...]: ...
    @property
    def concluded(self) -> tuple[Concluded, ...]: ...
    @property
    def undecided(self) -> tuple[Undecided, ...]: ...


def is_in_force(rule: Rule, day: date) -> bool:
    """Both days count; an open end holds for ever."""
    first, last = rule.in_force.first, rule.in_force.last
    return (first is None or first <= day) and (last is None or day <= last)


def outcomes_of_decision(release: Release, decided: Decision) -> Outcomes:
    """The recorded symbols, cut at the rules in force; {} where no rule was judged."""
    if decided.as_of is None:
        return {}
    found: dict[str, tuple[int, ...]] = {}
    start = 0
    for name in release.decisions[decided.decision].rules:
        rule = release.rules[name]
        if is_in_force(rule, decided.as_of):
            symbols = decided.outcomes[start : start + rule.clauses]
            found[name] = tuple(_BY_SYMBOL[symbol] for symbol in symbols)
            start += rule.clauses
    return found


def outcomes_of_standing(release: Release, judged: Outcomes, standing: Standing) -> Outcomes:
    """The decider's outcomes, with the clauses that read conclusions judged by the standing."""
    names, open_names = set(standing.names), {each.name for each in standing.undecided}

    def outcome(name: str) -> int:
        if name in names:
            return MET
        return UNKNOWN_CLAUSE if name in open_names else UNMET

    found: dict[str, tuple[int, ...]] = {}
    for name, outcomes in judged.items():
        row = list(outcomes)
        for clause in clauses_in(release.rules[name].when):
            left = clause.left
            if isinstance(left, FactRef) and left.name in release.conclusions:
                row[clause.number] = outcome(left.name)
        found[name] = tuple(row)
    return found
