"""The single changes of which any remedy for one rule must hold at least one.

Where all of several things must come out otherwise, the one with the fewest ways is followed: a
remedy has to take one of them in any case. Where one of several is enough, all ways are offered.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from engine.decide.answer import MET, UNKNOWN_CLAUSE, UNMET, EngineFault
from engine.decide.remedy_carrying import Carrier
from engine.decide.remedy_changes import Changeable
from engine.decide.remedy_reach import Reach
from engine.decide.remedy_wanted import NotCarried, number_of
from engine.decide.sheet import Sheet
from engine.language.model import (
    Choose,
    Clause,
    Condition,
    Constant,
    Group,
    Holds,
    Operand,
    Step,
    StepRef,
    Verdict,
)
from engine.language.values import Value

Move: TypeAlias = tuple[str, Value]
Moves: TypeAlias = tuple[Move, ...] | None
"""None: nothing has to change. (): nothing that may be changed would do."""

_RANGE_ERRORS = (EngineFault, ValueError, OverflowError, LookupError)
"""What a proposal raises that would leave the calendar or a table: it is no remedy."""


def either(ways: Iterable[Moves]) -> Moves:
    """One of these is enough."""
    found: dict[Move, None] = {}
    for moves in ways:
        if moves is None:
            return None
        found.update(dict.fromkeys(moves))
    return tuple(found)


def all_of(needs: Iterable[Moves]) -> Moves:
    """All of these are needed: the one with the fewest moves."""
    fewest: Moves = None
    for moves in needs:
        if moves is not None and (fewest is None or len(moves) < len(fewest)):
            fewest = moves
        if fewest == ():
            break
    return fewest


class RuleMoves:
    """One rule on one set of facts. accepted: the verdicts that count as passing."""

    def __init__(
        self, sheet: Sheet, reach: Reach, changeable: Changeable, accepted: frozenset[Verdict]
    ) -> None:
        self.sheet = sheet
        self.rule = sheet.rule
        self.reach = reach
        self.changeable = changeable
        self.accepted = accepted

    def moves(self) -> Moves:
        """Ways to silence the rule, or to bring it to a case that passes."""
        silent = self.condition(self.rule.when, False)
        targets = [
            number for number, case in enumerate(self.rule.cases)
            if case.outcome.verdict in self.accepted
        ]  # fmt: skip
        if self.rule.otherwise.verdict in self.accepted:
            targets.append(len(self.rule.cases))
        return either([silent, *(self._way_to(target) for target in targets)])

    def _way_to(self, target: int) -> Moves:
        """`when` met, no case before in the way, and the target itself met if it is a case."""
        cases = self.rule.cases
        needs = [self.condition(self.rule.when, True)]
        needs += [
            self.condition(case.condition, False)
            for case in cases[:target]
            if case.outcome.verdict not in self.accepted
        ]
        needs += [self.condition(case.condition, True) for case in cases[target : target + 1]]
        return all_of(needs)

    # conditions

    def condition(self, condition: Condition, is_met: bool) -> Moves:
        """Ways to have all of these met, or one of them unmet."""
        try:
            if _is_so(self.sheet.condition(condition), is_met):
                return None
        except EngineFault:
            return ()
        parts = (self._entry(entry, is_met) for entry in condition)
        return all_of(parts) if is_met else either(parts)

    def _entry(self, entry: Clause | Group, is_met: bool) -> Moves:
        if isinstance(entry, Clause):
            return self.clause(entry, is_met)
        one_of_these = is_met == (entry.operator == "any_of")
        parts = (self.condition(inner, one_of_these) for inner in entry.entries)
        return either(parts) if one_of_these else all_of(parts)

    def clause(self, clause: Clause, is_met: bool) -> Moves:
        """Ways to have one clause met or unmet."""
        if _is_so(self.sheet.clause(clause), is_met):
            return None
        held = self._held(clause)
        if held is not None:
            condition, when_true = held
            return self.condition(condition, is_met == when_true)
        names = self.changeable.among(self.reach.clause(clause))
        found = [(name, value) for name in names for value in self._solve(clause, is_met, name)]
        return either([tuple(found), *self._by_choice(clause, is_met)])

    def _held(self, clause: Clause) -> tuple[Condition, bool] | None:
        """The condition of a `holds` step, where the clause asks whether it is true or false."""
        if not isinstance(clause.left, StepRef) or not isinstance(clause.right, Constant):
            return None
        formula = self.rule.steps[clause.left.name].formula
        if not isinstance(formula, Holds) or not isinstance(clause.right.value, bool):
            return None
        return formula.condition, clause.right.value == (clause.operator == "is")

    def _by_choice(self, clause: Clause, is_met: bool) -> list[Moves]:
        """Ways to take another branch of a choice that hangs on a `holds` step."""
        found = []
        for side in (clause.left, clause.right):
            step = self._step(side)
            formula = None if step is None else step.formula
            by = self._step(formula.by) if isinstance(formula, Choose) else None
            if step is None or by is None or not isinstance(by.formula, Holds):
                continue
            for truth in (True, False):
                if self._would_do(clause, is_met, {}, {by.name: truth}):
                    found.append(self.condition(by.formula.condition, truth))
        return [moves for moves in found if moves is not None]

    def _step(self, operand: Operand) -> Step | None:
        return self.rule.steps[operand.name] if isinstance(operand, StepRef) else None

    # one clause and one fact

    def _solve(self, clause: Clause, is_met: bool, name: str) -> list[Value]:
        """The values of one fact that turn the clause; nearest alone where it is counted."""
        now = self.sheet.facts[name]
        if not self.changeable.is_counted(name):
            return [
                value
                for value in self.changeable.others(name, now)
                if self._would_do(clause, is_met, {name: value})
            ]
        carrier = Carrier(self.sheet, self.reach, name)
        try:
            return self.changeable.nearest(name, carrier.clause(clause, is_met), now)
        except NotCarried:
            return self._sought(clause, is_met, name)
        except _RANGE_ERRORS:
            return []

    def _sought(self, clause: Clause, is_met: bool, name: str) -> list[Value]:
        try:
            return self._seek(clause, is_met, name)
        except (NotCarried, *_RANGE_ERRORS):
            return []

    def _seek(self, clause: Clause, is_met: bool, name: str) -> list[Value]:
        """Ever longer strides until the clause turns, then halves back to where it turned.

        For a fact that one calculation reads twice. A clause that only one value turns is met
        where its sides cross.
        """
        changeable = self.changeable
        allowed = changeable.range_of(name)
        sign = 1 if allowed.upward else -1

        def seek_from(start: int) -> Value:
            def value_at(stride: int) -> Value:
                return changeable.value(name, start + sign * stride)

            def turns(stride: int) -> bool:
                return self._would_do(clause, is_met, {name: value_at(stride)})

            def crosses(stride: int) -> bool:
                ahead = self._is_ahead(clause, {name: value_at(stride)})
                return ahead is None or ahead != self._is_ahead(clause, {name: value_at(0)})

            most = allowed.high - start if allowed.upward else start - allowed.low
            reached = (_first_turn(test, most) for test in (turns, crosses))
            return next((value_at(at) for at in reached if at is not None and turns(at)), None)

        found = map(seek_from, changeable.starts(name, self.sheet.facts[name]))
        return [value for value in found if value is not None]

    def _is_ahead(self, clause: Clause, changes: dict[str, Value]) -> bool | None:
        """Whether the left side is the larger one; None where the two are the same."""
        sheet = Sheet(self.rule, self.sheet.binding, {**self.sheet.facts, **changes})
        left, right = (number_of(sheet.value(side)) for side in (clause.left, clause.right))
        return None if left == right else left > right

    def _would_do(
        self,
        clause: Clause,
        is_met: bool,
        changes: dict[str, Value],
        steps: dict[str, bool] | None = None,
    ) -> bool:
        """Whether the clause turns with these facts, or with these steps as given."""
        sheet = Sheet(self.rule, self.sheet.binding, {**self.sheet.facts, **changes})
        sheet.steps.update(steps or {})
        try:
            return _is_so(sheet.clause(clause), is_met)
        except EngineFault:
            return False


def _is_so(outcome: int, is_met: bool) -> bool:
    return outcome != UNKNOWN_CLAUSE and outcome == (MET if is_met else UNMET)


def _first_turn(turns: Callable[[int], bool], most: int) -> int | None:
    """The nearest stride from 0 to `most` that turns, where nothing turns back before it."""
    failed, stride = -1, 0
    while stride > most or not turns(stride):
        if stride >= most:
            return None
        failed, stride = stride, min(max(1, 2 * stride), most)
    while stride - failed > 1:
        middle = (failed + stride) // 2
        if turns(middle):
            stride = middle
        else:
            failed = middle
    return stride
