"""durable_rules: a rule a finding over one message; the purchase is asserted as one fact.

It can compare a field that is surely there with a constant. Everything else (lists, absence, two
fields, sums) is worked out before and sent as a boolean, as the engine's own use of it does.
"""

import itertools
from typing import Any, Final

from bench.peers.evaluation import Settled
from bench.peers.peer import Told, told
from bench.peers.terms import (
    Constant,
    Data,
    Equal,
    Every,
    Field,
    Not,
    OneOf,
    Ordered,
    Policy,
    Some,
    Test,
    fields_of,
    negated,
)
from durable import engine as durable_engine

KNOWS_NULL: Final = False

_OPENED: Final = "opened"
"""Its field opens every evaluation: deleting a state in which no rule fired crashes the library."""
_SIGNS: Final = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SIDS = itertools.count(1)
_NAMES = itertools.count(1)


class _QuietHost(durable_engine.Host):  # type: ignore[misc]  # the library has no types
    """A host without the two timer threads that the library would start for ever."""

    def _run(self) -> None:
        return None


class DurableRules:
    name = "durable_rules, a rule a finding"
    keeps = "the rules that fired"
    returns_trace = False

    def __init__(self, policy: Policy) -> None:
        self.settled = Settled(_is_hard)
        lines = [(self.settled.without(test), outcome) for test, outcome in policy.lines()]
        self.outcomes = [outcome for _, outcome in lines]
        self.read = {field.name for test, _ in lines for field in fields_of(test)}
        self.found: list[int] = []
        rules: dict[str, Any] = {
            f"line{place}": {"all": [{"m": _test(test)}], "run": self._finding(place)}
            for place, (test, _) in enumerate(lines)
        }
        rules[_OPENED] = {"all": [{"m": {_OPENED: True}}], "run": lambda context: None}
        self.ruleset = f"bench{next(_NAMES)}"
        self.host = _QuietHost()
        self.host.register_rulesets({self.ruleset: rules})

    def _finding(self, place: int) -> Any:
        return lambda context: self.found.append(place)

    def ready(self, data: Data) -> dict[str, object]:
        """What the rules read, and the tests that are settled beforehand."""
        given = {name: value for name, value in data.items() if name in self.read}
        return {_OPENED: True, **given, **self.settled.values(data)}

    def judge(self, ready: dict[str, object]) -> Told:
        sid = str(next(_SIDS))
        self.found.clear()
        self.host.assert_fact(self.ruleset, {**ready, "sid": sid})
        self.host.delete_state(self.ruleset, sid)
        return told(self.outcomes, self.found)


def _is_hard(atom: Test) -> bool:
    match atom:
        case Equal(Field(_, _, False), Constant()) | Ordered(Field(_, _, False), _, Constant()):
            return False
        case OneOf(Field(_, _, False), _):
            return False
    return True


def _test(of: Test) -> dict[str, Any]:  # noqa: PLR0911 - a table
    match of:
        case Every(tests):
            return {"$and": [_test(each) for each in tests]}
        case Some(tests):
            return {"$or": [_test(each) for each in tests]}
        case Not(Every(tests)):
            return _test(Some(tuple(map(negated, tests))))
        case Not(Some(tests)):
            return _test(Every(tuple(map(negated, tests))))
        case Not(Not(test)):
            return _test(test)
        case Not(test):
            return _atom(test, unmet=True)
    return _atom(of, unmet=False)


def _atom(of: Test, *, unmet: bool) -> dict[str, Any]:
    match of:
        case Equal(Field(name), Constant(bool(value))):
            return {name: value != unmet}
        case Equal(Field(name), Constant(value)):
            return {"$neq": {name: value}} if unmet else {name: value}
        case Ordered(Field(name), sign, Constant(value)):
            return {_SIGNS[_OPPOSITE[sign] if unmet else sign]: {name: value}}
        case OneOf(field, members):
            each = Some(tuple(Equal(field, Constant(member)) for member in members))
            return _test(Not(each) if unmet else each)
    raise TypeError(of)
