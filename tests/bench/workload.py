"""What is asked in the benchmark: generated purchases, and another decision's first own case."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from support.purchases import purchases

from engine.decide.binding import turning_days
from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes, facts_to_json
from engine.language.model import Release
from engine.language.values import Value
from engine.rehearse.cases import load_cases

ROOT: Final = Path(__file__).parents[2]
SEED: Final = 1
PURCHASES: Final = 200
"""Purchases of which every contender is asked each the same number of times."""


@dataclass(frozen=True, slots=True)
class Question:
    """One decision and the fact sets that it is asked about."""

    decision: str
    facts: list[dict[str, Value]]
    bodies: list[bytes]


def purchase_question(decider: Decider, unknown_share: float = 0.0) -> Question:
    """Purchases of one stretch of the law, the newest, since a peer knows no other."""
    release = decider.release
    day = last_change(release, "purchase")
    made = purchases(release, 10 * PURCHASES, SEED, unknown_share)
    facts = [each for each in made if _is_on_or_after(each.get("purchase.submitted_on"), day)]
    return _question(release, "purchase", facts[:PURCHASES])


def _is_on_or_after(given: object, day: date) -> bool:
    return isinstance(given, date) and given >= day


def last_change(release: Release, decision: str) -> date:
    """The day from which the newest law holds."""

    days = turning_days(
        release, [release.rules[name] for name in release.decisions[decision].rules]
    )
    return days[-1]


def other_questions(decider: Decider) -> list[Question]:
    """The smallest and the largest decision beside the purchase, each about its first own case."""
    release = decider.release
    others = sorted(
        (sum(release.rules[rule].clauses for rule in point.rules), len(point.rules), name)
        for name, point in release.decisions.items()
        if name != "purchase"
    )
    return [_first_case(release, name) for _, _, name in (others[0], others[-1])]


def _first_case(release: Release, decision: str) -> Question:
    for path in sorted((ROOT / "tests" / "cases" / decision).glob("*.yaml")):
        for case in load_cases(path, release, facts_from_nodes).cases:
            if case.asks == decision and case.as_of is None:
                return _question(release, decision, [dict(case.facts)])
    raise LookupError(f"no case file asks `{decision}`")


def _question(release: Release, decision: str, facts: list[dict[str, Value]]) -> Question:
    bodies = [json.dumps({"facts": facts_to_json(release, each)}).encode() for each in facts]
    return Question(decision, facts, bodies)


def size_of(release: Release, decision: str) -> str:
    rules = release.decisions[decision].rules
    clauses = sum(release.rules[name].clauses for name in rules)
    return f"{len(rules)} rules, {clauses} clauses"
