"""clipspy: a rule a finding over one templated fact, in one environment that is built once.

What can be matched in the pattern is matched there, the rest is a `test`. Findings are collected in
a global variable: a fact asserted for each would have to be read back and retracted.
"""

import json
from typing import Final

import clips
from bench.peers.evaluation import Settled
from bench.peers.peer import NOTHING_FOUND, Told, told
from bench.peers.terms import (
    Absent,
    Apart,
    Constant,
    Data,
    Equal,
    Every,
    Field,
    Includes,
    Not,
    OneOf,
    Ordered,
    Policy,
    Some,
    Sum,
    Term,
    Test,
    fields_of,
)

KNOWS_NULL: Final = False


class ClipsRules:
    """Slots that are absent are left out, since their default is `nil`."""

    name = "clipspy, a rule a finding"
    keeps = "the rules that fired"
    returns_trace = False

    def __init__(self, policy: Policy) -> None:
        self.settled = Settled(_is_hard)
        lines = [(self.settled.without(test), outcome) for test, outcome in policy.lines()]
        self.outcomes = [outcome for _, outcome in lines]
        self.environment = clips.Environment()
        self.environment.build(_template((*policy.fields, *self.settled.fields)))
        self.environment.build("(defglobal ?*found* = (create$))")
        for place, (test, _) in enumerate(lines):
            self.environment.build(_rule(place, test))
        self.environment.reset()
        self.template = self.environment.find_template("purchase")
        self.found = self.environment.find_global("found")

    def ready(self, data: Data) -> dict[str, object]:
        given = {
            name: value
            for name, value in data.items()
            if value is not None and not isinstance(value, list)
        }
        return {**given, **self.settled.values(data)}

    def judge(self, ready: dict[str, object]) -> Told:
        fact = self.template.assert_fact(**ready)
        fired = self.environment.run()
        fact.retract()
        if not fired:
            return NOTHING_FOUND
        found = self.found.value
        self.found.value = ()
        return told(self.outcomes, found)


def _is_hard(atom: Test) -> bool:
    """Lists: clipspy never frees a list that it has put into a slot."""
    return isinstance(atom, Includes)


def _template(fields: tuple[Field, ...]) -> str:
    slots = [f"(slot {each.name} (default nil))" for each in fields if each.shape != "words"]
    return f"(deftemplate purchase {' '.join(slots)})"


def _rule(place: int, test: Test) -> str:
    matched: dict[str, list[str]] = {}
    asked: list[Test] = []
    for each in test.tests if isinstance(test, Every) else (test,):
        pattern = _pattern(each)
        if pattern is None:
            asked.append(each)
        else:
            matched.setdefault(pattern[0], []).append(pattern[1])
    for field in (field for each in asked for field in fields_of(each)):
        variable = f"?{field.name}"
        patterns = matched.setdefault(field.name, [])
        if variable not in patterns:
            patterns.insert(0, variable)
    slots = " ".join(f"({name} {'&'.join(patterns)})" for name, patterns in matched.items())
    tests = " ".join(f"(test {_test(each)})" for each in asked)
    return (
        f"(defrule line{place} (purchase {slots}) {tests}"
        f" => (bind ?*found* (create$ ?*found* {place})))"
    )


def _pattern(test: Test) -> tuple[str, str] | None:
    """The slot and what must stand in it, where the test is about one slot and a constant."""
    match test:
        case Equal(Field(name), Constant(value)):
            return name, _constant(value)
        case Not(Equal(Field(name), Constant(value))):
            return name, f"~{_constant(value)}"
        case Absent(field):
            return field.name, "nil"
        case Not(Absent(field)):
            return field.name, "~nil"
    return None


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return json.dumps(value)


def _term(of: Term) -> str:
    match of:
        case Field(name):
            return f"?{name}"
        case Constant(value):
            return _constant(value)
        case Sum(left, sign, right):
            return f"({sign} {_term(left)} {_term(right)})"
        case Apart(left, right):
            return f"(abs (- {_term(left)} {_term(right)}))"
    raise TypeError(of)


def _test(of: Test) -> str:  # noqa: PLR0911 - a table
    match of:
        case Absent(field):
            return f"(eq ?{field.name} nil)"
        case Equal(left, right):
            return f"(eq {_term(left)} {_term(right)})"
        case Ordered(left, sign, right):
            return f"({sign} {_term(left)} {_term(right)})"
        case OneOf(left, members):
            return _test(Some(tuple(Equal(left, Constant(each)) for each in members)))
        case Not(test):
            return f"(not {_test(test)})"
        case Every(tests):
            return f"(and {' '.join(map(_test, tests))})"
        case Some(tests):
            return f"(or {' '.join(map(_test, tests))})" if len(tests) > 1 else _test(tests[0])
    raise TypeError(of)
