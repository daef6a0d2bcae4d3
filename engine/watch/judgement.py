"""The plain, ordered evaluation of standing rules in three values.

It is what durable_rules is held equal to, and what tells "unmet" from "not known", which forward
chaining alone cannot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.decide.answer import (
    MET,
    NEGATED,
    NOT_REACHED,
    UNKNOWN_CLAUSE,
    UNMET,
    EngineFault,
)
from engine.language.model import Clause, Condition, Group, Rule
from engine.watch.chaining import Symbol
from engine.watch.plan import RULE, Plan

Outcomes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """rules: outcome of each rule in force. conclusions: outcome of each that rules can bring."""

    plan: Plan
    outcomes: Outcomes
    rules: Mapping[str, int]
    conclusions: Mapping[str, int]

    def condition(self, rule: Rule, condition: Condition) -> int:
        """All of these."""
        outcome = MET
        for entry in condition:
            outcome &= self.entry(rule, entry)
        return outcome

    def entry(self, rule: Rule, entry: Clause | Group) -> int:
        """A clause or group of a rule in force."""
        if isinstance(entry, Clause):
            return self._clause(rule, entry)
        outcome = UNMET
        for inner in entry.entries:
            outcome |= self.condition(rule, inner)
        return outcome if entry.operator == "any_of" else NEGATED[outcome]

    def _clause(self, rule: Rule, clause: Clause) -> int:
        name = self.plan.conclusion_read(clause)
        if name is not None:
            return self.conclusions.get(name, UNMET)
        outcome = self.outcomes[rule.name][clause.number]
        if outcome == NOT_REACHED:
            raise EngineFault(
                "decision.mismatch", f"clause {clause.number} of `{rule.name}` was not judged"
            )
        return outcome

    def known(self) -> list[Symbol]:
        """The symbols that durable_rules is told: rules in force and what is met in them."""
        by_name = {rule.name: rule for rule in self.plan.rules if rule.name in self.rules}
        told = [Symbol(RULE, name) for name in by_name]
        for atom in self.plan.atoms:
            rule = by_name.get(atom.rule)
            if rule is not None and self.entry(rule, atom.part) == MET:
                told.append(atom.symbol)
        return told

    def missing(self, beneath: Callable[[str, int], tuple[str, ...]]) -> dict[str, set[str]]:
        """By rule whose `when` is unknown: the facts not known, through the conclusions it reads.

        beneath: the unknown facts of one clause, by rule name and clause number.
        """
        found: dict[str, set[str]] = {}
        for rule in self.plan.rules:
            if self.rules.get(rule.name) == UNKNOWN_CLAUSE:
                found[rule.name] = set()
                for clause in self._unknown_clauses(rule, rule.when):
                    name = self.plan.conclusion_read(clause)
                    if name is None:
                        found[rule.name].update(beneath(rule.name, clause.number))
                    else:
                        makers = (each for each in self.plan.rules if each.concludes == name)
                        found[rule.name].update(*(found.get(each.name, ()) for each in makers))
        return found

    def _unknown_clauses(self, rule: Rule, condition: Condition) -> list[Clause]:
        """Only conditions that are themselves unknown are entered: the others are settled."""
        clauses: list[Clause] = []
        if self.condition(rule, condition) != UNKNOWN_CLAUSE:
            return clauses
        for entry in condition:
            if self.entry(rule, entry) != UNKNOWN_CLAUSE:
                continue
            if isinstance(entry, Clause):
                clauses.append(entry)
            else:
                for inner in entry.entries:
                    clauses.extend(self._unknown_clauses(rule, inner))
        return clauses


def judge(plan: Plan, outcomes: Outcomes) -> Judgement:
    """Judges the plan's rules in order; a rule that `outcomes` does not hold is not in force."""
    rules: dict[str, int] = {}
    conclusions: dict[str, int] = dict.fromkeys(plan.conclusions, UNMET)
    judgement = Judgement(plan, outcomes, rules, conclusions)
    for rule in plan.rules:
        if rule.name in outcomes:
            rules[rule.name] = judgement.condition(rule, rule.when)
            if rule.concludes is not None:
                conclusions[rule.concludes] |= rules[rule.name]
    return judgement
