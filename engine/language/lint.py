"""Warnings about a sound release: what nobody reads, what is overdue, what is not yet said.

A warning never stops a release. The day and the rules that have cases come in as arguments, since
the engine has no clock and the cases are no part of a release.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from engine.language.folder import POLICIES
from engine.language.glossary import CALLED
from engine.language.lint_words import unworded
from engine.language.load_texts import placeholders
from engine.language.model import (
    STANDINGS,
    Constant,
    DayRef,
    FactRef,
    Parameter,
    ParamRef,
    Place,
    Release,
    Rule,
    Texts,
    Words,
    weakest,
)
from engine.language.operands import clauses_of, operands_of, parameters_of
from engine.language.problems import Problem
from engine.language.unreachable import unreachable_cases

_SHOWN_NAMES: Final = 5


def lint(
    release: Release, today: date | None = None, covered: Collection[str] | None = None
) -> list[Problem]:
    """All warnings, sorted by place.

    `today` asks for overdue review days; `covered`, the names of the rules that some case file
    exercises, asks for rules without cases. What is not given is not asked for.
    """
    warnings = [
        *_unread_facts(release),
        *_free_texts(release),
        *_unread_parameters(release),
        *_unsourced(release),
        *_uncited(release),
        *_overstated(release),
        *_untold(release),
        *_unused_texts(release),
        *unworded(release),
        *unreachable_cases(release),
        *([] if today is None else _overdue(release, today)),
        *([] if covered is None else _without_cases(release, covered)),
    ]
    return sorted(warnings, key=lambda problem: problem.order)


def lines_of(release: Release) -> dict[str, list[str]]:
    """The lines of a release's files, for `problems.render`."""
    return {
        path: content.decode("utf-8", "replace").splitlines()
        for path, content in release.files.items()
    }


def _warn(place: Place, code: str, message: str, help: str, width: int) -> Problem:
    return Problem(place, code, message, help, width, "warning")


# --- unread names -----------------------------------------------------------------------------


def _unread_facts(release: Release) -> Iterator[Problem]:
    read = facts_read(release)
    for fact in release.facts.values():
        if fact.name not in read and not fact.used_by_service:
            yield _warn(
                fact.place, "fact.unread", f"fact `{fact.name}` is read by nothing",
                "remove it, write the rule that needs it, or write `used_by: service` where the "
                "service states it for its record", len(fact.name),
            )  # fmt: skip


def _free_texts(release: Release) -> Iterator[Problem]:
    """Texts that a rule compares with words: whoever writes them otherwise is past the rule."""
    compared: dict[str, None] = {}
    for rule in release.rules.values():
        for clause in clauses_of(rule):
            if clause.kind == "text" and isinstance(clause.left, FactRef):
                is_worded = isinstance(clause.right, Words | ParamRef) or (
                    isinstance(clause.right, Constant) and clause.right.value is not None
                )
                compared |= {clause.left.name: None} if is_worded else {}
    for name in compared:
        fact = release.facts[name]
        if not fact.type.is_code:
            yield _warn(
                fact.place, "fact.free_text",
                f"`{name}` is compared with words, but may be written in any way",
                "add `form: code`, so that `Drone` is refused and `drone` is not missed", len(name),
            )  # fmt: skip


def facts_read(release: Release) -> frozenset[str]:
    """Facts that a rule, an anchor, a subject's key, a list, a table or a text names."""
    read = {point.anchor for point in release.decisions.values()}
    read.update(subject.key for subject in release.subjects.values())
    for rule in release.rules.values():
        read.update(_facts_of(rule, release))
    for parameter in release.parameters.values():
        read.update(name for name in (parameter.list_of, parameter.rows_by) if name)
    read.update(name for name in _named_in_texts(release) if not name.startswith("$"))
    return frozenset(read)


def _facts_of(rule: Rule, release: Release) -> Iterator[str]:
    for operand in operands_of(rule):
        if isinstance(operand, FactRef):
            yield operand.name
        elif isinstance(operand, DayRef):
            yield from (release.decisions[name].anchor for name in rule.decides)


def _unread_parameters(release: Release) -> Iterator[Problem]:
    read = {name for rule in release.rules.values() for name in parameters_of(rule)}
    read |= {name[1:] for name in _named_in_texts(release) if name.startswith("$")}
    for parameter in release.parameters.values():
        if parameter.name not in read and not parameter.used_by_service:
            yield _warn(
                parameter.place, "param.unread",
                f"parameter `${parameter.name}` is read by nothing",
                "remove it, or write `used_by: service` where the service reads it",
                len(parameter.name),
            )  # fmt: skip


def _named_in_texts(release: Release) -> Iterator[str]:
    for texts in release.texts.values():
        for text in (*texts.parent.values(), *texts.staff.values()):
            yield from placeholders(text)


# --- sources and review days ------------------------------------------------------------------


def _unsourced(release: Release) -> Iterator[Problem]:
    """Rules and values that cite nothing; a parameter without any source is refused anyway."""
    for rule in release.rules.values():
        if not rule.sources:
            yield _warn(
                rule.place, "rule.no_source", f"rule `{rule.name}` cites no source",
                "cite one: `sources: [...]`", len(rule.name),
            )  # fmt: skip
    for parameter in release.parameters.values():
        for dated in parameter.values:
            if not dated.sources:
                yield _warn(
                    dated.place, "param.no_source",
                    f"the value of `${parameter.name}` since {dated.since} cites no source",
                    "cite one: `sources: [...]`", len(dated.since.isoformat()),
                )  # fmt: skip


