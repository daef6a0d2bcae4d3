"""The quick way through the door: facts that are as they should be, from nested JSON.

For each decision a function is written that looks for the facts which its rules name, and for
those beside them. Where the message holds others, each fact is looked up; where anything is wrong,
`facts.facts_from_json` reads all of it again. So all ways let in the same values and refuse the
same messages.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.decide.fact_checks import STOPS, Check, Checks, NotPlain, words_of
from engine.decide.fact_values import range_of
from engine.decide.facts import facts_from_json
from engine.decide.source import Source
from engine.language.model import Fact, FactRef, Release
from engine.language.operands import operands_of
from engine.language.values import Value

FACTS_BESIDE: Final = 32
"""The other facts of a group are looked for too, since people send whole records, unless the group
has more facts than this."""

_ABSENT: Final = object()


class FactReader:
    """Reads the facts of one decision; threads may share it.

    checks: of every fact of the release, shared by the readers of all decisions.
    """

    def __init__(self, release: Release, decision: str, checks: Checks) -> None:
        self._release = release
        self._groups: dict[str, dict[str, tuple[str, Check]]] = {}
        for name, check in checks.items():
            group, _, rest = name.partition(".")
            self._groups.setdefault(group, {})[rest] = name, check
        named = dict.fromkeys(_facts_named(release, decision))
        for group in dict.fromkeys(name.partition(".")[0] for name in named):
            entries = self._groups[group].values()
            if len(entries) <= FACTS_BESIDE:
                named |= dict.fromkeys(name for name, _ in entries)
        facts = [release.facts[name] for name in named]
        self._read_named = write_reader(facts, checks).function()

    def read(self, nested: Mapping[str, object]) -> dict[str, Value]:
        """What `facts_from_json` gives, and FactsRefused as it raises it."""
        try:
            values: dict[str, Value] | None = self._read_named(nested)
            return self._read_each(nested) if values is None else values
        except STOPS:
            return facts_from_json(self._release, nested)

    def _read_each(self, nested: Mapping[str, Any]) -> dict[str, Value]:
        groups, values = self._groups, dict[str, Value]()
        for group, entries in nested.items():
            checks = groups[group]
            for key, given in entries.items():
                name, check = checks[key]
                values[name] = check(given)
        return values


def _facts_named(release: Release, decision: str) -> list[str]:
    """The anchor and every fact that a rule of the decision names, in force or not."""
    point = release.decisions[decision]
    named = [point.anchor]
    for rule in point.rules:
        operands = operands_of(release.rules[rule])
        named += [each.name for each in operands if isinstance(each, FactRef)]
    return named


def write_reader(facts: Iterable[Fact], checks: Checks) -> Source:
    """A function of nested JSON: the values of those facts that it holds, None where it holds
    anything else too, and one of STOPS where a value is not plainly right."""
    source = Source("read(nested)", A=_ABSENT, D=checks.days, NotPlain=NotPlain)
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.name.partition(".")[0], []).append(fact)
    source.line("v = {}; keys = groups = 0")
    for group, members in groups.items():
        source.line(f"e = nested.get({source.shared(group)}, A)")
        with source.block("if e is not A:"):
            source.line("groups += 1; keys += len(e)")
            for fact in members:
                _write_fact(source, fact, checks[fact.name])
    source.line("return v if keys == len(v) and groups == len(nested) else None")
    return source


def _write_fact(source: Source, fact: Fact, check: Check) -> None:
    key = source.shared(fact.name.partition(".")[2])
    source.line(f"x = e.get({key}, A)")
    plain = _plain_test(fact)
    kept = f"v[{source.shared(fact.name)}] ="
    if plain:
        with source.block(f"if {plain}:"):
            source.line(f"{kept} x")
        with source.block("elif x is not A:"):
            source.line("raise NotPlain")
        return
    with source.block("if x is not A:"):
        match fact.type.kind:
            case "one_of":
                source.line(f"{kept} {source.named(words_of(fact))}[x]")
            case "date" if fact.type.may_be_none:
                source.line(f"{kept} None if x is None else D[x]")
            case "date":
                source.line(f"{kept} D[x]")
            case _:
                source.line(f"{kept} {source.named(check)}(x)")


def _plain_test(fact: Fact) -> str:
    """Whether x is the value itself; "" where a check must give it."""
    none = " or x is None" if fact.type.may_be_none else ""
    match fact.type.kind:
        case "boolean":
            return f"x is True or x is False{none}"
        case "integer" | "days" | "years" | "share":
            lowest, highest = range_of(fact)
            return f"x.__class__ is int and {lowest} <= x <= {highest}{none}"
    return ""
