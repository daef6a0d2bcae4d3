"""What `make bench` compares is the same policy: times of different answers mean nothing."""

from collections.abc import Iterator
from datetime import date
from importlib import import_module, util
from pathlib import Path

import pytest
from bench.growth import lifted, multiplied
from bench.peers import evaluation
from bench.peers.contest import compare
from bench.peers.lowering import Lowering
from support.purchases import Facts, purchases

from engine.decide.decider import Decider
from engine.decide.facts import facts_from_json, facts_to_json
from engine.language import limits
from engine.language.loader import load_files, load_release

ROOT = Path(__file__).parents[2]
STRETCHES = (date(2025, 7, 1), date(2026, 7, 1))
PEERS = {
    "zen_engine": "zen", "cedar": "cedarpy", "cel": "cel_expr_python", "clips_rules": "clips",
    "durable": "durable",
}  # fmt: skip


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(load_release(ROOT))


def _in_stretch(made: list[Facts], first: date) -> Iterator[Facts]:
    for facts in made:
        day = facts["purchase.submitted_on"]
        if isinstance(day, date) and (day >= STRETCHES[1]) == (first == STRETCHES[1]):
            yield facts


def test_generated_purchases_reach_every_reason_and_verdict(decider: Decider) -> None:
    decided = [decider.decide("purchase", each) for each in purchases(decider.release, 1_000, 1)]
    reasons = {reason for each in decided for reason in each.reasons}
    assert reasons == set(decider.release.decisions["purchase"].reasons)
    assert {each.verdict for each in decided} == {"allow", "review", "incomplete", "deny"}
    assert not any(each.missing for each in decided)


def test_generated_purchases_are_checked_facts_and_the_same_each_time(decider: Decider) -> None:
    release = decider.release
    made = purchases(release, 200, 7, unknown_share=0.5)
    assert made == purchases(release, 200, 7, unknown_share=0.5)
    assert made != purchases(release, 200, 8, unknown_share=0.5)
    assert all(facts_from_json(release, facts_to_json(release, each)) == each for each in made)
    lacking = sum(bool(decider.decide("purchase", each).missing) for each in made)
    assert 10 < lacking < 100


@pytest.mark.parametrize("first", STRETCHES)
def test_the_lowered_rules_say_what_the_decider_says(decider: Decider, first: date) -> None:
    lowering = Lowering(decider.release, "purchase", first)
    policy = lowering.policy()
    asked = list(_in_stretch(purchases(decider.release, 600, 3), first))
    assert len(asked) > 200
    for facts in asked:
        decided = decider.decide("purchase", facts)
        data = lowering.data(facts)
        verdict, findings = evaluation.judge(policy, data)
        assert verdict == decided.verdict
        assert {reason for each in findings for reason in each.reasons} == set(decided.reasons)
        answers = {name: evaluation.value(term, data) for name, term in policy.answers.items()}
        assert answers == decided.answers


@pytest.mark.parametrize("module", PEERS)
def test_every_installed_peer_gives_our_verdict_and_reasons(decider: Decider, module: str) -> None:
    if util.find_spec(PEERS[module]) is None:
        pytest.skip(f"{PEERS[module]} is a benchmark peer; `make bench` installs it")
    names = import_module(f"bench.peers.{module}")
    assert isinstance(names.KNOWS_NULL, bool)
    agreement = compare(decider, "purchase", purchases(decider.release, 60, 5), only=(module,))
    assert agreement.asked == 60
    assert agreement.differing
    assert set(agreement.differing.values()) == {0}, agreement.first


def test_a_release_with_more_rules_finds_each_reason_more_often(decider: Decider) -> None:
    bounds = {
        name: getattr(limits, name) * 3
        for name in ("RULES_A_DECISION", "RULES_A_RELEASE", "ANSWERS_A_RULE")
    }
    with lifted(**bounds):
        large = Decider(load_files(multiplied(decider.release.files, 3)))
    point = decider.release.decisions["purchase"]
    assert len(large.release.decisions["purchase"].rules) == 3 * len(point.rules)
    for facts in purchases(decider.release, 50, 2):
        one, more = decider.decide("purchase", facts), large.decide("purchase", facts)
        assert more.verdict == one.verdict
        assert [each.reason for each in more.findings] == [
            each.reason for each in one.findings for _ in range(3)
        ]
