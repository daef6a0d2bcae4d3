"""What a family reads in place of the names in rules, in its own language."""

from dataclasses import dataclass
from typing import Final

from engine.language.glossary import Section
from engine.language.model import Release

ENGLISH: Final = "en"


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
