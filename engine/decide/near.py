"""Near misses of a recorded decision: cases that one clause alone kept from answering.

Read from the trace (trace.py), never by judging again; README.md of this package says exactly what
counts. On a masked trace no distance of a personal value is told, and none orders the list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from engine.decide.answer import MET, OUTCOME_NAMES, UNMET
from engine.decide.distance import Distance, distance_of
from engine.decide.judgement import is_same
from engine.decide.sheet import combine
from engine.language.model import Condition, Outcome, Release, Rule
from engine.language.operands import clauses_in

SHOWN: Final = 20
"""Near misses that are told; how many more there are is said."""

_OUTCOMES: Final = {name: number for number, name in enumerate(OUTCOME_NAMES)}


@dataclass(frozen=True, slots=True)
class Miss:
    """One clause of a case that did not answer. `node`: the clause as the trace has it."""

    rule: Rule
    case: str
    place: str
    says: Outcome
    node: Mapping[str, Any]
    distance: Distance | None

    @property
    def is_close(self) -> bool:
        """Whether it was missed only just."""
        return self.distance is not None and self.distance.ratio <= 1

    @property
    def order(self) -> tuple[bool, Fraction]:
        """Nearest first; what has no distance last. Equals stay in the release's order."""
        return (self.distance is None, self.distance.ratio if self.distance else Fraction(0))


def find_misses(release: Release, trace: Mapping[str, Any]) -> list[Miss]:
    """Every near miss of a traced decision, nearest first."""
    found = [
        miss
        for node in trace["rules"]
        if node["result"] != "unknown"
        for miss in _of_rule(release, trace, node)
    ]
    return sorted(found, key=lambda miss: miss.order)


def _of_rule(release: Release, trace: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Miss]:
    rule = release.rules[node["rule"]]
    nodes = _clauses(node)
    outcomes = [_OUTCOMES[nodes[number]["outcome"]] for number in range(rule.clauses)]
    for name, place, says, condition in _kept_back(node, rule):
        for number in _pivots(condition, outcomes):
            distance = distance_of(release, trace, node, nodes[number])
            yield Miss(rule, name, place, says, nodes[number], distance)


def _kept_back(
    node: Mapping[str, Any], rule: Rule
) -> Iterator[tuple[str, str, Outcome, Condition]]:
    """What would answer, were its condition met, and would say something else: each unmet case
    that was reached. A rule that does not apply reached none."""
    if node["when"]["outcome"] != "met":
        return
    said = Outcome(node["result"], tuple(node["reasons"]))
    for case, traced in zip(rule.cases, node["cases"], strict=True):
        if traced["outcome"] != "unmet":
            return  # met: it answered; unknown: nobody knows whether a later one would have
        if not is_same(case.outcome, said):
            yield case.name, traced["place"], case.outcome, case.condition


def _pivots(condition: Condition, outcomes: list[int]) -> Iterator[int]:
    """The clauses of an unmet condition each of which, turned round alone, would make it met."""
    for clause in clauses_in(condition):
        before = outcomes[clause.number]
        if before not in (MET, UNMET):
            continue
        turned = list(outcomes)
        turned[clause.number] = UNMET if before == MET else MET
        if combine(condition, turned) == MET:
            yield clause.number


def _clauses(rule: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """The clauses of a traced rule by number: of `when`, of its cases, and of what steps hold."""
    found: dict[int, Mapping[str, Any]] = {}
    waiting: list[Mapping[str, Any]] = list(rule["when"]["conditions"])
    for part in (*rule["cases"], *rule["steps"]):
        waiting += part["conditions"]
    while waiting:
        node = waiting.pop()
        if node["type"] == "clause":
            found[node["number"]] = node
        else:
            waiting += [inner for entry in node["entries"] for inner in entry]
    return found


# --- as JSON and as text ------------------------------------------------------------------------


def misses_to_json(misses: list[Miss]) -> dict[str, Any]:
    """{"near": [...], "more": how many beyond the first SHOWN}; see README.md for the keys."""
    return {
        "near": [_to_json(miss) for miss in misses[:SHOWN]],
        "more": max(0, len(misses) - SHOWN),
    }


def _to_json(miss: Miss) -> dict[str, Any]:
    node = miss.node
    return {
        "rule": miss.rule.name,
        "title": miss.rule.title,
        "case": miss.case,
        "place": miss.place,
        "clause": {key: node[key] for key in ("number", "outcome", "text", "place", "personal")},
        "says": {"verdict": miss.says.verdict, "reasons": list(miss.says.reasons)},
        "distance": miss.distance.to_json() if miss.distance else None,
        "close": miss.is_close,
        "text": told_miss(miss),
    }


_WOULD: Final[Mapping[str, str]] = {
    "deny": "deny", "incomplete": "ask for more", "review": "ask for review", "allow": "allow",
}  # fmt: skip


def told_miss(miss: Miss) -> str:
    """`days_since_device 30 is not above 30: one day more would deny with TOO_LATE`."""
    turned = f"{miss.distance.text()} would" if miss.distance else "the other way it would"
    reasons = f" with {', '.join(miss.says.reasons)}" if miss.says.reasons else ""
    return f"{miss.node['text']}: {turned} {_WOULD[miss.says.verdict]}{reasons}"
