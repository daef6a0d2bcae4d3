"""What a decision answers: small, frozen, and enough to rebuild the whole trace from a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from engine.language.model import Standing, Verdict
from engine.language.values import MaybeValue, Value

UNMET: Final = 0b00
UNKNOWN_CLAUSE: Final = 0b01
NOT_REACHED: Final = 0b10
MET: Final = 0b11
"""Outcomes of a clause. `&` is "all of", `|` is "one of" and `NEGATED[x]` is "none of"."""

NEGATED: Final = (MET, UNKNOWN_CLAUSE, NOT_REACHED, UNMET)
SYMBOLS: Final = "u?-m"
"""One symbol a clause, in the order of the outcomes' numbers, as stored records write them."""
OUTCOME_NAMES: Final = ("unmet", "unknown", "not_reached", "met")


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason that one rule gives. `case` is the case's name, or `otherwise`."""

    reason: str
    verdict: Verdict
    rule: str
    case: str
    standing: Standing


class Decision(NamedTuple):
    """The answer to one question about one set of facts under one release.

    facts: what was given (absent key = unknown, None = none). answers: every declared answer,
    UNKNOWN where it cannot be told. missing: names of facts that could change the answer, sorted.
    outcomes: one symbol a clause over the rules in force, in the release's order; "" where the day
    is unknown and no rule was judged (`as_of` is then None).

    A named tuple, because one is made for every question asked and is made in a quarter of the
    time that a frozen dataclass takes.
    """

    decision: str
    release: str
    semantics_version: str
    as_of: date | None
    facts: Mapping[str, Value]
    verdict: Verdict
    findings: tuple[Finding, ...]
    answers: Mapping[str, MaybeValue]
    missing: tuple[str, ...]
    outcomes: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons without repeats, in the order found."""
        return tuple(dict.fromkeys([finding.reason for finding in self.findings]))


class EngineFault(Exception):
    """The engine could not answer: never a verdict. `code` is stable: decision.conflict,
    decision.silence, decision.range or decision.mismatch."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class NoValue(Exception):
    """The release does not speak about that day (policy.no_value)."""

    def __init__(self, parameter: str, as_of: date, first: date) -> None:
        self.parameter, self.as_of, self.first = parameter, as_of, first
        super().__init__(f"`${parameter}` has no value on {as_of}; its first date is {first}")


class UnknownDecision(Exception):
    """No such decision in the release; `help` names a near one or lists all."""

    def __init__(self, name: str, help: str) -> None:
        self.name, self.help = name, help
        super().__init__(f"unknown decision `{name}`")


@dataclass(frozen=True, slots=True)
class FactProblem:
    """One thing wrong with the facts given: `path` as the caller wrote it."""

    path: str
    code: str  # fact.unknown | type | member | form | range | none | shape, each behind `fact.`
    message: str
    help: str = ""


class FactsRefused(Exception):
    """Facts that do not fit the release; all problems at once."""

    def __init__(self, problems: list[FactProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in problems))
