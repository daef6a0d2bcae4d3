"""One rule as it is printed: when it speaks, what it works out, what it says and what shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.book.exhibits import Exhibits, ShownFile, by_file
from api.book.layout import Cited, Layout, Reference, anchor
from api.book.numbers import NumberValue, value_of
from api.book.told import Told, told_in
from api.book.wording import Line, Piece, StepLine, Wording, filled, spaced
from engine.language.model import (
    InForce,
    Outcome,
    Release,
    Rule,
    Standing,
    Texts,
    weakest,
)
from engine.language.operands import parameters_of


@dataclass(frozen=True, slots=True)
class Says:
    """A verdict with its reasons; each reason is linked to its words below."""

    verdict: str
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CaseLine:
    name: str
    lines: tuple[Line, ...]
    says: Says
    place: str


@dataclass(frozen=True, slots=True)
class Words:
    """What one reason or conclusion is told as. asked_by: the decisions that tell it so."""

    asked_by: tuple[str, ...]
    language: str
    is_reviewed: bool
    parent: tuple[Piece, ...]
    staff: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    anchor: str
    words: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    name: str
    asked_by: tuple[str, ...]
    operand: Piece


@dataclass(frozen=True, slots=True)
class NumberRead:
    """A number that the rule reads, with the values in the order of their days."""

    reference: Reference
    name: str
    values: tuple[NumberValue, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class RulePage:
    """Everything about one rule. rests_on: the weakest standing of it and of what it reads."""

    name: str
    title: str
    told: Told
    anchor: str
    section: str
    place: str
    asked_by: tuple[Reference, ...]
    watches: str | None
    in_force: str
    standing: Standing
    rests_on: Standing
    sources: tuple[Cited, ...]
    note: str | None
    review_by: str | None
    when: tuple[Line, ...]
    steps: tuple[StepLine, ...]
    cases: tuple[CaseLine, ...]
    otherwise: Says
    answers: tuple[Answer, ...]
    concludes: Reference | None
    numbers: tuple[NumberRead, ...]
    reasons: tuple[Reason, ...]
    exhibits: tuple[tuple[str, tuple[ShownFile, ...]], ...]


def write_rule(layout: Layout, rule: Rule, exhibits: Exhibits, language: str) -> RulePage:
    """The page of one rule; the words to people are those of `language`, else the English ones."""
    release, wording = layout.release, Wording(layout.release, rule)
    numbers = tuple(_numbers(layout, rule))
    return RulePage(
        name=rule.name,
        title=rule.title,
        told=told_in(release, language, "rules", rule.name),
        anchor=anchor("rule", rule.name),
        section=layout.sections[anchor("rule", rule.name)],
        place=f"{rule.place.file}:{rule.place.line}",
        asked_by=tuple(layout.decision(name) for name in rule.decides),
        watches=rule.watches,
        in_force=_in_force(rule.in_force),
        standing=rule.standing,
        rests_on=weakest([rule.standing, *(each.standing for each in numbers)]),
        sources=layout.cite(rule.sources),
        note=rule.note,
        review_by=None if rule.review_by is None else rule.review_by.isoformat(),
        when=wording.lines(rule.when),
        steps=tuple(wording.step(step) for step in rule.steps.values()),
        cases=tuple(
            CaseLine(
                spaced(case.name),
                wording.lines(case.condition),
                _says(rule, case.outcome),
                f"{case.place.file}:{case.place.line}",
            )
            for case in rule.cases
        ),
        otherwise=_says(rule, rule.otherwise),
        answers=tuple(
            Answer(name, _answered(release, rule, name), wording.operand(operand))
            for name, operand in rule.answers.items()
        ),
        concludes=_concludes(layout, rule),
        numbers=numbers,
        reasons=tuple(_reason(release, rule, name, language) for name in reasons_of(rule)),
        exhibits=tuple(
            (asked, by_file(shown, rule.name))
            for asked, shown in sorted(exhibits.by_rule.get(rule.name, {}).items())
        ),
    )


def reasons_of(rule: Rule) -> tuple[str, ...]:
    """The reasons that a rule can give, in reading order."""
    outcomes = (*(case.outcome for case in rule.cases), rule.otherwise)
    return tuple(dict.fromkeys(reason for each in outcomes for reason in each.reasons))


def reason_place(rule: str, reason: str) -> str:
    """The anchor of a reason's words under a rule."""
    return anchor("rule", rule, "reason", reason)


def words_of(release: Release, texts: Texts, language: str, asked_by: Sequence[str] = ()) -> Words:
    """A text in that language; where it is not written, in English."""
    spoken = language if language in texts.parent and language in texts.staff else "en"
    return Words(
        tuple(asked_by),
        spoken,
        spoken in texts.reviewed,
        filled(release, texts.parent.get(spoken, "")),
        filled(release, texts.staff.get(spoken, "")),
    )


def _says(rule: Rule, outcome: Outcome) -> Says:
    links = tuple((reason, reason_place(rule.name, reason)) for reason in outcome.reasons)
    return Says(outcome.verdict, links)


def _in_force(days: InForce) -> str:
    said = [
        f"{word} {day.isoformat()}"
        for word, day in (("from", days.first), ("to", days.last))
        if day is not None
    ]
    return " ".join(said)


def _answered(release: Release, rule: Rule, answer: str) -> tuple[str, ...]:
    return tuple(name for name in rule.decides if answer in release.decisions[name].answers)


def _concludes(layout: Layout, rule: Rule) -> Reference | None:
    if rule.concludes is None:
        return None
    title = layout.release.conclusions[rule.concludes].title
    return layout.reference("conclusion", rule.concludes, title)


def _numbers(layout: Layout, rule: Rule) -> Iterator[NumberRead]:
    release = layout.release
    for name in parameters_of(rule):
        parameter = release.parameters[name]
        yield NumberRead(
            layout.parameter(name),
            name,
            tuple(value_of(release, parameter, place) for place in range(len(parameter.values))),
            weakest([dated.standing for dated in parameter.values]),
        )


def _reason(release: Release, rule: Rule, reason: str, language: str) -> Reason:
    """Decisions may tell a shared rule's reason each in their way; what is the same comes once."""
    told: dict[int, tuple[Texts, list[str]]] = {}
    for decision in rule.decides:
        texts = release.texts.get((decision, reason))
        if texts is not None:
            told.setdefault(id(texts), (texts, []))[1].append(decision)
    several = len(told) > 1
    words = tuple(
        words_of(release, texts, language, asked_by if several else ())
        for texts, asked_by in told.values()
    )
    return Reason(reason, reason_place(rule.name, reason), words)
