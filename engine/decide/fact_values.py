"""One value of one fact: how it is written in JSON and in YAML files, and what is wrong with it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from engine.language import limits
from engine.language.model import Fact
from engine.language.problems import did_you_mean, listed
from engine.language.reader import Node, Scalar, Sequence
from engine.language.values import (
    CODE,
    NUMBERS,
    Kind,
    MaybeValue,
    Value,
    format_decimal_money,
    format_value,
    nearest_code,
    parse_day,
    parse_decimal_money,
    parse_money,
    parse_share,
    parse_whole,
)

_LARGEST: Final[Mapping[Kind, int]] = {
    "money": limits.MONEY_CENTS, "integer": limits.INTEGER, "days": limits.DAYS,
    "years": limits.YEARS, "share": limits.SHARE_POINTS,
}  # fmt: skip
_SHOWN: Final = 60
"""Characters of the caller's own words that a message repeats."""
_BITS: Final = 200
"""Larger numbers are not written out: Python refuses to at some thousand digits."""

_CODE_HELP: Final = "write it in lower case letters and digits, joined by `_`"
_WRITTEN_IN_JSON: Final[Mapping[Kind, str]] = {
    "money": 'write money as a decimal string with at most two decimals: "125.00"',
    "integer": "write a whole number: 3",
    "days": "write a whole number of days: 30",
    "years": "write a whole number of years: 3",
    "share": "write whole basis points: 50 % is 5000",
    "boolean": "write true or false",
    "date": 'write a date as "2026-09-30"',
    "text": "write a string",
    "one_of": "write one of its members as a string",
    "list": "write a list of its members",
}
_WRITTEN_IN_YAML: Final[Mapping[Kind, str]] = {
    **_WRITTEN_IN_JSON,
    "money": "write money as `$1,234.56`; inside braces quote it",
    "share": "write `50 %`, or whole basis points",
    "date": "write a date as `2026-09-30`",
    "text": "write text",
    "one_of": "write one of its members",
}


class Unfit(Exception):
    """A value that does not fit its fact: the code, message and help of a FactProblem."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        self.code, self.message, self.help = code, message, help
        super().__init__(message)


def discreet(fact: Fact, unfit: Unfit) -> Unfit:
    """The same of a personal fact, without a word of what was given or of what is near it."""
    members = f"members: {listed(fact.type.members[:12])}"
    said = {
        "fact.type": (f"this is no {_noun(fact.type.kind)}", unfit.help),
        "fact.range": (f"this lies outside the range of `{fact.name}`", unfit.help),
        "fact.member": (f"this is no member of `{fact.name}`", members),
        "fact.form": ("this is no code", _CODE_HELP),
    }
    message, help = said.get(unfit.code, (unfit.message, unfit.help))
    return Unfit(unfit.code, message, help)


def quoted(given: object) -> str:
    """The caller's own words, cut to a decent length and fit to be sent back."""
    if isinstance(given, int) and given.bit_length() > _BITS:
        return "this number"
    text = sendable(str(given))
    return f"`{text[:_SHOWN]}...`" if len(text) > _SHOWN else f"`{text}`"


