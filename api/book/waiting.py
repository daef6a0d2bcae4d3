"""What waits for a person: said at the front, so that nobody has to find it."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.book.exhibits import Exhibits
from api.book.layout import Layout, Reference, section_order
from api.book.numbers import value_of, value_place
from api.book.wording import spaced
from engine.language.model import Release, Standing


@dataclass(frozen=True, slots=True)
class Unsure:
    """A rule or value that stands on less than an official source. said: the value, its words
    where it is a list, and its day; "" for a rule."""

    reference: Reference
    name: str
    said: str
    words: tuple[str, ...]
    note: str | None
    review_by: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be looked at again by a day."""

    day: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Untold:
    """Texts of a decision or folder, or words of a kind, in a language that nobody has checked."""

    language: str
    total: int
    unread: int
    by_folder: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    numbers: tuple[Unsure, ...]
    rules: tuple[Unsure, ...]
    sources: tuple[Reference, ...]
    older_numbers: tuple[Unsure, ...]
    older_rules: tuple[Unsure, ...]
    due: tuple[Due, ...]
    texts: tuple[Untold, ...]
    words: tuple[Untold, ...]
    unshown: tuple[Reference, ...]
    failures: tuple[tuple[str, str, str], ...]


def gather_waiting(layout: Layout, exhibits: Exhibits) -> Waiting:
    """Everything unconfirmed, older or due, and every rule that no case shows."""
    release = layout.release
    shown = exhibits.count > 0
    return Waiting(
        numbers=tuple(_numbers(layout, "unconfirmed")),
        rules=tuple(_rules(layout, "unconfirmed")),
        sources=tuple(
            layout.reference("source", each.key, each.title)
            for each in release.sources.values()
            if each.standing == "unconfirmed"
        ),
        older_numbers=tuple(_numbers(layout, "older")),
        older_rules=tuple(_rules(layout, "older")),
        due=tuple(_due(layout)),
        texts=tuple(_texts(release)),
        words=tuple(_words(release)),
        unshown=layout.rules(
            name for name in release.rules if shown and name not in exhibits.by_rule
        ),
        failures=exhibits.failures,
    )


def _numbers(layout: Layout, standing: Standing) -> Iterator[Unsure]:
    release = layout.release
    for parameter in release.parameters.values():
        for place, dated in enumerate(parameter.values):
            if dated.standing != standing:
                continue
            value = value_of(release, parameter, place)
            reference = layout.parameter(parameter.name)
            until = f" to {value.until}" if value.until else ""
            yield Unsure(
                Reference(
                    value_place(parameter.name, value.since), reference.section, reference.text
                ),
                f"${parameter.name}",
                f"{'' if value.words else value.text + ', '}from {value.since}{until}",
                value.words,
                value.note or parameter.note,
                None if parameter.review_by is None else parameter.review_by.isoformat(),
            )


def _rules(layout: Layout, standing: Standing) -> list[Unsure]:
    found = []
    for rule in layout.release.rules.values():
        if rule.standing == standing:
            day = None if rule.review_by is None else rule.review_by.isoformat()
            found.append(Unsure(layout.rule(rule.name), rule.name, "", (), rule.note, day))
    return sorted(found, key=lambda each: section_order(each.reference))


def _due(layout: Layout) -> Iterator[Due]:
    days: dict[str, list[Reference]] = {}
    release = layout.release
    for rule in release.rules.values():
        if rule.review_by is not None:
            days.setdefault(rule.review_by.isoformat(), []).append(layout.rule(rule.name))
    for parameter in release.parameters.values():
        if parameter.review_by is not None:
            day = parameter.review_by.isoformat()
            days.setdefault(day, []).append(layout.parameter(parameter.name))
    for day in sorted(days):
        yield Due(day, tuple(sorted(days[day], key=section_order)))


def _texts(release: Release) -> Iterator[Untold]:
    """By language; each text counts once, in the folder in which it is written."""
    texts = {(each.decision, each.name): each for each in release.texts.values()}.values()
    languages = sorted({word for each in texts for word in (*each.parent, *each.staff)})
    for language in languages:
        written = [each for each in texts if language in each.parent or language in each.staff]
        unread = [each for each in written if language not in each.reviewed]
        folders: dict[str, int] = {}
        for each in unread:
            folders[each.decision] = folders.get(each.decision, 0) + 1
        named = tuple((spaced(folder), folders[folder]) for folder in sorted(folders))
        yield Untold(language, len(written), len(unread), named)


def _words(release: Release) -> Iterator[Untold]:
    """By language, and by what the words stand for."""
    for language, glossary in sorted(release.glossaries.items()):
        unread = {
            section: sum(not glossary.is_reviewed(section, *key) for key in words)
            for section, words in glossary.words.items()
        }
        total = sum(map(len, glossary.words.values()))
        named = tuple((section, count) for section, count in sorted(unread.items()) if count)
        yield Untold(language, total, sum(unread.values()), named)
