"""A release as frozen data: what the loader returns and what every reading reads.

Nothing here evaluates anything. Names are those of the rule language (language.md); `Place` says
where each thing was written, so that traces and messages can point at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from engine.language.glossary import Glossary
from engine.language.terms import (
    Add,
    CalendarDay,
    Choose,
    Clause,
    Condition,
    Constant,
    DayRef,
    DaysBetween,
    Distance,
    FactRef,
    Formula,
    Group,
    Holds,
    LookUp,
    Name,
    Operand,
    OperatorName,
    ParamRef,
    Pick,
    Place,
    Share,
    ShiftDay,
    Step,
    StepRef,
    Subtract,
    Type,
    Words,
)
from engine.language.values import Value

__all__ = [
    "STANDINGS",
    "VERDICTS",
    "Add",
    "CalendarDay",
    "Case",
    "Choose",
    "Clause",
    "Conclusion",
    "Condition",
    "Constant",
    "DatedValue",
    "DayRef",
    "DaysBetween",
    "DecisionPoint",
    "Distance",
    "Fact",
    "FactRef",
    "FiscalYear",
    "Formula",
    "Group",
    "Holds",
    "InForce",
    "LookUp",
    "Name",
    "Operand",
    "OperatorName",
    "Outcome",
    "ParamRef",
    "Parameter",
    "ParameterValue",
    "Period",
    "Pick",
    "Place",
    "RangeRow",
    "Release",
    "Rule",
    "Share",
    "ShiftDay",
    "Source",
    "Standing",
    "Step",
    "StepRef",
    "Subject",
    "Subtract",
    "Table",
    "Texts",
    "Type",
    "Unit",
    "Verdict",
    "Words",
    "weakest",
]
# What stands inside a rule lives in `terms`; its names belong to the model all the same.

Standing: TypeAlias = Literal["official", "older", "unconfirmed"]
STANDINGS: tuple[Standing, ...] = ("official", "older", "unconfirmed")  # strongest first
Verdict: TypeAlias = Literal["deny", "incomplete", "review", "allow"]
VERDICTS: tuple[Verdict, ...] = ("deny", "incomplete", "review", "allow")  # worst first


def weakest(standings: "list[Standing] | tuple[Standing, ...]") -> Standing:
    """The standing of something that rests on all of these; `official` when it rests on nothing."""
    return max(standings, key=STANDINGS.index, default="official")


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
    used_by_service: bool = False


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
    glossaries: Mapping[str, Glossary] = field(default_factory=dict)  # by language

    @property
    def short(self) -> str:
        """The first seven characters of the hash, as people quote it."""
        return self.hash[:7]
