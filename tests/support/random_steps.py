"""Random steps: every row of the step table, over what the rule has written so far."""

from typing import TYPE_CHECKING, Any

from support.random_world import NOWHERE

from engine.language.model import (
    Add,
    CalendarDay,
    Choose,
    Constant,
    DaysBetween,
    Distance,
    FactRef,
    Formula,
    Holds,
    LookUp,
    Operand,
    ParamRef,
    Pick,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
    Type,
)
from engine.language.values import NUMBERS, ROUNDINGS, Kind

if TYPE_CHECKING:
    from support.random_rules import Author

COUNTED: tuple[Kind, ...] = ("money", "integer", "days", "share", "years")
CHOSEN: tuple[Kind, ...] = ("money", "date", "boolean", "one_of", "integer", "days", "share")
FORMS = (
    "add", "subtract", "distance", "pick", "share", "days_between", "days", "years", "calendar",
    "choose", "holds", "look_up", "choose", "look_up", "holds", "share", "calendar",
    "years", "share",
)  # fmt: skip


class Steps:
    """Writes one step of a rule by its author's means."""

    def __init__(self, author: "Author") -> None:
        self.author = author
        self.chooser = author.chooser

    def write(self, name: str) -> Step:
        formula, type_ = getattr(self, f"_{self.chooser.pick(FORMS)}")()
        not_below = not_above = None
        if type_.kind in NUMBERS:
            not_below = self._bound(type_.kind)
            not_above = self._bound(type_.kind)
        return Step(name, formula, type_, NOWHERE, not_below, not_above)

    def _bound(self, kind: Kind) -> Operand | None:
        if not self.chooser.chance(20):
            return None
        return Constant(0) if self.chooser.chance(30) else self.author.operand(kind)

    def _may_be_none(self, *operands: Operand) -> bool:
        return any(
            self.author.type_of(each).may_be_none
            for each in operands
            if isinstance(each, FactRef | StepRef)
        )

    def _operands(self, kind: Kind, low: int, high: int) -> tuple[Operand, ...]:
        """At least one of them is a name, so that there is something to work out."""
        names = self.author.names(kind)
        first = [self.chooser.pick(names)] if names else [self.author.operand(kind)]
        rest = [self.author.operand(kind) for _ in range(self.chooser.between(low, high) - 1)]
        both: list[Operand] = [*first, *rest]
        at = self.chooser.below(len(both))
        return tuple(both[at:] + both[:at])

    def _numeric(self, formula: Any, operands: tuple[Operand, ...], kind: Kind) -> Any:
        return formula, Type(kind, (), self._may_be_none(*operands))

    def _add(self) -> tuple[Formula, Type]:
        kind = self.chooser.pick(COUNTED)
        terms = self._operands(kind, 2, 3)
        return self._numeric(Add(terms), terms, kind)

    def _pick(self) -> tuple[Formula, Type]:
        kind = self.chooser.pick(COUNTED)
        terms = self._operands(kind, 2, 3)
        return self._numeric(Pick(self.chooser.pick(("least", "greatest")), terms), terms, kind)

    def _subtract(self) -> tuple[Formula, Type]:
        kind = self.chooser.pick(COUNTED)
        terms = self._operands(kind, 2, 2)
        return self._numeric(Subtract(*terms), terms, kind)

    def _distance(self) -> tuple[Formula, Type]:
        kind = self.chooser.pick(COUNTED)
        terms = self._operands(kind, 2, 2)
        return self._numeric(Distance(*terms), terms, kind)

    def _share(self) -> tuple[Formula, Type]:
        share, of = self.author.operand("share"), self._operands("money", 1, 1)[0]
        rounding = self.chooser.pick(ROUNDINGS)
        return self._numeric(Share(share, of, rounding), (share, of), "money")

    def _days_between(self) -> tuple[Formula, Type]:
        pair = self._operands("date", 2, 2)
        return self._numeric(DaysBetween(*pair), pair, "days")

    def _days(self) -> tuple[Formula, Type]:
        return self._shift("days")

    def _years(self) -> tuple[Formula, Type]:
        return self._shift("years")

    def _shift(self, unit: Any) -> tuple[Formula, Type]:
        amount, day = self.author.operand(unit), self.author.operand("date")
        formula = ShiftDay(unit, amount, self.chooser.pick(("after", "before")), day)
        return formula, Type("date", (), self._may_be_none(amount, day))

    def _calendar(self) -> tuple[Formula, Type]:
        day = self.chooser.pick(self.author.world.parameters_of("day_of_year"))
        year = self._operands("integer", 1, 1)[0]
        formula = CalendarDay(ParamRef(day.name), year, self.chooser.chance(50))
        return formula, Type("date", (), self._may_be_none(year))

    def _holds(self) -> tuple[Formula, Type]:
        return Holds(self.author.condition(3)), Type("boolean")

    def _look_up(self) -> tuple[Formula, Type]:
        table = self.chooser.pick(self.author.world.parameters_of("table"))
        column = self.chooser.pick(list(table.columns))
        by = self._row(FactRef(str(table.rows_by)))
        type_ = table.columns[column]
        may_be_none = type_.may_be_none or self._may_be_none(by)
        return LookUp(ParamRef(table.name), by, column), Type(type_.kind, (), may_be_none)

    def _row(self, rows_by: FactRef) -> Operand:
        """What picks a row: mostly the fact that the rows go by, else another name or a word."""
        if self.chooser.chance(60):
            return rows_by
        type_ = self.author.type_of(rows_by)
        if type_.kind in NUMBERS:
            return self.author.operand(type_.kind)
        return Constant(self.chooser.pick(type_.members)) if type_.members else rows_by

    def _choose(self) -> tuple[Formula, Type]:
        by = self.chooser.pick(self.author.names("one_of", "boolean"))
        kind = self.chooser.pick(CHOSEN)
        type_ = self.author.type_of(by)
        keys: list[Any] = [True, False] if type_.kind == "boolean" else list(type_.members)
        if self.chooser.chance(40):
            keys = self.chooser.some(keys, 1, len(keys) - 1)
            otherwise = self._branch(kind)
        else:
            otherwise = None
        branches = {key: self._branch(kind) for key in keys}
        operands = [*branches.values(), *([otherwise] if otherwise is not None else [])]
        if kind in ("boolean", "date", "one_of") and not self._has_name(operands):
            # All words and no name would be a constant table; one branch names something.
            branches[keys[0]] = operands[0] = self.chooser.pick(self.author.names(kind))
        members = self._members(operands) if kind == "one_of" else ()
        may_be_none = self._may_be_none(by, *operands)
        return Choose(by, branches, otherwise), Type(kind, members, may_be_none)

    def _branch(self, kind: Kind) -> Operand:
        if kind == "boolean" and self.chooser.chance(40):
            return Constant(self.chooser.chance(50))
        return self.author.operand(kind)

    def _has_name(self, operands: list[Operand]) -> bool:
        return any(isinstance(each, FactRef | StepRef) for each in operands)

    def _members(self, operands: list[Operand]) -> tuple[str, ...]:
        """The members of all branches together, in the order in which they come up."""
        found: dict[str, None] = {}
        for operand in operands:
            found.update(dict.fromkeys(self.author.type_of(operand).members))
        return tuple(found)