def _overdue(release: Release, today: date) -> Iterator[Problem]:
    """Parameters and rules whose review day has passed; the day itself is still in time."""
    reviewed: list[Parameter | Rule] = [*release.parameters.values(), *release.rules.values()]
    for entry in reviewed:
        if entry.review_by is not None and entry.review_by < today:
            yield _warn(
                entry.place, "review.overdue",
                f"`{entry.name}` was to be reviewed by {entry.review_by}",
                "look at its sources again, then move `review_by`", len(entry.name),
            )  # fmt: skip


def _uncited(release: Release) -> Iterator[Problem]:
    """Sources that no rule and no value rests on."""
    cited = {key for rule in release.rules.values() for key in rule.sources}
    for parameter in release.parameters.values():
        cited.update(parameter.sources, *(dated.sources for dated in parameter.values))
    for source in release.sources.values():
        if source.key not in cited:
            yield _warn(
                source.place, "source.uncited", f"source `{source.key}` is cited by nothing",
                "cite it where it is the ground of a rule or value, or remove it", len(source.key),
            )  # fmt: skip


def _overstated(release: Release) -> Iterator[Problem]:
    """Rules and values that call themselves surer than their weakest source is."""
    entries: list[Parameter | Rule] = [*release.rules.values(), *release.parameters.values()]
    rated = [(each.place, each.name, each.standing, each.sources) for each in entries]
    rated += [
        (dated.place, f"{parameter.name} since {dated.since}", dated.standing, dated.sources)
        for parameter in release.parameters.values()
        for dated in parameter.values
        if (dated.standing, dated.sources) != (parameter.standing, parameter.sources)
    ]
    for place, name, standing, sources in rated:
        own = weakest([release.sources[key].standing for key in sources])
        if sources and STANDINGS.index(standing) < STANDINGS.index(own):
            yield _warn(
                place, "standing.overstated",
                f"`{name}` is called {standing}, but one of its sources is {own}",
                "cite the source that makes it sure, or leave `standing` out", 1,
            )  # fmt: skip


def _without_cases(release: Release, covered: Collection[str]) -> Iterator[Problem]:
    if not covered and release.rules:
        yield _warn(
            Place(POLICIES, 1), "rule.no_cases", "no rule has a case",
            "write cases in tests/cases/<decision>/<rule>.yaml; rules/README.md shows one", 1,
        )  # fmt: skip
        return
    for rule in release.rules.values():
        if rule.name not in covered:
            yield _warn(
                rule.place, "rule.no_cases", f"rule `{rule.name}` has no case",
                "write a case that this rule decides, and one that it lets pass", len(rule.name),
            )  # fmt: skip


# --- texts ------------------------------------------------------------------------------------


def _untold(release: Release) -> Iterator[Problem]:
    """Conclusions without a text, Spanish that is missing, and texts that nobody has checked."""
    told = {texts.name for texts in release.texts.values()}
    for conclusion in release.conclusions.values():
        if conclusion.name not in told:
            yield _warn(
                conclusion.place, "text.missing",
                f"`{conclusion.name}` has no text for parents and staff",
                "write it in the texts.yaml of the rules that conclude it", len(conclusion.name),
            )  # fmt: skip
    by_file: dict[str, list[Texts]] = {}
    for texts in _written(release):
        by_file.setdefault(texts.place.file, []).append(texts)
        if "es" not in texts.parent:
            yield _warn(
                texts.place, "text.missing", f"`{texts.name}` has no Spanish text for parents",
                'add it: `es: "..."`', len(texts.name),
            )  # fmt: skip
    for written in by_file.values():
        yield from _unreviewed(written)


def _unreviewed(written: list[Texts]) -> Iterator[Problem]:
    """One warning a file and language, so that a hundred of them do not bury the rest."""
    for language, called in CALLED.items():
        waiting = [
            texts
            for texts in written
            if language not in texts.reviewed and (language in {*texts.parent, *texts.staff})
        ]
        if waiting:
            first = waiting[0]
            yield _warn(
                first.place, "text.unreviewed",
                f"{len(waiting)} {called} text{'s' * (len(waiting) > 1)} not checked by a person: "
                f"{_some(texts.name for texts in waiting)}",
                f"have it read, then write `reviewed: [..., {language}]`", len(first.name),
            )  # fmt: skip


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    rest = len(every) - _SHOWN_NAMES
    shown = ", ".join(f"`{name}`" for name in every[:_SHOWN_NAMES])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _unused_texts(release: Release) -> Iterator[Problem]:
    given: set[str] = {reason for point in release.decisions.values() for reason in point.reasons}
    by_decision: Mapping[str, frozenset[str]] = {
        name: frozenset(point.reasons) for name, point in release.decisions.items()
    }
    for texts in _written(release):
        if "." in texts.name or texts.name in by_decision.get(texts.decision, given):
            continue
        yield _warn(
            texts.place, "text.unused", f"no rule gives `{texts.name}`",
            "remove it, or write the rule that gives it", len(texts.name),
        )  # fmt: skip


def _written(release: Release) -> list[Texts]:
    """Every text once, though a shared one is found under each decision that uses it."""
    return list({texts.place: texts for texts in release.texts.values()}.values())
