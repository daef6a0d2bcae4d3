"""What every peer is told: the purchase rules as plain tests over fields that are all known.

A date is a day number here and money is cents, so that a peer needs nothing but whole numbers,
words, booleans and lists of words. `none` is a field without a value.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = int | bool | str
Data: TypeAlias = dict[str, Scalar | list[str] | None]
"""One purchase for a peer: a flat dict; None where the fact is known to be absent."""

Shape: TypeAlias = Literal["number", "boolean", "word", "words"]


@dataclass(frozen=True, slots=True)
class Field:
    """A fact, or a step that was worked out before."""

    name: str
    shape: Shape
    may_be_none: bool


@dataclass(frozen=True, slots=True)
class Constant:
    value: Scalar


@dataclass(frozen=True, slots=True)
class Sum:
    """`left + right`, or `left - right` where the sign says so."""

    left: "Term"
    sign: Literal["+", "-"]
    right: "Term"


@dataclass(frozen=True, slots=True)
class Apart:
    """The size of the difference."""

    left: "Term"
    right: "Term"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of two numbers."""

    test: "Test"
    met: "Term"
    unmet: "Term"


Term: TypeAlias = Field | Constant | Sum | Apart | Chosen


@dataclass(frozen=True, slots=True)
class Absent:
    field: Field


@dataclass(frozen=True, slots=True)
class Equal:
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Ordered:
    left: Term
    sign: Literal["<", "<=", ">", ">="]
    right: Term


@dataclass(frozen=True, slots=True)
class OneOf:
    left: Term
    members: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Includes:
    """The list holds this word."""

    words: Field
    member: Term


@dataclass(frozen=True, slots=True)
class Not:
    test: "Test"


@dataclass(frozen=True, slots=True)
class Every:
    tests: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Some:
    tests: tuple["Test", ...]


Test: TypeAlias = Absent | Equal | Ordered | OneOf | Includes | Not | Every | Some


def every(*tests: Test) -> Test:
    """All of these: flat, each once, and no part asked again that another one settles."""
    known = dict.fromkeys(_flat(tests))
    slim = dict.fromkeys(_without(test, known) for test in known)
    return next(iter(slim)) if len(slim) == 1 else Every(tuple(slim))


def _flat(tests: tuple[Test, ...]) -> Iterator[Test]:
    for test in tests:
        match test:
            case Every(inner):
                yield from _flat(inner)
            case Not(Some(inner)):
                yield from _flat(tuple(map(negated, inner)))
            case _:
                yield test


def _without(test: Test, known: Iterable[Test]) -> Test:
    """`not (a and b)` is `not b` where `a` is asked for already."""
    if isinstance(test, Not) and isinstance(test.test, Every):
        rest = tuple(each for each in test.test.tests if each not in known)
        if rest:
            return negated(every(*rest))
    return test


def some(*tests: Test) -> Test:
    """One of these; the test itself where it is alone."""
    return tests[0] if len(tests) == 1 else Some(tests)


def negated(test: Test) -> Test:
    """Not this, with no double negation."""
    return test.test if isinstance(test, Not) else Not(test)


def fields_of(of: Term | Test) -> Iterator[Field]:
    """Every field that is read, with repeats."""
    match of:
        case Field():
            yield of
        case Absent(field):
            yield field
        case Not(test):
            yield from fields_of(test)
        case OneOf(left, _):
            yield from fields_of(left)
        case Sum(left, _, right) | Ordered(left, _, right):
            yield from (*fields_of(left), *fields_of(right))
        case Apart(left, right) | Equal(left, right) | Includes(left, right):
            yield from (*fields_of(left), *fields_of(right))
        case Every(tests) | Some(tests):
            for test in tests:
                yield from fields_of(test)


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: str
    reasons: tuple[str, ...]


ALLOWED = Outcome("allow", ())


@dataclass(frozen=True, slots=True)
class RuleTests:
    """One rule: the first met case under `when` answers; `clauses` are all of it one by one."""

    name: str
    when: Test
    cases: tuple[tuple[Test, Outcome], ...]
    otherwise: Outcome
    clauses: tuple[Test, ...]

    def lines(self) -> list[tuple[Test, Outcome]]:
        """The cases as lines that need no order: a case is held apart from the earlier ones that
        say something else. Lines that only allow are left out."""
        found: list[tuple[Test, Outcome]] = []
        for number, (test, outcome) in enumerate([*self.cases, (Every(()), self.otherwise)]):
            earlier = [negated(one) for one, said in self.cases[:number] if said != outcome]
            if outcome != ALLOWED:
                found.append((every(self.when, test, *earlier), outcome))
        return found


@dataclass(frozen=True, slots=True)
class Policy:
    """What a peer's policy is written from. `before`: fields that were worked out beforehand."""

    rules: tuple[RuleTests, ...]
    answers: Mapping[str, Term]
    fields: tuple[Field, ...]
    before: tuple[str, ...]

    def lines(self) -> list[tuple[Test, Outcome]]:
        return [line for rule in self.rules for line in rule.lines()]

    def clauses(self) -> list[Test]:
        return [clause for rule in self.rules for clause in rule.clauses]
