"""Reading a scalar as what its place asks for: money, a count, a share, a day, true or false."""

import re
from datetime import date
from typing import Final, Literal, TypeAlias

from engine.language import limits
from engine.language.entries import as_scalar, width_of
from engine.language.problems import Problems
from engine.language.reader import Node
from engine.language.values import (
    parse_day,
    parse_money,
    parse_share,
    parse_whole,
    parse_yearly_day,
)

Number: TypeAlias = Literal["money", "integer", "days", "years", "share", "day_of_year"]
_PARSERS: Final = {
    "money": parse_money,
    "integer": parse_whole,
    "days": parse_whole,
    "years": parse_whole,
    "share": parse_share,
    "day_of_year": parse_yearly_day,
}
_NOUNS: Final[dict[str, str]] = {
    "money": "money",
    "integer": "whole number",
    "days": "number of days",
    "years": "number of years",
    "share": "share",
    "day_of_year": "day of the year",
}
_FORMS_OF: Final[dict[str, str]] = {
    "money": "write money as `$1,234.56`",
    "integer": "write a whole number, such as `30`",
    "days": "write a whole number, such as `30`",
    "years": "write a whole number, such as `3`",
    "share": "write a share as `50 %`",
    "day_of_year": "write a month and a day, such as `June 15`",
}
_LARGEST: Final[dict[str, int]] = {"days": limits.DAYS, "years": limits.YEARS}
_SPELLED: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip


def read_number(node: Node, unit: Number, problems: Problems) -> int | None:
    """A number in its unit: cents, basis points, counts, or month x 100 + day (param.value,
    param.day)."""
    scalar = as_scalar(node, _NOUNS[unit], problems)
    if scalar is None:
        return None
    text = scalar.text
    try:
        number = _PARSERS[unit](text)
    except ValueError as error:
        code = "param.day" if unit == "day_of_year" else "param.value"
        said = _said(text, unit, str(error))
        problems.add(scalar.place, code, said, _advice(text, unit, said), width_of(scalar))
        return None
    largest = _LARGEST.get(unit)
    if largest is not None and abs(number) > largest:
        problems.add(
            scalar.place, "param.value", f"`{text}` is too many {unit}", f"at most {largest:,}",
            width_of(scalar),
        )  # fmt: skip
        return None
    return number


def _said(text: str, unit: Number, error: str) -> str:
    """The parser's own sentence where the text has the right form, else what it is not."""
    if unit == "day_of_year" and "not in every year" in error:
        return error
    if any(word in error for word in ("at most", "between")):
        return f"`{text[:40]}` is too large: {error}"
    return f"`{text[:40]}` is no {_NOUNS[unit]}"


def _advice(text: str, unit: Number, said: str) -> str:
    if "not in every year" in said:
        return "name another day"
    if "too large" in said:
        return "write a smaller number"
    if unit in ("integer", "days", "years") and text.lower() in _SPELLED:
        return f"write {_SPELLED[text.lower()]}"
    return _rewritten(text, unit) or _FORMS_OF[unit]


def _rewritten(text: str, unit: Number) -> str:
    """How the number that was surely meant is written; "" where there is no telling."""
    if unit == "share" and re.fullmatch(r"-?\d+,\d{1,2} ?%", text):
        return f"write `{text.replace(',', '.')}`, with a point"
    if unit in ("integer", "days", "years") and re.fullmatch(r"-?\d{1,3}(,\d{3})+", text):
        return f"write `{text.replace(',', '')}`, without a comma"
    if unit == "money" and re.fullmatch(r"\d{1,9}", text):
        return f"write `${int(text):,}`"
    if unit == "share" and re.fullmatch(r"\d{1,3}", text):
        return f"write `{int(text)} %`"
    return ""


def read_boolean(
    node: Node, noun: str, problems: Problems, code: str = "param.value"
) -> bool | None:
    """`true` or `false`."""
    scalar = as_scalar(node, noun, problems)
    if scalar is None:
        return None
    if scalar.text in ("true", "false") and not scalar.quoted:
        return scalar.text == "true"
    problems.add(
        scalar.place, code, f"`{scalar.text[:40]}` is neither true nor false",
        "write `true` or `false`, without quotes", width_of(scalar),
    )  # fmt: skip
    return None


def read_day(node: Node, noun: str, problems: Problems, code: str = "param.date") -> date | None:
    """A calendar day `2026-09-30` between 1990 and 2100."""
    scalar = as_scalar(node, noun, problems)
    if scalar is None:
        return None
    try:
        return parse_day(scalar.text)
    except ValueError as error:
        said = str(error)
        in_form = re.fullmatch(r"\d{4}-\d{2}-\d{2}", scalar.text) is not None
        message = f"{scalar.text} is no date" if in_form else f"`{scalar.text[:40]}` is no date"
        problems.add(scalar.place, code, message, _day_advice(said), width_of(scalar))
        return None


def _day_advice(said: str) -> str:
    if "calendar" in said:
        return "write a day that the calendar has"
    return said
