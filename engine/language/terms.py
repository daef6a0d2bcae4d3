"""What stands inside a rule: operands, conditions and steps, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.language.values import Kind, Rounding


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written: a path inside the policy folder, line and column from 1."""

    file: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a fact, step, column or answer; `members` for one_of and list.

    is_code: a text that is a word `like_this` and nothing else.
    """

    kind: Kind
    members: tuple[str, ...] = ()
    may_be_none: bool = False
    is_code: bool = False


# --- operands and conditions ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FactRef:
    name: str  # `decision.day` is resolved by the loader to the anchor fact where one is decided


@dataclass(frozen=True, slots=True)
class StepRef:
    name: str


@dataclass(frozen=True, slots=True)
class ParamRef:
    name: str


@dataclass(frozen=True, slots=True)
class DayRef:
    """`decision.day`: the fact that anchors the decision asked, or a standing rule's day."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A word, `true`, `false`, `none` or `zero`."""

    value: str | bool | int | None


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words written in the rule."""

    words: tuple[str, ...]


Operand: TypeAlias = FactRef | StepRef | ParamRef | DayRef | Constant | Words
Name: TypeAlias = FactRef | StepRef | DayRef

OperatorName: TypeAlias = Literal[
    "is", "is_not", "in", "not_in", "above", "at_least", "at_most", "below", "before",
    "on_or_before", "on_or_after", "after", "during", "outside", "includes", "lacks",
    "includes_any", "includes_none",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """`left: { operator: right }`; `is: none` is the operator `is` with Constant(None).

    `number` counts the clauses of a rule from 0 in reading order: steps, then `when`, then cases.
    """

    left: Name
    operator: OperatorName
    right: Operand
    kind: Kind  # the type of the left side
    place: Place
    number: int


@dataclass(frozen=True, slots=True)
class Group:
    """One of these (`any_of`) or none of these (`none_of`); an entry is a conjunction."""

    operator: Literal["any_of", "none_of"]
    entries: tuple["Condition", ...]
    place: Place


Condition: TypeAlias = tuple[Clause | Group, ...]  # all of these; () is met


# --- steps ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Add:
    terms: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Subtract:
    minuend: Operand
    subtrahend: Operand


@dataclass(frozen=True, slots=True)
class Distance:
    one: Operand
    other: Operand


@dataclass(frozen=True, slots=True)
class Pick:
    """`least` or `greatest` of these."""

    which: Literal["least", "greatest"]
    terms: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Share:
    share: Operand
    of: Operand
    rounding: Rounding


@dataclass(frozen=True, slots=True)
class DaysBetween:
    """`days_from: d, to: e`: negative when e is earlier."""

    start: Operand
    end: Operand


@dataclass(frozen=True, slots=True)
class ShiftDay:
    """`days` or `years` n `after` or `before` a day."""

    unit: Literal["days", "years"]
    amount: Operand
    direction: Literal["after", "before"]
    day: Operand


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A yearly day inside fiscal year y, or (`before_year`) the last one before y begins."""

    day: ParamRef
    year: Operand
    before_year: bool


@dataclass(frozen=True, slots=True)
class Choose:
    """`choose_by`: the branch of the member or boolean; `otherwise` where no branch names it."""

    by: Operand
    branches: Mapping[str | bool, Operand]
    otherwise: Operand | None


@dataclass(frozen=True, slots=True)
class Holds:
    condition: Condition


@dataclass(frozen=True, slots=True)
class LookUp:
    table: ParamRef
    by: Operand
    column: str


Formula: TypeAlias = (
    Add | Subtract | Distance | Pick | Share | DaysBetween | ShiftDay | CalendarDay | Choose
    | Holds | LookUp
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A named calculation; bounds are applied after the formula, lower then upper."""

    name: str
    formula: Formula
    type: Type  # may_be_none where an input may be none
    place: Place
    not_below: Operand | None = None
    not_above: Operand | None = None
