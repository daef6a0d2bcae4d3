"""The closed tables of the language as data: operators, groups and steps (language.md, 3 and 4).

The loader checks rules against these tables, the schema lists them, and every reading of a release
looks up in them what an operator means when it is negated or meets `none`.

Trace phrases are templates for `str.format` with these fields:

  left    the name on the left as written, `school.type`
  value   its value as people read it
  right   the right side as people read it: `30`, `home_school`, `$tutoring.subjects (7, ...)`
  found   for `includes_any`: the members that were found, `quote`
  count   for `includes_any`: how many members were asked about

`str.format` ignores the fields that a template does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.language.model import Constant, Operand, OperatorName
from engine.language.values import NUMBERS, Kind

RightSide: TypeAlias = Literal["equal", "words", "number", "date", "period", "member", "members"]
"""What stands on the right.

equal: a member, word, boolean, number or name of the left side's type, or `none`.
words: words or a `$list`. number: a number of the same unit, or `zero`. date: a name of a day.
period: a `$period`. member: a member or a one_of name. members: words or a `$list`.
"""


@dataclass(frozen=True, slots=True)
class Operator:
    """`left: { name: right }`.

    left: the types that fit. met, unmet: the trace templates. negation: the operator that is met
    where this one is unmet, while neither side is none. met_by_none: whether it is met where a side
    is none, which equals nothing, lies in nothing and holds nothing (`is: none` and
    `is_not: none` are told by `is_absence`).
    """

    name: OperatorName
    left: frozenset[Kind]
    right: RightSide
    met: str
    unmet: str
    negation: OperatorName
    met_by_none: bool = False


_EQUATABLE: Final[frozenset[Kind]] = frozenset(
    {"money", "integer", "days", "years", "share", "boolean", "date", "text", "one_of"}
)
_WORDED: Final[frozenset[Kind]] = frozenset({"one_of", "text", "integer"})
_ORDERED: Final[frozenset[Kind]] = frozenset({"money", "integer", "days", "share"})
_DATE: Final[frozenset[Kind]] = frozenset({"date"})
_LIST: Final[frozenset[Kind]] = frozenset({"list"})

_SAME, _OTHER = "{left} is {right}", "{left} is {value}, not {right}"
_ONE_OF, _NONE_OF = "{left} {value} is one of {right}", "{left} {value} is none of {right}"
_INCLUDES, _LACKS = "{left} includes {right}", "{left} lacks {right} (has {value})"
_SOME = "{left} includes {found}, one of {right}"
_NOT_ONE = "{left} includes none of {count}"


def _order(
    name: OperatorName, words: str, negation: OperatorName, left: frozenset[Kind], right: RightSide
) -> Operator:
    met = "{left} {value} is " + words + " {right}"
    unmet = "{left} {value} is not " + words + " {right}"
    return Operator(name, left, right, met, unmet, negation)


_ROWS: Final[tuple[Operator, ...]] = (
    Operator("is", _EQUATABLE, "equal", _SAME, _OTHER, "is_not"),
    Operator("is_not", _EQUATABLE, "equal", _OTHER, _SAME, "is", met_by_none=True),
    Operator("in", _WORDED, "words", _ONE_OF, _NONE_OF, "not_in"),
    Operator("not_in", _WORDED, "words", _NONE_OF, _ONE_OF, "in", met_by_none=True),
    _order("above", "above", "at_most", _ORDERED, "number"),
    _order("at_least", "at least", "below", _ORDERED, "number"),
    _order("at_most", "at most", "above", _ORDERED, "number"),
    _order("below", "below", "at_least", _ORDERED, "number"),
    _order("before", "before", "on_or_after", _DATE, "date"),
    _order("on_or_before", "on or before", "after", _DATE, "date"),
    _order("on_or_after", "on or after", "before", _DATE, "date"),
    _order("after", "after", "on_or_before", _DATE, "date"),
    _order("during", "during", "outside", _DATE, "period"),
    _order("outside", "outside", "during", _DATE, "period"),
    Operator("includes", _LIST, "member", _INCLUDES, _LACKS, "lacks"),
    Operator("lacks", _LIST, "member", _LACKS, _INCLUDES, "includes", met_by_none=True),
    Operator("includes_any", _LIST, "members", _SOME, _NOT_ONE, "includes_none"),
    Operator("includes_none", _LIST, "members", _NOT_ONE, _SOME, "includes_any", met_by_none=True),
)

OPERATORS: Final[Mapping[OperatorName, Operator]] = {row.name: row for row in _ROWS}

ABSENT: Final = "{left} is absent"
PRESENT: Final = "{left} is there: {value}"
"""Phrases of `is: none` (met, unmet) and, the other way round, of `is_not: none`."""


def operator_named(name: str) -> Operator | None:
    """The operator of that name, or None."""
    return next((row for row in _ROWS if row.name == name), None)


def is_absence(operator: OperatorName, right: Operand) -> bool:
    """Whether the clause asks `is: none` or `is_not: none`; its outcome is known for none too."""
    return operator in ("is", "is_not") and isinstance(right, Constant) and right.value is None


def phrase(operator: OperatorName, right: Operand, is_met: bool) -> str:
    """The trace template of a clause that was met or unmet."""
    if is_absence(operator, right):
        return ABSENT if is_met == (operator == "is") else PRESENT
    row = OPERATORS[operator]
    return row.met if is_met else row.unmet


def operators_for(kind: Kind) -> tuple[OperatorName, ...]:
    """Every operator that fits a type, in the order of the table."""
    return tuple(row.name for row in _ROWS if kind in row.left)


def telling_operators_for(kind: Kind) -> tuple[OperatorName, ...]:
    """The operators made for a type: without `is` and `is_not` where a number or day has others."""
    all_of_them = operators_for(kind)
    if kind not in NUMBERS and kind != "date":
        return all_of_them
    return tuple(name for name in all_of_them if name not in ("is", "is_not")) or all_of_them


GroupName: TypeAlias = Literal["any_of", "none_of"]
GROUPS: Final[Mapping[GroupName, int]] = {"any_of": 2, "none_of": 1}
"""Groups and their fewest entries: `any_of` with one entry says no more than the entry itself,
while `none_of` with one entry negates a whole conjunction."""

CONSTANT_WORDS: Final[Mapping[str, str | bool | int | None]] = {
    "none": None, "true": True, "false": False, "zero": 0,
}  # fmt: skip
"""The words that stand for themselves in every rule."""

DAY: Final = "decision.day"


# --- steps ------------------------------------------------------------------------------------

Shape: TypeAlias = Literal[
    "operand", "operands", "pair", "table", "yearly_day", "rounding", "branches", "column",
    "conditions",
]  # fmt: skip
"""What stands under a key of a step.

