"""durable_rules says of random releases, and of every case file, what the compiled rules say."""

import gc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import small_policy
from support.choosers import SeededChooser
from support.comparison import differences, told
from support.random_releases import Question, build_question, build_release, questions
from support.torture import Failure, Tally, printed, reduced, run

from engine.assembly import assemble
from engine.decide.answer import EngineFault, UnknownDecision
from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes
from engine.language.loader import load_release
from engine.language.model import Release
from engine.rehearse.cases import Case, load_cases
from engine.rehearse.runner import case_paths, run_files
from engine.watch import chaining, rule_opinion, second_opinion, strata
from engine.watch.second_opinion import SecondOpinion

ROOT = Path(__file__).parents[2]
GENERATED = settings(
    deadline=None,
    # Failures are reduced by taking parts of the release away, which is quicker than shrinking.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CASES = ROOT / "tests" / "cases"


def opinion_on(release: Release) -> closing[SecondOpinion]:
    return closing(SecondOpinion(release, Decider(release)))


def assert_agreement(release, question, second, seed=0):
    lines = differences(Decider(release), question, second)
    assert not lines, printed(reduced(Failure(seed, release, question, lines)))


# --- random releases ----------------------------------------------------------------------------


@given(asked=questions())
@settings(GENERATED, max_examples=60)
def test_the_compiled_rules_the_reference_and_durable_rules_say_the_same(asked):
    release, question = asked
    with opinion_on(release) as second:
        assert_agreement(release, question, second)


@given(seed=st.integers(0, 10**9))
@settings(GENERATED, max_examples=30)
def test_larger_releases_are_judged_alike(seed):
    chooser = SeededChooser(seed)
    release = build_release(chooser, 8)
    with opinion_on(release) as second:
        for _ in range(10):
            assert_agreement(release, build_question(chooser, release), second, seed)


def test_a_short_torture_of_all_three_reaches_every_verdict_and_silence():
    last = Tally()

    def keep(tally: Tally) -> None:
        nonlocal last
        last = tally

    failure = run(3_000, 7, keep, durable_every=3)
    assert failure is None, printed(failure)
    assert (last.asked, last.by_durable) == (3_000, 1_020)
    assert set(last.met) >= {"allow", "deny", "incomplete", "review", "decision.silence"}


def test_rules_that_may_answer_twice_are_judged_alike():
    """No release that the loader lets pass has a conflict, so the rules lose what parts them."""
    met = Counter[str]()
    for seed in range(50):
        chooser = SeededChooser(seed)
        found = build_release(chooser)
        rules = {
            name: replace(rule, when=rule.when if chooser.chance(20) else ())
            for name, rule in found.rules.items()
        }
        release = replace(found, rules=rules)
        with opinion_on(release) as second:
            for _ in range(6):
                question = build_question(chooser, release)
                assert_agreement(release, question, second, seed)
                asked = (question.decision, question.facts, question.as_of)
                said = told(lambda asked=asked, second=second: second.decide(*asked))
                met[str(said.get("error", said.get("verdict")))] += 1
    assert met["decision.conflict"] > 5, met


KINDS = ("red", "green", "blue")


@pytest.mark.parametrize("ruled_out", range(8))
def test_any_two_of_three_rules_that_surely_answer_are_a_conflict(ruled_out):
    bodies = {kind: f"when: {{ it.kind: {{ is: {kind} }} }}\nanswers: {{ total: it.amount }}"
              for kind in KINDS}  # fmt: skip
    found = small_policy.release(**bodies, answers="{ total: money }")
    rules = {
        f"ask.{kind}": replace(rule, when=rule.when if ruled_out & 1 << place else ())
        for place, (kind, rule) in enumerate(zip(KINDS, found.rules.values(), strict=True))
    }
    release = replace(found, rules=rules)
    facts = {"asked.on": small_policy.TODAY, "it.amount": 5}
    with opinion_on(release) as second:
        for kind in KINDS:
            question = Question("ask", {**facts, "it.kind": kind}, None)
            assert_agreement(release, question, second)
            sure = [rule.name for rule in rules.values() if not rule.when or kind in rule.name]
            if len(sure) > 1:
                with pytest.raises(EngineFault, match=f"`{sure[0]}` and by `{sure[1]}`"):
                    second.decide("ask", question.facts)


# --- the policy of this project -----------------------------------------------------------------


@cache
def policy() -> Release:
    return load_release(ROOT)


def all_cases() -> list[Case]:
    return [
        case
        for path in case_paths([CASES])
        for case in load_cases(path, policy(), facts_from_nodes).cases
    ]


def test_every_case_file_passes_with_durable_rules():
    parts = assemble(policy(), "durable")
    try:
        report = run_files([CASES], parts)
    finally:
        parts.watcher.close()
    assert report.passed, report.text()
    assert len(report.results) == len(all_cases()) > 800


def test_every_case_gets_the_same_decision_and_trace_and_so_it_does_without_one_fact():
    decider = Decider(policy())
    asked = Counter[str]()
    with closing(SecondOpinion(policy(), decider)) as second:
        for number, case in enumerate(each for each in all_cases() if not each.is_watched):
            names = [*case.facts]
            without = {
                name: value
                for name, value in case.facts.items()
                if not names or name != names[number % len(names)]
            }
            for facts in (case.facts, without):
                ask = (case.asks, facts, case.as_of)
                first = told(lambda ask=ask: decider.decide(*ask))
                assert told(lambda ask=ask: second.decide(*ask)) == first, case.name
                asked[str(first.get("verdict"))] += 1
            if number % 10 == 0:  # each trace judges the decision again and compares
                ask = (case.asks, case.facts, case.as_of)
                decided = second.decide(*ask)
                assert second.trace(decided) == decider.trace(decided)
                assert second.decide_and_trace(*ask) == decider.decide_and_trace(*ask)
    assert min(asked[verdict] for verdict in ("allow", "deny", "incomplete", "review")) > 20


def test_an_unknown_decision_is_named_with_the_nearest_one():
    decider = Decider(policy())
    second = SecondOpinion(policy(), decider)
    said = []
    for each in (decider, second):
        with pytest.raises(UnknownDecision) as unknown:
            each.decide("purchse", {})
        said.append((str(unknown.value), unknown.value.help))
    assert said[0] == said[1]


def test_threads_that_share_it_get_their_own_answers():
    decider = Decider(policy())
    cases = [each for each in all_cases() if each.asks == "renewal"]
    with closing(SecondOpinion(policy(), decider)) as second, ThreadPoolExecutor(6) as pool:
        asked = [(case.asks, case.facts, case.as_of) for case in cases * 3]
        assert len(asked) > 60
        decisions = pool.map(lambda each: second.decide(*each), asked)
        assert list(decisions) == [decider.decide(*each) for each in asked]


# --- what it must not do ------------------------------------------------------------------------


def test_a_fact_that_the_library_loses_is_a_fault_and_never_an_answer(monkeypatch):
    whole = strata.StratifiedChaining.run
    decider = Decider(policy())
    denied = next(
        case for case in all_cases() if case.asks == "purchase" and case.expected.verdict == "deny"
    )
    for lost in ("met", "unmet", "reached", "ends", "verdict"):

        def forget(self, told, lost=lost):
            return frozenset(each for each in whole(self, told) if each.field != lost)

        monkeypatch.setattr(strata.StratifiedChaining, "run", forget)
        # A new one each time, since what was heard in full before is not asked for again.
        with closing(SecondOpinion(policy(), decider)) as second:
            for _ in range(2):  # what was lost is not kept either
                with pytest.raises(EngineFault) as fault:
                    second.decide(denied.asks, denied.facts, denied.as_of)
                assert fault.value.code == "decision.mismatch", lost


def test_durable_rules_is_asked_once_about_what_it_was_told_before(monkeypatch):
    whole, runs = strata.StratifiedChaining.run, []
    facts = {"purchase.submitted_on": date(2026, 9, 1)}
    with opinion_on(policy()) as second:
        listen = lambda self, told: runs.append(self) or whole(self, told)  # noqa: E731
        monkeypatch.setattr(strata.StratifiedChaining, "run", listen)
        before = second.decide("purchase", facts)
        asked = len(runs)
        assert asked == len(policy().decisions["purchase"].rules) + 1
        assert second.decide("purchase", facts) == before
        assert len(runs) == asked
        second.decide("purchase", {**facts, "purchase.is_accessory": True})
        assert asked < len(runs) < asked + 6


def test_no_more_patterns_are_kept_than_is_said(monkeypatch):
    monkeypatch.setattr(rule_opinion, "KEPT_PATTERNS", 2)
    monkeypatch.setattr(second_opinion, "KEPT_PATTERNS", 2)
    decider = Decider(policy())
    purchases = [each for each in all_cases() if each.asks == "purchase"][::12]
    with closing(SecondOpinion(policy(), decider)) as second:
        for case in purchases:
            asked = (case.asks, case.facts, case.as_of)
            assert second.decide(*asked) == decider.decide(*asked), case.name
        opinions = second._built["purchase"]
        kept = [len(each._kept) for each in opinions.rules.values()]
    assert max(kept) == 2 >= len(opinions._joined) > 0


def test_a_closed_second_opinion_builds_its_ruleset_again():
    with opinion_on(policy()) as second:
        asked = ("purchase", {"purchase.submitted_on": date(2026, 9, 1)})
        before = second.decide(*asked)
        second.close()
        assert second.decide(*asked) == before


def test_rulesets_are_freed_when_nobody_refers_to_the_second_opinion_any_more():
    chaining.ForwardChaining("sweep", [chaining.Production("p", (chaining.Symbol("a", "b"),))])
    before = len(chaining._HOST._ruleset_directory)
    second = SecondOpinion(policy(), Decider(policy()))
    second.decide("purchase", {"purchase.submitted_on": date(2026, 9, 1)})
    assert len(chaining._HOST._ruleset_directory) > before
    del second
    gc.collect()
    chaining.ForwardChaining("next", [chaining.Production("p", (chaining.Symbol("a", "b"),))])
    assert len(chaining._HOST._ruleset_directory) == before + 1
