"""Laws that hold for every release and all facts, whatever the rules say."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support.choosers import Chooser, SeededChooser
from support.comparison import told
from support.random_releases import Question, build_question, build_release, facts_read
from support.random_world import build_fact_value

from engine.decide.answer import Decision, EngineFault, NoValue
from engine.decide.decider import Decider
from engine.language.model import Condition, Group, Holds, Release, Rule
from engine.language.values import NUMBERS, UNKNOWN

SEEDS = st.integers(0, 10**9)
LAW = settings(
    max_examples=120,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much],
)
"""A smaller seed is no simpler release, so there is nothing to shrink."""


def asked(seed: int) -> tuple[Chooser, Decider, Question]:
    """A release, and a question that it may answer, both from one seed."""
    chooser = SeededChooser(seed)
    release = build_release(chooser)
    return chooser, Decider(release), build_question(chooser, release)


def decide(decider: Decider, question: Question) -> Decision:
    """The answer; questions that end in a fault prove nothing about answers and are left out."""
    try:
        return decider.decide(question.decision, question.facts, question.as_of)
    except (EngineFault, NoValue):
        assume(False)
        raise


def with_known(chooser: Chooser, release: Release, question: Question, name: str) -> Question:
    value = build_fact_value(chooser, release.facts[name].type)
    return replace(question, facts={**question.facts, name: value})


# --- order --------------------------------------------------------------------------------------


def shuffled(chooser: Chooser, condition: Condition) -> Condition:
    """The same conditions in another order; each clause keeps its number."""
    parts = [
        replace(
            part, entries=tuple(shuffled(chooser, each) for each in mixed(chooser, part.entries))
        )
        if isinstance(part, Group)
        else part
        for part in condition
    ]
    return tuple(mixed(chooser, parts))


def mixed(chooser: Chooser, items: Any) -> list[Any]:
    return chooser.some(items, len(items), len(items))


def reordered(chooser: Chooser, rule: Rule) -> Rule:
    steps = {
        name: replace(step, formula=Holds(shuffled(chooser, step.formula.condition)))
        if isinstance(step.formula, Holds)
        else step
        for name, step in rule.steps.items()
    }
    cases = [replace(case, condition=shuffled(chooser, case.condition)) for case in rule.cases]
    return replace(rule, steps=steps, when=shuffled(chooser, rule.when), cases=tuple(cases))


@given(SEEDS)
@LAW
def test_the_order_of_clauses_is_never_meaning(seed):
    chooser, decider, question = asked(seed)
    rules = {name: reordered(chooser, rule) for name, rule in decider.release.rules.items()}
    other = Decider(replace(decider.release, rules=rules))
    given_order = told(lambda: decider.decide(question.decision, question.facts, question.as_of))
    other_order = told(lambda: other.decide(question.decision, question.facts, question.as_of))
    assert given_order == other_order


@given(SEEDS)
@LAW
def test_the_order_of_rules_changes_only_the_order_of_findings(seed):
    chooser, decider, question = asked(seed)
    decided = decide(decider, question)
    point = decider.release.decisions[question.decision]
    point = replace(point, rules=tuple(mixed(chooser, point.rules)))
    other = Decider(replace(decider.release, decisions={point.name: point}))
    again = decide(other, question)
    assert (again.verdict, again.answers, again.missing) == (
        decided.verdict, decided.answers, decided.missing,
    )  # fmt: skip
    assert set(again.findings) == set(decided.findings)


@given(SEEDS)
@LAW
def test_the_same_question_has_the_same_answer(seed):
    _, decider, question = asked(seed)
    backwards = dict(reversed(question.facts.items()))
    first = told(lambda: decider.decide(question.decision, question.facts, question.as_of))
    fresh = Decider(decider.release)
    second = told(lambda: fresh.decide(question.decision, backwards, question.as_of))
    assert first == second


# --- what is unknown ----------------------------------------------------------------------------


@given(SEEDS)
@LAW
def test_what_is_settled_stays_so_when_an_unknown_fact_becomes_known(seed):
    chooser, decider, question = asked(seed)
    decided = decide(decider, question)
    assume(not decided.missing)
    for name in chooser.some(unknown_facts(decider, question), 1, 3):
        again = decide(decider, with_known(chooser, decider.release, question, name))
        assert again.verdict == decided.verdict
        # Which of several cases with one outcome answers may change; what it says may not.
        assert {(each.reason, each.verdict, each.rule) for each in again.findings} == {
            (each.reason, each.verdict, each.rule) for each in decided.findings
        }
        # A rule that denies asks for nothing more, so its answers may still become known.
        known = {key: value for key, value in decided.answers.items() if value is not UNKNOWN}
        assert known == {key: again.answers[key] for key in known}


@given(SEEDS)
@settings(LAW, max_examples=60)
def test_a_deny_stays_a_deny_whatever_else_becomes_known(seed):
    chooser, decider, _ = asked(seed)
    questions = [build_question(chooser, decider.release) for _ in range(6)]
    denied = [question for question in questions if verdict(decider, question) == "deny"]
    assume(denied)
    for question in denied:
        decided = decide(decider, question)
        reasons = {each.reason for each in decided.findings if each.verdict == "deny"}
        for name in chooser.some(unknown_facts(decider, question), 1, 3):
            again = decide(decider, with_known(chooser, decider.release, question, name))
            assert again.verdict == "deny"
            assert set(again.reasons) >= reasons


def verdict(decider: Decider, question: Question) -> str | None:
    said = told(lambda: decider.decide(question.decision, question.facts, question.as_of))
    return said.get("verdict")


def unknown_facts(decider: Decider, question: Question) -> list[str]:
    """The facts that the decision's rules read and that were not given."""
    point = decider.release.decisions[question.decision]
    read = [point.anchor, *facts_read(decider.release, point.rules)]
    return sorted({name for name in read if name not in question.facts})


