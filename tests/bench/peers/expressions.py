"""One expression a rule for the peers that evaluate expressions: the number of the finding, or 0.

ZEN, CEL and Cedar write operators between their operands; what differs is in a `Dialect`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from bench.peers.terms import (
    ALLOWED,
    Absent,
    Apart,
    Chosen,
    Constant,
    Equal,
    Every,
    Field,
    Includes,
    Not,
    OneOf,
    Ordered,
    Outcome,
    Policy,
    RuleTests,
    Some,
    Sum,
    Term,
    Test,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one expression language; each takes its parts written out."""

    field: Callable[[str], str]
    absent: Callable[[str], str]
    there: Callable[[str], str]
    negated: Callable[[str], str]
    joined: tuple[str, str]  # and, or
    chosen: Callable[[str, str, str], str]
    apart: Callable[[str, str], str]
    in_list: Callable[[str, str], str]

    def term(self, of: Term) -> str:
        match of:
            case Field(name):
                return self.field(name)
            case Constant(value):
                return json.dumps(value)
            case Sum(left, sign, right):
                return f"({self.term(left)} {sign} {self.term(right)})"
            case Apart(left, right):
                return self.apart(self.term(left), self.term(right))
            case Chosen(test, met, unmet):
                return self.chosen(self.test(test), self.term(met), self.term(unmet))
        raise TypeError(of)

    def test(self, of: Test) -> str:  # noqa: PLR0911 - a table
        match of:
            case Absent(field):
                return self.absent(field.name)
            case Not(Absent(field)):
                return self.there(field.name)
            case Not(test):
                return self.negated(self.test(test))
            case Every(()):
                return "true"
            case Every(tests):
                return f"({self.joined[0].join(map(self.test, tests))})"
            case Some(tests):
                return f"({self.joined[1].join(map(self.test, tests))})"
        return self._comparison(of)

    def _comparison(self, of: Test) -> str:
        match of:
            case Equal(left, Constant(True)):
                return self.term(left)
            case Equal(left, right):
                return f"{self.term(left)} == {self.term(right)}"
            case Ordered(left, sign, right):
                return f"{self.term(left)} {sign} {self.term(right)}"
            case OneOf(left, members):
                return self.in_list(self.term(left), json.dumps(members))
            case Includes(words, member):
                return self.in_list(self.term(member), self.field(words.name))
        raise TypeError(of)


def rule_expressions(policy: Policy, dialect: Dialect) -> tuple[dict[str, str], list[Outcome]]:
    """The expression of each rule that can say something, and the outcomes that its numbers mean:
    number n is the outcome at n - 1."""
    outcomes: list[Outcome] = []
    written = {
        rule.name.replace(".", "_"): _rule(rule, dialect, outcomes)
        for rule in policy.rules
        if rule.cases or rule.otherwise != ALLOWED
    }
    return written, outcomes


def _rule(rule: RuleTests, dialect: Dialect, outcomes: list[Outcome]) -> str:
    """The first met case answers, so cases stand inside each other."""
    expression = _number(rule.otherwise, outcomes)
    for test, outcome in reversed(rule.cases):
        expression = dialect.chosen(dialect.test(test), _number(outcome, outcomes), expression)
    if rule.when == Every(()):
        return expression
    return dialect.chosen(dialect.test(rule.when), expression, "0")


def _number(outcome: Outcome, outcomes: list[Outcome]) -> str:
    if outcome == ALLOWED:
        return "0"
    outcomes.append(outcome)
    return str(len(outcomes))