operand: one name, `$parameter` or constant. operands: a list of two or more. pair: exactly two.
table, yearly_day: a `$parameter` of that unit. rounding: one of values.ROUNDINGS. branches: member
to operand, and `otherwise`. column: a column of the table. conditions: as in `when`.
"""


@dataclass(frozen=True, slots=True)
class Companion:
    """A key that a step needs beside its first; exactly one of `keys` is written."""

    keys: tuple[str, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class StepForm:
    """One row of the step table: its first key, what it takes, whether bounds may be added."""

    key: str
    shape: Shape
    companions: tuple[Companion, ...] = ()
    may_be_bounded: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that may stand in such a step."""
        beside = tuple(key for companion in self.companions for key in companion.keys)
        return (self.key, *beside, *(BOUNDS if self.may_be_bounded else ()))


BOUNDS: Final = ("not_below", "not_above")

_DIRECTION: Final = (Companion(("after", "before"), "operand"),)
_STEP_ROWS: Final = (
    StepForm("add", "operands"),
    StepForm("subtract", "pair"),
    StepForm("distance", "pair"),
    StepForm("least", "operands"),
    StepForm("greatest", "operands"),
    StepForm(
        "share", "operand", (Companion(("of",), "operand"), Companion(("round",), "rounding"))
    ),
    StepForm("days_from", "operand", (Companion(("to",), "operand"),)),
    StepForm("days", "operand", _DIRECTION, may_be_bounded=False),
    StepForm("years", "operand", _DIRECTION, may_be_bounded=False),
    StepForm(
        "day", "yearly_day", (Companion(("in_year", "before_year"), "operand"),),
        may_be_bounded=False,
    ),
    StepForm("choose_by", "operand", (Companion(("from",), "branches"),)),
    StepForm("holds", "conditions", may_be_bounded=False),
    StepForm(
        "look_up", "table", (Companion(("by",), "operand"), Companion(("take",), "column"))
    ),
)  # fmt: skip

STEPS: Final[Mapping[str, StepForm]] = {form.key: form for form in _STEP_ROWS}
