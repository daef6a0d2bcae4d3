"""The book's contents, gathered from a release and its cases; nothing here knows of HTML."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.book.catalog import (
    ConclusionLine,
    FactGroup,
    SourcePage,
    write_conclusions,
    write_facts,
    write_sources,
)
from api.book.exhibits import Exhibits, ShownFile, by_file
from api.book.index import Letter, write_index
from api.book.layout import (
    FACTS,
    INDEX,
    NUMBERS,
    SHARED,
    SOURCES,
    STANDING,
    Chapter,
    Layout,
    Reference,
    anchor,
    is_shared,
)
from api.book.numbers import NumberPage, write_numbers
from api.book.rule_pages import RulePage, reason_place, reasons_of, write_rule
from api.book.waiting import Waiting, gather_waiting
from engine.language.model import STANDINGS, DecisionPoint, Release
from engine.language.values import format_yearly_day


@dataclass(frozen=True, slots=True)
class GivenReason:
    """A reason that a decision can give, with its verdicts and the rules that give it."""

    name: str
    anchor: str
    verdicts: tuple[str, ...]
    rules: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    name: str
    kind: str
    rules: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """A decision: pages are the rules printed in its chapter; listed are all it asks, in order;
    exhibits are the cases in which every rule is silent."""

    chapter: Chapter
    question: str
    place: str
    anchor_fact: Reference
    anchor_title: str
    answers: tuple[GivenAnswer, ...]
    reasons: tuple[GivenReason, ...]
    listed: tuple[RulePage, ...]
    pages: tuple[RulePage, ...]
    exhibits: tuple[ShownFile, ...]


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """What standing rules watch."""

    name: str
    key: Reference
    pages: tuple[RulePage, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that is printed. counts: what there is, in words, and how many."""

    release: str
    short: str
    semantics: str
    language: str
    fiscal_year: str
    standings: tuple[tuple[str, int, int], ...]
    counts: tuple[tuple[str, int], ...]
    waiting: Waiting
    decisions: tuple[DecisionPage, ...]
    shared: tuple[RulePage, ...]
    subjects: tuple[SubjectPage, ...]
    conclusions: tuple[ConclusionLine, ...]
    numbers: tuple[NumberPage, ...]
    facts: tuple[FactGroup, ...]
    sources: tuple[SourcePage, ...]
    index: tuple[Letter, ...]
    last: dict[str, Chapter]


def gather_book(release: Release, exhibits: Exhibits, language: str = "en") -> Book:
    """The whole book. language: of what people are told (`en` or `es`); the rest is English."""
    layout = Layout(release)
    pages = {
        name: write_rule(layout, rule, exhibits, language) for name, rule in release.rules.items()
    }
    numbers = write_numbers(layout)
    return Book(
        release=release.hash,
        short=release.short,
        semantics=release.semantics_version,
        language=language,
        fiscal_year=_fiscal_year(release),
        standings=tuple(_standings(pages, numbers)),
        counts=_counts(release, exhibits),
        waiting=gather_waiting(layout, exhibits),
        decisions=tuple(
            _decision(layout, chapter, point, pages, exhibits)
            for chapter, point in zip(layout.chapters, release.decisions.values(), strict=False)
        ),
        shared=tuple(pages[name] for name in layout.last(SHARED).rules),
        subjects=tuple(
            SubjectPage(
                subject.name,
                layout.reference("fact", subject.key, subject.key),
                tuple(pages[name] for name in subject.rules),
            )
            for subject in release.subjects.values()
        ),
        conclusions=write_conclusions(layout, language),
        numbers=numbers,
        facts=write_facts(layout, language),
        sources=write_sources(layout),
        index=write_index(layout),
        last={
            key: layout.last(name)
            for key, name in (
                ("shared", SHARED), ("standing", STANDING), ("numbers", NUMBERS),
                ("facts", FACTS), ("sources", SOURCES), ("index", INDEX),
            )
        },
    )  # fmt: skip


def _counts(release: Release, exhibits: Exhibits) -> tuple[tuple[str, int], ...]:
    standing = sum(len(subject.rules) for subject in release.subjects.values())
    return (
        ("decisions", len(release.decisions)),
        ("rules that decide", len(release.rules) - standing),
        ("standing rules", standing),
        ("numbers", len(release.parameters)),
        ("dated values", sum(len(each.values) for each in release.parameters.values())),
        ("facts", len(release.facts)),
        ("reasons", len({name for each in release.decisions.values() for name in each.reasons})),
        ("sources", len(release.sources)),
        ("cases run for this book", exhibits.count),
    )


def _standings(
    pages: dict[str, RulePage], numbers: tuple[NumberPage, ...]
) -> Iterator[tuple[str, int, int]]:
    """By standing: how many rules and dated values have it, strongest first."""
    values = [value.standing for number in numbers for value, _ in number.values]
    for standing in STANDINGS:
        rules = sum(page.standing == standing for page in pages.values())
        yield standing, rules, values.count(standing)


def _fiscal_year(release: Release) -> str:
    year = release.fiscal_year
    ends = "ends" if year.named_by == "end" else "begins"
    return (
        f"A fiscal year begins on {format_yearly_day(year.first)} and is called by the calendar"
        f" year in which it {ends}. Days are those of {year.time_zone}."
    )


def _decision(
    layout: Layout,
    chapter: Chapter,
    point: DecisionPoint,
    pages: dict[str, RulePage],
    exhibits: Exhibits,
) -> DecisionPage:
    release = layout.release
    return DecisionPage(
        chapter=chapter,
        question=point.question,
        place=f"{point.place.file}:{point.place.line}",
        anchor_fact=layout.reference("fact", point.anchor, point.anchor),
        anchor_title=release.facts[point.anchor].title,
        answers=tuple(_answers(layout, point)),
        reasons=tuple(_reasons(layout, point)),
        listed=tuple(pages[name] for name in point.rules),
        pages=tuple(pages[name] for name in point.rules if not is_shared(release, name)),
        exhibits=by_file(exhibits.others.get(point.name, ())),
    )


def _answers(layout: Layout, point: DecisionPoint) -> Iterator[GivenAnswer]:
    rules = layout.release.rules
    for name, kind in point.answers.items():
        giving = (rule for rule in point.rules if name in rules[rule].answers)
        yield GivenAnswer(name, kind.kind, tuple(map(layout.rule, giving)))


def _reasons(layout: Layout, point: DecisionPoint) -> Iterator[GivenReason]:
    rules = [layout.release.rules[name] for name in point.rules]
    for reason in point.reasons:
        giving = [rule for rule in rules if reason in reasons_of(rule)]
        outcomes = [
            outcome
            for rule in giving
            for outcome in (*(case.outcome for case in rule.cases), rule.otherwise)
            if reason in outcome.reasons
        ]
        yield GivenReason(
            reason,
            anchor("reason", point.name, reason),
            tuple(dict.fromkeys(outcome.verdict for outcome in outcomes)),
            tuple(
                Reference(
                    reason_place(rule.name, reason), layout.rule(rule.name).section, rule.title
                )
                for rule in giving
            ),
        )
