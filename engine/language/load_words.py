"""Reads `rules/words_es.yaml` and its like: what things are called in one language."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from engine.language import limits
from engine.language.entries import (
    Shape,
    as_mapping,
    read_fields,
    read_text,
    report_unknown,
)
from engine.language.glossary import Glossary, Key, Section
from engine.language.model import DecisionPoint, Fact, Place
from engine.language.problems import Problems
from engine.language.quantities import read_boolean
from engine.language.reader import Mapping as Entries
from engine.language.reader import Node, Scalar

_FILE: Final = Shape("words file", (), ("facts", "members", "questions", "answers", "rules"))
_WORD: Final = Shape("word", ("text",), ("reviewed",))


@dataclass(slots=True)
class _Reading:
    """One file being read."""

    problems: Problems
    words: dict[Section, dict[Key, str]] = field(default_factory=dict)
    places: dict[tuple[Section, Key], Place] = field(default_factory=dict)
    reviewed: set[tuple[Section, Key]] = field(default_factory=set)

    def flat(self, section: Section, node: Node, noun: str, known: Iterable[str]) -> None:
        """`name: text` for names that the release has."""
        mapping = as_mapping(node, f"list of {section}", self.problems)
        for key, entry in mapping.entries if mapping else ():
            if key.text in known:
                self._keep(section, (key.text, ""), key, entry)
            else:
                report_unknown(key, noun, known, "words.unknown", self.problems)

    def nested(
        self, section: Section, node: Node, nouns: tuple[str, str],
        known: Mapping[str, Iterable[str]],
    ) -> None:  # fmt: skip
        """`name: { inner: text }` for names and inner names that the release has."""
        mapping = as_mapping(node, f"list of {section}", self.problems)
        for key, entry in mapping.entries if mapping else ():
            if key.text not in known:
                report_unknown(key, nouns[0], known, "words.unknown", self.problems)
                continue
            inner = as_mapping(entry, f"words of `{key.text}`", self.problems)
            for word, told in inner.entries if inner else ():
                if word.text in known[key.text]:
                    self._keep(section, (key.text, word.text), word, told)
                else:
                    report_unknown(word, nouns[1], known[key.text], "words.unknown", self.problems)

    def _keep(self, section: Section, key: Key, at: Scalar, node: Node) -> None:
        """A text alone, or `{ text: ..., reviewed: true }` once a person has checked it."""
        fields: Mapping[str, Node] = {"text": node}
        if isinstance(node, Entries):
            fields = read_fields(node, _WORD, self.problems, at) or {}
        text = fields.get("text")
        told = None if text is None else read_text(
            text, "word", self.problems, limits.TITLE_LENGTH
        )  # fmt: skip
        if told is not None:
            self.words.setdefault(section, {})[key] = told
            self.places[section, key] = at.place
        reviewed = fields.get("reviewed")
        if reviewed is not None and read_boolean(reviewed, "reviewed", self.problems, "key.value"):
            self.reviewed.add((section, key))


def load_words(
    language: str,
    node: Node,
    facts: Mapping[str, Fact],
    decisions: Mapping[str, DecisionPoint],
    rules: Collection[str],
    problems: Problems,
) -> Glossary:
    """The words of one file; what names nothing is reported and left out."""
    reading = _Reading(problems)
    fields = read_fields(node, _FILE, problems) or {}
    members = {name: fact.type.members for name, fact in facts.items() if fact.type.members}
    answers = {name: point.answers for name, point in decisions.items() if point.answers}
    if "facts" in fields:
        reading.flat("facts", fields["facts"], "fact", facts)
    if "questions" in fields:
        reading.flat("questions", fields["questions"], "decision", decisions)
    if "rules" in fields:
        reading.flat("rules", fields["rules"], "rule", rules)
    if "members" in fields:
        nouns = ("fact with members", "member")
        reading.nested("members", fields["members"], nouns, members)
    if "answers" in fields:
        nouns = ("decision with answers", "answer")
        reading.nested("answers", fields["answers"], nouns, answers)
    return Glossary(
        language,
        MappingProxyType({name: MappingProxyType(found) for name, found in reading.words.items()}),
        MappingProxyType(reading.places),
        frozenset(reading.reviewed),
    )
