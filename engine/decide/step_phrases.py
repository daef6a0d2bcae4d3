"""Steps in words: the formula with its inputs, what binds, the row, the rounding, the result."""

from dataclasses import dataclass

from engine.decide.judgement import read_by
from engine.decide.phrases import Phrases
from engine.decide.sheet import branch_of
from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    DaysBetween,
    Distance,
    Holds,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    RangeRow,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
)
from engine.language.values import UNKNOWN, Kind, format_value

KINDS = {
    Add: "add", Subtract: "subtract", Distance: "distance", Share: "share",
    DaysBetween: "days_from", CalendarDay: "day", Choose: "choose_by", Holds: "holds",
    LookUp: "look_up",
}  # fmt: skip


def kind_of_step(step: Step) -> str:
    """The key under which the step is written."""
    match step.formula:
        case Pick(which, _):
            return which
        case ShiftDay(unit, _, _, _):
            return unit
    return KINDS[type(step.formula)]


@dataclass(frozen=True, slots=True)
class StepPhrases:
    """One step that was read, or was not. `with_values`: whether values may be written out."""

    phrases: Phrases
    step: Step
    with_values: bool = True

    @property
    def was_read(self) -> bool:
        return self.step.name in self.phrases.sheet.steps

    def told(self) -> str:
        """The whole line: `unspent $60.00: account.balance $80.00 less account.held $20.00`."""
        if not self.was_read:
            return f"{self.step.name} is not worked out"
        value = f" {self.value()}" if self.with_values else ""
        return f"{self.step.name}{value}: {self._formula()}{self._bounds()}"

    def value(self) -> str:
        """The result in its type's form."""
        return self.phrases.value(StepRef(self.step.name), self.step.type.kind)

    def inputs(self) -> tuple[Operand, ...]:
        """What the step read, the table that it looked into first; nothing where it was not read,
        since asking for a value would work out what the decision never did."""
        if not self.was_read:
            return ()
        table = (self.step.formula.table,) if isinstance(self.step.formula, LookUp) else ()
        return (*table, *read_by(self.phrases.sheet, self.step))

    # the formula

    def _named(self, operand: Operand, kind: Kind | None = None) -> str:
        return self.phrases.named(operand, kind or self.step.type.kind, with_value=self.with_values)

    def _formula(self) -> str:  # noqa: PLR0911 - one a formula
        match self.step.formula:
            case Add(terms):
                return " + ".join(map(self._named, terms))
            case Subtract(one, other):
                return f"{self._named(one)} less {self._named(other)}"
            case Distance(one, other):
                return f"difference of {self._named(one)} and {self._named(other)}"
            case Pick(which, terms):
                return f"{which} of {', '.join(map(self._named, terms))}{self._binding_term()}"
            case DaysBetween(start, end):
                return f"days from {self._named(start, 'date')} to {self._named(end, 'date')}"
            case Holds():
                return self._held()
        return self._rare()

    def _rare(self) -> str:
        match self.step.formula:
            case Share(share, of, rounding):
                rounded = rounding.replace("_", " ")
                return f"{self._named(share, 'share')} of {self._named(of)}, rounded {rounded}"
            case ShiftDay(unit, amount, direction, day):
                return f"{self._named(amount, unit)} {unit} {direction} {self._named(day, 'date')}"
            case CalendarDay(day, year, before_year):
                named = self._named(year, "integer")
                when = f"before fiscal year {named} begins" if before_year else (
                    f"in fiscal year {named}"
                )  # fmt: skip
                return f"{self._named(day)} {when}"
            case Choose(by, _, _):
                branch = self.chosen()
                chosen = f", so {self._named(branch)}" if branch is not None else ""
                return f"by {self._named(by, 'one_of')}{chosen if self.with_values else ''}"
            case LookUp(table, by, column):
                row = self.row()
                found = f", row {row}" if row and self.with_values else ""
                return f"{column} of ${table.name} by {self._named(by, 'one_of')}{found}"
        raise AssertionError(self.step)

    def _held(self) -> str:
        held = self.phrases.sheet.steps[self.step.name]
        if not self.with_values:
            return "whether its conditions hold"
        if held is UNKNOWN:
            return "nobody knows whether its conditions hold"
        return "its conditions hold" if held else "its conditions do not hold"

    # what binds

    def binding(self) -> str | None:
        """What settled the result: `not_below`, `not_above`, or a term's name; None for nothing."""
        sheet, step = self.phrases.sheet, self.step
        result = sheet.steps.get(step.name, UNKNOWN)
        if result is UNKNOWN or result is None:
            return None
        unbounded = sheet.formula(step)
        if result != unbounded:
            # Both bounds may have moved it; the one that it ended on binds.
            above = step.not_above is not None and sheet.value(step.not_above) == result
            return "not_above" if above else "not_below"
        if isinstance(step.formula, Pick):
            terms = step.formula.terms
            return next(self.phrases.name(term) for term in terms if sheet.value(term) == result)
        return None

    def _binding_term(self) -> str:
        term = self.binding() if self.with_values else None
        return f"; {term} binds" if term and not term.startswith("not_") else ""

    def _bounds(self) -> str:
        binding = self.binding() if self.with_values else None
        said = ""
        for key, bound in (("not_below", self.step.not_below), ("not_above", self.step.not_above)):
            if bound is not None:
                note = ", which binds" if binding == key else ""
                said += f", {key.replace('_', ' ')} {self._named(bound)}{note}"
        return said

    # the chosen branch and row

    def chosen(self) -> Operand | None:
        """The branch of a choice that was read."""
        if not isinstance(self.step.formula, Choose) or not self.was_read:
            return None
        by = self.phrases.sheet.value(self.step.formula.by)
        if by is UNKNOWN or by is None:
            return None
        return branch_of(self.step.formula, by)

    def row(self) -> str | None:
        """The row in which a look-up fell: `premium`, `up to 3`, `above 7`."""
        if not isinstance(self.step.formula, LookUp) or not self.was_read:
            return None
        formula, sheet = self.step.formula, self.phrases.sheet
        by = sheet.value(formula.by)
        if by is UNKNOWN or by is None:
            return None
        kind = self.phrases.kind(formula.by, "one_of")
        table = sheet.table(formula.table)
        if table.by_key is not None:
            return self.phrases.value(formula.by, "one_of")
        return _range_row(kind, by, table.by_range)

    def rounding(self) -> str | None:
        """How a share is rounded."""
        return self.step.formula.rounding if isinstance(self.step.formula, Share) else None

    def parameters(self) -> list[str]:
        """The parameters that the step itself read."""
        return [each.name for each in self.inputs() if isinstance(each, ParamRef)]


def _range_row(kind: Kind, by: int, rows: tuple[RangeRow, ...]) -> str:
    bounds = [row.up_to for row in rows if row.up_to is not None]
    for bound in bounds:
        if by <= bound:
            return f"up to {format_value(kind, bound)}"
    return f"above {format_value(kind, bounds[-1])}" if bounds else "for all"
