"""What is not a rule or number: facts, sources, conclusions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.book.layout import Layout, Reference, anchor, fact_groups
from api.book.rule_pages import Words, words_of
from api.book.told import Told, told_in
from api.book.wording import spaced
from engine.language.model import Conclusion, Fact, FactRef, Release, Rule, Source, Standing
from engine.language.operands import operands_of
from engine.language.values import NUMBERS, format_value


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact. change: what may be proposed and to whom, "" for nothing. told: its title as
    families read it in the book's language."""

    name: str
    title: str
    told: Told
    anchor: str
    type: str
    members: tuple[str, ...]
    may_be_none: bool
    origin: str
    is_personal: bool
    change: str
    is_changed_by_family: bool
    read_by: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class FactGroup:
    """The facts that share the word before the dot."""

    name: str
    anchor: str
    section: str
    facts: tuple[FactLine, ...]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A source and what rests on it. address: "" where it is no web address to follow."""

    key: str
    title: str
    anchor: str
    section: str
    place: str
    address: str
    is_followed: bool
    standing: Standing
    rules: tuple[Reference, ...]
    numbers: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class ConclusionLine:
    """What a standing rule brings into force. brought_by: the rules of this release that do."""

    name: str
    title: str
    anchor: str
    kind: str
    brought_by: tuple[Reference, ...]
    read_by: tuple[Reference, ...]
    words: Words | None


# --- facts ------------------------------------------------------------------------------------

_ORIGINS: Mapping[str, str] = {
    "request": "the request", "record": "our record", "catalog": "the catalog",
    "clock": "the clock", "computed": "worked out",
}  # fmt: skip


def write_facts(layout: Layout, language: str) -> tuple[FactGroup, ...]:
    """Every fact, grouped, with the rules that read it."""
    readers = fact_readers(layout.release)
    return tuple(
        FactGroup(
            group,
            anchor("facts", group),
            layout.sections[anchor("facts", group)],
            tuple(_fact(layout, layout.release.facts[name], readers, language) for name in names),
        )
        for group, names in fact_groups(layout.release).items()
    )


def fact_readers(release: Release) -> Mapping[str, Sequence[str]]:
    """By fact or conclusion: the rules that read it, in the release's order."""
    found: dict[str, list[str]] = {}
    for rule in release.rules.values():
        for name in _facts_of(rule):
            found.setdefault(name, []).append(rule.name)
    return found


def _facts_of(rule: Rule) -> tuple[str, ...]:
    named = (each.name for each in operands_of(rule) if isinstance(each, FactRef))
    return tuple(dict.fromkeys(named))


def _fact(
    layout: Layout, fact: Fact, readers: Mapping[str, Sequence[str]], language: str
) -> FactLine:
    return FactLine(
        name=fact.name,
        title=fact.title,
        told=told_in(layout.release, language, "facts", fact.name),
        anchor=anchor("fact", fact.name),
        type=_type(fact),
        members=tuple(_member(layout.release, language, fact.name, m) for m in fact.type.members),
        may_be_none=fact.type.may_be_none,
        origin=_ORIGINS.get(fact.origin or "", fact.origin or "not said"),
        is_personal=fact.personal,
        change=_change(fact),
        is_changed_by_family=fact.remedy is not None and fact.changeable_by == "family",
        read_by=layout.rules(readers.get(fact.name, ())),
    )


def _member(release: Release, language: str, fact: str, member: str) -> str:
    """`home school`, and what families read for it where that is another word."""
    told = told_in(release, language, "members", fact, member)
    return f"{spaced(member)} = {told.words}" if told.words else spaced(member)


def _type(fact: Fact) -> str:
    kind = fact.type.kind
    said = {"one_of": "one of", "list": "any of", "boolean": "true or false"}.get(kind, kind)
    bounds = [
        f"{word} {format_value(kind, bound)}"
        for word, bound in (("from", fact.smallest), ("to", fact.largest))
        if bound is not None and kind in NUMBERS
    ]
    return " ".join([said, *bounds])


_CHANGES: Mapping[str, str] = {
    "add": "add to it", "true": "make it true", "false": "make it false", "any": "another of these",
}  # fmt: skip


def _change(fact: Fact) -> str:
    """`a later one, by the family`."""
    if fact.remedy is None:
        return ""
    said = _CHANGES.get(fact.remedy, f"a {fact.remedy} one")
    return f"{said}, by the {fact.changeable_by}" if fact.changeable_by else said


# --- sources ----------------------------------------------------------------------------------


def write_sources(layout: Layout) -> tuple[SourcePage, ...]:
    """Every source, with the rules and numbers that rest on it."""
    return tuple(_source(layout, source) for source in layout.release.sources.values())


def _source(layout: Layout, source: Source) -> SourcePage:
    release = layout.release
    return SourcePage(
        key=source.key,
        title=source.title,
        anchor=anchor("source", source.key),
        section=layout.sections[anchor("source", source.key)],
        place=f"{source.place.file}:{source.place.line}",
        address=source.address,
        is_followed=source.address.startswith(("https://", "http://")),
        standing=source.standing,
        rules=layout.rules(
            rule.name for rule in release.rules.values() if source.key in rule.sources
        ),
        numbers=tuple(
            layout.parameter(each.name)
            for each in release.parameters.values()
            if source.key in each.sources
            or any(source.key in dated.sources for dated in each.values)
        ),
    )


# --- conclusions ------------------------------------------------------------------------------


def write_conclusions(layout: Layout, language: str) -> tuple[ConclusionLine, ...]:
    """Every conclusion, also those that no standing rule brings and a service may place."""
    readers = fact_readers(layout.release)
    return tuple(
        _conclusion(layout, each, readers, language) for each in layout.release.conclusions.values()
    )


def _conclusion(
    layout: Layout, conclusion: Conclusion, readers: Mapping[str, Sequence[str]], language: str
) -> ConclusionLine:
    release = layout.release
    told = (texts for (_, name), texts in release.texts.items() if name == conclusion.name)
    texts = next(told, None)
    return ConclusionLine(
        name=conclusion.name,
        title=conclusion.title,
        anchor=anchor("conclusion", conclusion.name),
        kind=conclusion.kind,
        brought_by=layout.rules(
            rule.name for rule in release.rules.values() if rule.concludes == conclusion.name
        ),
        read_by=layout.rules(readers.get(conclusion.name, ())),
        words=None if texts is None else words_of(release, texts, language),
    )
