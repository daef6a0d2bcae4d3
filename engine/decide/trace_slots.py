"""The places at which a trace shows values of the day: one a fact, a step, a list's members found.

`Slots` says which value goes to which place and in what form, and gives the words (`Marked`) that
write marks for them instead of values.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from engine.decide.binding import Binding
from engine.decide.compiler import NOT_READ, Layout
from engine.decide.json_pieces import Texts, mark_inside
from engine.decide.phrases import Phrases, personal_steps
from engine.decide.sheet import Sheet
from engine.decide.texts import HIDDEN
from engine.language.model import (
    Clause,
    DayRef,
    DecisionPoint,
    FactRef,
    Operand,
    ParamRef,
    Release,
    Rule,
    StepRef,
    Words,
)
from engine.language.operands import clauses_of
from engine.language.values import UNKNOWN, Kind, MaybeValue, Value, format_value
from engine.language.wording import OVER_MEMBERS

Key: TypeAlias = tuple[object, ...]
"""("fact", name) or ("step", rule number, name); the same behind "listed", "hidden" or
"found by" a clause, for another form of the value."""

_FIRST: Final = 1  # place 0 is the empty one of every template


class Slots:
    """Places of the values of one decision under one binding.

    `values` makes the row of all texts for one set of facts; a place is an index into that row.
    """

    def __init__(
        self, release: Release, point: DecisionPoint, binding: Binding, layout: Layout,
        told: Sequence[str], texts: dict[Kind, Texts], *, hides: bool,
    ) -> None:  # fmt: skip
        """told: facts that are shown without being read by a rule in force. texts: those made
        so far, by kind; the writers of one release share them."""
        self._release = release
        self._binding = binding
        self._hides = hides
        self.places: dict[Key, int] = {}
        self._texts: list[Texts] = []
        self._again: list[int] = []
        self.beside = tuple(dict.fromkeys(each for each in told if each not in layout.facts))
        sources: list[Key] = [("fact", name) for name in (*layout.facts, *self.beside)]
        sources += [("step", number, name) for number, name in layout.steps]
        self._sources = {key: place for place, key in enumerate(sources)}
        for key in sources:
            self._add(key, self._texts_of(key, texts))
        for key in sources:
            self._add_forms(key)
        for number, rule in enumerate(binding.rules):
            self._add_found(number, rule, layout)
        self._pick = _picker(self._again)
        self.size = _FIRST + 2 * len(self._texts)

    def _add(self, key: Key, texts: Texts) -> None:
        self.places[key] = _FIRST + 2 * len(self._texts)
        self._texts.append(texts)

    def _add_form(self, form: str, key: Key, texts: Texts) -> None:
        """Another form of a value that has its place already."""
        self._add((form, *key), texts)
        self._again.append(self._sources[key])

    def _about(self, key: Key) -> tuple[Kind, bool]:
        """The type of a value, and whether it is personal or worked out from what is."""
        facts = self._release.facts
        match key:
            case ("fact", str(name)):
                return facts[name].type.kind, facts[name].personal
            case ("step", int(number), str(name)):
                rule = self._binding.rules[number]
                return rule.steps[name].type.kind, name in personal_steps(facts, rule)
        raise KeyError(key)

    def _texts_of(self, key: Key, known: dict[Kind, Texts]) -> Texts:
        """What names a person is not kept beyond the moment; a number or a day names nobody."""
        kind, is_personal = self._about(key)
        if is_personal and kind == "text":
            return Texts(_form(kind), keeps=False)
        return known.setdefault(kind, Texts(_form(kind)))

    def _add_forms(self, key: Key) -> None:
        kind, is_personal = self._about(key)
        if kind == "list":
            self._add_form("listed", key, Texts(_listed))
        if key[0] == "fact" and is_personal and self._hides:
            self._add_form("hidden", key, Texts(lambda _: HIDDEN, keeps=kind != "text"))

    def _add_found(self, number: int, rule: Rule, layout: Layout) -> None:
        """The members that `includes_any` finds."""
        if number in layout.slow:
            return
        for clause in clauses_of(rule):
            if clause.operator in OVER_MEMBERS:
                found = Texts(_finder(self._members(clause.right)))
                source = key_of(number, clause.left, self._binding)
                self._add_form(_found(number, clause), source, found)

    def _members(self, right: Operand) -> tuple[object, ...]:
        if isinstance(right, Words):
            return right.words
        listed = self._binding.values[right.name].value if isinstance(right, ParamRef) else ()
        return listed if isinstance(listed, tuple) else ()

    def values(
        self, facts: tuple[Value, ...], steps: tuple[MaybeValue, ...], given: Mapping[str, Value]
    ) -> list[bytes]:
        """The row of texts: nothing first, then two forms of each value (json_pieces.Texts)."""
        beside = [given.get(name, UNKNOWN) for name in self.beside]
        row: tuple[Any, ...] = (*facts, *beside, *steps)
        row += self._pick(row)
        found = list(map(Texts.get, self._texts, row))
        if None in found:
            found = [texts[value] for texts, value in zip(self._texts, row, strict=True)]
        values = [b""]
        for forms in found:
            values += forms or ()
        return values

    def stated(self, fact: str) -> int:
        """The place of a fact's state and text, the text hidden where personal facts are."""
        hidden = self.places.get(("hidden", "fact", fact))
        return 1 + (self.places["fact", fact] if hidden is None else hidden)

    def words(self, number: int, sheet: Sheet) -> "Marked":
        """The words of one rule, with marks in place of values."""
        personal = personal_steps(self._release.facts, sheet.rule)
        return Marked(self._release, sheet, personal, self.places, number)


