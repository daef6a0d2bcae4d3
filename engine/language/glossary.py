"""What things are called before families, by language: facts, members, questions, answers, rules.

English titles stand beside the things themselves; a words file adds what is missing there, and
every other language.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from engine.language.terms import Place

LANGUAGES: Final = ("en", "es")
CALLED: Final[Mapping[str, str]] = {"en": "English", "es": "Spanish"}

Section: TypeAlias = Literal["facts", "members", "questions", "answers", "rules"]
SECTIONS: Final[tuple[Section, ...]] = ("facts", "members", "questions", "answers", "rules")

Key: TypeAlias = tuple[str, str]
"""A name, and the member or answer beneath it; "" for a fact, a question or a rule itself."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """The words of one file, and where each is written. `reviewed`: those that a person checked."""

    language: str
    words: Mapping[Section, Mapping[Key, str]] = field(default_factory=dict)
    places: Mapping[tuple[Section, Key], Place] = field(default_factory=dict)
    reviewed: Collection[tuple[Section, Key]] = frozenset()

    def word(self, section: Section, name: str, inner: str = "") -> str | None:
        """The word written for it; None where there is none."""
        return self.words.get(section, {}).get((name, inner))

    def is_reviewed(self, section: Section, name: str, inner: str = "") -> bool:
        """Whether a person has checked that word."""
        return (section, (name, inner)) in self.reviewed
