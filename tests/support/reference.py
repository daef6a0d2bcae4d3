"""A second, slow interpreter of a release, written from language.md alone.

It exists to disagree with the compiler: no code generation, no tables, no sharing with
`engine.decide` beyond the answer types. Each function cites the paragraph that it spells out
("5.7" is section 5, paragraph 7).
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date

from support.names import parameters_of
from support.reference_reading import Concluding, Reading, flat
from support.reference_tables import Truth, any_of

from engine.decide.answer import Decision, EngineFault, Finding, UnknownDecision
from engine.language.model import (
    VERDICTS,
    Case,
    Condition,
    FactRef,
    Holds,
    Outcome,
    Release,
    Rule,
    weakest,
)  # fmt: skip
from engine.language.values import UNKNOWN, MaybeValue, Value

# --- one rule's outcome: 5.6 to 5.8 and 5.12 ----------------------------------------------------


@dataclass
class Judgement:
    """What one rule of a decision says.

    `applies`: its `when`. `outcome` and `case`: what it answers, None where that cannot be told or
    the rule says nothing. `incomplete`: what it says rests on facts that are missing.
    """

    reading: Reading
    applies: Truth
    outcome: Outcome | None = None
    case: str = ""
    condition: Condition = ()
    incomplete: bool = False
    missing: Set[str] = frozenset()
    answers: dict[str, MaybeValue] = field(default_factory=dict)


def judge_rule(reading: Reading) -> Judgement:
    rule = reading.rule
    applies = reading.condition(rule.when)
    judgement = Judgement(reading, applies)
    if applies is Truth.UNMET:
        return judgement  # 5.6: does not apply and says nothing
    surely, unknown_cases = search_cases(reading)
    judgement.case, judgement.condition, outcome = surely
    possible = [case.outcome for case in unknown_cases] + [outcome]
    if applies is Truth.UNKNOWN:
        possible.append(Outcome("allow"))  # 5.7: "does not apply" is one more possibility
    if all(is_same(outcome, other) for other in possible):
        judgement.outcome = outcome  # 5.8
    else:
        judgement.incomplete = True
        judgement.missing = missing_for_outcome(reading, applies, unknown_cases)
    give_answers(judgement)
    return judgement


def search_cases(reading: Reading) -> tuple[tuple[str, Condition, Outcome], list[Case]]:
    """5.7: past unmet cases, noting unknown ones, to the first met case or `otherwise`."""
    unknown: list[Case] = []
    for case in reading.rule.cases:
        found = reading.condition(case.condition)
        if found is Truth.MET:
            return (case.name, case.condition, case.outcome), unknown
        if found is Truth.UNKNOWN:
            unknown.append(case)
    return ("otherwise", (), reading.rule.otherwise), unknown


def is_same(one: Outcome, other: Outcome) -> bool:
    """The same verdict with the same reasons; the order in which reasons stand means nothing."""
    return one.verdict == other.verdict and set(one.reasons) == set(other.reasons)


def missing_for_outcome(reading: Reading, applies: Truth, unknown: list[Case]) -> set[str]:
    """5.8: the unknown facts of `when`; if `when` is met, of the unknown cases."""
    if applies is Truth.UNKNOWN:
        return reading.missing_of(reading.rule.when)
    return set().union(*(reading.missing_of(case.condition) for case in unknown))


def give_answers(judgement: Judgement) -> None:
    """5.12: a rule that applies gives all its answers; an unknown one makes it incomplete."""
    reading, missing = judgement.reading, set(judgement.missing)
    denies = judgement.outcome is not None and judgement.outcome.verdict == "deny"
    for name, operand in reading.rule.answers.items():
        met = judgement.applies is Truth.MET
        judgement.answers[name] = reading.value(operand) if met else UNKNOWN
        if judgement.answers[name] is UNKNOWN and not denies:
            judgement.incomplete = True
            missing |= reading.missing(operand) if met else reading.missing_of(reading.rule.when)
    judgement.missing = missing


# --- the decision: 5.1, 5.3, 5.10, 5.13 ---------------------------------------------------------


def decide(
    release: Release, decision: str, facts: Mapping[str, Value], as_of: date | None = None
) -> Decision:
    """The answer to one question, as `Decider.decide` must give it."""
    if decision not in release.decisions:
        raise UnknownDecision(decision, "")
    point = release.decisions[decision]
    day = facts.get(point.anchor, UNKNOWN)
    law = as_of if as_of is not None else day
    judgements: list[Judgement] = []
    if isinstance(law, date):
        judgements = judge_rules(release, decision, facts, law)
        answers = {name: combined_answer(name, judgements) for name in point.answers}
        missing = set().union(*(judgement.missing for judgement in judgements))
    else:  # 5.1: neither day is known, so no rule is judged
        answers = dict.fromkeys(point.answers, UNKNOWN)
        missing = {point.anchor}
    return Decision(
        decision=decision,
        release=release.hash,
        semantics_version=release.semantics_version,
        as_of=law if isinstance(law, date) else None,
        facts=facts,
        verdict=worst_verdict(judgements) if isinstance(law, date) else "incomplete",
        findings=tuple(finding for each in judgements for finding in findings_of(each)),
        answers=answers,
        missing=tuple(sorted(missing)),
        outcomes="".join(map(symbols, judgements)),
    )


def judge_rules(
    release: Release, decision: str, facts: Mapping[str, Value], law: date
) -> list[Judgement]:
    """5.10: every rule in force is judged, once its parameters are known to have values."""
    point = release.decisions[decision]
    day = facts.get(point.anchor, UNKNOWN)
    rules = [release.rules[name] for name in point.rules if is_in_force(release.rules[name], law)]
    for rule in rules:
        require_values(release, rule, law)
    return [judge_rule(Reading(release, rule, facts, law, day, point.anchor)) for rule in rules]


def is_in_force(rule: Rule, law: date) -> bool:
    """`in_force`: both days count."""
    first, last = rule.in_force.first, rule.in_force.last
    return (first is None or first <= law) and (last is None or law <= last)


def require_values(release: Release, rule: Rule, law: date) -> None:
    """5.3: every parameter that a rule in force names must have a value on the day."""
    reading = Reading(release, rule, {}, law, UNKNOWN)
    for name in sorted(parameters_of(rule)):
        reading.dated(name)


def findings_of(judgement: Judgement) -> list[Finding]:
    """5.10 and 5.16: all reasons of the outcome, each with what it rests on."""
    if judgement.outcome is None:
        return []
    reading = judgement.reading
    rests_on = reading.standings_of(reading.rule.when) + reading.standings_of(judgement.condition)
    standing = weakest([reading.rule.standing, *rests_on])
    return [
        Finding(reason, judgement.outcome.verdict, reading.rule.name, judgement.case, standing)
        for reason in judgement.outcome.reasons
    ]


def worst_verdict(judgements: list[Judgement]) -> str:
    """5.10: deny > incomplete > review > allow."""
    verdicts = ["allow"]
    for judgement in judgements:
        if judgement.outcome is not None:
            verdicts.append(judgement.outcome.verdict)
        if judgement.incomplete:
            verdicts.append("incomplete")
    return min(verdicts, key=VERDICTS.index)


def combined_answer(name: str, judgements: list[Judgement]) -> MaybeValue:
    """5.13: of the rules that give this answer, one surely applies, or some may."""
    giving = [judgement for judgement in judgements if name in judgement.reading.rule.answers]
    sure = [judgement for judgement in giving if judgement.applies is Truth.MET]
    if len(sure) > 1:
        raise EngineFault("decision.conflict", name)
    if any(judgement.applies is Truth.UNKNOWN for judgement in giving):
        return UNKNOWN
    if not sure:
        raise EngineFault("decision.silence", name)
    return sure[0].answers[name]


def symbols(judgement: Judgement) -> str:
    """5.9: one symbol a clause; `-` for those never reached."""
    rule, seen = judgement.reading.rule, judgement.reading.seen
    return "".join(seen[n].value if n in seen else "-" for n in range(rule.clauses))


# --- standing rules: 5.17 and 5.18 --------------------------------------------------------------


@dataclass
class Subject:
    """What the standing rules say: conclusion -> rules that conclude it, and rule -> missing."""

    concluded: dict[str, tuple[str, ...]]
    undecided: dict[str, tuple[str, ...]]
    outcomes: dict[str, str]


def judge_subject(release: Release, subject: str, facts: Mapping[str, Value], on: date) -> Subject:
    """All standing rules of the subject on one day, which is their `decision.day`."""
    rules = [release.rules[name] for name in release.subjects[subject].rules]
    rules = [rule for rule in rules if is_in_force(rule, on)]
    for rule in rules:
        require_values(release, rule, on)
    known: dict[str, Concluding] = {}
    readings: dict[str, Reading] = {}
    waiting = list(rules)
    while waiting:  # their reading has no cycle, so some rule always reads settled ones alone
        rule = next(each for each in waiting if not (reads(release, each) & concluded_by(waiting)))
        waiting.remove(rule)
        readings[rule.name] = Reading(release, rule, facts, on, on, None, dict(known))
        conclude(readings[rule.name], known)
    states = {rule.name: readings[rule.name].condition(rule.when) for rule in rules}
    concluded: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if states[rule.name] is Truth.MET:
            name = str(rule.concludes)
            concluded[name] = (*concluded.get(name, ()), rule.name)
    undecided = {
        rule.name: tuple(sorted(readings[rule.name].missing_of(rule.when)))
        for rule in rules
        if states[rule.name] is Truth.UNKNOWN
    }
    outcomes = {
        rule.name: symbols(Judgement(readings[rule.name], states[rule.name])) for rule in rules
    }
    return Subject(concluded, undecided, outcomes)


def concluded_by(rules: list[Rule]) -> set[str]:
    return {str(rule.concludes) for rule in rules}


def reads(release: Release, rule: Rule) -> set[str]:
    """The conclusions that a rule reads, in `when` or in a `holds` step."""
    conditions = [rule.when]
    for step in rule.steps.values():
        if isinstance(step.formula, Holds):
            conditions.append(step.formula.condition)
    lefts = {clause.left for condition in conditions for clause in flat(condition)}
    names = {left.name for left in lefts if isinstance(left, FactRef)}
    return names & set(release.conclusions)


def conclude(reading: Reading, known: dict[str, Concluding]) -> None:
    """5.17: met concludes; unknown concludes nothing new and lists its missing facts."""
    name = str(reading.rule.concludes)
    before = known.get(name, Concluding(Truth.UNMET, frozenset()))
    now = any_of([before.truth, reading.condition(reading.rule.when)])
    missing = before.missing | reading.missing_of(reading.rule.when)
    known[name] = Concluding(now, missing if now is Truth.UNKNOWN else frozenset())