def _form(kind: Kind) -> Callable[[Any], str]:
    """A value in its type's form."""
    return lambda value: "" if value is NOT_READ else format_value(kind, value)


def _picker(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Picks some values out of a row."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


def _listed(value: Any) -> str:
    """A list as clauses tell it."""
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return "" if value is NOT_READ else format_value("list", value)


def _finder(asked: tuple[object, ...]) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        given = value if isinstance(value, tuple) else ()
        return ", ".join(word for word in given if word in asked)

    return show


def _found(number: int, clause: Clause) -> str:
    return f"found by {number}.{clause.number}"


def key_of(number: int, operand: Operand, binding: Binding) -> Key:
    """The value that an operand of a rule stands for."""
    match operand:
        case FactRef(name):
            return "fact", name
        case DayRef():
            return "fact", binding.day_fact
        case StepRef(name):
            return "step", number, name
    raise TypeError(f"no value of the day: {operand}")


# --- words with marks ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked(Phrases):
    """Says what `Phrases` says, with a mark wherever a fact's or step's value would stand."""

    places: Mapping[Key, int]
    number: int

    def value(self, operand: Operand, otherwise: Kind) -> str:
        if isinstance(operand, FactRef | DayRef | StepRef):
            return mark_inside(self.places[key_of(self.number, operand, self.sheet.binding)])
        return Phrases.value(self, operand, otherwise)

    def left(self, clause: Clause) -> str:
        key = key_of(self.number, clause.left, self.sheet.binding)
        return mark_inside(self.places.get(("listed", *key), self.places[key]))

    def members(self, clause: Clause) -> tuple[str, int]:
        found, count = Phrases.members(self, clause)
        key = key_of(self.number, clause.left, self.sheet.binding)
        place = self.places.get((_found(self.number, clause), *key))
        return (found if place is None else mark_inside(place)), count


@dataclass(frozen=True, slots=True)
class MarkedFacts(Mapping[str, Any]):
    """Facts whose values are marks, for the texts that show them."""

    places: Mapping[Key, int]

    def __getitem__(self, name: str) -> str:
        return mark_inside(self.places["fact", name])

    def __iter__(self) -> Iterator[str]:
        return (str(key[1]) for key in self.places if key[0] == "fact")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names_in_texts(release: Release, point: DecisionPoint) -> tuple[list[str], list[str]]:
    """The facts and the parameters that the texts of a decision's reasons show."""
    facts, parameters = [], []
    for reason in point.reasons:
        text = release.texts.get((point.name, reason))
        said = [*text.parent.values(), *text.staff.values()] if text else []
        for name in re.findall(r"\{([^{}]*)\}", " ".join(said)):
            if name.startswith("$"):
                parameters.append(name[1:])
            elif name in release.facts:
                facts.append(name)
    return facts, parameters
