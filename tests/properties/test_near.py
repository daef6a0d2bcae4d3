"""Laws of near misses over random releases: the clause named is the one that kept the case away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support.choosers import SeededChooser
from support.random_releases import build_question, build_release

from engine.decide import judgement, near
from engine.decide.answer import MET, UNMET, Decision, EngineFault, NoValue
from engine.decide.decider import Decider
from engine.decide.judgement import Judgement, is_same, judge
from engine.decide.near import Miss, find_misses, misses_to_json
from engine.decide.sheet import Sheet
from engine.decide.trace import masked
from engine.language.model import Clause, FactRef, ParamRef, Rule
from engine.language.operands import clauses_of
from engine.language.values import UNKNOWN

SEEDS = st.integers(0, 10**9)
LAW = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
"""A smaller seed is no simpler release, so there is nothing to shrink."""


def asked(seed: int) -> tuple[Decider, Decision, dict[str, Any]]:
    """A question of a random release, some of its facts personal, that could be answered."""
    chooser = SeededChooser(seed)
    release = build_release(chooser)
    facts = {
        name: replace(fact, personal=chooser.chance(20)) for name, fact in release.facts.items()
    }
    decider = Decider(replace(release, facts=facts))
    for _ in range(12):
        question = build_question(chooser, decider.release)
        try:
            decided = decider.decide(question.decision, question.facts, question.as_of)
        except (EngineFault, NoValue):
            continue
        if decided.as_of is not None:
            return decider, decided, decider.trace(decided)
    assume(False)
    raise AssertionError


def turned(decider: Decider, decided: Decision, rule: Rule, number: int) -> Judgement:
    """The rule judged with that one clause the other way round and all others as they are."""

    class Turned(Sheet):
        def clause(self, clause: Clause) -> int:
            outcome = super().clause(clause)
            if clause.number != number or outcome not in (MET, UNMET):
                return outcome
            self.outcomes[number] = UNMET if outcome == MET else MET
            return self.outcomes[number]

    assert decided.as_of is not None
    sheet = sheet_of(decider, decided, rule)
    with mock.patch.object(judgement, "Sheet", Turned):
        return judge(rule, sheet.binding, decided.facts)


def sheet_of(decider: Decider, decided: Decision, rule: Rule) -> Sheet:
    assert decided.as_of is not None
    witnesses = decider.witnesses(decided.decision, decided.facts, decided.as_of)
    return next(each._sheet for each in witnesses if each.rule.name == rule.name)


@LAW
@given(SEEDS)
def test_with_the_named_clause_the_other_way_that_very_case_answers(seed: int) -> None:
    decider, decided, trace = asked(seed)
    for miss in find_misses(decider.release, trace):
        judged = turned(decider, decided, miss.rule, miss.node["number"])
        assert judged.case == miss.case
        assert judged.applies == MET
        assert judged.outcome == miss.says


def kept_back(decider: Decider, decided: Decision, trace: Any) -> Iterator[tuple[str, int]]:
    """Every clause that turns the outcome of its rule when it is tried, by brute force."""
    for node in trace["rules"]:
        rule = decider.release.rules[node["rule"]]
        before = judge(rule, sheet_of(decider, decided, rule).binding, decided.facts)
        if before.result == "unknown" or before.applies != MET:
            continue
        unmet = [case for case, found in zip(rule.cases, before.cases, strict=True)
                 if found == UNMET]  # fmt: skip
        passed = {clause.number for case in unmet for clause in clauses_of_case(case.condition)}
        for number in sorted(passed):
            try:
                judged = turned(decider, decided, rule, number)
            except EngineFault:
                continue
            if judged.outcome is None or judged.missing or judged.applies != MET:
                continue
            assert before.outcome is not None
            ended_there = judged.case in {case.name for case in unmet}
            if ended_there and not is_same(judged.outcome, before.outcome):
                yield rule.name, number


def clauses_of_case(condition: Any) -> Iterator[Clause]:
    return judgement.clauses_in(condition)


@LAW
@given(SEEDS)
def test_no_clause_that_alone_kept_a_case_away_is_left_out(seed: int) -> None:
    decider, decided, trace = asked(seed)
    named = {(miss.rule.name, miss.node["number"]) for miss in find_misses(decider.release, trace)}
    assert set(kept_back(decider, decided, trace)) - named == set()


def compared(miss: Miss) -> tuple[Clause, str] | None:
    """The clause of a miss that has a distance, where its left side is a fact given as such."""
    clause = next(c for c in clauses_of(miss.rule) if c.number == miss.node["number"])
    plain = isinstance(clause.left, FactRef) and isinstance(clause.right, ParamRef)
    return (clause, clause.left.name) if miss.distance and plain else None


@LAW
@given(SEEDS)
def test_a_fact_moved_by_the_distance_turns_the_clause_and_by_one_less_does_not(seed: int) -> None:
    decider, decided, trace = asked(seed)
    for miss in find_misses(decider.release, trace):
        found = compared(miss)
        if found is None or miss.distance is None:
            continue
        clause, name = found
        before = sheet_of(decider, decided, miss.rule)
        outcome = before.clause(clause)
        sign = 1 if miss.distance.direction in ("more", "later") else -1

        def moved(size: int) -> int:
            value = decided.facts[name]  # noqa: B023 - called before the loop goes on
            after = value.__class__.fromordinal(value.toordinal() + size) if hasattr(
                value, "toordinal") else value + size  # fmt: skip
            facts = {**decided.facts, name: after}  # noqa: B023
            return Sheet(miss.rule, before.binding, facts).clause(clause)  # noqa: B023

        assert moved(sign * miss.distance.size) == (UNMET if outcome == MET else MET)
        assert moved(sign * (miss.distance.size - 1)) == outcome


@LAW
@given(SEEDS)
def test_nothing_unknown_is_near_and_the_nearest_stand_first_within_a_bound(seed: int) -> None:
    decider, decided, trace = asked(seed)
    results = {node["rule"]: node["result"] for node in trace["rules"]}
    misses = find_misses(decider.release, trace)
    for miss in misses:
        assert results[miss.rule.name] != "unknown"
        clause = next(c for c in clauses_of(miss.rule) if c.number == miss.node["number"])
        sheet = sheet_of(decider, decided, miss.rule)
        assert UNKNOWN not in (sheet.value(clause.left), sheet.value(clause.right))
    ratios = [miss.distance.ratio for miss in misses if miss.distance]
    assert ratios == sorted(ratios)
    assert [bool(miss.distance) for miss in misses] == sorted(
        (bool(miss.distance) for miss in misses), reverse=True
    )
    told = misses_to_json(misses)
    assert len(told["near"]) + told["more"] == len(misses)
    assert len(told["near"]) <= near.SHOWN


@LAW
@given(SEEDS)
def test_a_masked_trace_has_the_same_near_misses_and_no_distance_of_a_personal_value(
    seed: int,
) -> None:
    decider, _, trace = asked(seed)

    def key(miss: Miss) -> tuple[str, str, int]:
        return (miss.rule.name, miss.case, miss.node["number"])

    shown = find_misses(decider.release, trace)
    hidden = find_misses(decider.release, masked(trace))
    assert sorted(map(key, shown)) == sorted(map(key, hidden))
    for miss in hidden:
        if miss.node["personal"]:
            assert miss.distance is None
            assert miss.node["text"] == miss.node["asked"]
