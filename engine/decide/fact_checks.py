"""Checks of single facts that are as they should be: each gives the value, or stops.

Where one stops, whatever the reason, the whole message is read again in the slow way (facts.py),
which tells every mistake in its own words.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

from engine.decide.fact_values import Unfit, range_of, value_from_json
from engine.language import limits
from engine.language.model import Fact
from engine.language.values import CODE, NUMBERS, Value, parse_day, parse_decimal_money

Check: TypeAlias = Callable[[Any], Value]
"""The value of a fact as JSON carries it; any of STOPS where it is not plainly right."""

KEPT_DAYS: Final = 4_096
"""Days kept that were read before, and as many amounts; when there are more, all of them are read
anew."""
_CENT_DIGITS: Final = len(str(limits.MONEY_CENTS)) - 1
"""Digits of an amount, cents and all, that is certainly not too large for the engine."""


class NotPlain(Exception):
    """Not plainly right, so that the slow way must look at it."""


STOPS: Final = (NotPlain, Unfit, LookupError, TypeError, ValueError, AttributeError)


class Days(dict[Any, date]):
    """Days by how they are written."""

    def __missing__(self, written: Any) -> date:
        day = parse_day(written)
        if len(self) >= KEPT_DAYS:
            self.clear()
        self[written] = day
        return day


class Amounts(dict[Any, int]):
    """Cents by how they are written; whether a fact may be so large is not looked at."""

    def __missing__(self, written: Any) -> int:
        cents = _cents_of(written)
        if len(self) >= KEPT_DAYS:
            self.clear()
        self[written] = cents
        return cents


def _cents_of(written: Any) -> int:
    digits = written.replace(".", "", 1)
    # Digits of other scripts are digits to Python, but not to people who read amounts.
    is_plain = written[-3:-2] == "." and digits.isdecimal() and digits.isascii()
    if is_plain and 2 < len(digits) <= _CENT_DIGITS:
        return int(digits)
    return parse_decimal_money(written)


class Checks(dict[str, Check]):
    """A check for each fact of a release, by its name. days, amounts: where all of them look up
    days and amounts."""

    def __init__(self, facts: Mapping[str, Fact]) -> None:
        self.days = Days()
        self.amounts = Amounts()
        super().__init__({name: self._check_of(fact) for name, fact in facts.items()})

    def _check_of(self, fact: Fact) -> Check:
        if fact.type.kind == "one_of":
            return words_of(fact).__getitem__
        check = self._plain_check_of(fact)
        if not fact.type.may_be_none:
            return check
        return lambda given: None if given is None else check(given)

    def _plain_check_of(self, fact: Fact) -> Check:
        match fact.type.kind:
            case "date":
                return self.days.__getitem__
            case "boolean":
                return _boolean
            case "money":
                return _amount_check(self.amounts, *range_of(fact))
            case "text":
                return _text_check(fact)
            case "list":
                return _list_check(frozenset(fact.type.members))
            case kind:
                assert kind in NUMBERS  # noqa: S101 - every other kind was told above
                return _whole_check(*range_of(fact))


def words_of(fact: Fact) -> dict[Any, Value]:
    """The values of a one_of, each by itself; looking up another value stops."""
    none: dict[Any, Value] = {None: None} if fact.type.may_be_none else {}
    return {**{word: word for word in fact.type.members}, **none}


def _boolean(given: Any) -> bool:
    if given is True or given is False:
        return given
    raise NotPlain


def _whole_check(lowest: int, highest: int) -> Check:
    def check(given: Any) -> int:
        if type(given) is int and lowest <= given <= highest:
            return given
        raise NotPlain

    return check


def _amount_check(amounts: Amounts, lowest: int, highest: int) -> Check:
    def check(given: Any) -> int:
        cents = amounts[given]
        if lowest <= cents <= highest:
            return cents
        raise NotPlain

    return check


def _text_check(fact: Fact) -> Check:
    def code(given: Any) -> Value:
        if CODE.fullmatch(given) and len(given) <= limits.TEXT_FACT_LENGTH:
            return str(given)
        raise NotPlain

    if fact.type.is_code:
        return code

    def check(given: Any) -> Value:
        if given.isascii() and "\0" not in given and len(given) <= limits.TEXT_FACT_LENGTH:
            return str(given)
        return value_from_json(fact, given)

    return check


def _list_check(members: frozenset[str]) -> Check:
    def check(given: Any) -> tuple[str, ...]:
        is_short = type(given) is list and len(given) <= limits.LIST_FACT_LENGTH
        if is_short and members.issuperset(given):
            return tuple(given) if len(given) < 2 else tuple(dict.fromkeys(given))
        raise NotPlain

    return check
