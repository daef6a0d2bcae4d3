"""What families read in place of a title, in a book about another language than English."""

from dataclasses import dataclass
from typing import Final

from engine.language.glossary import Section
from engine.language.model import Release
from engine.language.titles import ENGLISH, Titles


@dataclass(frozen=True, slots=True)
class Told:
    """words: "" where the book is in English, or the release has no word of the language."""

    words: str
    is_reviewed: bool


NOTHING: Final = Told("", True)


def told_in(release: Release, language: str, section: Section, name: str, inner: str = "") -> Told:
    """The word of a words file, and whether a person has checked it."""
    glossary = release.glossaries.get(language)
    word = glossary.word(section, name, inner) if glossary else None
    if language == ENGLISH or word is None:
        return NOTHING
    return Told(word, Titles(release, language).is_reviewed(section, name, inner))
