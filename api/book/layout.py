"""Where everything stands in the book: anchors, and the numbers by which paper is searched.

A printed link leads nowhere, so each section carries a number and every reference names it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.language.model import Release, Standing

SHARED: Final = "Rules of several decisions"
STANDING: Final = "Standing rules and conclusions"
NUMBERS: Final = "Numbers"
FACTS: Final = "Facts"
SOURCES: Final = "Sources"
INDEX: Final = "Index"


def anchor(kind: str, *names: str) -> str:
    """The id of a place, `rule-purchase.balance`; names of the language hold no hyphen between."""
    return "-".join((kind, *names))


@dataclass(frozen=True, slots=True)
class Reference:
    """A link that paper can follow too. `section` is `4.2`, or "" where a place has none."""

    anchor: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A source where something cites it."""

    reference: Reference
    standing: Standing


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter's number, anchor, name and, under decisions, the rules printed in it."""

    number: int
    anchor: str
    name: str
    rules: tuple[str, ...] = ()


class Layout:
    """The order of the book. chapters: all, in order. sections: anchor to its number."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.sections: dict[str, str] = {}
        self.chapters: tuple[Chapter, ...] = tuple(self._chapters())
        self._last: Mapping[str, Chapter] = {each.name: each for each in self.chapters[-6:]}

    def reference(self, kind: str, name: str, text: str) -> Reference:
        """A reference to a place that has a section of its own."""
        place = anchor(kind, name)
        return Reference(place, self.sections[place], text)

    def rule(self, name: str) -> Reference:
        return self.reference("rule", name, self.release.rules[name].title)

    def rules(self, names: Iterable[str]) -> tuple[Reference, ...]:
        """References to rules in the order of the book."""
        return tuple(sorted(map(self.rule, names), key=section_order))

    def parameter(self, name: str) -> Reference:
        return self.reference("number", name, self.release.parameters[name].title)

    def decision(self, name: str) -> Reference:
        return self.reference("decision", name, name)

    def cite(self, keys: Iterable[str]) -> tuple[Cited, ...]:
        """The sources of a rule or number."""
        sources = self.release.sources
        return tuple(
            Cited(self.reference("source", key, sources[key].title), sources[key].standing)
            for key in keys
        )

    def last(self, name: str) -> Chapter:
        """One of the six chapters behind the decisions, by its name above."""
        return self._last[name]

    # numbering

    def _chapters(self) -> Iterable[Chapter]:
        release = self.release
        for number, point in enumerate(release.decisions.values(), start=1):
            own = tuple(name for name in point.rules if not is_shared(release, name))
            self.sections[anchor("decision", point.name)] = str(number)
            self._number(number, "rule", own)
            yield Chapter(number, anchor("decision", point.name), point.name, own)
        yield from self._last_chapters(len(release.decisions))
        for group, names in fact_groups(release).items():
            for fact in names:
                self.sections[anchor("fact", fact)] = self.sections[anchor("facts", group)]

    def _last_chapters(self, decisions: int) -> Iterable[Chapter]:
        release = self.release
        shared = tuple(name for name in release.rules if is_shared(release, name))
        standing = tuple(name for subject in release.subjects.values() for name in subject.rules)
        last: tuple[tuple[str, str, Iterable[str], tuple[str, ...]], ...] = (
            (SHARED, "rule", shared, shared),
            (STANDING, "rule", standing, standing),
            (NUMBERS, "number", release.parameters, ()),
            (FACTS, "facts", fact_groups(release), ()),
            (SOURCES, "source", release.sources, ()),
            (INDEX, "index", (), ()),
        )
        for number, (name, kind, names, rules) in enumerate(last, start=decisions + 1):
            self._number(number, kind, names)
            if name == STANDING:
                # All conclusions stand in one section, behind the rules that bring them.
                for conclusion in release.conclusions:
                    place = anchor("conclusion", conclusion)
                    self.sections[place] = f"{number}.{len(standing) + 1}"
            yield Chapter(number, anchor("chapter", name.split()[0].lower()), name, rules)

    def _number(self, chapter: int, kind: str, names: Iterable[str]) -> None:
        for place, name in enumerate(names, start=1):
            self.sections[anchor(kind, name)] = f"{chapter}.{place}"


def section_order(reference: Reference) -> tuple[int, ...]:
    """Where a reference stands in the book: 2.10 behind 2.9."""
    return tuple(int(part) for part in reference.section.split("."))


def is_shared(release: Release, rule: str) -> bool:
    """Whether several decisions ask the rule: it is then printed once, in its own chapter."""
    return len(release.rules[rule].decides) > 1


def fact_groups(release: Release) -> dict[str, list[str]]:
    """The facts by the word before the dot, in the order declared."""
    groups: dict[str, list[str]] = {}
    for name in release.facts:
        groups.setdefault(name.partition(".")[0], []).append(name)
    return groups
