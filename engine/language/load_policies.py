"""Reads `policies.yaml`: fiscal year, sources, decisions, standing subjects and parameters."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, cast

from engine.language import limits
from engine.language.entries import (
    Shape,
    as_scalar,
    read_choice,
    read_declared,
    read_fields,
    read_name,
    read_parts,
    read_text,
    read_title,
    read_words,
    report_many,
    report_missing,
    report_unknown,
    width_of,
)
from engine.language.load_parameters import load_parameters
from engine.language.load_values import Known
from engine.language.model import (
    STANDINGS,
    DecisionPoint,
    Fact,
    FiscalYear,
    Parameter,
    Source,
    Standing,
    Subject,
    Type,
)
from engine.language.problems import Problems, did_you_mean
from engine.language.quantities import read_number
from engine.language.reader import Node, Scalar, Sequence
from engine.language.values import Kind

_FILE: Final = Shape(
    "policies file", ("decisions",), ("fiscal_year", "sources", "standing", "parameters")
)
_FISCAL_YEAR: Final = Shape("fiscal year", ("begins", "named_by", "time_zone"))
_SOURCE: Final = Shape("source", ("title", "address", "standing"))
_DECISION: Final = Shape("decision", ("question", "anchor", "rules"), ("answers",))
_SUBJECT: Final = Shape("subject", ("key", "rules"))

ANSWER_KINDS: Final[tuple[Kind, ...]] = (
    "money", "integer", "days", "years", "share", "boolean", "date", "text",
)  # fmt: skip


_REFUSED: Final = Type("text", members=("refused",))
"""The type of an answer whose own type was refused; no written answer can have it."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What `policies.yaml` holds.

    `broken` are parameters and answers that were declared but refused. `is_whole`: all its parts
    were there to be read; else rules would be blamed for naming what stands in the part missed.
    """

    fiscal_year: FiscalYear
    sources: Mapping[str, Source]
    parameters: Mapping[str, Parameter]
    decisions: Mapping[str, DecisionPoint]
    subjects: Mapping[str, Subject]
    broken: frozenset[str]
    is_whole: bool


def load_policies(
    node: Node, facts: Mapping[str, Fact], rule_files: Collection[str], problems: Problems
) -> Policies:
    """Everything but the rules. `rule_files` are the names of the rules that a file holds."""
    fields, is_whole = read_parts(node, _FILE, problems)
    if "fiscal_year" not in fields and is_whole:
        report_missing(node, _FILE.noun, "fiscal_year", problems)
    sources = _read_sources(fields.get("sources"), problems)
    decisions = _read_decisions(fields.get("decisions"), facts, rule_files, problems)
    subjects = _read_subjects(fields.get("standing"), facts, decisions, rule_files, problems)
    parameters: dict[str, Parameter] = {}
    broken: frozenset[str] = frozenset()
    if "parameters" in fields:
        loaded = load_parameters(fields["parameters"], Known(facts, sources, problems))
        parameters, broken = loaded.parameters, loaded.broken
    return Policies(
        _read_fiscal_year(fields.get("fiscal_year"), problems),
        sources,
        parameters,
        decisions,
        subjects,
        broken | _broken_answers(decisions),
        is_whole,
    )


def _read_fiscal_year(node: Node | None, problems: Problems) -> FiscalYear:
    """The fiscal year; what is refused is replaced, since a refused folder is never used."""
    fields = (read_fields(node, _FISCAL_YEAR, problems) if node else None) or {}
    first, named_by, zone = 701, "end", "UTC"
    if "begins" in fields:
        first = read_number(fields["begins"], "day_of_year", problems) or first
    if "named_by" in fields:
        choice = read_choice(
            fields["named_by"], "named_by", ("begin", "end"), "key.value", problems
        )
        named_by = choice or named_by
    if "time_zone" in fields:
        zone = _read_time_zone(fields["time_zone"], problems) or zone
    return FiscalYear(first, "begin" if named_by == "begin" else "end", zone)


@cache
def _time_zones() -> tuple[str, ...]:
    """Every name of the time zone database, from the package that also serves the clock's days."""
    return tuple(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def _read_time_zone(node: Node, problems: Problems) -> str | None:
    zone = as_scalar(node, "time_zone", problems)
    if zone is None or zone.text in _time_zones():
        return None if zone is None else zone.text
    city = zone.text.lower().replace(" ", "_")
    named = [name for name in _time_zones() if name.rpartition("/")[2].lower() == city]
    near = f"did you mean `{named[0]}`?" if named else did_you_mean(zone.text, _time_zones())
    problems.add(
        zone.place, "key.value", f"`{zone.text[:40]}` is no time zone",
        f"{near + ' ' if near else ''}write an area and a city, such as `America/New_York`",
        width_of(zone),
    )  # fmt: skip
    return None


def _read_sources(node: Node | None, problems: Problems) -> Mapping[str, Source]:
    sources: dict[str, Source] = {}
    for key, entry in read_declared(node, "source", "source", problems) if node else ():
        fields = read_fields(entry, _SOURCE, problems, key) or {}
        address = fields.get("address")
        standing = fields.get("standing")
        chosen = (
            read_choice(standing, "standing", STANDINGS, "key.value", problems)
            if standing
            else None
        )
        sources[key.text] = Source(
            key.text,
            read_title(fields.get("title"), "source", problems),
            (read_text(address, "address", problems) if address else None) or "",
            cast("Standing", chosen or "unconfirmed"),
            key.place,
        )
    return MappingProxyType(sources)


# --- decisions and subjects -------------------------------------------------------------------


def _read_decisions(
    node: Node | None,
    facts: Mapping[str, Fact],
    rule_files: Collection[str],
    problems: Problems,
) -> Mapping[str, DecisionPoint]:
    decisions: dict[str, DecisionPoint] = {}
    for key, entry in read_declared(node, "word", "decision", problems) if node else ():
        fields = read_fields(entry, _DECISION, problems, key) or {}
        question = fields.get("question")
        rules = _read_rule_list(key, fields.get("rules"), rule_files, problems)
        if "rules" in fields:
            report_many(fields["rules"], "rules", len(rules), limits.RULES_A_DECISION, problems)
            _require_rules(key, fields["rules"], problems)
        decisions[key.text] = DecisionPoint(
            key.text,
            (read_text(question, "question", problems) if question else None) or "",
            _read_anchor(fields.get("anchor"), facts, problems),
            _read_answers(fields.get("answers"), problems),
            rules,
            (),
            key.place,
        )
    return MappingProxyType(decisions)


def _require_rules(key: Scalar, node: Node, problems: Problems) -> None:
    if isinstance(node, Sequence) and not node.items:
        problems.add(
            node.place, "decision.no_rules", f"`{key.text}` lists no rule",
            "name the rules that answer it; without any it would allow everything",
        )  # fmt: skip


def _read_rule_list(
    key: Scalar, node: Node | None, rule_files: Collection[str], problems: Problems
) -> tuple[str, ...]:
    """The listed names in their order; one that no file holds is decision.rule_missing."""
    words = read_words(node, f"rules of `{key.text}`", problems) if node else ()
    names: list[str] = []
    unlisted = set(rule_files) - {word.text for word in words}
    for word in words:
        if read_name(word, "dotted", "a rule", problems) is None:
            continue
        names.append(word.text)
        if word.text not in rule_files:
            file = f"rules/{word.text.replace('.', '/')}.yaml"
            problems.add(
                word.place, "decision.rule_missing",
                f"`{key.text}` lists rule `{word.text}`, which no file holds",
                did_you_mean(word.text, unlisted) or f"restore the file {file}",
                width_of(word),
            )  # fmt: skip
    return tuple(names)


def _read_anchor(node: Node | None, facts: Mapping[str, Fact], problems: Problems) -> str:
    word = as_scalar(node, "anchor", problems) if node else None
    if word is None:
        return ""
    fact = facts.get(word.text)
    if fact is None:
        report_unknown(word, "fact", facts, "fact.unknown", problems)
    elif fact.type.kind != "date" or fact.type.may_be_none:
        found = "may be none" if fact.type.kind == "date" else f"is {fact.type.kind}"
        problems.add(
            word.place, "decision.anchor", f"anchor `{word.text}` {found}",
            "the anchor is a date that is always there", width_of(word),
        )  # fmt: skip
    return word.text


def _read_answers(node: Node | None, problems: Problems) -> Mapping[str, Type]:
    answers: dict[str, Type] = {}
    for key, entry in read_declared(node, "word", "answer", problems) if node else ():
        kind = read_choice(entry, "type", ANSWER_KINDS, "answer.type", problems)
        # An answer of a refused type stays nameable, so that its rules are not blamed for it.
        answers[key.text] = _REFUSED if kind is None else Type(cast("Kind", kind))
    if node is not None:
        report_many(node, "answers", len(answers), limits.ANSWERS_A_RULE, problems)
    return MappingProxyType(answers)


def _broken_answers(decisions: Mapping[str, DecisionPoint]) -> frozenset[str]:
    return frozenset(
        answer
        for point in decisions.values()
        for answer, type_ in point.answers.items()
        if type_ is _REFUSED
    )


def _read_subjects(
    node: Node | None,
    facts: Mapping[str, Fact],
    decisions: Mapping[str, DecisionPoint],
    rule_files: Collection[str],
    problems: Problems,
) -> Mapping[str, Subject]:
    subjects: dict[str, Subject] = {}
    for key, entry in read_declared(node, "word", "subject", problems) if node else ():
        if key.text in decisions:
            problems.add(
                key.place, "name.repeated", f"`{key.text}` is a decision and a subject",
                "rename one", width_of(key),
            )  # fmt: skip
        fields = read_fields(entry, _SUBJECT, problems, key) or {}
        fact = as_scalar(fields["key"], "key", problems) if "key" in fields else None
        if fact is not None and fact.text not in facts:
            report_unknown(fact, "fact", facts, "fact.unknown", problems)
        rules = _read_rule_list(key, fields.get("rules"), rule_files, problems)
        if "rules" in fields:
            report_many(fields["rules"], "rules", len(rules), limits.RULES_A_SUBJECT, problems)
        subjects[key.text] = Subject(key.text, fact.text if fact else "", rules, key.place)
    return MappingProxyType(subjects)
