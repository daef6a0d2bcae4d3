"""The standing rules of one subject, put in order and turned into productions.

What a `when` asks of facts is judged before, in three values, and sent only when it is met. What
it asks of conclusions is left to the chaining. So a fact that is not known is never sent, and no
production ever asks whether something is absent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Final

from engine.language.model import Clause, Condition, FactRef, Group, Holds, Release, Rule
from engine.language.operands import clauses_in
from engine.watch.chaining import Production, Symbol

RULE: Final = "rule"
CLAUSE: Final = "clause"
GROUP: Final = "group"
CONCLUSION: Final = "conclusion"


@dataclass(frozen=True, slots=True)
class Atom:
    """A part of a rule's `when` that reads no conclusion, and the symbol that says it is met."""

    rule: str
    part: Clause | Group
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Plan:
    """rules: those that conclude before those that read. conclusions: what the rules can bring."""

    subject: str
    rules: tuple[Rule, ...]
    conclusions: frozenset[str]
    declared: frozenset[str]
    atoms: tuple[Atom, ...]
    productions: tuple[Production, ...]

    def conclusion_read(self, clause: Clause) -> str | None:
        """The conclusion that a clause reads, or None where it reads a fact or step."""
        return conclusion_read(clause, self.declared)


def conclusion_read(clause: Clause, declared: frozenset[str]) -> str | None:
    """The name on the left where it is a declared conclusion."""
    left = clause.left
    return left.name if isinstance(left, FactRef) and left.name in declared else None


def plan_subject(release: Release, subject: str) -> Plan:
    """The plan of one subject; ValueError for what the loader refuses (cycles, negation)."""
    declared = frozenset(release.conclusions)
    rules = _in_order([release.rules[name] for name in release.subjects[subject].rules], declared)
    drawing = _Drawing(declared)
    for rule in rules:
        drawing.add(rule)
    return Plan(
        subject=subject,
        rules=rules,
        conclusions=frozenset(rule.concludes for rule in rules if rule.concludes is not None),
        declared=declared,
        atoms=tuple(drawing.atoms),
        productions=tuple(drawing.productions),
    )


def _in_order(rules: list[Rule], declared: frozenset[str]) -> tuple[Rule, ...]:
    """Rules after all that conclude what they read; else in the order of the release."""
    makers: dict[str, list[str]] = {}
    for rule in rules:
        makers.setdefault(rule.concludes or "", []).append(rule.name)
    by_name = {rule.name: rule for rule in rules}
    before: Mapping[str, list[str]] = {
        rule.name: [
            maker
            for clause in clauses_in(rule.when)
            if (name := conclusion_read(clause, declared)) is not None
            for maker in makers.get(name, [])
        ]
        for rule in rules
    }
    try:
        return tuple(by_name[name] for name in TopologicalSorter(before).static_order())
    except CycleError as error:
        raise ValueError(f"conclusions run in a circle: {' -> '.join(error.args[1])}") from None


@dataclass(slots=True)
class _Drawing:
    """Collects the atoms and productions while rules are added."""

    declared: frozenset[str]
    atoms: list[Atom] = field(default_factory=list)
    productions: list[Production] = field(default_factory=list)

    def add(self, rule: Rule) -> None:
        _refuse_conclusions_in_steps(rule, self.declared)
        needs = self._needs(rule, rule.when, rule.name)
        if all(self._reads_conclusion(entry) for entry in rule.when):
            # A rule that asks nothing of facts must still be in force on the day.
            needs = (Symbol(RULE, rule.name), *needs)
        gives = None if rule.concludes is None else Symbol(CONCLUSION, rule.concludes)
        self.productions.append(Production(rule.name, needs, gives))

    def _reads_conclusion(self, entry: Clause | Group) -> bool:
        return any(conclusion_read(each, self.declared) for each in clauses_in((entry,)))

    def _needs(self, rule: Rule, condition: Condition, path: str) -> tuple[Symbol, ...]:
        needs = [
            self._need(rule, entry, f"{path}#{index}") for index, entry in enumerate(condition)
        ]
        return tuple(dict.fromkeys(needs))

    def _need(self, rule: Rule, entry: Clause | Group, path: str) -> Symbol:
        if isinstance(entry, Clause):
            name = conclusion_read(entry, self.declared)
            if name is not None:
                _refuse_negation(rule, entry)
                return Symbol(CONCLUSION, name)
            return self._atom(rule, entry, Symbol(CLAUSE, f"{rule.name}#{entry.number}"))
        symbol = Symbol(GROUP, path)
        if not self._reads_conclusion(entry):
            return self._atom(rule, entry, symbol)
        if entry.operator == "none_of":
            raise ValueError(f"`{rule.name}` asks that a conclusion is not in force")
        # One production an entry: the library's own `any` fires for every combination of its
        # entries, 255 times where 8 of 8 are met.
        for index, inner in enumerate(entry.entries):
            name = f"{path}.{index}"
            needs = self._needs(rule, inner, name) or (Symbol(RULE, rule.name),)
            self.productions.append(Production(name, needs, symbol))
        return symbol

    def _atom(self, rule: Rule, part: Clause | Group, symbol: Symbol) -> Symbol:
        self.atoms.append(Atom(rule.name, part, symbol))
        return symbol


def _refuse_negation(rule: Rule, clause: Clause) -> None:
    if clause.operator != "is" or getattr(clause.right, "value", None) is not True:
        raise ValueError(f"`{rule.name}` reads a conclusion other than by `is: true`")


def _refuse_conclusions_in_steps(rule: Rule, declared: frozenset[str]) -> None:
    """A step could turn a conclusion round, and then its absence would matter."""
    for clause in _clauses_in_steps(rule):
        if conclusion_read(clause, declared) is not None:
            raise ValueError(f"a step of `{rule.name}` reads a conclusion; name it in `when`")


def _clauses_in_steps(rule: Rule) -> Iterator[Clause]:
    for step in rule.steps.values():
        if isinstance(step.formula, Holds):
            yield from clauses_in(step.formula.condition)