def sendable(text: str) -> str:
    """The text with a mark for each letter that no encoding can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


# --- from JSON ----------------------------------------------------------------------------------


def value_from_json(fact: Fact, given: object) -> Value:
    """The value of a fact as JSON carries it; Unfit where it does not fit."""
    if given is None:
        return _none(fact)
    return _FROM_JSON[fact.type.kind](fact, given)


def _none(fact: Fact) -> Value:
    if fact.type.may_be_none:
        return None
    raise Unfit(
        "fact.none", f"`{fact.name}` is never absent",
        "leave it out where it is not known; only a fact that may be none takes null",
    )  # fmt: skip


def _mistyped(fact: Fact, given: object) -> Unfit:
    kind = fact.type.kind
    return Unfit("fact.type", f"{_said(given)} is no {_noun(kind)}", _WRITTEN_IN_JSON[kind])


def _noun(kind: Kind) -> str:
    return {
        "money": "money", "integer": "whole number", "days": "number of days",
        "years": "number of years", "share": "share", "boolean": "boolean", "date": "date",
        "text": "text", "one_of": "member", "list": "list",
    }[kind]  # fmt: skip


def _said(given: object) -> str:
    if isinstance(given, bool):
        return f"`{str(given).lower()}`"
    if isinstance(given, Mapping):
        return "an object"
    if isinstance(given, list | tuple):
        return "a list"
    return quoted(given)


def _money(fact: Fact, given: object) -> int:
    if not isinstance(given, str):
        raise _mistyped(fact, given)
    return _number(fact, given, parse_decimal_money, _WRITTEN_IN_JSON)


def _whole(fact: Fact, given: object) -> int:
    # A boolean is a number to Python, never to the policy; 3.0 and NaN are no whole numbers.
    if type(given) is not int:
        raise _mistyped(fact, given)
    return _in_range(fact, given)


def _number(fact: Fact, text: str, parse: Callable[[str], int], written: Mapping[Kind, str]) -> int:
    try:
        number = parse(text)
    except ValueError as error:
        said = f"{quoted(text)}: {error}"
        raise Unfit(_code(str(error)), said, written[fact.type.kind]) from None
    return _in_range(fact, number)


_TOO_LARGE: Final = (
    "money is at most", "a share is at most", "a whole number lies", "a date lies",
)  # fmt: skip
"""How values.py begins to speak of a value that is written well and lies outside the limits."""


def _code(said: str) -> str:
    return "fact.range" if said.startswith(_TOO_LARGE) else "fact.type"


def range_of(fact: Fact) -> tuple[int, int]:
    """The smallest and largest value of a number, its own bounds or those of the language."""
    bound = _LARGEST[fact.type.kind]
    lowest = -bound if fact.smallest is None else fact.smallest
    return lowest, bound if fact.largest is None else fact.largest


def _in_range(fact: Fact, number: int) -> int:
    kind = fact.type.kind
    lowest, highest = range_of(fact)
    if lowest <= number <= highest:
        return number
    raise Unfit(
        "fact.range", f"{_shown(kind, number)} lies outside the range of `{fact.name}`",
        f"it lies between {format_value(kind, lowest)} and {format_value(kind, highest)}",
    )  # fmt: skip


def _shown(kind: Kind, number: int) -> str:
    return quoted(format_value(kind, number) if number.bit_length() <= _BITS else number)


def _boolean(fact: Fact, given: object) -> bool:
    if not isinstance(given, bool):
        raise _mistyped(fact, given)
    return given


def _date(fact: Fact, given: object) -> date:
    if not isinstance(given, str):
        raise _mistyped(fact, given)
    return _day(given, _WRITTEN_IN_JSON)


def _day(text: str, written: Mapping[Kind, str]) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        said = str(error)
        message = said if text in said else f"{quoted(text)}: {said}"
        raise Unfit(_code(said), message, written["date"]) from None


def _text(fact: Fact, given: object) -> str:
    if not isinstance(given, str):
        raise _mistyped(fact, given)
    if len(given) > limits.TEXT_FACT_LENGTH:
        raise Unfit(
            "fact.range", f"text has {len(given):,} characters",
            f"a text fact has at most {limits.TEXT_FACT_LENGTH:,} characters",
        )  # fmt: skip
    if "\0" in given or any("\ud800" <= letter <= "\udfff" for letter in given):
        raise Unfit(
            "fact.type", "text holds a character that cannot be stored",
            "leave out NUL and halves of a pair of surrogates",
        )  # fmt: skip
    if fact.type.is_code and CODE.fullmatch(given) is None:
        near = nearest_code(given[:_SHOWN])
        raise Unfit(
            "fact.form", f"{quoted(given)} is no code", f"write `{near}`" if near else _CODE_HELP
        )
    return given


def _member(fact: Fact, given: object) -> str:
    if not isinstance(given, str):
        raise _mistyped(fact, given)
    if given not in fact.type.members:
        near = did_you_mean(given[:_SHOWN], fact.type.members)
        raise Unfit(
            "fact.member", f"{quoted(given)} is no member of `{fact.name}`",
            near or f"members: {listed(fact.type.members[:12])}",
        )  # fmt: skip
    return given


def _list(fact: Fact, given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise _mistyped(fact, given)
    _refuse_long(len(given))
    # A list holds no repeats, and two receipts are still "receipt is there".
    return tuple(dict.fromkeys(_member(fact, each) for each in given))


def _refuse_long(length: int) -> None:
    if length > limits.LIST_FACT_LENGTH:
        raise Unfit(
            "fact.range", f"list has {length:,} entries",
            f"a list fact has at most {limits.LIST_FACT_LENGTH} entries",
        )  # fmt: skip


_FROM_JSON: Final[Mapping[Kind, Callable[[Fact, object], Value]]] = {
    "money": _money, "integer": _whole, "days": _whole, "years": _whole, "share": _whole,
    "boolean": _boolean, "date": _date, "text": _text, "one_of": _member, "list": _list,
}  # fmt: skip


# --- from YAML ----------------------------------------------------------------------------------


def value_from_node(fact: Fact, node: Node) -> Value:
    """The value of a fact as case files write it; `unknown` is for the caller to see first."""
    kind = fact.type.kind
    if is_word(node, "none"):
        return _none(fact)
    if kind == "list":
        if not isinstance(node, Sequence):
            raise Unfit("fact.type", "this is no list", _WRITTEN_IN_YAML[kind])
        _refuse_long(len(node.items))
        return tuple(dict.fromkeys(_member(fact, _text_of(fact, item)) for item in node.items))
    text = _text_of(fact, node)
    if kind in NUMBERS:
        return _number(fact, text, _PARSERS.get(kind, parse_whole), _WRITTEN_IN_YAML)
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Unfit("fact.type", f"{quoted(text)} is no boolean", _WRITTEN_IN_YAML[kind])
        return text == "true"
    if kind == "date":
        return _day(text, _WRITTEN_IN_YAML)
    return _text(fact, text) if kind == "text" else _member(fact, text)


def is_word(node: Node, word: str) -> bool:
    """Whether the node is that very word, unquoted: a quoted one is text."""
    return isinstance(node, Scalar) and node.text == word and not node.quoted


def _text_of(fact: Fact, node: Node) -> str:
    if not isinstance(node, Scalar):
        said = "a list" if isinstance(node, Sequence) else "a mapping"
        raise Unfit(
            "fact.type", f"{said} is no {_noun(fact.type.kind)}", _WRITTEN_IN_YAML[fact.type.kind]
        )
    return node.text


def _share(text: str) -> int:
    return parse_share(text) if text.endswith("%") else parse_whole(text)


_PARSERS: Final[Mapping[Kind, Callable[[str], int]]] = {"money": parse_money, "share": _share}


# --- to JSON ------------------------------------------------------------------------------------


def value_to_json(kind: Kind, value: MaybeValue) -> object:
    """A known value in JSON: money a decimal string, a share basis points, a date ISO."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    if kind == "money" and isinstance(value, int):
        return format_decimal_money(value)
    return value
