"""What durable_rules makes of one rule: its search, what it says, and what it asks for.

Forward chaining over the same symbols comes to the same end. So what the library made of a pattern
of clause outcomes is kept and not asked for again; nothing in here is chosen by anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from engine.language.model import Clause, Condition, Rule
from engine.language.operands import clauses_in
from engine.watch.chaining import Symbol
from engine.watch.choice import LACKING_ANSWER, LACKS, SAID, SAYS, UNSURE, place, write_rule
from engine.watch.strata import StratifiedChaining
from engine.watch.three_values import clause_node, symbols_of

KEPT_PATTERNS: Final = 256
"""Patterns kept of each rule; when there are more, durable_rules is asked anew about all."""
STATES: Final = ("met", "unmet", "unknown")

Pattern: TypeAlias = tuple[tuple[tuple[int, int], ...], bool]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the ruleset came to.

    is_settled: whether it came to one state and one end; else a step beneath a clause has no
    result, or a fact was lost. applies: whether `when` is met. reached: the conditions that the
    search came to. said: the places of the cases that are said, `otherwise` behind the last.
    asked: the unknown clauses that keep the rule open. is_unsure: an unknown answer makes it
    incomplete. told: what is passed on to the joining of all rules.
    """

    is_settled: bool
    applies: bool
    reached: tuple[Condition, ...]
    said: tuple[int, ...]
    asked: tuple[Clause, ...]
    is_unsure: bool
    told: frozenset[Symbol]


class RuleOpinion:
    """One rule of a release, in its ruleset; threads may share it."""

    def __init__(self, name: str, rule: Rule) -> None:
        choice = write_rule(rule)
        self.rule = rule
        self.when = choice.nodes.when
        self._nodes = choice.nodes
        self._chaining = StratifiedChaining(name, choice.strata)
        self._clauses = tuple(
            clause
            for condition in (rule.when, *(case.condition for case in rule.cases))
            for clause in clauses_in(condition)
        )
        self._kept: dict[Pattern, Heard] = {}

    def hear(self, outcomes: Mapping[int, int], lacks_answer: bool) -> Heard:
        """What the rule comes to where its clauses come to these outcomes, by number."""
        pattern = tuple(outcomes.items()), lacks_answer
        heard = self._kept.get(pattern)
        if heard is None:
            told = set(symbols_of(self.rule, outcomes))
            if lacks_answer:
                told.add(Symbol(LACKING_ANSWER, self.rule.name))
            heard = self._heard(self._chaining.run(told))
            if not heard.is_settled:
                return heard
            if len(self._kept) >= KEPT_PATTERNS:
                self._kept.clear()
            self._kept[pattern] = heard
        return heard

    def _heard(self, known: frozenset[Symbol]) -> Heard:
        rule, nodes = self.rule, self._nodes
        states = [Symbol(field, nodes.when) for field in STATES]
        found = [symbol.field for symbol in states if symbol in known]
        ends = sum(symbol in known for symbol in nodes.ended)
        places = range(len(rule.cases) + 1)
        return Heard(
            is_settled=len(found) == 1 and ends == (found[0] != "unmet"),
            applies="met" in found,
            reached=tuple(
                case.condition
                for case, symbol in zip(rule.cases, nodes.reached[:-1], strict=True)
                if symbol in known
            ),
            said=tuple(each for each in places if Symbol(SAYS, place(rule, each)) in known),
            asked=tuple(
                clause
                for clause in self._clauses
                if Symbol(LACKS, clause_node(rule, clause.number)) in known
            ),
            is_unsure=Symbol(UNSURE, rule.name) in known,
            told=frozenset(each for each in known if each.field == SAID).union(
                symbol for symbol in states if symbol in known
            ),
        )

    def close(self) -> None:
        """Frees the rulesets."""
        self._chaining.close()

    def let_go(self) -> None:
        """As `close`, for a finalizer."""
        self._chaining.let_go()
