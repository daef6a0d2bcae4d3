"""The quick way through the door: facts that are as they should be, from nested JSON.

Callers send the same facts over and over. So for each group of facts and the keys that it holds, in
their order, a function is written that checks just those and looks for no others. Where anything is
wrong, `facts.facts_from_json` reads all of the message again. So all ways let in the same values
and refuse the same messages.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from pydantic_core import from_json

from engine.decide.fact_checks import STOPS, Checks, NotPlain, words_of
from engine.decide.fact_values import range_of
from engine.decide.facts import facts_from_json
from engine.decide.source import Source
from engine.language.model import Fact, Release
from engine.language.values import Value

KEPT_SHAPES: Final = 512
"""Groups with other keys, or the same in another order, that a function is written for; facts of
all others are looked up one by one."""

GroupReader: TypeAlias = Callable[[Iterable[Any], dict[str, Value]], object]
"""Adds the values of a group's entries, given in the order of its keys; one of STOPS where a value
is not plainly right."""


class FactReader:
    """Reads the facts of one release; threads may share it."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._checks = Checks(release.facts)
        self._shapes: dict[tuple[str, ...], GroupReader] = {}

    def read_body(self, body: bytes) -> dict[str, Value] | None:
        """The facts of a question `{"facts": {...}}` that asks nothing else and in which all is
        plainly right; None where it must be read strictly (strict_json.py).

        The library that reads JSON here keeps the last of two equal keys and takes fractions. No
        check takes a fraction; and JSON has one colon behind each key, so where as many keys came
        in as colons are written, none was given twice.
        """
        try:
            asked = from_json(body, allow_inf_nan=False, cache_strings="keys")
            nested = asked["facts"]
            values = self._read_plainly(nested)
        except STOPS:
            return None
        keys = len(asked) + len(nested) + len(values)
        return values if len(asked) == 1 and keys == body.count(b":") else None

    def read(self, nested: Mapping[str, Any]) -> dict[str, Value]:
        """What `facts_from_json` gives, and FactsRefused as it raises it."""
        try:
            return self._read_plainly(nested)
        except STOPS:
            return facts_from_json(self._release, nested)

    def _read_plainly(self, nested: Mapping[str, Any]) -> dict[str, Value]:
        """The values, or one of STOPS."""
        values: dict[str, Value] = {}
        shapes = self._shapes
        for group, entries in nested.items():
            reader = shapes.get((group, *entries)) or self._reader_of(group, entries)
            reader(entries.values(), values)
        return values

    def _reader_of(self, group: str, entries: Mapping[str, Any]) -> GroupReader:
        """The reader of a group with these keys; LookupError where one of them names no fact."""
        facts = [self._release.facts[f"{group}.{key}"] for key in entries]
        if len(self._shapes) >= KEPT_SHAPES:
            return partial(_read_each, facts, self._checks)
        reader: GroupReader = write_reader(facts, self._checks).function()
        self._shapes[group, *entries] = reader
        return reader


def _read_each(
    facts: list[Fact], checks: Checks, given: Iterable[Any], values: dict[str, Value]
) -> None:
    for fact, each in zip(facts, given, strict=True):
        values[fact.name] = checks[fact.name](each)


def write_reader(facts: list[Fact], checks: Checks) -> Source:
    """A GroupReader of exactly these facts."""
    source = Source("read(given, values)", D=checks.days, M=checks.amounts, NotPlain=NotPlain)
    given = [f"x{place}" for place in range(len(facts))]
    source.line(f"({', '.join(given)},) = given" if facts else "pass")
    for fact, name in zip(facts, given, strict=True):
        value = _write_check(source, fact, name, checks)
        source.line(f"values[{source.shared(fact.name)}] = {value}")
    return source


def _write_check(source: Source, fact: Fact, name: str, checks: Checks) -> str:
    """Refuses what is not plain; gives the value as an expression."""
    kind = fact.type.kind
    if kind == "one_of":
        return f"{source.named(words_of(fact))}[{name}]"
    there = f"{name} is not None and " if fact.type.may_be_none else ""
    absent = f"None if {name} is None else " if there else ""
    match kind:
        case "boolean":
            source.line(f"if {there}{name} is not True and {name} is not False: raise NotPlain")
            return name
        case "integer" | "days" | "years" | "share":
            lowest, highest = range_of(fact)
            outside = f"{name}.__class__ is not int or not {lowest} <= {name} <= {highest}"
            source.line(f"if {there}({outside}): raise NotPlain")
            return name
        case "money":
            lowest, highest = range_of(fact)
            source.line(f"{name} = {absent}M[{name}]")
            source.line(f"if {there}not {lowest} <= {name} <= {highest}: raise NotPlain")
            return name
        case "date":
            return f"{absent}D[{name}]"
    return f"{source.named(checks[fact.name])}({name})"
