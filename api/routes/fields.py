"""Fields of requests: read strictly, refused in our words. Nothing is taken for something else:
no number for a date, no word for a boolean."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from engine.language.values import parse_day, parse_decimal_money

_FIRST_BIRTH: Final = 1900
_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of writing: a name with one is shown as another name."""


def misfit(message: str, help: str) -> PydanticCustomError:
    """What a caller reads of a value that does not fit; `misfits.told` passes it on."""
    return PydanticCustomError("misfit", message, {"help": help})


# --- days and booleans ----------------------------------------------------------------------------


def _day(value: object) -> date | None:
    if value is None or type(value) is date:
        return value
    try:
        return parse_day(value)  # type: ignore[arg-type]  # what is no text is refused below
    except (TypeError, ValueError):
        message = "is no date between 1990 and 2100"
        raise misfit(message, "write it in quotes as `2026-09-30`") from None


def _any_day(value: object) -> date:
    try:
        if isinstance(value, str) and _WRITTEN.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # no day of the calendar
    raise misfit("is no date", "write it as `2026-09-30`")


def _birth(value: object) -> date | None:
    if isinstance(value, str) and value[:2] == "19":
        try:
            born = date.fromisoformat(value)
        except ValueError:
            born = None
        if born is not None and len(value) == 10 and born.year >= _FIRST_BIRTH:
            return born
    try:
        return _day(value)
    except PydanticCustomError:
        message = f"is no date between {_FIRST_BIRTH} and 2100"
        raise misfit(message, "write it in quotes as `2016-11-03`") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day written `2026-09-30`, between 1990 and 2100."""
Birth = Annotated[date, BeforeValidator(_birth)]
"""The same from 1900 on."""
Searched = Annotated[date, BeforeValidator(_any_day)]
"""The same of any year: beyond all records there is nothing to find, which is no mistake."""
Flag = Annotated[bool, Strict()]
"""`true` or `false`."""


# --- texts ----------------------------------------------------------------------------------------


def _readable(allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        for sign in text:
            if sign not in allowed and unicodedata.category(sign) in ("Cc", "Zl", "Zp"):
                raise misfit("holds a control character", "send plain text")
            if sign in _TURNS:
                message = "holds a sign that turns the direction of writing"
                raise misfit(message, f"leave U+{ord(sign):04X} out")
        if all(unicodedata.category(sign) in ("Cf", "Mn", "Zs") for sign in text):
            raise misfit("shows nothing", "send a text with at least one character that is seen")
        return text

    return check


_ONE_LINE: Final = AfterValidator(_readable(""))
Name = Annotated[str, Field(min_length=1, max_length=200), _ONE_LINE]
Word = Annotated[str, Field(min_length=1, max_length=64), _ONE_LINE]
Note = Annotated[str, Field(min_length=3, max_length=1_000), AfterValidator(_readable("\n\t"))]


# --- money, numbers, papers -----------------------------------------------------------------------


def _money(value: Any) -> Any:
    try:
        parse_decimal_money(value)
    except (TypeError, ValueError):
        raise misfit("is no amount of money", 'send it as a string, such as `"125.00"`') from None
    return value


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise misfit("is no base64", "send the paper's bytes in base64 (RFC 4648)") from None
    return text


Money = Annotated[
    str,
    BeforeValidator(_money),
    Field(json_schema_extra={"pattern": r"^-?\d{1,11}(\.\d{1,2})?$"}, examples=["125.00"]),
]
Year = Annotated[int, Field(ge=2000, le=2100, strict=True)]
Grade = Annotated[int, Field(ge=0, le=12, strict=True)]
Paper = Annotated[str, AfterValidator(_base64), Field(description="the paper, in base64")]
