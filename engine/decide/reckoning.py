"""What all rules in force come to together, from the slow reading of each (paragraphs 10, 13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.decide.answer import MET, SYMBOLS, UNMET, EngineFault, Finding
from engine.decide.binding import Binding
from engine.decide.judgement import Judgement, judge
from engine.language.model import DecisionPoint, Verdict
from engine.language.values import UNKNOWN, MaybeValue, Value

VERDICT_OF: Final[tuple[Verdict, ...]] = (
    *("allow",) * 2, *("review",) * 2, *("incomplete",) * 4, *("deny",) * 8,
)  # fmt: skip
"""The verdict of joined severities: the highest bit that is set."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Everything about a decision but who asked what of which release."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    answers: Mapping[str, MaybeValue]
    outcomes: str


def reckon(point: DecisionPoint, judgements: list[Judgement]) -> Reckoning:
    """Joins the judgements of one decision; EngineFault on conflict or silence."""
    severity = 0
    for judgement in judgements:
        severity |= judgement.severity
    return Reckoning(
        VERDICT_OF[severity],
        tuple(finding for judgement in judgements for finding in judgement.findings),
        tuple(sorted({name for judgement in judgements for name in judgement.missing})),
        {name: _answer(point.name, name, judgements) for name in point.answers},
        "".join(SYMBOLS[outcome] for each in judgements for outcome in each.sheet.outcomes),
    )


def judge_all(binding: Binding, facts: Mapping[str, Value]) -> list[Judgement]:
    """Every rule in force, in the release's order."""
    return [judge(rule, binding, facts) for rule in binding.rules]


def _answer(decision: str, name: str, judgements: list[Judgement]) -> MaybeValue:
    giving = [
        judgement
        for judgement in judgements
        if name in judgement.sheet.rule.answers and judgement.applies != UNMET
    ]
    sure = [judgement for judgement in giving if judgement.applies == MET]
    if len(sure) > 1:
        raise conflict(decision, name, *(judgement.sheet.rule.name for judgement in sure[:2]))
    if len(giving) > len(sure):
        return UNKNOWN
    if not sure:
        raise silence(decision, name)
    return dict(zip(sure[0].sheet.rule.answers, sure[0].answers, strict=True))[name]


def conflict(decision: str, answer: str, one: str, other: str) -> EngineFault:
    """Two rules surely give one answer (13)."""
    return EngineFault(
        "decision.conflict", f"`{answer}` of `{decision}` is given by `{one}` and by `{other}`"
    )


def silence(decision: str, answer: str) -> EngineFault:
    """No rule gives a declared answer (13)."""
    return EngineFault("decision.silence", f"no rule gives `{answer}` of `{decision}`")
