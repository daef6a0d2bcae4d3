"""Warnings about words of families: titles without a Spanish one, words that nobody checked."""

from collections.abc import Iterator
from typing import Final

from engine.language.glossary import CALLED, SECTIONS, Glossary, Key, Section
from engine.language.model import DayRef, FactRef, Place, Release
from engine.language.operands import operands_of
from engine.language.problems import Problem

_SHOWN: Final = 5
"""Names that one warning lists."""


def shown_to_families(release: Release) -> Iterator[tuple[Section, Key, Place]]:
    """Every word that a family may be shown, with the place of what it is about: what the rules of
    decisions read, the rules themselves, the questions and their answers."""
    facts: dict[str, None] = {}
    for point in release.decisions.values():
        yield "questions", (point.name, ""), point.place
        facts[point.anchor] = None
        for answer in point.answers:
            yield "answers", (point.name, answer), point.place
        for name in point.rules:
            for operand in operands_of(release.rules[name]):
                if isinstance(operand, FactRef) and operand.name in release.facts:
                    facts[operand.name] = None
                elif isinstance(operand, DayRef):
                    facts[point.anchor] = None
    for rule in release.rules.values():
        if rule.decides:
            yield "rules", (rule.name, ""), rule.place
    for name in facts:
        fact = release.facts[name]
        yield "facts", (name, ""), fact.place
        for member in fact.type.members:
            yield "members", (name, member), fact.place


def unworded(release: Release, language: str = "es") -> Iterator[Problem]:
    """Warnings: words that families may be shown and that are missing, or that nobody has checked.

    One a kind, so that a hundred of them do not bury the rest; none where the release speaks no
    other language at all.
    """
    glossary = release.glossaries.get(language)
    called, file = CALLED[language], f"rules/words_{language}.yaml"
    if glossary is None:
        if any(language in each.parent for each in release.texts.values()):
            said = f"texts are told in {called}, titles of facts and rules are not"
            advice = f"write {file}; `esa-policy schema words` says what stands in it"
            yield Problem(Place("rules/facts.yaml", 1), "words.missing", said, advice, 1, "warning")
        return
    every = list(shown_to_families(release))
    for section in SECTIONS:
        wanted = [(key, place) for kind, key, place in every if kind == section]
        missing = [each for each in wanted if glossary.word(section, *each[0]) is None]
        if missing:
            said = f"{_called(missing, section)} without {called} words: {_names(missing)}"
            yield _warning(missing, "words.missing", said, f"write it under `{section}:` in {file}")
        yield from _unreviewed(glossary, section)


def _unreviewed(glossary: Glossary, section: Section) -> Iterator[Problem]:
    waiting = [
        (key, glossary.places[section, key])
        for key in glossary.words.get(section, {})
        if not glossary.is_reviewed(section, *key)
    ]
    if waiting:
        said = f"{CALLED[glossary.language]} words of {_called(waiting, section)}"
        said += f" not checked by a person: {_names(waiting)}"
        advice = "have it read, then write `{ text: ..., reviewed: true }`"
        yield _warning(waiting, "words.unreviewed", said, advice)


def _warning(found: list[tuple[Key, Place]], code: str, said: str, advice: str) -> Problem:
    (name, inner), place = found[0]
    return Problem(place, code, said, advice, len(inner or name), "warning")


def _called(found: list[tuple[Key, Place]], section: Section) -> str:
    count = len(found)
    return f"{count} {section[:-1] if count == 1 else section}"


def _names(found: list[tuple[Key, Place]]) -> str:
    """The first names, and how many more there are."""
    shown = [f"`{inner}` of `{name}`" if inner else f"`{name}`" for (name, inner), _ in found]
    rest = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
