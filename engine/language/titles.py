"""What a family reads in place of the names in rules, and warnings where a word is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.language.glossary import CALLED, SECTIONS, Glossary, Key, Section
from engine.language.model import DayRef, FactRef, Place, Release
from engine.language.operands import operands_of
from engine.language.problems import Problem

ENGLISH: Final = "en"
_SHOWN: Final = 5
"""Names that one warning lists."""


@dataclass(frozen=True, slots=True)
class Titles:
    """The words of one language; where one is missing, the English one, and after that the name."""

    release: Release
    language: str

    def fact(self, name: str) -> str:
        """The fact's title; a name that is no fact of the release stands for itself."""
        fact = self.release.facts.get(name)
        return self._of("facts", name) or (fact.title if fact else name)

    def member(self, fact: str, member: str) -> str:
        """A member in words, `home school`."""
        return self._of("members", fact, member) or member.replace("_", " ")

    def question(self, decision: str) -> str:
        """The question that was asked."""
        return self._of("questions", decision) or self.release.decisions[decision].question

    def answer(self, decision: str, name: str) -> str:
        """What an amount answered is called."""
        return self._of("answers", decision, name) or name.replace("_", " ")

    def rule(self, name: str) -> str:
        """The rule in one sentence."""
        return self._of("rules", name) or self.release.rules[name].title

    def is_reviewed(self, section: Section, name: str, inner: str = "") -> bool:
        """Whether the word that is shown was written or checked by a person: titles of the files
        themselves are, words of a words file once they say so."""
        glossary = self.release.glossaries.get(self.language)
        if glossary is None or glossary.word(section, name, inner) is None:
            return self.language == ENGLISH
        return glossary.is_reviewed(section, name, inner)

    def _of(self, section: Section, name: str, inner: str = "") -> str | None:
        """The word of this language, else the English one of a words file."""
        for language in (self.language, ENGLISH):
            glossary = self.release.glossaries.get(language)
            word = glossary.word(section, name, inner) if glossary else None
            if word is not None:
                return word
            if section in ("facts", "questions", "rules"):
                return None
        return None


# --- what is missing ----------------------------------------------------------------------------


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
