"""Laws of remedies over random releases: each one passes, each is needed whole, none is a lie."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support.choosers import Chooser, SeededChooser
from support.random_releases import build_question, build_release
from support.random_world import DAYS, SMALL

from engine.decide.answer import Decision, EngineFault, NoValue
from engine.decide.decider import Decider
from engine.decide.remedies import Change, Remedy, find_remedies, remedies_to_json
from engine.decide.remedy_texts import render_remedies
from engine.language import limits
from engine.language.load_facts import REMEDIES
from engine.language.model import Fact, Release
from engine.language.values import NUMBERS, Value

SEEDS = st.integers(0, 10**9)
LAW = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much],
)
"""A smaller seed is no simpler release, so there is nothing to shrink."""


class CountingDecider(Decider):
    """Counts how often it is asked."""

    asked = 0

    def decide(self, *args: Any, **named: Any) -> Decision:
        self.asked += 1
        return super().decide(*args, **named)


def changeable(chooser: Chooser, release: Release) -> Release:
    """The release with a remedy for most of its facts."""
    facts = {name: with_remedy(chooser, fact) for name, fact in release.facts.items()}
    return replace(release, facts=facts)


def with_remedy(chooser: Chooser, fact: Fact) -> Fact:
    remedies = REMEDIES[fact.type.kind]
    if not remedies or chooser.chance(25):
        return fact
    who = chooser.pick(("family", "school", "vendor", "agency"))
    return replace(fact, remedy=chooser.pick(remedies), changeable_by=who)


def refused(seed: int) -> tuple[CountingDecider, Decision]:
    """A question of a random release that was not allowed, and about which nothing is missing."""
    chooser = SeededChooser(seed)
    decider = CountingDecider(changeable(chooser, build_release(chooser)))
    for _ in range(12):
        question = build_question(chooser, decider.release)
        try:
            decided = decider.decide(question.decision, question.facts, question.as_of)
        except (EngineFault, NoValue):
            continue
        if decided.verdict != "allow" and not decided.missing:
            decider.asked = 0
            return decider, decided
    assume(False)
    raise AssertionError


def verdict(decider: Decider, decided: Decision, changes: dict[str, Value]) -> str:
    """Under the day's own law; where the anchor moved, under the new day's law as well."""
    facts = {**decided.facts, **changes}
    anchor = decider.release.decisions[decided.decision].anchor
    days = [decided.as_of]
    if anchor in changes and decided.facts.get(anchor) == decided.as_of:
        days.append(None)
    try:
        verdicts = [decider.decide(decided.decision, facts, day).verdict for day in days]
    except (EngineFault, NoValue):
        return "fault"
    return "allow" if set(verdicts) == {"allow"} else next(v for v in verdicts if v != "allow")


def proposed(remedy: Remedy) -> dict[str, Value]:
    return {change.fact: change.after for change in remedy.changes}


def floor_of(decider: Decider, decided: Decision) -> date:
    day = decided.facts.get(decider.release.decisions[decided.decision].anchor)
    assert decided.as_of is not None
    return day if isinstance(day, date) else decided.as_of


@LAW
@given(SEEDS)
def test_every_remedy_ends_in_allow_when_it_is_decided_again(seed: int) -> None:
    decider, decided = refused(seed)
    for remedy in find_remedies(decider, decided).remedies:
        assert verdict(decider, decided, proposed(remedy)) == "allow"


@LAW
@given(SEEDS)
def test_what_leads_to_a_person_ends_in_review(seed: int) -> None:
    decider, decided = refused(seed)
    found = find_remedies(decider, decided)
    assert not (found.remedies and found.towards_review)
    for remedy in found.towards_review:
        assert verdict(decider, decided, proposed(remedy)) == "review"


@LAW
@given(SEEDS)
def test_no_remedy_passes_with_a_change_left_out(seed: int) -> None:
    decider, decided = refused(seed)
    for remedy in find_remedies(decider, decided).remedies:
        changes = list(proposed(remedy).items())
        assert 1 <= len(changes) <= limits.REMEDY_FACTS
        for count in range(1, len(changes)):
            for part in combinations(changes, count):
                assert verdict(decider, decided, dict(part)) != "allow"


@LAW
@given(SEEDS)
def test_no_remedy_asks_for_all_that_another_asks_for(seed: int) -> None:
    decider, decided = refused(seed)
    found = [frozenset(proposed(each).items()) for each in find_remedies(decider, decided).remedies]
    assert not [(one, other) for one in found for other in found if one < other]
    assert len(set(found)) == len(found)
    assert [len(each) for each in found] == sorted(len(each) for each in found)


@LAW
@given(SEEDS)
def test_only_declared_facts_move_and_only_in_their_direction(seed: int) -> None:
    decider, decided = refused(seed)
    found = find_remedies(decider, decided)
    for remedy in (*found.remedies, *found.towards_review):
        for change in remedy.changes:
            fact = decider.release.facts[change.fact]
            assert is_honest(fact, change, floor_of(decider, decided)), change
            assert change.changeable_by == fact.changeable_by


def is_honest(fact: Fact, change: Change, floor: date) -> bool:
    before: Any = change.before
    after: Any = change.after
    if after is None or after == before:
        return False
    moved = {
        "later": lambda: after >= floor and (before is None or after > before),
        "earlier": lambda: after >= floor and (before is None or after < before),
        "higher": lambda: before is None or after > before,
        "lower": lambda: before is None or after < before,
        "true": lambda: after is True,
        "false": lambda: after is False,
        "any": lambda: after in fact.type.members,
        "add": lambda: only_adds(fact, before or (), after),
    }
    return fact.remedy is not None and bool(moved[fact.remedy]())


def only_adds(fact: Fact, held: tuple[str, ...], after: tuple[str, ...]) -> bool:
    return after[: len(held)] == held and set(after) <= set(fact.type.members)


@LAW
@given(SEEDS)
def test_the_same_question_gets_the_same_remedies(seed: int) -> None:
    decider, decided = refused(seed)
    once = find_remedies(decider, decided)
    again = find_remedies(CountingDecider(decider.release), decided)
    assert remedies_to_json(once) == remedies_to_json(again)
    assert render_remedies(once) == render_remedies(again)
    assert render_remedies(once, "es").count("\n") == render_remedies(once).count("\n")


@LAW
@given(SEEDS)
def test_no_more_is_decided_than_the_limit(seed: int) -> None:
    decider, decided = refused(seed)
    found = find_remedies(decider, decided)
    assert decider.asked <= limits.REMEDY_DECISIONS
    assert len(found.remedies) <= limits.REMEDIES_SHOWN


@LAW
@given(SEEDS)
def test_a_single_change_that_passes_is_never_overlooked(seed: int) -> None:
    """Tries values of every fact that may change, one fact at a time, without any solving."""
    decider, decided = refused(seed)
    found = find_remedies(decider, decided)
    assume(not found.exhausted)
    for name, value in single_changes(decider, decided):
        if verdict(decider, decided, {name: value}) == "allow":
            alone = [proposed(each) for each in found.remedies if len(each.changes) == 1]
            assert any(
                name in each and is_no_farther(decided.facts[name], each[name], value)
                for each in alone
            ), (name, value, alone)


def single_changes(decider: Decider, decided: Decision) -> Iterator[tuple[str, Value]]:
    floor = floor_of(decider, decided)
    for name, now in decided.facts.items():
        fact = decider.release.facts[name]
        if now is None and fact.type.kind in NUMBERS:
            continue  # which number an absent one should become is anybody's guess
        for value in values_tried(fact, now, floor):
            change = Change(
                name, "", fact.type.kind, now, value, "set", False, None, (), None, False
            )
            if is_honest(fact, change, floor) and in_range(fact, now, value):
                yield name, value


def values_tried(fact: Fact, now: Value, floor: date) -> list[Value]:
    kind = fact.type.kind
    if kind == "date":
        near = [floor + timedelta(days=days) for days in range(0, 400, 13)]
        return [*DAYS, *near, *(day + timedelta(days=1) for day in DAYS)]
    if kind in NUMBERS:
        return [number + step for number in SMALL[kind] for step in (-1, 0, 1, 2)]
    if kind == "list":
        held = now if isinstance(now, tuple) else ()
        return [(*held, each) for each in fact.type.members if each not in held]
    return [True, False] if kind == "boolean" else list(fact.type.members)


def in_range(fact: Fact, now: Any, value: Any) -> bool:
    """Nothing that is not below zero is lowered below it."""
    if fact.type.kind not in NUMBERS or fact.smallest is not None:
        return True
    return value >= 0 or (now is not None and now < 0)


def is_no_farther(now: Any, found: Any, value: Any) -> bool:
    if isinstance(value, tuple):
        return set(found) <= set(value)
    if isinstance(value, bool | str):
        return bool(found == value)
    if now is None:
        return True
    return abs(found - now) <= abs(value - now)
