"""Carries what a clause wants back through the steps, to the values of one fact that would do.

The fact is a number or a day, and all other facts stay as they are. What is found is exact: each
step is undone, shares, years and calendar days by bisection since they never turn back.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from engine.decide.answer import MET, UNMET
from engine.decide.arithmetic import fiscal_day, shift_day
from engine.decide.remedy_reach import Reach
from engine.decide.remedy_spans import (
    EVERY,
    FAR,
    NOTHING,
    Spans,
    holds,
    join,
    meet,
    mirror,
    shift,
    undo_falling,
    undo_greatest,
    undo_least,
    undo_rising,
)
from engine.decide.remedy_wanted import (
    NotCarried,
    Wanted,
    number_of,
    wanted_left,
    wanted_right,
)
from engine.decide.sheet import Sheet, branch_of
from engine.language import limits
from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    Clause,
    Condition,
    DayRef,
    DaysBetween,
    Distance,
    FactRef,
    Formula,
    Group,
    Holds,
    LookUp,
    Operand,
    Pick,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
)
from engine.language.operands import bounds_of, inputs_of
from engine.language.values import UNKNOWN, share_of

_MONEY: Final = 100 * limits.MONEY_CENTS
"""Sums of money stay within this."""
_DAYS: Final = (date(1700, 1, 1).toordinal(), date(2400, 1, 1).toordinal())
"""Days that a step may reach from a day within the limits, by as many years as may be added."""


class Carrier:
    """Everything that one fact would have to be, by one rule's sheet."""

    def __init__(self, sheet: Sheet, reach: Reach, fact: str) -> None:
        self.sheet = sheet
        self.reach = reach
        self.fact = fact

    def _moves(self, operand: Operand) -> bool:
        return self.fact in self.reach.operand(operand)

    # conditions

    def condition(self, condition: Condition, is_met: bool) -> Spans:
        """The values with which all of these are met, or one is unmet."""
        parts = [self._entry(entry, is_met) for entry in condition]
        return _all(parts) if is_met else join(*parts)

    def _entry(self, entry: Clause | Group, is_met: bool) -> Spans:
        if isinstance(entry, Clause):
            return self.clause(entry, is_met)
        one_of_these = is_met == (entry.operator == "any_of")
        parts = [self.condition(inner, one_of_these) for inner in entry.entries]
        return join(*parts) if one_of_these else _all(parts)

    def clause(self, clause: Clause, is_met: bool) -> Spans:
        """The values with which the clause is met, or unmet."""
        on_left, on_right = self._moves(clause.left), self._moves(clause.right)
        if on_left and on_right:
            raise NotCarried
        if on_left:
            wanted = wanted_left(clause, self.sheet.value(clause.right), is_met)
            return self.operand(clause.left, wanted)
        if on_right:
            wanted = wanted_right(clause, self.sheet.value(clause.left), is_met)
            return self.operand(clause.right, wanted)
        return EVERY if self.sheet.clause(clause) == (MET if is_met else UNMET) else NOTHING

    # operands and steps

    def operand(self, operand: Operand, wanted: Wanted) -> Spans:
        """The values with which the operand comes to what is wanted."""
        if not self._moves(operand):
            return EVERY if wanted.takes(self.sheet.value(operand)) else NOTHING
        if isinstance(operand, FactRef | DayRef):
            return wanted.numbers
        if isinstance(operand, StepRef):
            return self._step(self.sheet.rule.steps[operand.name], wanted)
        raise NotCarried

    def _step(self, step: Step, wanted: Wanted) -> Spans:
        bounds = [bound for bound in bounds_of(step) if self._moves(bound)]
        moves = self.fact in self.reach.formula(step.formula)
        if moves + len(bounds) > 1:
            raise NotCarried
        if not moves:
            return self._bound(step, wanted)
        for bound, undo in ((step.not_above, undo_least), (step.not_below, undo_greatest)):
            wanted = self._unbounded(bound, wanted, undo)
        return self._formula(step.formula, wanted)

    def _unbounded(
        self, bound: Operand | None, wanted: Wanted, undo: Callable[[Spans, int], Spans]
    ) -> Wanted:
        """What is wanted before the bound was applied; a bound that is none does not bind."""
        value = None if bound is None else self.sheet.value(bound)
        if value is UNKNOWN:
            return Wanted(NOTHING)
        if value is None:
            return wanted
        return Wanted(undo(wanted.numbers, number_of(value)), wanted.absent)

    def _bound(self, step: Step, wanted: Wanted) -> Spans:
        """The fact moves a bound, and the formula's result stays."""
        result = self.sheet.formula(step)
        if result is UNKNOWN:
            return NOTHING
        if result is None:
            return EVERY if wanted.absent else NOTHING
        number = number_of(result)
        if step.not_below is not None and self._moves(step.not_below):
            wanted = self._unbounded(step.not_above, wanted, undo_least)
            numbers = undo_greatest(wanted.numbers, number)
            return self.operand(step.not_below, Wanted(numbers, holds(wanted.numbers, number)))
        if step.not_above is None:
            raise NotCarried
        lower = None if step.not_below is None else self.sheet.value(step.not_below)
        number = number if lower is None else max(number, number_of(lower))
        numbers = undo_least(wanted.numbers, number)
        return self.operand(step.not_above, Wanted(numbers, holds(wanted.numbers, number)))

    # formulas

    def _formula(self, formula: Formula, wanted: Wanted) -> Spans:
        match formula:
            case Holds(condition):
                met = self.condition(condition, True) if holds(wanted.numbers, 1) else NOTHING
                unmet = self.condition(condition, False) if holds(wanted.numbers, 0) else NOTHING
                return join(met, unmet)
            case Choose():
                return self._choice(formula, wanted)
            case LookUp(_, by, _):
                return self.operand(by, self._rows(formula, wanted))
        return self._calculation(formula, wanted)

    def _calculation(self, formula: Formula, wanted: Wanted) -> Spans:
        inputs = inputs_of(formula)
        moving = [index for index, each in enumerate(inputs) if self._moves(each)]
        if len(moving) > 1:
            raise NotCarried
        index = moving[0]
        others = [self.sheet.value(each) for at, each in enumerate(inputs) if at != index]
        if UNKNOWN in others:
            return NOTHING
        if None in others:
            return EVERY if wanted.absent else NOTHING
        numbers = self._undo(formula, index, others, wanted.numbers)
        return self.operand(inputs[index], Wanted(numbers, wanted.absent))

    def _choice(self, formula: Choose, wanted: Wanted) -> Spans:
        if not self._moves(formula.by):
            chosen = self.sheet.value(formula.by)
            if chosen is UNKNOWN:
                return NOTHING
            if chosen is None:
                return EVERY if wanted.absent else NOTHING
            return self._branch(formula, chosen, wanted)
        found = [self.operand(formula.by, Wanted(NOTHING, True))] if wanted.absent else []
        for key in self._truths(formula.by):
            chosen_with = self.operand(formula.by, Wanted(((int(key), int(key)),)))
            found.append(meet(chosen_with, self._branch(formula, key, wanted)))
        return join(*found)

    def _branch(self, formula: Choose, chosen: str | bool, wanted: Wanted) -> Spans:
        branch = branch_of(formula, chosen)
        return NOTHING if branch is None else self.operand(branch, wanted)

    def _truths(self, by: Operand) -> tuple[bool, bool]:
        """Both truths, where a number decides by way of a step that is true or false."""
        if not isinstance(by, StepRef) or self.sheet.rule.steps[by.name].type.kind != "boolean":
            raise NotCarried
        return (True, False)

    def _rows(self, formula: LookUp, wanted: Wanted) -> Wanted:
        """What the table is entered with: the rows whose cell would do."""
        table = self.sheet.table(formula.table)
        if table.by_key is not None:
            keys = [
                (int(key), int(key))
                for key in self._truths(formula.by)
                if wanted.takes(table.by_key[key][formula.column])
            ]
            return Wanted(join(keys), wanted.absent)
        found, low = [], -FAR
        for row in table.by_range:
            high = FAR if row.up_to is None else row.up_to
            if wanted.takes(row.cells[formula.column]):
                found.append((low, high))
            low = high + 1
        return Wanted(join(found), wanted.absent)

    def _undo(self, formula: Formula, index: int, others: list[Any], wanted: Spans) -> Spans:
        """The numbers of the one moving input, the others standing beside it."""
        match formula:
            case Add():
                return shift(wanted, -sum(others))
            case Subtract():
                other = number_of(others[0])
                return mirror(wanted, other) if index else shift(wanted, other)
            case Distance():
                sizes = meet(wanted, ((0, FAR),))
                other = number_of(others[0])
                return join(shift(sizes, other), mirror(sizes, other))
            case DaysBetween():
                other = number_of(others[0])
                return shift(wanted, other) if index else mirror(wanted, other)
            case Pick(which, _):
                pick, undo = (min, undo_least) if which == "least" else (max, undo_greatest)
                return undo(wanted, pick(map(number_of, others)))
        return self._undo_bending(formula, index, others[0], wanted)

    def _undo_bending(self, formula: Formula, index: int, other: Any, wanted: Spans) -> Spans:
        match formula:
            case Share(_, _, rounding) if index:
                undo = undo_rising if other >= 0 else undo_falling
                return undo(lambda of: share_of(other, of, rounding), wanted, -_MONEY, _MONEY)
            case Share(_, _, rounding):
                undo = undo_rising if other >= 0 else undo_falling
                most = 100 * limits.SHARE_POINTS
                return undo(lambda share: share_of(share, other, rounding), wanted, -most, most)
            case ShiftDay():
                return _undo_days(formula, index, other, wanted)
            case CalendarDay(_, _, before_year):
                fiscal = self.sheet.binding.fiscal_year
                return undo_rising(
                    lambda year: fiscal_day(fiscal, other, year, before_year).toordinal(),
                    wanted, 1000, 5000,
                )  # fmt: skip
        raise NotCarried


def _undo_days(formula: ShiftDay, index: int, other: Any, wanted: Spans) -> Spans:
    is_after = formula.direction == "after"
    if index and formula.unit == "days":
        return shift(wanted, -other if is_after else other)
    if index:

        def moved(day: int) -> int:
            shifted = shift_day(date.fromordinal(day), other, "years", formula.direction)
            return shifted.toordinal()

        return undo_rising(moved, wanted, *_DAYS)
    if formula.unit == "days":
        day = number_of(other)
        return shift(wanted, -day) if is_after else mirror(wanted, day)
    undo = undo_rising if is_after else undo_falling
    return undo(
        lambda years: shift_day(other, years, "years", formula.direction).toordinal(),
        wanted, -limits.YEARS, limits.YEARS,
    )  # fmt: skip


def _all(parts: list[Spans]) -> Spans:
    found = EVERY
    for part in parts:
        found = meet(found, part)
    return found