@given(SEEDS)
@LAW
def test_only_facts_that_were_not_given_are_missing(seed):
    _, decider, question = asked(seed)
    decided = decide(decider, question)
    assert not set(decided.missing) & set(question.facts)
    assert set(decided.missing) <= set(decider.release.facts)
    assert list(decided.missing) == sorted(set(decided.missing))


@given(SEEDS)
@LAW
def test_giving_what_is_missing_ends_in_nothing_missing(seed):
    chooser, decider, question = asked(seed)
    for _ in range(len(decider.release.facts) + 1):
        decided = decide(decider, question)
        if not decided.missing:
            break
        # One at a time, so that each fact asked for is a fact that really helps.
        name = chooser.pick(decided.missing)
        question = with_known(chooser, decider.release, question, name)
    assert not decided.missing
    assert UNKNOWN not in decided.answers.values() or decided.verdict == "deny"


@given(SEEDS)
@LAW
def test_missing_facts_make_a_decision_incomplete_or_stand_beside_a_deny(seed):
    _, decider, question = asked(seed)
    decided = decide(decider, question)
    if decided.missing:
        assert decided.verdict in ("deny", "incomplete")
    elif UNKNOWN in decided.answers.values():
        assert decided.verdict == "deny"


# --- dates, answers, findings -------------------------------------------------------------------


@given(SEEDS)
@LAW
def test_the_anchor_chooses_the_law_as_the_same_as_of_would(seed):
    _, decider, question = asked(seed)
    day = question.facts.get(decider.release.decisions[question.decision].anchor)
    assume(isinstance(day, date))
    default = told(lambda: decider.decide(question.decision, question.facts))
    explicit = told(lambda: decider.decide(question.decision, question.facts, day))
    assert default == explicit


@given(SEEDS)
@LAW
def test_answers_are_of_their_types_and_findings_of_their_rules(seed):
    _, decider, question = asked(seed)
    decided = decide(decider, question)
    point = decider.release.decisions[question.decision]
    assert set(decided.answers) == set(point.answers)
    for name, value in decided.answers.items():
        assert value is None or value is UNKNOWN or type(value) is kind_of(point.answers[name].kind)
    assert set(decided.reasons) <= set(point.reasons)
    for finding in decided.findings:
        cases = {case.name for case in decider.release.rules[finding.rule].cases}
        assert finding.case in {*cases, "otherwise"}
        assert finding.rule in point.rules


def kind_of(kind: str) -> type:
    return int if kind in NUMBERS else {"boolean": bool, "date": date}[kind]


@given(SEEDS)
@LAW
def test_one_symbol_stands_for_each_clause_of_the_rules_in_force(seed):
    _, decider, question = asked(seed)
    decided = decide(decider, question)
    rules = [decider.release.rules[n] for n in decider.release.decisions[question.decision].rules]
    day = decided.as_of
    in_force = [
        rule
        for rule in rules
        if day is not None
        and (rule.in_force.first is None or rule.in_force.first <= day)
        and (rule.in_force.last is None or day <= rule.in_force.last)
    ]
    assert len(decided.outcomes) == sum(rule.clauses for rule in in_force)
    if not unknown_facts(decider, question) and day is not None:
        assert "?" not in decided.outcomes
