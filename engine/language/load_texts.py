"""Reads `texts.yaml` files: what parents and staff are told for a reason or a conclusion."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from engine.language.entries import (
    Shape,
    as_mapping,
    read_choice,
    read_fields,
    read_name,
    read_text,
    read_words,
    report_unknown,
    width_of,
)
from engine.language.glossary import LANGUAGES
from engine.language.model import Conclusion, Fact, Parameter, Place, Rule, Subject, Texts
from engine.language.problems import Problems, did_you_mean
from engine.language.reader import Node, Scalar

SHARED: Final = "shared"
"""The folder whose rules and reasons several decisions use."""

_ENTRY: Final = Shape("text", ("parent", "staff"), ("reviewed",))
_AUDIENCE: Final = Shape("text", (), LANGUAGES)
_AUDIENCES: Final = {"parent": "parents", "staff": "staff"}
_BRACES: Final = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Nameable:
    """What a text may be for and what it may name."""

    decisions: frozenset[str]
    facts: Mapping[str, Fact]
    parameters: Mapping[str, Parameter]
    conclusions: Mapping[str, Conclusion]


def load_texts(folder: str, node: Node, known: Nameable, problems: Problems) -> dict[str, Texts]:
    """The texts of one folder by reason or conclusion; refused ones are left out."""
    mapping = as_mapping(node, "texts file", problems)
    texts: dict[str, Texts] = {}
    for key, entry in mapping.entries if mapping else ():
        if _is_named_well(folder, key, known, problems):
            texts[key.text] = _read_entry(folder, key, entry, known, problems)
    return texts


def _is_named_well(folder: str, key: Scalar, known: Nameable, problems: Problems) -> bool:
    if "." in key.text:
        if key.text not in known.conclusions:
            report_unknown(key, "conclusion", known.conclusions, "watch.conclusion", problems)
            return False
        return True
    if read_name(key, "reason", "a reason", problems) is None:
        return False
    if folder != SHARED and folder not in known.decisions:
        problems.add(
            key.place, "text.place", f"`{key.text}` is a reason, and `{folder}` is no decision",
            "move it to its decision's texts.yaml, or to rules/shared/texts.yaml", width_of(key),
        )  # fmt: skip
        return False
    return True


def _read_entry(folder: str, key: Scalar, node: Node, known: Nameable, problems: Problems) -> Texts:
    fields = read_fields(node, _ENTRY, problems, key) or {}
    said: dict[str, Mapping[str, str]] = {"parent": {}, "staff": {}}
    for audience, people in _AUDIENCES.items():
        if audience in fields:
            said[audience] = _read_audience(key, people, fields[audience], known, problems)
    reviewed = fields.get("reviewed")
    return Texts(
        key.text,
        folder,
        MappingProxyType(dict(said["parent"])),
        MappingProxyType(dict(said["staff"])),
        _read_reviewed(reviewed, problems) if reviewed else (),
        key.place,
    )


def _read_audience(
    key: Scalar, people: str, node: Node, known: Nameable, problems: Problems
) -> Mapping[str, str]:
    """Text by language; English is required, Spanish is asked for by lint."""
    fields = read_fields(node, _AUDIENCE, problems, key)
    if fields is None:
        return {}
    if "en" not in fields:
        problems.add(
            key.place, "text.missing", f"`{key.text}` has no English text for {people}",
            "add it: `en: \"...\"`", width_of(key),
        )  # fmt: skip
    texts: dict[str, str] = {}
    for language, entry in fields.items():
        text = read_text(entry, "text", problems)
        if text is not None:
            texts[language] = text
            _check_braces(entry, known, problems)
    return texts


def _read_reviewed(node: Node, problems: Problems) -> tuple[str, ...]:
    words = read_words(node, "reviewed", problems)
    chosen = (read_choice(word, "language", LANGUAGES, "key.value", problems) for word in words)
    return tuple(language for language in chosen if language is not None)


# --- what { } may name ------------------------------------------------------------------------


def placeholders(text: str) -> Iterator[str]:
    """The names in braces, `$` included: `{$accessory.window_days}` gives the parameter."""
    for match in _BRACES.finditer(text):
        if match[1] is not None:
            yield match[1]


def _check_braces(node: Node, known: Nameable, problems: Problems) -> None:
    """text.name for everything in braces that is no fact and no parameter with one value."""
    if not isinstance(node, Scalar):
        return
    for match in _BRACES.finditer(node.text):
        fault = _brace_fault(match, known)
        if fault is not None:
            place, width = _brace_place(node, match)
            problems.add(place, "text.name", fault[0], fault[1], width)


def _brace_place(node: Scalar, match: re.Match[str]) -> tuple[Place, int]:
    """The brace itself where the text before it is written as it reads, else the whole text."""
    before = node.text[: match.start()]
    if any(mark in before for mark in ("\n", '"', "'", "\\")) or len(node.text) > 400:
        return node.place, width_of(node)
    column = node.place.column + len(before) + (1 if node.quoted else 0)
    return replace(node.place, column=column), len(match[0])


def _brace_fault(match: re.Match[str], known: Nameable) -> tuple[str, str] | None:
    name = match[1]
    if name is None:
        return f"`{match[0]}` stands alone", "braces name a fact or a `$parameter`: `{group.name}`"
    if name.startswith("$"):
        parameter = known.parameters.get(name[1:])
        if parameter is None:
            near = did_you_mean(name, (f"${each}" for each in known.parameters))
            return f"`{{{name}}}` is no parameter", near or "name a parameter of policies.yaml"
        if parameter.unit == "table":
            return f"`{{{name}}}` is a table", "a text can show one value or a list"
        return None
    if name in known.facts:
        return None
    return f"`{{{name}}}` is no fact", did_you_mean(name, known.facts) or "name a fact"


# --- which texts a release has ----------------------------------------------------------------


def reasons_by_decision(
    decisions: Iterable[str], folders: Mapping[str, Mapping[str, Texts]]
) -> Mapping[str, frozenset[str]]:
    """The reasons that each decision's rules may give: its own and the shared ones."""
    shared = _reasons(folders.get(SHARED, {}))
    return MappingProxyType(
        {decision: _reasons(folders.get(decision, {})) | shared for decision in decisions}
    )


def _reasons(texts: Mapping[str, Texts]) -> frozenset[str]:
    return frozenset(name for name in texts if "." not in name)


def spread_texts(
    folders: Mapping[str, Mapping[str, Texts]],
    reasons: Mapping[str, Iterable[str]],
    subjects: Mapping[str, Subject],
    rules: Mapping[str, Rule],
) -> Mapping[tuple[str, str], Texts]:
    """Every text by its folder and, where it is shared or a conclusion's, by each that uses it.

    So `(decision, reason)` and `(subject, conclusion)` always find the text; `Texts.decision`
    stays the folder in which it is written.
    """
    spread = {
        (folder, name): text for folder, texts in folders.items() for name, text in texts.items()
    }
    for decision, names in reasons.items():
        for name in names:
            text = spread.get((SHARED, name))
            if text is not None:
                spread.setdefault((decision, name), text)
    told = {name: text for texts in folders.values() for name, text in texts.items() if "." in name}
    for subject in subjects.values():
        for listed_rule in subject.rules:
            concluded = rules[listed_rule].concludes if listed_rule in rules else None
            if concluded in told:
                spread.setdefault((subject.name, concluded), told[concluded])
    return MappingProxyType(spread)
