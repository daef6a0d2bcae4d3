"""From what differs to the clauses that made it differ."""

from collections.abc import Callable, Iterable, Iterator

from engine.decide.answer import MET, UNKNOWN_CLAUSE, UNMET, Decision, Finding
from engine.language.model import Outcome, Rule
from engine.rehearse.cases import Expected
from engine.rehearse.causes import (
    CAUSES_SHOWN,
    Cause,
    Scenery,
    cause_of_finding,
    causes_of_absence,
    causes_of_answer,
    causes_of_missing,
)
from engine.rehearse.outcomes import Standing


def causes_of(
    scenery: Scenery, expected: Expected, decided: Decision, keys: Iterable[str]
) -> tuple[Cause, ...]:
    """What made a decision differ from what was expected in these keys, the telling ones first."""
    found: list[Cause] = []
    for key in keys:
        if key == "reasons":
            found += _reasons(scenery, expected, decided)
        elif key == "verdict":
            found += _verdict(scenery, expected, decided)
        elif key == "missing":
            found += _missing(scenery, expected.missing or frozenset(), decided.missing)
        else:
            found += causes_of_answer(scenery, key.removeprefix("answers."))
    return tuple(dict.fromkeys(found))[:CAUSES_SHOWN]


def _finding(scenery: Scenery, finding: Finding) -> Cause:
    rule = scenery.release.rules[finding.rule]
    headline = f"{finding.verdict} {finding.reason}: rule `{finding.rule}`"
    return cause_of_finding(scenery, rule, finding.case, headline)


def _verdict(scenery: Scenery, expected: Expected, decided: Decision) -> Iterator[Cause]:
    """The findings that gave the verdict; where nothing gave the expected one, what came near."""
    for finding in decided.findings:
        if finding.verdict == decided.verdict:
            yield _finding(scenery, finding)
    if decided.verdict == "incomplete" and expected.missing is None:
        yield from _missing(scenery, frozenset(), decided.missing)
    if expected.reasons is None:
        yield from causes_of_absence(
            scenery, lambda outcome: outcome.verdict == expected.verdict, f"no {expected.verdict}"
        )


def _reasons(scenery: Scenery, expected: Expected, decided: Decision) -> Iterator[Cause]:
    wanted = expected.reasons or frozenset()
    for finding in decided.findings:
        if finding.reason not in wanted:
            yield _finding(scenery, finding)
    for reason in sorted(wanted - set(decided.reasons)):
        yield from causes_of_absence(scenery, _gives(reason), f"no {reason}")


def _gives(reason: str) -> Callable[[Outcome], bool]:
    return lambda outcome: reason in outcome.reasons


def _missing(scenery: Scenery, wanted: frozenset[str], found: Iterable[str]) -> Iterator[Cause]:
    missing = frozenset(found)
    for fact in sorted(missing - wanted):
        yield from causes_of_missing(scenery, fact, f"missing {fact}", UNKNOWN_CLAUSE)
    for fact in sorted(wanted - missing):
        said = f"{fact} is given" if fact in scenery.facts else f"{fact} changes nothing"
        yield from causes_of_missing(scenery, fact, said, MET, UNMET, UNKNOWN_CLAUSE)


# --- standing rules ---------------------------------------------------------------------------


def causes_of_standing(
    scenery: Scenery, expected: Expected, standing: Standing
) -> tuple[Cause, ...]:
    """What brought a conclusion that was not expected, or kept back one that was."""
    found: list[Cause] = []
    if expected.conclusions is not None:
        for each in standing.concluded:
            if each.name not in expected.conclusions:
                found.append(_concluded(scenery, scenery.release.rules[each.rule], each.name))
        for name in sorted(expected.conclusions - set(standing.names)):
            found += _not_concluded(scenery, name)
    if expected.missing is not None:
        found += _missing(scenery, expected.missing, standing.missing)
    return tuple(dict.fromkeys(found))[:CAUSES_SHOWN]


def _concluded(scenery: Scenery, rule: Rule, name: str) -> Cause:
    clauses = scenery.settling(rule, rule.when, MET)
    told = scenery.told(rule, clauses, MET, UNMET)
    return Cause(f"{name}: rule `{rule.name}`", rule.place, told)


def _not_concluded(scenery: Scenery, name: str) -> Iterator[Cause]:
    for rule_name in scenery.rules:
        rule = scenery.release.rules[rule_name]
        if rule.concludes != name:
            continue
        if rule_name not in scenery.outcomes:
            yield Cause(f"no {name}: rule `{rule_name}` is not in force", rule.place)
            continue
        came_to = scenery.outcome(rule, rule.when)
        clauses = scenery.settling(rule, rule.when, came_to)
        told = scenery.told(rule, clauses, UNMET, MET, UNKNOWN_CLAUSE)
        yield Cause(f"no {name}: rule `{rule_name}`", rule.place, told)
