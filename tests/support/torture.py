"""Holds the decider equal to the reference on as many random fact sets as there is time for, and
durable_rules equal to both.

    PYTHONPATH=tests python -m support.torture --facts 1000000 --seed 1 --durable-every 1

durable_rules is the slow one of the three: asked about every release it takes three quarters of the
time. `--durable-every 5` asks it about every fifth release, 0 about none.

Exits 1 with a reduced reproduction at the first difference.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from support.choosers import Chooser, SeededChooser
from support.comparison import differences, standing_differences, told
from support.names import parameters_of
from support.random_releases import (
    Question,
    build_facts,
    build_question,
    build_release,
    facts_by_decision,
    facts_read,
)
from support.random_world import build_day
from support.release_files import rule as rule_text

from engine.decide.decider import Decider
from engine.language.model import Release, Rule
from engine.watch.second_opinion import SecondOpinion

FACTS_A_RELEASE = 60
RELEASES_A_SEED = 1_000_000
"""Seeds of releases are counted up from the seed given times this, so runs never share one."""


@dataclass(frozen=True)
class Failure:
    """The question may also be a subject, with its facts and the day it was watched on."""

    seed: int
    release: Release
    question: Question
    lines: list[str]


@dataclass
class Tally:
    """How far a run has come: fact sets asked, those of them asked of durable_rules too, and what
    every tenth came to."""

    asked: int = 0
    by_durable: int = 0
    met: Counter[str] = field(default_factory=Counter)


def run(
    facts: int, seed: int, progress: Callable[[Tally], None], durable_every: int = 0
) -> Failure | None:
    """Asks so many questions, FACTS_A_RELEASE a release; the first failure, or None.

    durable_every: durable_rules is asked about every Nth release; 0 = about none.
    """
    tally = Tally()
    for number in range(-(-facts // FACTS_A_RELEASE)):
        is_second_asked = durable_every > 0 and number % durable_every == 0
        release_seed = seed * RELEASES_A_SEED + number
        questions = min(FACTS_A_RELEASE, facts - tally.asked)
        failure = _torture(release_seed, questions, is_second_asked, tally)
        if failure is not None:
            return failure
        progress(tally)
    return None


def _torture(seed: int, questions: int, is_second_asked: bool, tally: Tally) -> Failure | None:
    """One release."""
    chooser = SeededChooser(seed)
    decider = Decider(build_release(chooser))
    read = facts_by_decision(decider.release)
    with closing(SecondOpinion(decider.release, decider)) as opinion:
        second = opinion if is_second_asked else None
        for _ in range(questions):
            question = build_question(chooser, decider.release, read)
            lines = differences(decider, question, second)
            if lines:
                return reduced(Failure(seed, decider.release, question, lines))
            tally.asked += 1
            tally.by_durable += is_second_asked
            if tally.asked % 10 == 0:  # enough to show which outcomes the run reaches
                tally.met[_outcome(decider, question)] += 1
    return _watch(chooser, decider, seed)


def _outcome(decider: Decider, question: Question) -> str:
    said = told(lambda: decider.decide(question.decision, question.facts, question.as_of))
    return str(said.get("error", said.get("verdict")))


def _watch(chooser: Chooser, decider: Decider, seed: int) -> Failure | None:
    """The same for the clauses of the standing rules."""
    release = decider.release
    for subject in release.subjects.values():
        read = facts_read(release, subject.rules)
        for unknown in (0, 20, 50):
            facts, on = build_facts(chooser, release, read, unknown), build_day(chooser)
            lines = standing_differences(decider, subject.name, facts, on)
            if lines:
                return Failure(seed, release, Question(subject.name, facts, on), lines)
    return None


# --- a smaller failure --------------------------------------------------------------------------


def reduced(failure: Failure) -> Failure:
    """The failure with every rule, case, condition and fact taken out that it does not need."""
    while True:
        for candidate in _smaller(failure):
            lines = _differences(candidate)
            if lines:
                failure = replace(candidate, lines=lines)
                break
        else:
            return failure


def _differences(failure: Failure) -> list[str]:
    decider = Decider(failure.release)
    try:
        with closing(SecondOpinion(failure.release, decider)) as second:
            return differences(decider, failure.question, second)
    except (KeyError, AssertionError):  # too small: something that is named is gone
        return []


def _smaller(failure: Failure) -> Iterator[Failure]:
    release, question = failure.release, failure.question
    point = release.decisions[question.decision]
    for name in point.rules:
        left = replace(point, rules=tuple(each for each in point.rules if each != name))
        yield replace(failure, release=replace(release, decisions={point.name: left}))
    for answer in point.answers:
        answers = {name: type_ for name, type_ in point.answers.items() if name != answer}
        left = replace(point, answers=answers)
        yield replace(failure, release=replace(release, decisions={point.name: left}))
    for name in point.rules:
        for rule in _smaller_rules(release.rules[name]):
            yield replace(failure, release=replace(release, rules={**release.rules, name: rule}))
    for fact in question.facts:
        facts = {name: value for name, value in question.facts.items() if name != fact}
        yield replace(failure, question=replace(question, facts=facts))


def _smaller_rules(rule: Rule) -> Iterator[Rule]:
    """Clauses keep their numbers, so what is taken out simply counts as never reached."""
    for case in rule.cases:
        yield replace(rule, cases=tuple(each for each in rule.cases if each is not case))
        for condition in _smaller_conditions(case.condition):
            cases = [
                replace(case, condition=condition) if each is case else each for each in rule.cases
            ]
            yield replace(rule, cases=tuple(cases))
    for condition in _smaller_conditions(rule.when):
        yield replace(rule, when=condition)
    for answer in rule.answers:
        answers = {name: each for name, each in rule.answers.items() if name != answer}
        yield replace(rule, answers=answers)
    for step in rule.steps.values():
        if step.not_below is not None or step.not_above is not None:
            plain = replace(step, not_below=None, not_above=None)
            yield replace(rule, steps={**rule.steps, step.name: plain})


def _smaller_conditions(condition: Any) -> Iterator[Any]:
    for entry in condition:
        yield tuple(each for each in condition if each is not entry)


# --- the command --------------------------------------------------------------------------------


def printed(failure: Failure) -> str:
    question, release = failure.question, failure.release
    asked = {**release.decisions, **release.subjects}[question.decision]
    rules = [release.rules[name] for name in asked.rules]
    return "\n".join(
        [
            f"release of seed {failure.seed}",
            *failure.lines,
            f"asked: {question.decision}, as_of: {question.as_of}",
            *(f"  {name}: {value!r}" for name, value in question.facts.items()),
            *map(rule_text, rules),
            *(
                f"${name}: {dated.value!r} since {dated.since}, {dated.standing}"
                for name in sorted(set().union(*map(parameters_of, rules)))
                for dated in release.parameters[name].values
            ),
        ]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facts", type=int, default=1_000_000, help="how many fact sets to ask")
    parser.add_argument("--seed", type=int, default=1, help="another seed asks other questions")
    parser.add_argument(
        "--durable-every", type=int, default=1, metavar="N",
        help="ask durable_rules about every Nth release; 0 = about none",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    began = monotonic()
    last = Tally()

    def progress(tally: Tally) -> None:
        nonlocal last
        last = tally
        if tally.asked % (FACTS_A_RELEASE * 200) < FACTS_A_RELEASE:
            shares = ", ".join(f"{name} {count}" for name, count in sorted(tally.met.items()))
            seconds = monotonic() - began
            print(
                f"{tally.asked:,} of {given.facts:,}, {tally.by_durable:,} by durable_rules, "
                f"in {seconds:.0f} s ({shares})",
                file=sys.stderr,
            )

    failure = run(given.facts, given.seed, progress, given.durable_every)
    if failure is None:
        print(
            f"{last.asked:,} fact sets (seed {given.seed}) in {monotonic() - began:.0f} s, no "
            f"difference: compiled = reference on all, = durable_rules on {last.by_durable:,}"
        )
        return 0
    print(printed(failure))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
