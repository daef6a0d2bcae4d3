"""A release as frozen data: what the loader returns and what every reading reads.

Nothing here evaluates anything. Names are those of the rule language (language.md); `Place` says
where each thing was written, so that traces and messages can point at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from engine.language.values import Kind, Rounding, Value

Standing: TypeAlias = Literal["official", "older", "unconfirmed"]
STANDINGS: tuple[Standing, ...] = ("official", "older", "unconfirmed")  # strongest first
Verdict: TypeAlias = Literal["deny", "incomplete", "review", "allow"]
VERDICTS: tuple[Verdict, ...] = ("deny", "incomplete", "review", "allow")  # worst first


def weakest(standings: "list[Standing] | tuple[Standing, ...]") -> Standing:
    """The standing of something that rests on all of these; `official` when it rests on nothing."""
    return max(standings, key=STANDINGS.index, default="official")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written: a path inside the policy folder, line and column from 1."""

    file: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a fact, step, column or answer; `members` for one_of and list."""

    kind: Kind
    members: tuple[str, ...] = ()
    may_be_none: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    title: str
    address: str
    standing: Standing
    place: Place


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    title: str
    type: Type
    place: Place
    personal: bool = False
    origin: str | None = None  # request | record | catalog | clock | computed
    remedy: str | None = None
    changeable_by: str | None = None
    smallest: int | None = None
    largest: int | None = None


# --- parameters -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A yearly period, month x 100 + day, both ends in; it may pass the new year."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RangeRow:
    """A row of a table by range: it holds up to and with `up_to`; None = above all bounds."""

    up_to: int | None
    cells: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by member or boolean (`by_key`) or by range (`by_range`, bounds rising); one is used."""

    by_key: Mapping[str | bool, Mapping[str, Value]] | None = None
    by_range: tuple[RangeRow, ...] = ()


ParameterValue: TypeAlias = int | bool | Period | tuple[str | int, ...] | Table


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value that holds from its date until the next one."""

    since: date
    value: ParameterValue
    standing: Standing
    sources: tuple[str, ...]
    note: str | None
    place: Place


Unit: TypeAlias = Literal[
    "money", "integer", "days", "years", "share", "boolean", "day_of_year", "period", "list",
    "table",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated value. `rows_by` and `columns` for tables, `list_of` for lists."""

    name: str
    title: str
    unit: Unit
    values: tuple[DatedValue, ...]  # dates rise
    place: Place
    sources: tuple[str, ...] = ()
    standing: Standing = "official"
    note: str | None = None
    review_by: date | None = None
    used_by_service: bool = False
    list_of: str | None = None
    rows_by: str | None = None
    columns: Mapping[str, Type] = field(default_factory=dict)

    def on(self, day: date) -> DatedValue | None:
        """The value in force on that day, or None before the first one."""
        chosen = None
        for dated in self.values:
            if dated.since > day:
                break
            chosen = dated
        return chosen


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


# --- rules ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case or `otherwise` says."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    condition: Condition
    outcome: Outcome
    place: Place


@dataclass(frozen=True, slots=True)
class InForce:
    """Both days count; None = open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule file. `decides` or `watches` is set; `clauses` counts the rule's clauses."""

    name: str
    title: str
    place: Place
    decides: tuple[str, ...] = ()
    watches: str | None = None
    sources: tuple[str, ...] = ()
    standing: Standing = "official"
    note: str | None = None
    review_by: date | None = None
    in_force: InForce = InForce()
    steps: Mapping[str, Step] = field(default_factory=dict)  # in the order written
    when: Condition = ()
    cases: tuple[Case, ...] = ()
    otherwise: Outcome = Outcome("allow")
    otherwise_place: Place | None = None
    answers: Mapping[str, Operand] = field(default_factory=dict)
    concludes: str | None = None
    clauses: int = 0
    answer_places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """A question that may be asked of the release."""

    name: str
    question: str
    anchor: str
    answers: Mapping[str, Type]
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Subject:
    """What standing rules watch: one key fact and the rules judged together."""

    name: str
    key: str
    rules: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Conclusion:
    name: str
    title: str
    kind: Literal["hold", "case", "alert", "state"]
    place: Place


@dataclass(frozen=True, slots=True)
class Texts:
    """What people are told for a reason or conclusion: audience -> language -> text."""

    name: str
    decision: str
    parent: Mapping[str, str]
    staff: Mapping[str, str]
    reviewed: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """`first` is month x 100 + day; a year is named by the calendar year it begins or ends in."""

    first: int
    named_by: Literal["begin", "end"]
    time_zone: str


@dataclass(frozen=True, slots=True)
class Release:
    """One policy, frozen. `hash` names its content: SHA-256 over the sorted files."""

    hash: str
    semantics_version: str
    fiscal_year: FiscalYear
    sources: Mapping[str, Source]
    parameters: Mapping[str, Parameter]
    facts: Mapping[str, Fact]
    conclusions: Mapping[str, Conclusion]
    decisions: Mapping[str, DecisionPoint]
    subjects: Mapping[str, Subject]
    rules: Mapping[str, Rule]
    texts: Mapping[tuple[str, str], Texts]  # (decision or subject, reason or conclusion)
    files: Mapping[str, bytes]  # what was read, by path: the release can be stored and reloaded

    @property
    def short(self) -> str:
        """The first seven characters of the hash, as people quote it."""
        return self.hash[:7]
