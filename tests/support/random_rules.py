"""Random rules over a random world, as model objects that the loader would have let pass.

Steps are written first, then conditions that may read them; what nothing reads is taken out again
and the clauses are counted in reading order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from support.choosers import Chooser
from support.names import named_in
from support.random_steps import Steps
from support.random_world import CHANGES, NOWHERE, SMALL, WORDS, World

from engine.language import limits
from engine.language.model import (
    Case,
    Clause,
    Condition,
    Constant,
    DayRef,
    FactRef,
    Group,
    Holds,
    InForce,
    Name,
    Operand,
    Outcome,
    ParamRef,
    Rule,
    Step,
    StepRef,
    Type,
    Verdict,
    Words,
)
from engine.language.values import NUMBERS, Kind

ORDERS = ("above", "at_least", "at_most", "below")
DATE_ORDERS = ("before", "on_or_before", "on_or_after", "after")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "boolean": ("is", "is_not"),
    "one_of": ("is", "is_not", "in", "not_in"),
    "text": ("is", "is_not", "in", "not_in"),
    "date": (*DATE_ORDERS, "during", "outside", "is", "is_not"),
    "list": ("includes", "lacks", "includes_any", "includes_none"),
    "money": (*ORDERS, "is", "is_not"),
    "integer": (*ORDERS, "is", "is_not", "in", "not_in"),
    "days": (*ORDERS, "is", "is_not"),
    "share": (*ORDERS, "is", "is_not"),
    "years": ("is", "is_not"),
}


@dataclass
class Author:
    """Writes one rule. `day` is how the rule may name the day that is decided about."""

    chooser: Chooser
    world: World
    day: Name | None
    conclusions: tuple[str, ...] = ()
    steps: dict[str, Step] = field(default_factory=dict)

    # what may be named

    def type_of(self, operand: Operand) -> Type:
        match operand:
            case FactRef(name) if name in self.world.facts:
                return self.world.facts[name].type
            case StepRef(name):
                return self.steps[name].type
            case DayRef():
                return Type("date")
        raise AssertionError(operand)

    def names(self, *kinds: Kind) -> list[Name]:
        """Steps first, so that what was written is read."""
        steps = [StepRef(step.name) for step in self.steps.values() if step.type.kind in kinds]
        facts = [FactRef(fact.name) for fact in self.world.facts_of(*kinds)]
        day = [self.day] if self.day is not None and "date" in kinds else []
        return [*reversed(steps), *facts, *day]

    def operand(self, kind: Kind) -> Operand:
        """A name, mostly; of numbers also a parameter or zero."""
        names: list[Operand] = list(self.names(kind))
        if kind in NUMBERS:
            named = [ParamRef(each.name) for each in self.world.parameters_of(kind)]
            names = [*named, *names, *named, *([Constant(0)] if self.chooser.chance(15) else [])]
        return self.chooser.pick(names)

    # clauses

    def clause(self, left: Name, avoiding: Iterable[str] = ()) -> Clause | None:
        """One clause about the name, by an operator not yet used; None where none fits."""
        type_ = self.type_of(left)
        if type_.may_be_none and "is" not in avoiding and self.chooser.chance(25):
            operator = self.chooser.pick(("is", "is_not"))
            return self._written(left, operator, Constant(None))
        fitting = [each for each in OPERATORS[type_.kind] if each not in avoiding]
        operator = self.chooser.pick(fitting)
        right = self._right(left, type_, operator)
        return None if right is None else self._written(left, operator, right)

    def _written(self, left: Name, operator: str, right: Operand) -> Clause:
        kind = self.type_of(left).kind
        return Clause(left, operator, right, kind, NOWHERE, 0)

    def _right(self, left: Name, type_: Type, operator: str) -> Operand | None:
        chooser = self.chooser
        if operator in ("in", "not_in", "includes_any", "includes_none"):
            return self._words(type_)
        if operator in ("during", "outside"):
            return ParamRef(chooser.pick(self.world.parameters_of("period")).name)
        if type_.kind in ("one_of", "text", "list"):
            return self._word(left, type_)
        if type_.kind == "boolean":
            others = [name for name in self.names("boolean") if name != left]
            return chooser.pick([Constant(True), Constant(False), Constant(True), *others])
        if type_.kind == "date":
            others = [name for name in self.names("date") if name != left]
            return chooser.pick(others) if others else None
        return self._number(left, type_.kind)

    def _number(self, left: Name, kind: Kind) -> Operand | None:
        operand = self.operand(kind)
        return None if operand == left else operand

    def _words(self, type_: Type) -> Operand | None:
        is_counted = type_.kind == "integer"
        members = SMALL["integer"] if is_counted else type_.members or WORDS
        lists: list[Operand] = []
        for each in self.world.parameters_of("list"):
            of = self.world.facts[str(each.list_of)].type.kind
            entries = {entry for dated in each.values for entry in dated.value}
            if (of == "integer") == is_counted and entries & set(members):
                lists.append(ParamRef(each.name))
        if is_counted:  # a number never stands in a rule
            return self.chooser.pick(lists) if lists else None
        # A list of all members would always be met, and the loader may say so.
        written = Words(tuple(self.chooser.some(members, 1, max(1, len(members) - 1))))
        return self.chooser.pick([written, *lists])

    def _word(self, left: Name, type_: Type) -> Operand:
        members = type_.members or WORDS
        constants = [Constant(word) for word in members]
        kind: Kind = "text" if type_.kind == "text" else "one_of"
        others = [
            name
            for name in self.names(kind)
            if name != left and (kind == "text" or set(self.type_of(name).members) & set(members))
        ]
        return self.chooser.pick([*constants, *others])

    # conditions

    def condition(self, most: int, depth: int = 0, negated: bool = False) -> Condition:
        """All of these: one to `most` names tested, and at most two groups, two deep.

        Nothing may depend on the absence of a conclusion, so none is read under `none_of`.
        """
        chooser = self.chooser
        kind = [kind for kind in OPERATORS if self.names(kind)]
        entries: list[Clause | Group] = []
        for _ in range(chooser.between(1, most)):
            left = chooser.pick(self.names(chooser.pick(kind)))
            if not any(isinstance(each, Clause) and each.left == left for each in entries):
                entries += self._clauses_about(left)
        if self.conclusions and not negated and chooser.chance(60):
            left = FactRef(chooser.pick(self.conclusions))
            entries.append(Clause(left, "is", Constant(True), "boolean", NOWHERE, 0))
        for operator in ("any_of", "none_of"):
            if depth < 2 and chooser.chance(15):
                entries.insert(
                    chooser.below(len(entries) + 1), self._group(operator, depth, negated)
                )
        return self._kept_together(entries) or self.condition(most, depth, negated)

    def _clauses_about(self, left: Name) -> list[Clause]:
        first = self.clause(left)
        if first is None:
            return []
        kind = self.type_of(left).kind
        names = [name for name in self.names(kind) if name not in (left, first.right)]
        if kind in NUMBERS and first.operator in ORDERS and names and self.chooser.chance(25):
            # Two fixed bounds might cross, and the loader would see that nothing meets both.
            opposite = ("at_most", "below") if first.operator in ORDERS[:2] else ORDERS[:2]
            second = self._written(left, self.chooser.pick(opposite), self.chooser.pick(names))
            return [first, second]
        return [first]

    def _kept_together(self, entries: list[Clause | Group]) -> Condition:
        """Clauses about one name stand under one key, so a group never parts them."""
        seen: dict[Any, list[Clause | Group]] = {}
        for entry in entries:
            key = entry.operator if isinstance(entry, Group) else entry.left
            seen.setdefault(key, []).append(entry)
        return tuple(entry for kept in seen.values() for entry in kept)

    def _group(self, operator: Any, depth: int, negated: bool) -> Group:
        entries: list[Condition] = []
        fewest = 2 if operator == "any_of" else 1
        negated = negated or operator == "none_of"
        for _ in range(self.chooser.between(fewest, 3)):
            entry = self.condition(2, depth + 1, negated)
            if entry not in entries:
                entries.append(entry)
        while len(entries) < fewest:
            entry = self.condition(2, 2, negated)
            if entry not in entries:
                entries.append(entry)
        return Group(operator, tuple(entries), NOWHERE)


def build_outcome(chooser: Chooser, reasons: tuple[str, ...]) -> Outcome:
    verdict: Verdict = chooser.pick(("deny", "allow", "deny", "review", "incomplete"))
    fewest = 0 if verdict == "allow" else 1
    return Outcome(verdict, tuple(chooser.some(reasons, fewest, 2 if chooser.chance(30) else 1)))


def build_cases(author: Author, reasons: tuple[str, ...], most: int) -> tuple[Case, ...]:
    chooser = author.chooser
    cases: list[Case] = []
    for number in range(1, 1 + chooser.between(0, most)):
        condition = author.condition(3)
        # Cases that say the same as their neighbours let unknown ones be settled (5.8).
        outcome = build_outcome(chooser, reasons)
        if cases and chooser.chance(30):
            before = cases[-1].outcome
            # Reasons are a set, whatever the order in which they are written.
            turned = replace(before, reasons=before.reasons[::-1])
            outcome = turned if chooser.chance(50) else before
        if all(condition != case.condition for case in cases):
            cases.append(Case(f"case_{number}", condition, outcome, NOWHERE))
    return tuple(cases)


def build_in_force(chooser: Chooser) -> InForce:
    first = chooser.pick(CHANGES[:2]) if chooser.chance(12) else None
    last = chooser.pick(CHANGES[2:]) if chooser.chance(12) else None
    return InForce(first, last)


def write_steps(author: Author, most: int, fewest: int = 0) -> None:
    for number in range(1, 1 + author.chooser.between(fewest, most)):
        name = f"step_{number}"
        author.steps[name] = Steps(author).write(name)


def finish(rule: Rule, world: World) -> Rule:
    """The rule without what nothing reads, its clauses counted as the loader counts them."""
    rule = say_what_none_means(drop_unread(rule), world)
    return Counter().rule(drop_unread(rule))


def drop_unread(rule: Rule) -> Rule:
    steps = dict(rule.steps)
    while True:
        named = named_in((tuple(steps.values()), rule.when, rule.cases, rule.answers))
        unread = [name for name in steps if StepRef(name) not in named]
        if not unread:
            return replace(rule, steps=steps)
        for name in unread:
            del steps[name]


def say_what_none_means(rule: Rule, world: World) -> Rule:
    """Where a name may be none, some clause says `is: none` or `is_not: none` (5.5).

    A random rule says it for every such name that it reads, in its last case or in `when`, so it
    never falls foul of `rule.none_unsaid`.
    """
    said = {clause.left for clause in _clauses_in(rule) if clause.right == Constant(None)}
    open_names: list[Any] = [
        name
        for name in named_in((tuple(rule.steps.values()), rule.when, rule.cases, rule.answers))
        if (isinstance(name, FactRef) and _may_be_none(name, world))
        or (isinstance(name, StepRef) and rule.steps[name.name].type.may_be_none)
    ]
    unsaid = sorted(set(open_names) - said, key=lambda name: (str(type(name)), name.name))
    if not unsaid:
        return rule
    conditions: list[Condition] = []
    for name in unsaid:
        kind = (
            world.facts[name.name].type.kind
            if isinstance(name, FactRef)
            else rule.steps[name.name].type.kind
        )
        conditions.append((Clause(name, "is", Constant(None), kind, NOWHERE, 0),))
    if not rule.cases:
        return replace(rule, when=_without(rule.when, tuple(conditions)))
    if len(conditions) == 1:
        last = conditions[0]
    else:
        last = (Group("any_of", tuple(conditions[:12]), NOWHERE),)
    case = Case("something_absent", last, rule.otherwise, NOWHERE)
    return replace(rule, cases=(*rule.cases, case))


def _without(when: Condition, conditions: tuple[Condition, ...]) -> Condition:
    """`when`, and none of these; a condition has at most one `none_of`, which has its limit. What
    has no room there is said by a clause of its own."""
    for entry in when:
        if isinstance(entry, Group) and entry.operator == "none_of":
            room = limits.ENTRIES_A_GROUP - len(entry.entries)
            longer = replace(entry, entries=(*entry.entries, *conditions[:room]))
            left = tuple(
                replace(clause, operator="is_not")
                for condition in conditions[room:]
                for clause in condition
                if isinstance(clause, Clause)
            )
            return (*(longer if each is entry else each for each in when), *left)
    return (*when, Group("none_of", conditions, NOWHERE))


def _may_be_none(name: FactRef, world: World) -> bool:
    return name.name in world.facts and world.facts[name.name].type.may_be_none


def _clauses_in(thing: object) -> list[Clause]:
    """Every clause inside, in reading order."""
    if isinstance(thing, Clause):
        return [thing]
    if isinstance(thing, Rule):
        return _clauses_in((tuple(thing.steps.values()), thing.when, thing.cases))
    if isinstance(thing, tuple):
        return [clause for inner in thing for clause in _clauses_in(inner)]
    if isinstance(thing, Step):
        return _clauses_in(thing.formula)
    if isinstance(thing, Case | Holds):
        return _clauses_in(thing.condition)
    return _clauses_in(thing.entries) if isinstance(thing, Group) else []


class Counter:
    """Numbers the clauses of a rule from 0 in reading order: steps, then `when`, then cases."""

    def __init__(self) -> None:
        self.count = 0

    def rule(self, rule: Rule) -> Rule:
        steps = {
            name: replace(step, formula=Holds(self.condition(step.formula.condition)))
            if isinstance(step.formula, Holds)
            else step
            for name, step in rule.steps.items()
        }
        when = self.condition(rule.when)
        cases = tuple(
            replace(case, condition=self.condition(case.condition)) for case in rule.cases
        )
        return replace(rule, steps=steps, when=when, cases=cases, clauses=self.count)

    def condition(self, condition: Condition) -> Condition:
        return tuple(self.entry(entry) for entry in condition)

    def entry(self, entry: Clause | Group) -> Clause | Group:
        if isinstance(entry, Group):
            return replace(entry, entries=tuple(self.condition(each) for each in entry.entries))
        numbered = replace(entry, number=self.count)
        self.count += 1
        return numbered
