"""Puts one question to two readings of a release and says how they differ."""

from collections.abc import Callable
from datetime import date
from typing import Any

from support import reference
from support.random_releases import Question

from engine.decide.answer import Decision, EngineFault, NoValue
from engine.decide.decider import Decider
from engine.watch.second_opinion import SecondOpinion
from engine.watch.watcher import Watcher

COMPARED = (
    "decision", "release", "semantics_version", "as_of", "facts", "verdict", "findings", "answers",
    "missing", "outcomes",
)  # fmt: skip


def told(ask: Callable[[], Decision]) -> dict[str, Any]:
    """All that an answer says, field by field; an error says its kind, and a crash what it is."""
    try:
        decision = ask()
    except EngineFault as fault:
        return {"error": fault.code}
    except NoValue:
        return {"error": "policy.no_value"}
    except Exception as crash:  # a crash of one reading is a difference like any other
        return {"crash": repr(crash)}
    said = {name: getattr(decision, name) for name in COMPARED}
    # True equals 1 in Python, and the same answer must also be of the same type.
    said["answer types"] = {name: type(value) for name, value in decision.answers.items()}
    return said


def differences(
    decider: Decider, question: Question, second: SecondOpinion | None = None
) -> list[str]:
    """One line for each field in which the decider and the reference differ; [] where none.

    second: the opinion of durable_rules, which must say the same as both.
    """
    asked = (question.decision, question.facts, question.as_of)
    decided = told(lambda: decider.decide(*asked))
    lines = _lines(decided, told(lambda: reference.decide(decider.release, *asked)), "reference")
    if second is not None:
        lines += _lines(decided, told(lambda: second.decide(*asked)), "durable_rules")
    return lines


def _lines(decided: dict[str, Any], other: dict[str, Any], by: str) -> list[str]:
    return [
        f"{name}: decided {decided.get(name)!r}, by {by} {other.get(name)!r}"
        for name in sorted({*decided, *other})
        if decided.get(name) != other.get(name)
    ]


def standing_differences(
    decider: Decider, subject: str, facts: dict[str, Any], on: date
) -> list[str]:
    """The same for the clauses of standing rules: each clause that the decider judges."""
    try:
        expected = reference.judge_subject(decider.release, subject, facts, on).outcomes
    except (EngineFault, NoValue) as error:
        expected = {"error": type(error).__name__}
    try:
        decided = {
            rule: "".join("u?-m"[outcome] for outcome in outcomes)
            for rule, outcomes in decider.clause_outcomes(subject, facts, on).items()
        }
    except (EngineFault, NoValue) as error:
        decided = {"error": type(error).__name__}
    return [
        f"{rule}: decided {decided.get(rule)!r}, by the reference {expected.get(rule)!r}"
        for rule in sorted({*decided, *expected})
        if not _agree(decided.get(rule), expected.get(rule))
    ]


def _agree(decided: str | None, expected: str | None) -> bool:
    """Equal, but for clauses on conclusions, which the watcher judges and the decider leaves."""
    if decided is None or expected is None or len(decided) != len(expected):
        return decided == expected
    return all(one in ("-", other) for one, other in zip(decided, expected, strict=True))


def watching_differences(watcher: Watcher, facts: dict[str, Any], on: date) -> list[str]:
    """The same for what a watcher concludes and leaves undecided about `account`."""
    expected: object
    decided: object
    try:
        judged = reference.judge_subject(watcher.release, "account", facts, on)
        conclusion_of = {name: str(rule.concludes) for name, rule in watcher.release.rules.items()}
        undecided = {
            (conclusion_of[rule], rule, missing)
            for rule, missing in judged.undecided.items()
            if conclusion_of[rule] not in judged.concluded
        }
        concluded = {(name, rule) for name, rules in judged.concluded.items() for rule in rules}
        expected = (sorted(concluded), sorted(undecided))
    except (EngineFault, NoValue) as error:
        expected = type(error).__name__
    try:
        standing = watcher.watch("account", facts, on)
        decided = (
            sorted((each.name, each.rule) for each in standing.concluded),
            sorted((each.name, each.rule, each.missing) for each in standing.undecided),
        )
    except (EngineFault, NoValue) as error:
        decided = type(error).__name__
    return [] if decided == expected else [f"watched {decided}, by the reference {expected}"]
