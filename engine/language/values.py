"""Values as the engine holds them, and the one way each is written and read.

money is integer cents; a share is integer basis points; a day is `datetime.date`; a list is a tuple
of words without repeats; `None` is `none` (known to be absent). There is no float anywhere.
"""

import re
from datetime import date
from enum import Enum
from typing import Final, Literal, TypeAlias

from engine.language import limits

Value: TypeAlias = int | bool | str | date | tuple[str, ...] | None


class Unknown(Enum):
    """The value of a fact that was not given, and of all that rests on it."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an unknown value is neither true nor false")


UNKNOWN: Final = Unknown.UNKNOWN
MaybeValue: TypeAlias = Value | Literal[Unknown.UNKNOWN]

Kind: TypeAlias = Literal[
    "money", "integer", "days", "years", "share", "boolean", "date", "text", "one_of", "list"
]
NUMBERS: Final = frozenset({"money", "integer", "days", "years", "share"})

# Digits of other scripts would pass as `\d`; two people must never read one amount differently.
_MONEY = re.compile(r"(-)?\$(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{2}))?", re.ASCII)
_DECIMAL = re.compile(r"(-)?(\d+)(?:\.(\d{1,2}))?", re.ASCII)
_SHARE = re.compile(r"(-)?(\d+)(?:\.(\d{1,2}))? ?%", re.ASCII)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEARLY_DAY = re.compile(r"([A-Z][a-z]+) (\d{1,2})", re.ASCII)


CODE: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
"""A text that is a word for machines and people alike: `laptop`, `developmental_delay`."""


def nearest_code(text: str) -> str:
    """The code that was meant by a text in which only case and joints are off; "" where none."""
    near = re.sub(r"[^a-z0-9]+", "_", text.strip().lower(), flags=re.ASCII).strip("_")
    return near if CODE.fullmatch(near) else ""


def parse_money(text: str) -> int:
    """Cents of `$1,234.56`; ValueError says what is wrong with the text."""
    match = _MONEY.fullmatch(text)
    if match is None:
        raise ValueError("money is written `$1,234.56`")
    sign, whole, cents = match.groups()
    return _bounded_money(int(whole.replace(",", "")) * 100 + int(cents or 0), sign)


def parse_decimal_money(text: str) -> int:
    """Cents of a decimal string such as `125.00`, the form of money in JSON."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError("money is a decimal string with at most two decimals, such as `125.00`")
    sign, whole, cents = match.groups()
    return _bounded_money(int(whole) * 100 + int((cents or "").ljust(2, "0")), sign)


def _bounded_money(cents: int, sign: str | None) -> int:
    if cents > limits.MONEY_CENTS:
        raise ValueError("money is at most $10,000,000,000.00")
    return -cents if sign else cents


def format_money(cents: int) -> str:
    """`$1,234.56`, the only form in which people and traces see money."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${whole:,}.{rest:02d}"


def format_decimal_money(cents: int) -> str:
    """`1234.56`, the form of money in JSON."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"


def parse_share(text: str) -> int:
    """Basis points of `12.5 %`."""
    match = _SHARE.fullmatch(text)
    if match is None:
        raise ValueError("a share is written `50 %`")
    sign, whole, rest = match.groups()
    points = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    if points > limits.SHARE_POINTS:
        raise ValueError("a share is at most 10000 %")
    return -points if sign else points


def format_share(points: int) -> str:
    """`12.5 %`."""
    whole, rest = divmod(abs(points), 100)
    decimals = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{'-' if points < 0 else ''}{whole}{decimals} %"


def parse_whole(text: str) -> int:
    """A whole number written in decimal digits."""
    if _WHOLE.fullmatch(text) is None:
        raise ValueError("a whole number has digits alone")
    number = int(text) if len(text) <= 12 else limits.INTEGER + 1
    if abs(number) > limits.INTEGER:
        raise ValueError("a whole number lies between -1,000,000,000 and 1,000,000,000")
    return number


def parse_day(text: str) -> date:
    """A day written `2026-09-30`, between 1990 and 2100."""
    if _DAY.fullmatch(text) is None:
        raise ValueError("a date is written `2026-09-30`")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no date in the calendar") from None
    if not limits.FIRST_DAY <= day <= limits.LAST_DAY:
        raise ValueError("a date lies between 1990-01-01 and 2100-12-31")
    return day


def parse_yearly_day(text: str) -> int:
    """Month x 100 + day of `June 15`; 29 February is not in every year and is refused."""
    match = _YEARLY_DAY.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        raise ValueError("a yearly day is written `June 15`")
    month, day = _MONTHS.index(match[1]) + 1, int(match[2])
    if month == 2 and day == 29:
        raise ValueError("`February 29` is not in every year")
    if not 1 <= day <= _MONTH_LENGTHS[month - 1]:
        raise ValueError(f"`{text}` is no day of the year")
    return month * 100 + day


def format_yearly_day(month_day: int) -> str:
    """`June 15`."""
    month, day = divmod(month_day, 100)
    return f"{_MONTHS[month - 1]} {day}"


def day_of_year(day: date) -> int:
    """Month x 100 + day, so that periods compare as whole numbers."""
    return day.month * 100 + day.day


def add_years(day: date, years: int) -> date:
    """The anniversary; 29 February gives 28 February where the year has no 29th."""
    year = day.year + years
    if day.month == 2 and day.day == 29 and not _is_leap(year):
        return date(year, 2, 28)
    return day.replace(year=year)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


Rounding: TypeAlias = Literal["down", "up", "half_up", "half_even"]
ROUNDINGS: Final[tuple[Rounding, ...]] = ("down", "up", "half_up", "half_even")


def share_of(points: int, cents: int, rounding: Rounding) -> int:
    """`points` basis points of `cents`, rounded to the cent on its size with the sign kept."""
    product = points * cents
    whole, rest = divmod(abs(product), 10_000)
    up = (
        (rounding == "up" and rest > 0)
        or (rounding == "half_up" and rest >= 5_000)
        or (rounding == "half_even" and (rest > 5_000 or (rest == 5_000 and whole % 2 == 1)))
    )
    size = whole + 1 if up else whole
    return -size if product < 0 else size


def format_value(kind: Kind, value: MaybeValue) -> str:
    """A value as people read it in traces and messages."""
    if value is UNKNOWN:
        return "unknown"
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return _format_number(kind, value)
    return value


_WORDS: Final = {None: "none", True: "true", False: "false"}


def _format_number(kind: Kind, value: int) -> str:
    if kind == "money":
        return format_money(value)
    return format_share(value) if kind == "share" else str(value)
