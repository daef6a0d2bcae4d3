"""The compiled decider and the slow reference say the same of random releases and facts."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.choosers import SeededChooser
from support.comparison import differences, standing_differences, watching_differences
from support.random_releases import (
    Question,
    build_facts,
    build_question,
    build_release,
    facts_read,
    questions,
)
from support.random_world import NOWHERE, build_day, build_world
from support.torture import Failure, printed, reduced, run

from engine.decide.answer import EngineFault, NoValue
from engine.decide.decider import Decider
from engine.decide.explain import render_text
from engine.language.model import (
    Add,
    Choose,
    DecisionPoint,
    Fact,
    FactRef,
    Rule,
    Step,
    StepRef,
    Type,
)
from engine.watch.watcher import Watcher

GENERATED = settings(
    deadline=None,
    # Failures are reduced by taking parts of the release away, which is quicker than shrinking.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def assert_agreement(release, question, seed=0):
    lines = differences(Decider(release), question)
    assert not lines, printed(reduced(Failure(seed, release, question, lines)))


@given(asked=questions())
@settings(GENERATED, max_examples=100)
def test_the_decider_says_what_the_reference_says(asked):
    assert_agreement(*asked)


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=60)
def test_larger_releases_are_read_alike(seed):
    chooser = SeededChooser(seed)
    release = build_release(chooser, 8)
    for _ in range(10):
        assert_agreement(release, build_question(chooser, release), seed)


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=100)
def test_clauses_of_standing_rules_come_to_the_same(seed):
    chooser = SeededChooser(seed)
    release = build_release(chooser, 1)
    decider = Decider(release)
    read = facts_read(release, release.subjects["account"].rules)
    for unknown in (0, 20, 50):
        facts = build_facts(chooser, release, read, unknown)
        assert not standing_differences(decider, "account", facts, build_day(chooser))


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=60)
def test_the_watcher_concludes_what_the_reference_concludes(seed):
    chooser = SeededChooser(seed)
    release = build_release(chooser, 1)
    watcher = Watcher(release, Decider(release))
    read = facts_read(release, release.subjects["account"].rules)
    try:
        for unknown in (0, 20, 50, 20):
            facts = build_facts(chooser, release, read, unknown)
            assert not watching_differences(watcher, facts, build_day(chooser)), facts
    finally:
        watcher.close()


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=60)
def test_every_decision_is_told_again_by_its_trace_and_in_words(seed):
    chooser = SeededChooser(seed)
    decider = Decider(build_release(chooser))
    for _ in range(4):
        question = build_question(chooser, decider.release)
        try:
            decided = decider.decide(question.decision, question.facts, question.as_of)
        except (EngineFault, NoValue):
            continue
        trace = decider.trace(decided)  # a fault where the slow reading comes to something else
        assert json.loads(json.dumps(trace)) == trace
        assert (trace["verdict"], trace["missing"]) == (decided.verdict, [*decided.missing])
        for reason in decided.reasons:
            assert reason in render_text(trace)
        assert decided.verdict in render_text(trace, full=True)


@pytest.mark.parametrize("facts", [{}, {"on": True}, {"on": False}, {"on": True, "off": True}])
def test_a_rule_whose_steps_branch_again_and_again_is_read_alike(facts):
    """Written out in every branch these steps would be thousands, so the rule is read slowly."""
    world = build_world(SeededChooser(1))
    names = {"on": "item.on", "off": "item.off", "amount": "item.amount"}
    for key, name in names.items():
        kind = "money" if key == "amount" else "boolean"
        world.facts[name] = Fact(name, name, Type(kind), NOWHERE)
    steps = {"step_0": Step("step_0", Add((FactRef("item.amount"),) * 2), Type("money"), NOWHERE)}
    for number in range(1, 13):
        below = StepRef(f"step_{number - 1}")
        other = f"other_{number}"
        steps[other] = Step(other, Add((below, below)), Type("money"), NOWHERE)
        by = FactRef(names["on" if number % 2 else "off"])
        formula = Choose(by, {True: below, False: StepRef(other)}, None)
        steps[f"step_{number}"] = Step(f"step_{number}", formula, Type("money"), NOWHERE)
    rule = Rule(
        "first.deep", "Deep", NOWHERE, ("first",), steps=steps, answers={"told": StepRef("step_12")}
    )
    point = DecisionPoint(
        "first", "?", "asked.on_1", {"told": Type("money")}, (rule.name,), (), NOWHERE
    )
    release = replace(
        build_release(SeededChooser(1)),
        facts=world.facts, rules={rule.name: rule}, decisions={"first": point}, subjects={},
    )  # fmt: skip
    given_facts = {names[key]: value for key, value in facts.items()}
    for amount in ({}, {"item.amount": 1_00}):
        question = Question("first", {**given_facts, **amount}, date(2026, 1, 1))
        assert_agreement(release, question)


def test_a_short_torture_finds_no_difference_and_reaches_every_verdict():
    reached = set()
    failure = run(5_000, 0, lambda tally: reached.update(tally.met))
    assert failure is None, printed(failure)
    assert reached >= {"allow", "deny", "incomplete", "review"}, "too few to mean anything"
