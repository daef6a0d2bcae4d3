"""Everything that some part of a release names, found by looking everywhere in it."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from functools import cache
from types import MappingProxyType

from engine.language.model import DayRef, FactRef, Operand, ParamRef, Place, Rule, StepRef, Type

NAMES = (FactRef, StepRef, ParamRef, DayRef)
_LEAVES = (str, int, date, type(None), Place, Type)


def named_in(thing: object) -> set[Operand]:
    """All facts, steps, parameters and `decision.day` that stand somewhere inside."""
    found: set[Operand] = set()
    waiting = [thing]
    while waiting:
        each = waiting.pop()
        if isinstance(each, _LEAVES):
            continue
        if isinstance(each, NAMES):
            found.add(each)
        elif isinstance(each, tuple):
            waiting += each
        elif isinstance(each, dict | MappingProxyType):
            waiting += each.values()
        else:
            waiting += [getattr(each, name) for name in _parts_of(type(each))]
    return found


@cache
def _parts_of(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


KEPT_RULES = 1_000
_PARAMETERS: dict[int, tuple[Rule, set[str]]] = {}


def parameters_of(rule: Rule) -> set[str]:
    """The names of all parameters that the rule mentions; looked for once in each rule."""
    seen, found = _PARAMETERS.get(id(rule), (None, set[str]()))
    if seen is not rule:  # an id is used again once its rule is gone
        found = {each.name for each in named_in(rule) if isinstance(each, ParamRef)}
        if len(_PARAMETERS) >= KEPT_RULES:
            _PARAMETERS.clear()
        _PARAMETERS[id(rule)] = rule, found
    return found


def facts_of(rules: Iterable[Rule]) -> set[str]:
    """The names of all facts (and conclusions) that the rules mention."""
    return {each.name for rule in rules for each in named_in(rule) if isinstance(each, FactRef)}
