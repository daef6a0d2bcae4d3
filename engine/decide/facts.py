"""Facts at the door: what callers send becomes checked values, and everything wrong is told.

Behind this door nothing is checked again. An absent key is unknown, null (in files: `none`) is
known absence, and only facts that the release declares are let in.
"""

from collections.abc import Mapping
from typing import Final

from engine.decide.answer import FactProblem, FactsRefused
from engine.decide.fact_values import (
    Unfit,
    discreet,
    is_word,
    quoted,
    sendable,
    value_from_json,
    value_from_node,
    value_to_json,
)
from engine.language import limits
from engine.language.model import Fact, Release
from engine.language.problems import did_you_mean
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node
from engine.language.values import Value

PROBLEMS: Final = 200
"""Problems told at once; a message with more mistakes than this was not meant for us."""
SUGGESTIONS: Final = 20
"""Unknown names for which a near one is looked for, since that takes longer than all the rest."""
_LONGEST: Final = 2 * limits.NAME_LENGTH + 1
"""Characters of a name that a path repeats."""

_SHAPE_HELP: Final = 'facts are nested by group: {"purchase": {"amount": "125.00"}}'


class _Found:
    """Collects values and problems."""

    def __init__(self, release: Release) -> None:
        self.facts = release.facts
        self.values: dict[str, Value] = {}
        self.problems: list[FactProblem] = []
        self._suggested = 0

    def tell(self, path: str, code: str, message: str, help: str = "") -> None:
        self.problems.append(FactProblem(path, code, message, help))
        if len(self.problems) >= PROBLEMS:
            self.problems.append(
                FactProblem("", "fact.shape", "and more: the rest was not looked at")
            )
            raise FactsRefused(self.problems)

    def tell_unknown(self, path: str, name: str, where: str = "") -> None:
        self._suggested += 1
        looks = self._suggested <= SUGGESTIONS and len(name) <= _LONGEST
        near = did_you_mean(name, self.facts) if looks else ""
        advice = near or "only facts that the release declares are accepted"
        self.tell(path, "fact.unknown", f"{where}no fact is called {quoted(name)}", advice)

    def done(self) -> dict[str, Value]:
        if self.problems:
            raise FactsRefused(self.problems)
        return self.values


def facts_from_json(release: Release, nested: Mapping[str, object]) -> dict[str, Value]:
    """Checked facts from nested JSON objects, `{"purchase": {"amount": "125.00"}}`.

    Money is a decimal string, a share whole basis points, a date `2026-09-30`. Raises FactsRefused
    with every problem; a path is the fact's name as far as the caller wrote it. Values of personal
    facts are not repeated: such messages end in logs and tickets.
    """
    found = _Found(release)
    for group, entries in nested.items():
        if isinstance(entries, Mapping):
            _read_group(found, str(group), entries)
        else:
            _tell_ungrouped(found, str(group))
    return found.done()


def _read_group(found: _Found, group: str, entries: Mapping[str, object]) -> None:
    for key, given in entries.items():
        name = f"{group}.{key}"
        fact = found.facts.get(name)
        if fact is None:
            found.tell_unknown(_path(name), name)
            continue
        try:
            found.values[name] = value_from_json(fact, given)
        except Unfit as unfit:
            told = discreet(fact, unfit) if fact.personal else unfit
            found.tell(name, told.code, told.message, told.help)


def _tell_ungrouped(found: _Found, key: str) -> None:
    if key in found.facts:
        group, _, rest = key.partition(".")
        advice = f'write {{"{group}": {{"{rest}": ...}}}}'
        found.tell(key, "fact.shape", f"`{key}` is written with a dot", advice)
    else:
        found.tell(_path(key), "fact.shape", f"{quoted(key)} is no group of facts", _SHAPE_HELP)


def _path(name: str) -> str:
    return sendable(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}...")


def facts_from_nodes(release: Release, node: Entries) -> dict[str, Value]:
    """Checked facts from `group.name: value` entries, as case files hold them.

    `unknown` leaves a fact out, `none` is known absence, money is `$1,234.56`, a share `50 %` or
    basis points. Raises FactsRefused; each message begins with `file:line:column: `.
    """
    found = _Found(release)
    for key, entry in node.entries:
        fact = found.facts.get(key.text)
        if fact is None:
            place = key.place
            where = f"{place.file}:{place.line}:{place.column}: "
            found.tell_unknown(_path(key.text), key.text, where)
        elif not is_word(entry, "unknown"):
            _read_entry(found, fact, entry)
    return found.done()


def _read_entry(found: _Found, fact: Fact, entry: Node) -> None:
    try:
        found.values[fact.name] = value_from_node(fact, entry)
    except Unfit as unfit:
        place = entry.place
        where = f"{place.file}:{place.line}:{place.column}: "
        found.tell(fact.name, unfit.code, where + unfit.message, unfit.help)


def facts_to_json(release: Release, facts: Mapping[str, Value]) -> dict[str, dict[str, object]]:
    """Facts as nested JSON objects, from which `facts_from_json` reads the same facts back."""
    nested: dict[str, dict[str, object]] = {}
    for name, value in facts.items():
        group, _, rest = name.partition(".")
        kind = release.facts[name].type.kind
        nested.setdefault(group, {})[rest] = value_to_json(kind, value)
    return nested
