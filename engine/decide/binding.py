"""The law of one stretch of days: which rules are in force and which values they read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from engine.decide.answer import NoValue
from engine.language.model import DatedValue, FiscalYear, Release, Rule
from engine.language.operands import parameters_of


@dataclass(frozen=True, slots=True)
class Binding:
    """What was chosen once, before any rule is judged (language.md, section 5, paragraph 1).

    day_fact: the fact that `decision.day` stands for; where standing rules watch it is that very
    name, under which their day is handed in among the facts.
    """

    rules: tuple[Rule, ...]
    values: Mapping[str, DatedValue]
    day_fact: str
    fiscal_year: FiscalYear
    conclusions: frozenset[str]


def bind(release: Release, rules: Iterable[Rule], day_fact: str, as_of: date) -> Binding:
    """Rules in force and their values on that day; NoValue where one has none (paragraph 3)."""
    in_force = tuple(rule for rule in rules if is_in_force(rule, as_of))
    values: dict[str, DatedValue] = {}
    for rule in in_force:
        for name in parameters_of(rule):
            if name not in values:
                values[name] = _value_on(release, name, as_of)
    return Binding(in_force, values, day_fact, release.fiscal_year, frozenset(release.conclusions))


def _value_on(release: Release, name: str, as_of: date) -> DatedValue:
    parameter = release.parameters[name]
    dated = parameter.on(as_of)
    if dated is None:
        raise NoValue(name, as_of, parameter.values[0].since)
    return dated


def is_in_force(rule: Rule, day: date) -> bool:
    """Both days count; an open end holds for ever."""
    first, last = rule.in_force.first, rule.in_force.last
    return (first is None or first <= day) and (last is None or day <= last)


def turning_days(
    release: Release, rules: Iterable[Rule], parameters: Iterable[str] = ()
) -> list[date]:
    """The days on which something that these rules read changes, or one of these parameters,
    rising; between two nothing does, so that one binding holds for the whole stretch."""
    days = {dated.since for name in parameters for dated in release.parameters[name].values}
    for rule in rules:
        first, last = rule.in_force.first, rule.in_force.last
        if first is not None:
            days.add(first)
        if last is not None and last < date.max:
            days.add(last + timedelta(days=1))
        for name in parameters_of(rule):
            days.update(dated.since for dated in release.parameters[name].values)
    return sorted(days)
