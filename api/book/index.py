"""The index: every name of the release, where it is explained and where it is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.book.catalog import fact_readers
from api.book.layout import Layout, Reference, anchor, section_order
from api.book.numbers import readers_of
from api.book.rule_pages import reason_place, reasons_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A name, what it is, where it is explained and, behind that, where it is read or given."""

    name: str
    kind: str
    main: tuple[Reference, ...]
    others: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    letter: str
    entries: tuple[Entry, ...]


def write_index(layout: Layout) -> tuple[Letter, ...]:
    """All names in the order of the alphabet, whatever they begin with."""
    letters: dict[str, list[Entry]] = {}
    for entry in sorted(_entries(layout), key=_order):
        letters.setdefault(_plain(entry.name)[0].upper(), []).append(entry)
    return tuple(Letter(letter, tuple(entries)) for letter, entries in letters.items())


def _plain(name: str) -> str:
    return name.lstrip("$").lower()


def _order(entry: Entry) -> tuple[str, str, str]:
    return _plain(entry.name), entry.kind, entry.name


def _entries(layout: Layout) -> Iterator[Entry]:
    release = layout.release
    readers, facts = readers_of(release), fact_readers(release)

    for name in release.decisions:
        yield Entry(name, "decision", (layout.decision(name),), ())
    for name in release.rules:
        yield Entry(name, "rule", (layout.rule(name),), ())
    for name in release.parameters:
        read_by = layout.rules(readers.get(name, ()))
        yield Entry(f"${name}", "number", (layout.parameter(name),), read_by)
    for kind, names in (("fact", release.facts), ("conclusion", release.conclusions)):
        for name in names:
            main = layout.reference(kind, name, names[name].title)
            yield Entry(name, kind, (main,), layout.rules(facts.get(name, ())))
    for name, source in release.sources.items():
        yield Entry(name, "source", (layout.reference("source", name, source.title),), ())
    yield from _reasons(layout)


def _reasons(layout: Layout) -> Iterator[Entry]:
    """A reason is explained under each rule that gives it, and listed under each decision."""
    given: dict[str, list[Reference]] = {}
    for rule in layout.release.rules.values():
        for reason in reasons_of(rule):
            section = layout.rule(rule.name).section
            place = Reference(reason_place(rule.name, reason), section, rule.title)
            given.setdefault(reason, []).append(place)
    for reason, places in given.items():
        main = tuple(sorted(places, key=section_order))
        yield Entry(reason, "reason", main, tuple(_asked(layout, reason)))


def _asked(layout: Layout, reason: str) -> Iterator[Reference]:
    for point in layout.release.decisions.values():
        if reason in point.reasons:
            section = layout.decision(point.name).section
            yield Reference(anchor("reason", point.name, reason), section, point.name)
