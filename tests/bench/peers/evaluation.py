"""The lowered tests evaluated by plain Python: slow, and plain to see that it is right.

It holds the lowering itself to our decider where no peer is installed, and works out beforehand
what durable_rules has no words for.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from bench.peers.peer import Told, told
from bench.peers.terms import (
    Absent,
    Apart,
    Chosen,
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
)

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def value(of: Term, data: Data) -> Any:
    match of:
        case Field(name):
            return data[name]
        case Constant(written):
            return written
        case Sum(left, sign, right):
            one, other = value(left, data), value(right, data)
            if one is None or other is None:
                return None
            return one + other if sign == "+" else one - other
        case Apart(left, right):
            apart = value(Sum(left, "-", right), data)
            return None if apart is None else abs(apart)
        case Chosen(test, met, unmet):
            return value(met if holds(test, data) else unmet, data)
    raise TypeError(of)


def holds(of: Test, data: Data) -> bool:  # noqa: PLR0911 - a table
    match of:
        case Absent(field):
            return data[field.name] is None
        case Equal(left, right):
            return bool(value(left, data) == value(right, data))
        case Ordered(left, sign, right):
            one, other = value(left, data), value(right, data)
            return None not in (one, other) and _ORDERS[sign](one, other)
        case OneOf(left, members):
            return value(left, data) in members
        case Includes(words, member):
            return value(member, data) in value(words, data)
        case Not(test):
            return not holds(test, data)
        case Every(tests):
            return all(holds(test, data) for test in tests)
        case Some(tests):
            return any(holds(test, data) for test in tests)
    raise TypeError(of)


class Settled:
    """Atoms that a peer has no words for, each settled beforehand and sent as a boolean field.

    is_hard: told of each atom whether it is such a one.
    """

    def __init__(self, is_hard: Callable[[Test], bool]) -> None:
        self.is_hard = is_hard
        self._fields: dict[Test, Field] = {}

    def without(self, of: Test) -> Test:
        """The same test, each hard atom replaced by its field."""
        match of:
            case Not(test):
                return Not(self.without(test))
            case Every(tests):
                return Every(tuple(map(self.without, tests)))
            case Some(tests):
                return Some(tuple(map(self.without, tests)))
        if not self.is_hard(of):
            return of
        name = f"settled{len(self._fields)}"
        return Equal(self._fields.setdefault(of, Field(name, "boolean", False)), Constant(True))

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields.values())

    def values(self, data: Data) -> dict[str, bool]:
        return {field.name: holds(test, data) for test, field in self._fields.items()}


def judge(policy: Policy, data: Data) -> Told:
    """All lines, one by one."""
    lines = policy.lines()
    found = [place for place, (test, _) in enumerate(lines) if holds(test, data)]
    return told([outcome for _, outcome in lines], found)
