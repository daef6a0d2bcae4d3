"""Conditions in three values as productions that only ever ask what is there.

Each clause and group is a node with up to five symbols. Of `met`, `unmet` and `unknown` exactly
one comes true. `may_hold` (met or unknown) and `may_fail` (unmet or unknown) are told only where
something of the rule is unknown: with them "unknown" is a conjunction too, and needs no absence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.decide.answer import MET, UNKNOWN_CLAUSE, UNMET
from engine.language.model import Clause, Condition, Group, Rule
from engine.watch.chaining import Symbol
from engine.watch.strata import Writing

STATES: Final = {MET: "met", UNMET: "unmet", UNKNOWN_CLAUSE: "unknown"}
_IN_DOUBT: Final = {
    MET: ("may_hold",),
    UNMET: ("may_fail",),
    UNKNOWN_CLAUSE: ("may_hold", "may_fail"),
}
DOUBTS: Final = ("unknown", "may_hold", "may_fail")


def clause_node(rule: Rule, number: int) -> str:
    """The node of a clause."""
    return f"{rule.name}#{number}"


def rule_node(rule: Rule) -> str:
    """The node that is met where the rule is in force, and of a condition that asks nothing."""
    return rule.name


def symbols_of(rule: Rule, outcomes: Mapping[int, int]) -> Iterator[Symbol]:
    """What is told about a rule in force: the outcome of each of its clauses, by number."""
    nodes = {rule_node(rule): MET}
    nodes.update((clause_node(rule, number), outcome) for number, outcome in outcomes.items())
    in_doubt = UNKNOWN_CLAUSE in outcomes.values()
    for node, outcome in nodes.items():
        yield Symbol(STATES[outcome], node)
        if in_doubt:
            for field in _IN_DOUBT[outcome]:
                yield Symbol(field, node)


@dataclass(frozen=True, slots=True)
class _Joining:
    """How entries make a whole: when all are `every` it is `then`, when one is `one` it is `so`."""

    every: str
    then: str
    one: str
    so: str

    def in_doubt(self) -> "_Joining":
        """The same of what may be."""
        may = {"met": "may_hold", "unmet": "may_fail"}
        return _Joining(may[self.every], may[self.then], may[self.one], may[self.so])


_ALL: Final = _Joining("met", "met", "unmet", "unmet")
_ANY: Final = _Joining("unmet", "unmet", "met", "met")
_NONE: Final = _Joining("unmet", "met", "met", "unmet")


class Conditions:
    """Writes the conditions of one rule: what is sure into one stratum, doubts into another."""

    def __init__(self, rule: Rule, sure: Writing, doubts: Writing) -> None:
        self.rule = rule
        self._sure = sure
        self._doubts = doubts

    def node(self, condition: Condition, path: str) -> str:
        """The node of all of these, written out where it is more than one entry."""
        nodes = [self.entry(each, f"{path}.{index}") for index, each in enumerate(condition)]
        if len(nodes) > 1:
            return self._join(_ALL, nodes, path)
        return nodes[0] if nodes else rule_node(self.rule)

    def entry(self, entry: Clause | Group, path: str) -> str:
        """The node of a clause or group."""
        if isinstance(entry, Clause):
            return clause_node(self.rule, entry.number)
        nodes = [self.node(each, f"{path}.{index}") for index, each in enumerate(entry.entries)]
        return self._join(_ANY if entry.operator == "any_of" else _NONE, nodes, path)

    def _join(self, joining: _Joining, nodes: list[str], path: str) -> str:
        """Sure: two plain joins. In doubt: the same of what may be, and "unknown" is one unknown
        entry in a whole that no other entry settles."""
        unsettled = joining.in_doubt()
        for writing, each in ((self._sure, joining), (self._doubts, unsettled)):
            writing.add(Symbol(each.then, path), *(Symbol(each.every, node) for node in nodes))
            writing.add_each(Symbol(each.so, path), (Symbol(each.one, node) for node in nodes))
        for node in nodes:
            self._doubts.add(
                Symbol("unknown", path),
                Symbol(unsettled.then, path),
                Symbol("unknown", node),
            )
        return path
